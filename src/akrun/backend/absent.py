"""Where there is no backend."""

from akrun.backend.errors import BackendError


class NoStore:
    """Stands where a command has no store: every use fails and says so."""

    async def store_set(self, table: str, key: str, value: bytes, ttl: float) -> None:  # noqa: ARG002 - the protocol's
        """Refuse."""
        raise _no_store()

    async def store_get(self, table: str, key: str, *, delete: bool = False) -> bytes | None:  # noqa: ARG002
        """Refuse."""
        raise _no_store()

    async def store_purge(self, now: float) -> int:  # noqa: ARG002
        """Refuse."""
        raise _no_store()


def _no_store() -> BackendError:
    return BackendError("there is no store here: this command works without a database")
