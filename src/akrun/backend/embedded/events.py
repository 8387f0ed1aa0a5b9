"""The event log of the embedded backend."""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from akrun.backend.embedded import rows as sql
from akrun.backend.embedded.core import Core
from akrun.backend.embedded.launches import launch_number, mailing_number
from akrun.backend.errors import BackendError
from akrun.backend.records import EventRecord, EventSummary, Report

Encoded = tuple[Any, ...]
"""An event's columns in the order of `_COLUMNS`, ready to be bound."""

_COLUMNS = (
    "send_message_id, channel_id, event_type, action_type, key, time, reason, data,"
    " profile_id, mailing, launch_id, known"
)


class _Scope(NamedTuple):
    mailing_id: int | str | None
    launch_id: str | None


def encode(event: EventRecord) -> Encoded:
    """An event's columns.

    Raises:
        RecordError: its data is no JSON value.
    """
    return (
        event.send_message_id,
        event.channel_id,
        event.event_type,
        event.action_type,
        event.key,
        event.time,
        event.reason,
        sql.to_json(event.data),
        event.profile_id,
        None if event.mailing_id is None else str(event.mailing_id),
        event.launch_id,
        0,
    )


def insert(connection: sqlite3.Connection, events: Sequence[Encoded]) -> list[bool]:
    """Store the events that are new, and say of each whether it was.

    Events of known messages are completed from them.
    """
    names = sorted({event[0] for event in events})
    owners = {
        message_id: (profile_id, mailing, launch_id, 1)
        for message_id, profile_id, mailing, launch_id in sql.fetch_for(
            connection,
            "SELECT json_group_array(json_array(message.id, message.profile_id, mailing.key, launch.id))"
            " FROM message JOIN launch ON launch.no = message.launch"
            " JOIN mailing ON mailing.no = launch.mailing WHERE message.id IN ({values})",
            names,
        )
    }
    strangers = [name for name in names if name not in owners]
    owners |= _of_controls(connection, strangers) | _of_single_messages(connection, strangers)
    held = sql.fetch_for(
        connection,
        "SELECT json_group_array(json_array(send_message_id, event_type, action_type, key))"
        " FROM event WHERE send_message_id IN ({values})",
        names,
    )
    seen = {tuple(identity) for identity in held}
    new: list[bool] = []
    fresh: list[Encoded] = []
    for event in events:
        message_id, _channel, event_type, action_type, key = event[:5]
        identity = (message_id, event_type, action_type, key)
        new.append(identity not in seen)
        if new[-1]:
            seen.add(identity)
            fresh.append(event[:8] + owners.get(message_id, event[8:]))
    sql.run(connection, f"INSERT INTO event ({_COLUMNS}) {{values}}", fresh)
    return new


def _of_controls(connection: sqlite3.Connection, names: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Owners of messages that belong to a control run alone; reports of launches leave them out."""
    return {
        message_id: (None, mailing, launch_id, 1)
        for message_id, mailing, launch_id in sql.fetch_for(
            connection,
            "SELECT json_group_array(json_array(message_id, mailing.key, launch_id)) FROM control"
            " JOIN mailing ON mailing.no = control.mailing WHERE message_id IN ({values})",
            names,
        )
    }


def _of_single_messages(connection: sqlite3.Connection, names: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Owners of messages that are jobs; no launch sent them."""
    return {
        message_id: (profile_id, None, None, 1)
        for message_id, profile_id in sql.fetch_for(
            connection,
            "SELECT json_group_array(json_array(id, profile_id)) FROM job"
            " WHERE pipeline = 'message' AND id IN ({values})",
            names,
        )
    }


def _record(connection: sqlite3.Connection, lists: Sequence[Sequence[Encoded]]) -> list[int | BackendError]:
    new = iter(insert(connection, [event for events in lists for event in events]))
    return [sum(next(new) for _ in events) for events in lists]


_KIND = "channel_id, event_type, action_type"


def _report(connection: sqlite3.Connection, scope: _Scope) -> Report:
    of_known, of_unknown, bound = _conditions(connection, scope)
    known = f"FROM event WHERE known = 1 AND {of_known}"
    unknown = f"FROM event WHERE known = 0 AND {of_unknown}"
    reasons: dict[tuple[Any, ...], dict[str, int]] = {}
    for *kind, reason, count in connection.execute(
        f"SELECT {_KIND}, reason, count(*) AS times {known} AND reason IS NOT NULL"
        f" GROUP BY {_KIND}, reason ORDER BY times DESC, reason",
        bound,
    ):
        reasons.setdefault(tuple(kind), {})[reason] = count
    summaries = connection.execute(
        f"SELECT {_KIND}, count(*), count(DISTINCT send_message_id), min(time), max(time) {known}"
        f" GROUP BY {_KIND} ORDER BY {_KIND}",
        bound,
    ).fetchall()
    strangers = connection.execute(f"SELECT count(*) {unknown}", bound).fetchone()[0]
    return Report(tuple(_summary(*row, reasons.get(row[:3], {})) for row in summaries), strangers)


def _summary(*columns: Any) -> EventSummary:
    return EventSummary(*columns)


def _conditions(connection: sqlite3.Connection, scope: _Scope) -> tuple[str, str, dict[str, object]]:
    """Which known events a report counts, which unknown ones, and what is bound in the two conditions."""
    if scope.launch_id is not None:
        launch_number(connection, scope.launch_id)
        of_launch = "launch_id = :launch"
        return of_launch, of_launch, {"launch": scope.launch_id}
    if scope.mailing_id is not None:
        number = mailing_number(connection, scope.mailing_id)
        launched = "launch_id IN (SELECT id FROM launch WHERE mailing = :mailing)"
        claimed = f"(mailing = :key OR {launched})"
        return launched, claimed, {"mailing": number, "key": str(scope.mailing_id)}
    return "(launch_id IN (SELECT id FROM launch) OR launch_id IS NULL)", "true", {}


_SELECT = (
    "SELECT send_message_id, channel_id, event_type, action_type, event.key, time, reason, data,"
    " profile_id, ifnull(mailing.id, event.mailing), launch_id"
    " FROM event LEFT JOIN mailing ON mailing.key = event.mailing"
)


def _history(connection: sqlite3.Connection, profile_id: str) -> list[EventRecord]:
    rows = connection.execute(f"{_SELECT} WHERE profile_id = ? ORDER BY time, event.no", (profile_id,))
    return [_decode(*row) for row in rows]


def of_message(connection: sqlite3.Connection, message_id: str) -> list[EventRecord]:
    """A message's events in the order they were stored."""
    rows = connection.execute(f"{_SELECT} WHERE send_message_id = ? ORDER BY event.no", (message_id,))
    return [_decode(*row) for row in rows]


def _decode(*columns: Any) -> EventRecord:
    decoded = [*columns]
    decoded[7] = sql.from_json(columns[7])
    return EventRecord(*decoded)


class EmbeddedEventLog(Core):
    """The `EventLog` protocol."""

    async def record_events(self, events: Sequence[EventRecord]) -> int:
        """See `EventLog.record_events`."""
        return await self._write(_record, [encode(event) for event in events])

    async def report(self, *, mailing_id: int | str | None = None, launch_id: str | None = None) -> Report:
        """See `EventLog.report`."""
        return await self._read(_report, _Scope(mailing_id, launch_id))

    async def history(self, profile_id: str) -> list[EventRecord]:
        """See `EventLog.history`."""
        return await self._read(_history, profile_id)

    async def fill_reports(self) -> int:
        """See `EventLog.fill_reports`: they are made of the events themselves."""
        return 0
