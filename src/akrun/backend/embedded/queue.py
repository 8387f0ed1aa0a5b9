"""The work queue of the embedded backend: leases, outcomes, release."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from akrun.backend.embedded import dead as dead_letters
from akrun.backend.embedded import journal, outcomes
from akrun.backend.embedded import rows as sql
from akrun.backend.embedded.core import Core
from akrun.backend.embedded.launches import launch_number
from akrun.backend.embedded.messages import FAILED, IN_PROGRESS, PENDING, STATES, adjust_tally
from akrun.backend.embedded.writer import each
from akrun.backend.errors import BackendError, StateError
from akrun.backend.records import (
    DeadLetter,
    EventRecord,
    LaunchState,
    Message,
    MessageStatus,
    NewJob,
    Outcome,
    TraceRecord,
)

_UPDATE_OUTCOMES = (
    "UPDATE message SET state = v.column2, pipe = v.column3, error = v.column4, finished_at = v.column5,"
    " resent = v.column6 FROM ({values}) AS v WHERE no = v.column1"
)


class _Lease(NamedTuple):
    launch_id: str
    limit: int
    max_attempts: int
    now: float


class _Release(NamedTuple):
    message_ids: Sequence[str]
    started: bool


class _Pending(NamedTuple):
    number: int
    id: str
    ordinal: int
    profile_id: str
    payload: str  # in hexadecimal
    attempts: int


def _lease(connection: sqlite3.Connection, lease: _Lease) -> list[Message]:
    launch, state = launch_number(connection, lease.launch_id)
    if state in {LaunchState.LOADING, LaunchState.READY}:
        raise StateError(f"launch `{lease.launch_id}` is {state}", cure="set it to `sending` first")
    messages: list[Message] = []
    while state is LaunchState.SENDING and (wanted := lease.limit - len(messages)) > 0:
        found = sql.fetch(
            connection,
            "SELECT json_group_array(json_array(no, id, ordinal, profile_id, hex(body), attempts))"
            " FROM (SELECT * FROM message CROSS JOIN payload ON payload.message = message.no"
            " WHERE launch = ? AND state = 0 ORDER BY no LIMIT ?)",
            (launch, wanted),
        )
        if not found:
            break
        pending = [_Pending(*row) for row in found]
        journals = journal.of_units(connection, {row.number: row.id for row in pending})
        spent = [row for row in pending if row.attempts >= lease.max_attempts]
        _bury(connection, launch, spent, journals, lease.now)
        fresh = [row for row in pending if row.attempts < lease.max_attempts]
        sql.run(
            connection,
            "UPDATE message SET state = 1, attempts = attempts + 1 WHERE no IN ({values})",
            [(row.number,) for row in fresh],
        )
        adjust_tally(connection, launch, {PENDING: -len(fresh), IN_PROGRESS: len(fresh)})
        messages += [
            Message(
                row.id,
                lease.launch_id,
                row.ordinal,
                row.profile_id,
                bytes.fromhex(row.payload),
                row.attempts + 1,
                journals.get(row.number, ()),
            )
            for row in fresh
        ]
    return messages


def _bury(
    connection: sqlite3.Connection,
    launch: int,
    spent: Sequence[_Pending],
    journals: journal.Journals,
    now: float,
) -> None:
    """Fail messages whose attempts are used up, and make dead letters of them."""
    if not spent:
        return
    buried = [
        outcomes.buried(row.id, row.id, "message", row.attempts, journals.get(row.number, ()), now)
        for row in spent
    ]
    rows = [(row.number, *columns) for row, (columns, _letter) in zip(spent, buried, strict=True)]
    sql.run(connection, _UPDATE_OUTCOMES, rows)
    dead_letters.insert(connection, [(launch, *letter) for _columns, letter in buried])
    adjust_tally(connection, launch, {PENDING: -len(spent), FAILED: len(spent)})


def _finish(connection: sqlite3.Connection, finishes: Sequence[outcomes.Finish]) -> list[bool | BackendError]:
    """Record outcomes; of several for one message the first counts."""
    found = {
        message_id: (number, launch, state)
        for message_id, number, launch, state in sql.fetch_for(
            connection,
            "SELECT json_group_array(json_array(id, no, launch, state)) FROM message WHERE id IN ({values})",
            [finish.id for finish in finishes],
        )
    }
    states = {message_id: state for message_id, (_number, _launch, state) in found.items()}
    recorded, answers = outcomes.first_of_each(finishes, states, "message")
    rows: list[tuple[Any, ...]] = []
    letters: list[tuple[Any, ...]] = []
    changes: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for finish in recorded:
        number, launch, state = found[finish.id]
        rows.append((number, *finish.columns))
        if finish.dead is not None:
            letters.append((launch, *dead_letters.of_message(finish.dead, finish.id)))
        changes[launch][state] -= 1
        changes[launch][finish.state] += 1
    sql.run(connection, _UPDATE_OUTCOMES, rows)
    dead_letters.insert(connection, letters)
    outcomes.store_with(connection, recorded)
    journal.forget(connection, [found[finish.id][0] for finish in recorded if finish.dead is None])
    for launch, change in changes.items():
        adjust_tally(connection, launch, change)
    return answers


def _release(connection: sqlite3.Connection, release: _Release) -> int:
    found = sql.fetch_for(
        connection,
        "SELECT json_group_array(json_array(no, launch)) FROM message WHERE state = 1 AND id IN ({values})",
        sorted(set(release.message_ids)),
    )
    hand_back = "UPDATE message SET state = 0 WHERE no IN ({values})"
    if not release.started:
        hand_back = "UPDATE message SET state = 0, attempts = attempts - 1 WHERE no IN ({values})"
    sql.run(connection, hand_back, [(number,) for number, _launch in found])
    for launch, count in Counter(launch for _number, launch in found).items():
        adjust_tally(connection, launch, {IN_PROGRESS: -count, PENDING: count})
    return len(found)


def _status(connection: sqlite3.Connection, message_id: str) -> MessageStatus | None:
    row = connection.execute(
        "SELECT message.id, launch.id, ordinal, profile_id, body, message.state, attempts, pipe, error,"
        " finished_at, resent FROM message JOIN launch ON launch.no = message.launch"
        " LEFT JOIN payload ON payload.message = message.no WHERE message.id = ?",
        (message_id,),
    ).fetchone()
    if row is None:
        return None
    name, launch_id, ordinal, profile_id, payload, code, attempts, *outcome = row
    return MessageStatus(
        name,
        launch_id,
        ordinal,
        profile_id,
        STATES[code],
        attempts,
        outcomes.decode(code, *outcome),
        payload or b"",
    )


LEASE = each(_lease)
RELEASE = each(_release)


class EmbeddedQueue(Core):
    """The `Queue` protocol."""

    async def lease(self, launch_id: str, limit: int) -> list[Message]:
        """See `Queue.lease`."""
        return await self._write(LEASE, _Lease(launch_id, limit, self._max_attempts, self._clock()))

    async def finish(  # noqa: PLR0913, PLR0917 - the protocol's
        self,
        message_id: str,
        outcome: Outcome,
        events: Sequence[EventRecord] = (),
        dead: DeadLetter | None = None,
        jobs: Sequence[NewJob] = (),
        trace: TraceRecord | None = None,
    ) -> bool:
        """See `Queue.finish`."""
        return await self._write(_finish, outcomes.encode(message_id, outcome, events, dead, jobs, trace))

    async def release(self, message_ids: Sequence[str], *, started: bool = False) -> int:
        """See `Queue.release`."""
        return await self._write(RELEASE, _Release(message_ids, started))

    async def message(self, message_id: str) -> MessageStatus | None:
        """See `Queue.message`."""
        return await self._read(_status, message_id)
