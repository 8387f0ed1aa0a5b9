"""A store in memory, for commands that run one event and have no database: it lasts as long as they do."""

import time
from collections.abc import Callable

from akrun.backend.errors import check_ttl


class MemoryStore:
    """The `Store` protocol in a dictionary."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Begin empty; `clock` gives seconds since the epoch."""
        self._clock = clock
        self._values: dict[tuple[str, str], tuple[bytes, float]] = {}

    async def store_set(self, table: str, key: str, value: bytes, ttl: float) -> None:
        """See `Store.store_set`."""
        check_ttl(ttl)
        self._values[table, key] = (value, self._clock() + ttl)

    async def store_get(self, table: str, key: str, *, delete: bool = False) -> bytes | None:
        """See `Store.store_get`."""
        value, expires = self._values.get((table, key), (None, 0.0))
        if delete:
            self._values.pop((table, key), None)
        return value if expires > self._clock() else None

    async def store_purge(self, now: float) -> int:
        """See `Store.store_purge`."""
        expired = [name for name, (_, expires) in self._values.items() if expires <= now]
        for name in expired:
            del self._values[name]
        return len(expired)
