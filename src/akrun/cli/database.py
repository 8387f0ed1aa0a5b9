"""The data directory, and the backend, as commands open them."""

from pathlib import Path
from time import time

from akrun.backend import Backend
from akrun.backend.chosen import chosen, database
from akrun.backend.link import Link
from akrun.engine.log import LogRecord, LogSink, server_record
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


def writing(settings: Settings, log: LogSink | None = None) -> Backend:
    """The backend for sending, as the settings want it.

    Args:
        settings: The configuration.
        log: Where it is said when the servers of a cluster are out of reach, and when they are back.
    """
    return chosen(settings, told=None if log is None else lambda link: log(_changed(link)))


def _changed(link: Link) -> LogRecord:
    """What is logged of a connection."""
    now, server = time(), link.server
    if link.there:
        return server_record(f"there is a connection to the cluster again: to {server}", now, server=server)
    text = f"the connection to {server} is lost: what is to be stored waits until a server answers"
    return server_record(text, now, "warn", server=server)


def make_directory(data: Path) -> None:
    """Make the data directory, readable by its owner only, unless it is there.

    Raises:
        NoDataError: It cannot be made.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NoDataError(f"{data}: the data directory cannot be made: {error.strerror}") from error
