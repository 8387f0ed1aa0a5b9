"""Traces of attempts in the embedded backend."""

import sqlite3
from collections.abc import Sequence

from akrun.backend.embedded import rows as sql
from akrun.backend.embedded.core import Core
from akrun.backend.embedded.writer import each
from akrun.backend.records import TraceRecord

Encoded = tuple[str, int, float, bytes]
"""A trace's columns, ready to be bound."""


def encode(trace: TraceRecord) -> Encoded:
    """A trace's columns."""
    return (trace.unit, trace.attempt, trace.time, trace.body)


def insert(connection: sqlite3.Connection, traces: Sequence[Encoded]) -> None:
    """Store traces."""
    sql.run(connection, "INSERT INTO trace (unit, attempt, time, body) {values}", traces)


def _of_unit(connection: sqlite3.Connection, unit: str) -> list[TraceRecord]:
    rows = connection.execute(
        "SELECT unit, attempt, time, body FROM trace WHERE unit = ? ORDER BY no", (unit,)
    )
    return [TraceRecord(*row) for row in rows]


def _forget(connection: sqlite3.Connection, before: float) -> int:
    return connection.execute("DELETE FROM trace WHERE time < ?", (before,)).rowcount


FORGET = each(_forget)


class EmbeddedTraces(Core):
    """Traces, of the `Journal` protocol."""

    async def traces(self, unit: str) -> list[TraceRecord]:
        """See `Journal.traces`."""
        return await self._read(_of_unit, unit)

    async def forget_traces(self, before: float) -> int:
        """See `Journal.forget_traces`."""
        return await self._write(FORGET, before)
