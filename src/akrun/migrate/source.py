"""The embedded database, read from one end to the other: pages of rows, so that memory stays flat."""

import hashlib
import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from akrun.backend.controls import Control, ControlKind, ControlState
from akrun.backend.due import MICROSECONDS
from akrun.backend.embedded import Embedded, journal, outcomes
from akrun.backend.embedded import rows as sql
from akrun.backend.embedded.messages import STATES
from akrun.backend.records import (
    ChannelRecord,
    DeadLetter,
    EventRecord,
    JobStatus,
    Launch,
    LaunchState,
    MailingRecord,
    MessageStatus,
    TraceRecord,
)
from akrun.exact_json import encode
from akrun.migrate.rows import (
    AcceptedRow,
    Contents,
    ControlRow,
    EventRow,
    JobRow,
    Kind,
    LaunchRow,
    LetterRow,
    MessageRow,
    Placed,
    Position,
    Row,
    TraceRow,
    ValueRow,
)

PAGE_ROWS: Final = 400
PAGE_BYTES: Final = 4 << 20
"""A page ends at whichever of the two it reaches first; it bounds the memory."""

_Columns = Sequence[Any]


class _Reading(NamedTuple):
    """How a kind is read.

    Attributes:
        query: its rows behind `:after`, by number, which is the first column.
        row: a row of what the query gives.
    """

    query: str
    row: Callable[[_Columns], Row]


class _Page(NamedTuple):
    kind: Kind
    after: Position
    now: float


def _event(columns: _Columns) -> EventRow:
    _no, known, *rest = columns
    rest[7] = sql.from_json(rest[7])
    return EventRow(EventRecord(*rest), known=bool(known))


def _letter(columns: _Columns) -> LetterRow:
    number, launch_id, message_id, pipeline, pipe, entered, error, attempts, time, *of = columns
    letter = DeadLetter(
        message_id, pipeline, pipe, entered, sql.from_json(error), attempts, time, number, *of
    )
    return LetterRow(letter, launch_id)


def _message(columns: _Columns) -> MessageRow:
    _no, name, launch_id, ordinal, profile_id, attempts, payload, *ended = columns
    outcome = outcomes.decode(*ended)
    state = STATES[ended[0]]
    return MessageRow(
        MessageStatus(name, launch_id, ordinal, profile_id, state, attempts, outcome, payload or b""), ()
    )


def _job(columns: _Columns) -> JobRow:
    _no, name, channel, pipeline, pipe, due, origin, profile_id, attempts, payload, *ended = columns
    about = name, channel, pipeline, pipe, due / MICROSECONDS, origin, profile_id
    return JobRow(JobStatus(*about, STATES[ended[0]], attempts, outcomes.decode(*ended), payload), ())


def _control(columns: _Columns) -> ControlRow:
    number, name, mailing_id, kind, launch_id, message_id, constants, content, state, *decision = columns
    asked = name, mailing_id, ControlKind(kind), launch_id, message_id, constants, content
    return ControlRow(Control(*asked, ControlState(state), *decision), number)


def _launch(columns: _Columns) -> LaunchRow:
    number, mailing_id, launch_id, state, *rest = columns
    return LaunchRow(Launch(mailing_id, launch_id, LaunchState(state), *rest), number)


