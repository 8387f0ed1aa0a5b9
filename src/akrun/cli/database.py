"""The data directory, and the backend, as commands open them."""

from pathlib import Path

from akrun.backend import Backend
from akrun.backend.chosen import chosen, database
from akrun.errors import AkrunError
from akrun.model.servers import EMBEDDED
from akrun.model.settings import Settings


class NoDataError(AkrunError):
    """There is no data where it was looked for, or none can be written there."""


def reading(settings: Settings) -> Backend:
    """The backend for reading only, also while another process sends.

    Raises:
        NoDataError: Nothing was sent from this directory yet.
    """
    path = database(settings.data)
    if settings.backend == EMBEDDED and not path.exists():
        raise NoDataError(f"nothing was sent yet: there is no {path} (--data names another directory)")
    return chosen(settings, read_only=True)


def writing(settings: Settings) -> Backend:
    """The backend for sending, as the settings want it."""
    return chosen(settings)


def make_directory(data: Path) -> None:
    """Make the data directory, readable by its owner only, unless it is there.

    Raises:
        NoDataError: It cannot be made.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NoDataError(f"{data}: the data directory cannot be made: {error.strerror}") from error
