"""What an attempt leaves: outcome, events, hand-overs, dead letter and trace, stored in one transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from akrun.backend.errors import RecordError
from akrun.backend.records import (
    DeadLetter,
    EventRecord,
    MessageState,
    NewJob,
    Outcome,
    TraceRecord,
)
from akrun.engine.event import Event
from akrun.engine.log import LogRecord, LogSink
from akrun.engine.run import Result
from akrun.engine.trace_record import encode_trace
from akrun.errors import PipeFailure

_STATES: Final[Mapping[str, Literal[MessageState.DONE, MessageState.FAILED, MessageState.UNCERTAIN]]] = {
    "done": MessageState.DONE,
    "failed": MessageState.FAILED,
    "uncertain": MessageState.UNCERTAIN,
}


@dataclass(frozen=True, slots=True)
class Unit:
    """The message or job whose attempt it was.

    Attributes:
        id: its id.
        pipeline: the pipeline it runs through.
        attempts: attempts begun, this one included.
        message_id: the message it goes back to.
    """

    id: str
    pipeline: str
    attempts: int
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Ending:
    """The parts of the transaction, see `Queue.finish` and `Jobs.finish_job`."""

    outcome: Outcome
    events: Sequence[EventRecord] = ()
    dead: DeadLetter | None = None
    jobs: Sequence[NewJob] = ()
    trace: TraceRecord | None = None


Record = Callable[[str, Ending], Awaitable[bool]]
"""Stores the ending of a message or job, by its id."""


def ending(unit: Unit, event: Event, result: Result) -> Ending:
    """What an attempt leaves that ended with this result."""
    services = event.services
    now = services.clock.now().timestamp()
    resent = 0 if event.journal is None else event.journal.resent
    outcome = Outcome(_STATES[result.state], result.pipe, result.error, now, resent)
    dead = None
    if result.state != "done":
        entered = event.entered_state(result.pipe)
        error = result.error or {}
        dead = DeadLetter(unit.message_id, unit.pipeline, result.pipe, entered, error, unit.attempts, now)
    trace = None
    if event.trace is not None and (services.traces == "all" or (services.traces == "failed" and dead)):
        trace = TraceRecord(unit.id, unit.attempts, now, encode_trace(event.trace, result))
    return Ending(outcome, result.effects, dead, result.jobs, trace)


def ending_without_run(unit: Unit, result: Result, now: float, resent: int = 0) -> Ending:
    """What is left of an attempt that could not begin; a replay goes on where its journal stands."""
    error = {**(result.error or {}), "pipe": None}
    outcome = Outcome(MessageState.FAILED, None, error, now, resent)
    dead = DeadLetter(unit.message_id, unit.pipeline, None, b"", error, unit.attempts, now)
    return Ending(outcome, result.effects, dead)


async def settle(
    unit: Unit,
    event: Event,
    result: Result,
    record: Record,
    amend: Callable[[Result], Result] = lambda it: it,
) -> tuple[bool, Result]:
    """Record what an attempt leaves, and tell observers and the log.

    Where the backend refuses its effects, which is the fault of what came in and not of the storage, the
    attempt has failed without any.

    Args:
        unit: whose attempt it was.
        event: its event.
        result: how it ended, amended.
        record: stores an ending; False when there was an outcome before.
        amend: what else a result means.

    Returns:
        Whether it was recorded, and the result that was.
    """
    end = ending(unit, event, result)
    try:
        recorded = await record(unit.id, end)
    except RecordError as error:
        result = amend(unstorable(event, result, error))
        end = ending(unit, event, result)
        recorded = await record(unit.id, end)
    if recorded:
        event.observed(result)
        log_dead_letter(event.services.log, event.channel_id, unit, end.outcome)
    return recorded, result


def log_dead_letter(log: LogSink, channel_id: int, unit: Unit, outcome: Outcome) -> None:
    """Say in the channel's log that an attempt left a dead letter; nothing of one that is done."""
    if outcome.error is None:
        return
    pipe = outcome.pipe or 0
    fields = {"unit": unit.id, "pipeline": unit.pipeline, "code": outcome.error["code"]}
    message = f"{outcome.state}, and a dead letter: {outcome.error['message']}"
    log(
        LogRecord(
            "warn", f"{channel_id}|{pipe}", message, channel_id, pipe, outcome.finished_at, fields=fields
        )
    )


def log_lost_lease(event: Event, unit: Unit) -> None:
    """Say in the channel's log that an attempt ends without an outcome: another process makes the next."""
    services, channel_id = event.services, event.channel_id
    now = services.clock.now().timestamp()
    message = "attempt given up: no sign of life came through in time, and another process has its lease"
    fields = {"unit": unit.id, "pipeline": unit.pipeline}
    services.log(LogRecord("warn", f"{channel_id}|0", message, channel_id, 0, now, fields=fields))


def unstorable(event: Event, result: Result, error: Exception) -> Result:
    """The result of an attempt whose effects the backend refuses: the fault of what a service answered."""
    failure = PipeFailure("record", f"what it left cannot be stored: {error}", kind="record")
    masked = event.services.masker.value(failure.to_scope(result.pipe))
    event.entered = None
    return Result("failed", result.pipe, masked, result.data, [], result.steps, [])
