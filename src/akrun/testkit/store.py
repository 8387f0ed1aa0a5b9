"""A store for one case: filled by fixtures, on a virtual clock, and open to be looked at."""

from collections.abc import Iterable
from typing import Any

from akrun.backend.errors import BackendError, check_ttl
from akrun.engine.clock import Clock
from akrun.engine.payload import decode_payload, encode_payload
from akrun.engine.secrets import Masker
from akrun.engine.shown import shown
from akrun.testkit.format.fixtures import StoreRow


class FakeStore:
    """The `Store` protocol in a dictionary; keys may be made to fail."""

    def __init__(self, clock: Clock, rows: Iterable[StoreRow] = ()) -> None:
        self._clock = clock
        self._values: dict[tuple[str, str], tuple[bytes, float]] = {}
        self._failing: dict[tuple[str, str], str] = {}
        for row in rows:
            place = row.table, str(row.key)
            if row.error is not None:
                self._failing[place] = row.error
            else:
                self._values[place] = encode_payload(row.value), self._now() + row.ttl

    async def store_set(self, table: str, key: str, value: bytes, ttl: float) -> None:
        """See `Store.store_set`."""
        self._check(table, key)
        check_ttl(ttl)
        self._values[table, key] = value, self._now() + ttl

    async def store_get(self, table: str, key: str, *, delete: bool = False) -> bytes | None:
        """See `Store.store_get`."""
        self._check(table, key)
        value, expires = self._values.get((table, key), (None, 0.0))
        if delete:
            self._values.pop((table, key), None)
        return value if expires > self._now() else None

    async def store_purge(self, now: float) -> int:
        """See `Store.store_purge`."""
        expired = [place for place, (_, expires) in self._values.items() if expires <= now]
        for place in expired:
            del self._values[place]
        return len(expired)

    def rows(self) -> list[dict[str, Any]]:
        """What is there now: `table key value ttl`, by table and key; bytes as text."""
        now = self._now()
        return [
            {
                "table": table,
                "key": key,
                "value": shown(decode_payload(value), Masker()),
                "ttl": int(left) if (left := round(expires - now, 6)).is_integer() else left,
            }
            for (table, key), (value, expires) in sorted(self._values.items())
            if expires > now
        ]

    def _check(self, table: str, key: str) -> None:
        if (table, key) in self._failing:
            raise BackendError(self._failing[table, key])

    def _now(self) -> float:
        return self._clock.now().timestamp()
