"""Control runs in the embedded backend."""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from akrun.backend.controls import Control, ControlKind, ControlState, NewControl
from akrun.backend.embedded import events as event_log
from akrun.backend.embedded import job_rows
from akrun.backend.embedded.core import Core
from akrun.backend.embedded.launches import mailing_number
from akrun.backend.embedded.writer import each
from akrun.backend.errors import NotFoundError
from akrun.backend.records import EventRecord, NewJob

_SELECT = (
    "SELECT control.id, mailing.id, kind, launch_id, message_id, constants, content, state, begun, decided,"
    " reason FROM control JOIN mailing ON mailing.no = control.mailing"
)


class _Begin(NamedTuple):
    control: NewControl
    jobs: Sequence[job_rows.Encoded]
    now: float


class _Decide(NamedTuple):
    control_id: str
    state: ControlState
    reason: str | None
    now: float


class _Which(NamedTuple):
    mailing: str | None
    state: str | None


def _begin(connection: sqlite3.Connection, begin: _Begin) -> Control:
    new = begin.control
    mailing = mailing_number(connection, new.mailing_id)
    held = _one(connection, new.id)
    if held is not None:
        return held
    connection.execute(
        "UPDATE control SET state = ?, decided = ?, reason = ? WHERE mailing = ? AND kind = ? AND state = ?",
        (
            ControlState.REFUSED.value,
            begin.now,
            "asked for anew",
            mailing,
            new.kind.value,
            ControlState.OPEN.value,
        ),
    )
    connection.execute(
        "INSERT INTO control (id, mailing, kind, launch_id, message_id, constants, content, state, begun)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new.id,
            mailing,
            new.kind.value,
            new.launch_id,
            new.message_id,
            new.constants,
            new.content,
            ControlState.OPEN.value,
            begin.now,
        ),
    )
    job_rows.insert(connection, begin.jobs)
    return _existing(connection, new.id)


def _decide(connection: sqlite3.Connection, decide: _Decide) -> bool:
    if _existing(connection, decide.control_id).state is not ControlState.OPEN:
        return False
    connection.execute(
        "UPDATE control SET state = ?, decided = ?, reason = ? WHERE id = ?",
        (decide.state.value, decide.now, decide.reason, decide.control_id),
    )
    return True


def _existing(connection: sqlite3.Connection, control_id: str) -> Control:
    control = _one(connection, control_id)
    if control is None:
        raise NotFoundError(f"there is no control run `{control_id}`")
    return control


def _one(connection: sqlite3.Connection, control_id: str) -> Control | None:
    row = connection.execute(f"{_SELECT} WHERE control.id = ?", (control_id,)).fetchone()
    return None if row is None else _control(*row)


def _of_message(connection: sqlite3.Connection, message_id: str) -> Control | None:
    row = connection.execute(
        f"{_SELECT} WHERE message_id = ? ORDER BY control.no DESC LIMIT 1", (message_id,)
    ).fetchone()
    return None if row is None else _control(*row)


def _all(connection: sqlite3.Connection, which: _Which) -> list[Control]:
    rows = connection.execute(
        f"{_SELECT} WHERE (:mailing IS NULL OR mailing.key = :mailing) AND (:state IS NULL OR state = :state)"
        " ORDER BY control.no",
        which._asdict(),
    )
    return [_control(*row) for row in rows]


def _control(control_id: str, mailing_id: int | str, kind: str, *rest: Any) -> Control:
    launch_id, message_id, constants, content, state, *decision = rest
    asked = control_id, mailing_id, ControlKind(kind), launch_id, message_id, constants, content
    return Control(*asked, ControlState(state), *decision)


BEGIN = each(_begin)
DECIDE = each(_decide)


class EmbeddedControls(Core):
    """The `Controls` protocol."""

    async def begin_control(self, control: NewControl, jobs: Sequence[NewJob] = ()) -> Control:
        """See `Controls.begin_control`."""
        encoded = [job_rows.encode(job) for job in jobs]
        return await self._write(BEGIN, _Begin(control, encoded, self._clock()))

    async def decide_control(self, control_id: str, *, granted: bool, reason: str | None = None) -> bool:
        """See `Controls.decide_control`."""
        state = ControlState.GRANTED if granted else ControlState.REFUSED
        return await self._write(DECIDE, _Decide(control_id, state, reason, self._clock()))

    async def controls(
        self, *, mailing_id: int | str | None = None, state: ControlState | None = None
    ) -> list[Control]:
        """See `Controls.controls`."""
        key = None if mailing_id is None else str(mailing_id)
        return await self._read(_all, _Which(key, None if state is None else state.value))

    async def control_of(self, message_id: str) -> Control | None:
        """See `Controls.control_of`."""
        return await self._read(_of_message, message_id)

    async def message_events(self, message_id: str) -> list[EventRecord]:
        """See `Controls.message_events`."""
        return await self._read(event_log.of_message, message_id)