_READINGS: Final[Mapping[Kind, _Reading]] = {
    Kind.EVENT: _Reading(
        "SELECT no, known, send_message_id, channel_id, event_type, action_type, key, time, reason, data,"
        " profile_id, mailing, launch_id FROM event WHERE no > :after ORDER BY no",
        _event,
    ),
    Kind.TRACE: _Reading(
        "SELECT no, unit, attempt, time, body FROM trace WHERE no > :after ORDER BY no",
        lambda columns: TraceRow(TraceRecord(*columns[1:]), columns[0]),
    ),
    Kind.ACCEPTED: _Reading(
        "SELECT rowid, key, digest, answer, time FROM accepted WHERE rowid > :after ORDER BY rowid",
        lambda columns: AcceptedRow(*columns[1:]),
    ),
    Kind.LETTER: _Reading(
        "SELECT dead_letter.id, launch.id, message_id, pipeline, pipe, input, error, attempts, time, job,"
        " channel FROM dead_letter LEFT JOIN launch ON launch.no = dead_letter.launch"
        " WHERE dead_letter.id > :after ORDER BY dead_letter.id",
        _letter,
    ),
    Kind.MESSAGE: _Reading(
        "SELECT message.no, message.id, launch.id, ordinal, profile_id, attempts, body, message.state, pipe,"
        " error, finished_at, resent FROM message JOIN launch ON launch.no = message.launch"
        " LEFT JOIN payload ON payload.message = message.no WHERE message.no > :after ORDER BY message.no",
        _message,
    ),
    Kind.JOB: _Reading(
        "SELECT no, id, channel, pipeline, pipe, due, origin_message, profile_id, attempts, payload, state,"
        " ended_in, error, finished_at, resent FROM job WHERE no > :after ORDER BY no",
        _job,
    ),
    Kind.CONTROL: _Reading(
        "SELECT control.no, control.id, mailing.id, kind, launch_id, message_id, constants, content, state,"
        " begun, decided, reason FROM control JOIN mailing ON mailing.no = control.mailing"
        " WHERE control.no > :after ORDER BY control.no",
        _control,
    ),
    Kind.LAUNCH: _Reading(
        "SELECT launch.no, mailing.id, launch.id, launch.state, constants,"
        " pending + in_progress + done + failed + skipped + uncertain, created, started, finished,"
        " audience_digest FROM launch JOIN mailing ON mailing.no = launch.mailing"
        " JOIN tally ON tally.launch = launch.no WHERE launch.no > :after ORDER BY launch.no",
        _launch,
    ),
    Kind.CHANNEL: _Reading(
        "SELECT id, id, string_id, name, document, sha256 FROM channel WHERE id > :after ORDER BY id",
        lambda columns: ChannelRecord(*columns[1:]),
    ),
    Kind.MAILING: _Reading(
        "SELECT no, mailing.id, channel.string_id, mailing.name, mailing.document, mailing.sha256"
        " FROM mailing JOIN channel ON channel.id = mailing.channel WHERE no > :after ORDER BY no",
        lambda columns: MailingRecord(*columns[1:]),
    ),
}

_FIRST: Final = -(2**63)
"""Below all numbers; a channel's id may be any."""

_VALUES: Final = (
    "SELECT collection, key, value, expires FROM store"
    " WHERE (collection, key) > (:collection, :key) AND expires > :now ORDER BY collection, key"
)
_ALL_VALUES: Final = (
    "SELECT collection, key, value, expires FROM store WHERE expires > :now ORDER BY collection, key"
)

_COUNTS: Final = (
    "SELECT (SELECT count(*) FROM store WHERE expires > ?), (SELECT count(*) FROM event),"
    " (SELECT count(*) FROM trace), (SELECT count(*) FROM accepted), (SELECT count(*) FROM dead_letter),"
    " (SELECT count(*) FROM message), (SELECT count(*) FROM job), (SELECT count(*) FROM control),"
    " (SELECT count(*) FROM launch), (SELECT count(*) FROM channel), (SELECT count(*) FROM mailing)"
)
"""Rows of each kind, in the order of `Kind`."""

_FINGERPRINT: Final = (
    "SELECT id, string_id, sha256 FROM channel ORDER BY id",
    "SELECT key, sha256 FROM mailing ORDER BY no",
    "SELECT launch.*, tally.* FROM launch JOIN tally ON tally.launch = launch.no ORDER BY launch.no",
    "SELECT launch, state, count(*), max(no), total(attempts), total(finished_at) FROM message GROUP BY 1, 2",
    "SELECT state, count(*), max(no), total(attempts), total(finished_at), total(due) FROM job GROUP BY 1",
    "SELECT count(*), max(id), total(time) FROM dead_letter",
    "SELECT count(*), total(length(checkpoint)), total(intent), total(resent) FROM journal",
    "SELECT count(*), max(no), total(time) FROM event",
    "SELECT count(*), max(no), total(time) FROM trace",
    "SELECT count(*), max(rowid), total(time) FROM accepted",
    "SELECT id, state, decided FROM control ORDER BY no",
)
"""What tells databases apart, and of one of them the times before and after any work."""


