"""The one process that serves a data directory, as it tells of itself when it is asked."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from akrun.cli.control import SERVE_FILE, ServingControl
from akrun.errors import AkrunError
from akrun.model.settings import Settings


@dataclass(frozen=True, slots=True)
class Served:
    """A serving process on this machine.

    Attributes:
        host: the machine's name.
        pid: its process id.
        since: when it began, in seconds since the Unix epoch.
        breakers: its circuit breakers, as the API describes them.
    """

    host: str
    pid: int
    since: float
    breakers: tuple[Mapping[str, Any], ...]


def ask(settings: Settings) -> Served | None:
    """The process that serves the data directory; None if none does on this backend, or it has just ended."""
    try:
        control = ServingControl.on(settings)
        if control is None:
            return None
        since = (settings.data / SERVE_FILE).stat().st_mtime
        status = control.request("GET", "/api/status")
    except (OSError, AkrunError):  # it ends at this moment, or works on another backend
        return None
    return Served(socket.gethostname(), control.pid, since, tuple(status["breakers"]))
