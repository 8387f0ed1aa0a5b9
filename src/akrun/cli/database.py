"""The data directory and the database in it, as commands open them."""

from pathlib import Path

from akrun.backend import Embedded
from akrun.cli.options import DATABASE
from akrun.errors import AkrunError
from akrun.model.settings import Settings


class NoDataError(AkrunError):
    """There is no data where it was looked for, or none can be written there."""


def reading(data: Path) -> Embedded:
    """The database for reading only, also while another process sends.

    Raises:
        NoDataError: Nothing was sent from this directory yet.
    """
    path = data / DATABASE
    if not path.exists():
        raise NoDataError(f"nothing was sent yet: there is no {path} (--data names another directory)")
    return Embedded(path, read_only=True)


def writing(settings: Settings) -> Embedded:
    """The database for sending, as the settings want it."""
    return Embedded(
        settings.data / DATABASE, durability=settings.durability, max_attempts=settings.max_attempts
    )


def make_directory(data: Path) -> None:
    """Make the data directory, readable by its owner only, unless it is there.

    Raises:
        NoDataError: It cannot be made.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NoDataError(f"{data}: the data directory cannot be made: {error.strerror}") from error
