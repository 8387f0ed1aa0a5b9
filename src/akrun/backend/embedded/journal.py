"""The journal of the embedded backend: how far the events under way have come."""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import attrgetter

from akrun.backend.embedded import rows as sql
from akrun.backend.embedded.core import Core
from akrun.backend.errors import BackendError, NotFoundError
from akrun.backend.records import JournalEntry

Unit = int
"""A message's number, or minus a job's."""

Journals = Mapping[Unit, tuple[JournalEntry, ...]]
"""The entries of messages and jobs, by event; units without any lack."""

_Row = tuple[str, str, bytes | None, int | None, int, int]
"""An entry with the id of its unit."""

_RECORD = (
    "INSERT OR IGNORE INTO journal (unit, event, checkpoint, intent, resent, replays)"
    " SELECT ifnull((SELECT no FROM message WHERE id = v.column1 AND state = 1),"
    " (SELECT -no FROM job WHERE id = v.column1 AND state = 1)),"
    " column2, column3, column4, column5, column6 FROM ({values}) AS v WHERE true"
    " ON CONFLICT (unit, event) DO UPDATE SET checkpoint = excluded.checkpoint, intent = excluded.intent,"
    " resent = excluded.resent, replays = excluded.replays"
)
"""Passes over entries whose unit is not in progress: they have no number, which the table demands."""

_RUNNING = (
    "WITH v (id) AS ({values}) SELECT json_group_array(json_array(id)) FROM v"
    " WHERE EXISTS (SELECT 1 FROM message WHERE message.id = v.id AND state = 1)"
    " OR EXISTS (SELECT 1 FROM job WHERE job.id = v.id AND state = 1)"
)


def _record(connection: sqlite3.Connection, rows: Sequence[_Row]) -> list[BackendError | None]:
    """Store entries: one statement for all, unless the unit of one of them is not in progress."""
    latest = {row[:2]: row for row in rows}  # of one event the last counts
    if sql.run(connection, _RECORD, list(latest.values())) == len(latest):
        return [None] * len(rows)
    found = sql.fetch_for(connection, _RUNNING, sorted({row[0] for row in rows}))
    running = {unit_id for (unit_id,) in found}
    return [None if row[0] in running else _not_running(row[0]) for row in rows]


def _not_running(unit_id: str) -> NotFoundError:
    return NotFoundError(f"`{unit_id}` is no message or job that is in progress", cure="end this attempt")


def of_units(connection: sqlite3.Connection, ids: Mapping[Unit, str]) -> Journals:
    """The entries of these messages and jobs, whose ids are given too."""
    found = sql.fetch_for(
        connection,
        "SELECT json_group_array(json_array(unit, event, iif(checkpoint IS NULL, NULL, hex(checkpoint)),"
        " intent, resent, replays)) FROM journal WHERE unit IN ({values})",
        list(ids),
    )
    entries: defaultdict[Unit, list[JournalEntry]] = defaultdict(list)
    for unit, event, digits, *rest in found:
        checkpoint = None if digits is None else bytes.fromhex(digits)
        entries[unit].append(JournalEntry(event, ids[unit], checkpoint, *rest))
    return {unit: tuple(sorted(each, key=attrgetter("event"))) for unit, each in entries.items()}


def forget(connection: sqlite3.Connection, units: Sequence[Unit]) -> None:
    """Let go of all entries of messages and jobs."""
    sql.run(connection, "DELETE FROM journal WHERE unit IN ({values})", [(unit,) for unit in units])


def replay(
    connection: sqlite3.Connection, unit: Unit, event: str, checkpoint: bytes | None, *, from_start: bool
) -> None:
    """Make ready for the attempts after a replay, which is counted; open intents are closed as resent.

    Args:
        connection: the writer's.
        unit: the message or job.
        event: its id, which is that of its own event.
        checkpoint: where its own event goes on; None for where it stands.
        from_start: whether all checkpoints are forgotten.
    """
    connection.execute(
        "UPDATE journal SET resent = resent + (intent IS NOT NULL), intent = NULL,"
        " checkpoint = iif(?, NULL, checkpoint) WHERE unit = ?",
        (from_start, unit),
    )
    connection.execute(
        "INSERT INTO journal (unit, event, checkpoint, intent, resent, replays) VALUES (?, ?, ?, NULL, 0, 1)"
        " ON CONFLICT (unit, event) DO UPDATE SET checkpoint = ifnull(excluded.checkpoint, checkpoint),"
        " replays = replays + 1",
        (unit, event, checkpoint),
    )


class EmbeddedJournal(Core):
    """Recording, of the `Journal` protocol."""

    async def record(self, entry: JournalEntry) -> None:
        """See `Journal.record`."""
        identity = (entry.unit, entry.event)
        row = (*identity, entry.checkpoint, entry.intent, entry.resent, entry.replays)
        await self._write(_record, row)
