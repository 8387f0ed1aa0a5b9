"""Outcomes of messages and jobs, and what comes with them."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from akrun.backend.embedded import dead as dead_letters
from akrun.backend.embedded import events as event_log
from akrun.backend.embedded import job_rows, traces
from akrun.backend.embedded import rows as sql
from akrun.backend.embedded.messages import CODES, DONE, STATES
from akrun.backend.errors import BackendError, NotFoundError
from akrun.backend.giving_up import given_up
from akrun.backend.records import DeadLetter, EventRecord, JournalEntry, NewJob, Outcome, TraceRecord

Columns = tuple[int, int | None, str | None, float, int]
"""State, pipe, error, finished_at, resent."""


class Finish(NamedTuple):
    """An outcome of the message or job of that id, ready to be bound."""

    id: str
    columns: Columns
    events: Sequence[event_log.Encoded]
    dead: tuple[Any, ...] | None
    jobs: Sequence[job_rows.Encoded]
    trace: traces.Encoded | None

    @property
    def state(self) -> int:
        """The code of the outcome's state."""
        return self.columns[0]


def encode(  # noqa: PLR0913, PLR0917 - one per part of the transaction
    name: str,
    outcome: Outcome,
    events: Sequence[EventRecord],
    dead: DeadLetter | None,
    jobs: Sequence[NewJob],
    trace: TraceRecord | None,
) -> Finish:
    """An outcome and what comes with it.

    Raises:
        RecordError: one of the values cannot be stored.
    """
    return Finish(
        name,
        _columns(outcome),
        [event_log.encode(event) for event in events],
        None if dead is None else dead_letters.encode(dead),
        [job_rows.encode(job) for job in jobs],
        None if trace is None else traces.encode(trace),
    )


def _columns(outcome: Outcome) -> Columns:
    error = None if outcome.error is None else sql.to_json(dict(outcome.error))
    return CODES[outcome.state], outcome.pipe, error, outcome.finished_at, outcome.resent


def decode(code: int, pipe: int | None, error: str | None, finished_at: float, resent: int) -> Outcome | None:
    """The outcome of a row; None if it has none."""
    if code < DONE:
        return None
    return Outcome(STATES[code], pipe, sql.from_json(error), finished_at, resent)  # type: ignore[arg-type]


def buried(  # noqa: PLR0913, PLR0917 - what is known of a row
    name: str,
    message_id: str | None,
    pipeline: str,
    attempts: int,
    entries: Sequence[JournalEntry],
    now: float,
) -> tuple[Columns, tuple[Any, ...]]:
    """The columns of the outcome, and the encoded dead letter, of what had all its attempts."""
    outcome, letter = given_up(name, message_id, pipeline, attempts, entries, now)
    return _columns(outcome), dead_letters.encode(letter)


def first_of_each(
    finishes: Sequence[Finish], states: Mapping[str, int], what: str
) -> tuple[list[Finish], list[bool | BackendError]]:
    """Which outcomes are to be recorded, one at most for each message or job, and the answers to all.

    Args:
        finishes: outcomes in the order in which they came.
        states: the present states of their messages or jobs, by id.
        what: `message` or `job`.
    """
    without = {name for name, state in states.items() if state < DONE}
    recorded: list[Finish] = []
    answers: list[bool | BackendError] = []
    for finish in finishes:
        if finish.id not in states:
            answers.append(NotFoundError(f"there is no {what} `{finish.id}`"))
            continue
        answers.append(finish.id in without)
        if answers[-1]:
            without.remove(finish.id)
            recorded.append(finish)
    return recorded, answers


def store_with(connection: sqlite3.Connection, recorded: Sequence[Finish]) -> None:
    """Store follow-up jobs, events and traces of outcomes."""
    job_rows.insert(connection, [job for finish in recorded for job in finish.jobs])
    event_log.insert(connection, [event for finish in recorded for event in finish.events])
    traces.insert(connection, [finish.trace for finish in recorded if finish.trace is not None])
