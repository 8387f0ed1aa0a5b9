"""The key-value store of the embedded backend."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from akrun.backend.embedded import rows as sql
from akrun.backend.embedded.core import Core
from akrun.backend.embedded.writer import each
from akrun.backend.errors import BackendError, check_ttl


class _Value(NamedTuple):
    collection: str
    key: str
    value: bytes
    expires: float
    now: float


class _Key(NamedTuple):
    collection: str
    key: str
    now: float


def _set(connection: sqlite3.Connection, values: Sequence[_Value]) -> list[BackendError | None]:
    """Store values; with each of them up to two expired ones go, so that no store fills up with these."""
    rows = {(value.collection, value.key): value[:4] for value in values}  # of one key the last counts
    sql.run(
        connection,
        "INSERT INTO store (collection, key, value, expires) SELECT * FROM ({values}) WHERE true"
        " ON CONFLICT (collection, key) DO UPDATE SET value = excluded.value, expires = excluded.expires",
        list(rows.values()),
    )
    connection.execute(
        "DELETE FROM store WHERE (collection, key) IN"
        " (SELECT collection, key FROM store WHERE expires <= ? LIMIT ?)",
        (values[-1].now, 2 * len(values)),
    )
    return [None] * len(values)


def _get(connection: sqlite3.Connection, key: _Key) -> bytes | None:
    row = connection.execute(
        "SELECT value FROM store WHERE collection = ? AND key = ? AND expires > ?", key
    ).fetchone()
    return None if row is None else row[0]


def _take(connection: sqlite3.Connection, key: _Key) -> bytes | None:
    value = _get(connection, key)
    connection.execute("DELETE FROM store WHERE collection = ? AND key = ?", (key.collection, key.key))
    return value


def _purge(connection: sqlite3.Connection, now: float) -> int:
    return connection.execute("DELETE FROM store WHERE expires <= ?", (now,)).rowcount


TAKE = each(_take)
PURGE = each(_purge)


class EmbeddedStore(Core):
    """The `Store` protocol."""

    async def store_set(self, table: str, key: str, value: bytes, ttl: float) -> None:
        """See `Store.store_set`."""
        check_ttl(ttl)
        now = self._clock()
        await self._write(_set, _Value(table, key, value, now + ttl, now))

    async def store_get(self, table: str, key: str, *, delete: bool = False) -> bytes | None:
        """See `Store.store_get`."""
        wanted = _Key(table, key, self._clock())
        return await (self._write(TAKE, wanted) if delete else self._read(_get, wanted))

    async def store_purge(self, now: float) -> int:
        """See `Store.store_purge`."""
        return await self._write(PURGE, now)