class Source(Embedded):
    """An embedded database to be carried over; opened for writing, so that nobody else works on it."""

    async def rows(self, kind: Kind, after: Position = None) -> AsyncGenerator[Placed, None]:
        """The rows of a kind behind that position, in order; values whose time is over are left out."""
        while True:
            page = await self._read(_page, _Page(kind, after, self._clock()))
            for placed in page:
                yield placed
            if not page:
                return
            after = page[-1].position

    async def contents(self, now: float | None = None) -> Contents:
        """How many rows there are; values whose time is over at `now` are not counted."""
        return await self._read(_contents, self._clock() if now is None else now)

    async def fingerprint(self) -> str:
        """The same as long as nothing but the store's values has changed, whatever file it is copied to."""
        return await self._read(_fingerprint, None)


def _page(connection: sqlite3.Connection, page: _Page) -> list[Placed]:
    placed = _values(connection, page) if page.kind is Kind.VALUE else _numbered(connection, page)
    if page.kind is Kind.MESSAGE or page.kind is Kind.JOB:
        return _with_journals(connection, placed, 1 if page.kind is Kind.MESSAGE else -1)
    return placed


def _values(connection: sqlite3.Connection, page: _Page) -> list[Placed]:
    bound: dict[str, object] = {"now": page.now}
    query = _ALL_VALUES
    if isinstance(page.after, list):
        query, (bound["collection"], bound["key"]) = _VALUES, page.after
    rows = map(ValueRow._make, _limited(connection.execute(query, bound)))
    return [Placed(row, [row.table, row.key]) for row in rows]


def _numbered(connection: sqlite3.Connection, page: _Page) -> list[Placed]:
    query, row = _READINGS[page.kind]
    after = _FIRST if page.after is None else page.after
    found = _limited(connection.execute(query, {"after": after}))
    return [Placed(row(columns), columns[0]) for columns in found]


def _limited(cursor: sqlite3.Cursor) -> list[_Columns]:
    rows: list[_Columns] = []
    size = 0
    for columns in cursor:
        rows.append(columns)
        size += sum(len(value) for value in columns if isinstance(value, bytes | str))
        if len(rows) == PAGE_ROWS or size >= PAGE_BYTES:
            break
    cursor.close()
    return rows


def _with_journals(connection: sqlite3.Connection, placed: Sequence[Placed], sign: int) -> list[Placed]:
    found: list[tuple[int, MessageRow | JobRow, Position]] = []
    for row, number in placed:
        assert isinstance(row, MessageRow | JobRow)
        assert isinstance(number, int)
        found.append((sign * number, row, number))
    journals = journal.of_units(connection, {unit: row.status.id for unit, row, _ in found})
    return [Placed(row._replace(journal=journals.get(unit, ())), number) for unit, row, number in found]


def _contents(connection: sqlite3.Connection, now: float) -> Contents:
    counts = connection.execute(_COUNTS, (now,)).fetchone()
    messages = connection.execute(
        "SELECT launch.id, message.state, count(*) FROM message JOIN launch ON launch.no = message.launch"
        " GROUP BY launch.no, message.state"
    )
    jobs = connection.execute("SELECT state, count(*) FROM job GROUP BY state")
    return Contents(
        dict(zip(Kind, counts, strict=True)),
        {(launch_id, STATES[code]): count for launch_id, code, count in messages},
        {STATES[code]: count for code, count in jobs},
    )


def _fingerprint(connection: sqlite3.Connection, _: None) -> str:
    digest = hashlib.sha256()
    for query in _FINGERPRINT:
        for row in connection.execute(query):
            shown = [value.hex() if isinstance(value, bytes) else value for value in row]
            digest.update(encode(shown) + b"\n")
        digest.update(b"\n")
    return digest.hexdigest()
