"""Replaying and dropping dead letters in the embedded backend."""

import sqlite3
from typing import NamedTuple

from akrun.backend.due import microseconds
from akrun.backend.embedded import dead as dead_letters
from akrun.backend.embedded import job_rows, journal, messages
from akrun.backend.embedded.core import Core
from akrun.backend.embedded.messages import FAILED, PENDING, STATES, UNCERTAIN
from akrun.backend.embedded.writer import each
from akrun.backend.errors import NotFoundError, StateError
from akrun.backend.records import DeadLetter, LaunchState


class _Replay(NamedTuple):
    dead_id: int
    due: int
    from_start: bool


def _replay(connection: sqlite3.Connection, replay: _Replay) -> DeadLetter:
    letter = dead_letters.existing(connection, replay.dead_id)
    if letter.job_id is not None:
        name, unit = letter.job_id, _revive_job(connection, letter.job_id, replay.due)
    elif letter.message_id is not None:
        name, unit = letter.message_id, _revive_message(connection, letter.message_id)
    else:
        raise NotFoundError(f"dead letter {letter.id} is of no message or job", cure="drop it")
    checkpoint = None if replay.from_start else letter.input or None
    journal.replay(connection, unit, name, checkpoint, from_start=replay.from_start)
    dead_letters.delete(connection, letter.id)
    return letter


def _revive_message(connection: sqlite3.Connection, message_id: str) -> journal.Unit:
    row = connection.execute(
        "SELECT message.no, message.state, launch.no, launch.id, launch.state FROM message"
        " JOIN launch ON launch.no = message.launch WHERE message.id = ?",
        (message_id,),
    ).fetchone()
    if row is None:
        raise NotFoundError(f"message `{message_id}` is not there any more", cure="drop the dead letter")
    number, state, launch, launch_id, launch_state = row
    _require_ended(f"message `{message_id}`", state)
    if launch_state == LaunchState.STOPPED:
        raise StateError(f"launch `{launch_id}` was stopped and sends nothing more", cure="launch anew")
    connection.execute(
        "UPDATE message SET state = 0, attempts = 0, pipe = NULL, error = NULL, finished_at = NULL,"
        " resent = 0 WHERE no = ?",
        (number,),
    )
    messages.adjust_tally(connection, launch, {state: -1, PENDING: 1})
    if launch_state == LaunchState.FINISHED:
        connection.execute(
            "UPDATE launch SET state = ?, finished = NULL WHERE no = ?", (LaunchState.SENDING.value, launch)
        )
    return int(number)


def _revive_job(connection: sqlite3.Connection, job_id: str, due: int) -> journal.Unit:
    row = connection.execute("SELECT no, state FROM job WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise NotFoundError(f"job `{job_id}` is not there any more", cure="drop the dead letter")
    number, state = row
    _require_ended(f"job `{job_id}`", state)
    connection.execute(
        "UPDATE job SET state = 0, attempts = 0, due = ?, ended_in = NULL, error = NULL, finished_at = NULL,"
        " resent = 0 WHERE no = ?",
        (due, number),
    )
    job_rows.adjust_tally(connection, {state: -1, PENDING: 1})
    return -int(number)


def _require_ended(what: str, state: int) -> None:
    if state not in (FAILED, UNCERTAIN):
        raise StateError(
            f"{what} is {STATES[state]}: there is nothing to replay", cure="drop the dead letter"
        )


def _drop(connection: sqlite3.Connection, dead_id: int) -> DeadLetter:
    letter = dead_letters.existing(connection, dead_id)
    if letter.job_id is not None:
        row = connection.execute("SELECT -no FROM job WHERE id = ?", (letter.job_id,)).fetchone()
        connection.execute(
            "UPDATE job SET payload = x'' WHERE id = ? AND pipeline <> 'message'", (letter.job_id,)
        )
    else:
        row = connection.execute("SELECT no FROM message WHERE id = ?", (letter.message_id,)).fetchone()
        connection.execute("DELETE FROM payload WHERE message = ?", row or (None,))
    if row is not None:
        journal.forget(connection, row)
    dead_letters.delete(connection, dead_id)
    return letter


REPLAY = each(_replay)
DROP = each(_drop)


class EmbeddedReplay(Core):
    """Replaying and dropping, of the `DeadLetters` protocol."""

    async def replay(self, dead_id: int, now: float, *, from_start: bool = False) -> DeadLetter:
        """See `DeadLetters.replay`."""
        return await self._write(REPLAY, _Replay(dead_id, microseconds(now), from_start))

    async def drop(self, dead_id: int) -> DeadLetter:
        """See `DeadLetters.drop`."""
        return await self._write(DROP, dead_id)
