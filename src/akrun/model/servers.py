"""The setting `backend`: the embedded database, or the servers of a cluster."""

from typing import Final
from urllib.parse import urlsplit

EMBEDDED: Final = "embedded"

_SCHEMES: Final = ("nats", "tls")


def servers_of(backend: str) -> tuple[str, ...]:
    """The URLs of the servers; none for the embedded backend."""
    return () if backend == EMBEDDED else tuple(part.strip() for part in backend.split(","))


def checked(backend: str) -> str:
    """The setting as it is.

    Raises:
        ValueError: it is neither `embedded` nor a list of servers, or has a password in it.
    """
    for url in servers_of(backend):
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("no server")
        if "@" in parts.netloc:
            raise ValueError("user and password are settings of their own")
        _ = parts.port  # raises for what is no port
    return backend
