"""Running an event through a pipeline."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from akrun.backend.errors import BackendError
from akrun.backend.records import EventRecord, NewJob
from akrun.engine.event import Event
from akrun.engine.log import LogRecord
from akrun.engine.pipeline import Pipeline, Step
from akrun.engine.trace import describe
from akrun.errors import PipeFailure, Uncertain
from aktmpl import TemplateError


@dataclass(frozen=True, slots=True)
class Result:
    """How an event ended.

    Attributes:
        state: `done`; `failed` when a pipe failed and had no error exit; `uncertain` when a request of an
            earlier attempt may have been carried out and is not to be sent again unasked.
        pipe: the pipe it ended in.
        error: the `$error` it failed with, secrets masked; None when done.
        data: `$in` at the end.
        effects: the events that its pipes registered, also when it failed later.
        steps: how many pipes it entered, those in branches included.
        jobs: what its pipes handed over, also when it failed later.
    """

    state: Literal["done", "failed", "uncertain"]
    pipe: int
    error: Mapping[str, Any] | None
    data: dict[str, Any]
    effects: list[EventRecord]
    steps: int
    jobs: list[NewJob]


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an event would send first.

    Attributes:
        pipe: the pipe at which the run stopped.
        request: method, url, headers and body as they may be printed; None when nothing would be sent.
        error: the `$error` that ended the event before it sent anything.
    """

    pipe: int
    request: Mapping[str, Any] | None
    error: Mapping[str, Any] | None


async def run(pipeline: Pipeline, event: Event, entry: int | None = None) -> Result:
    """Take an event from the entry to its end; pure pipes are plain calls, only I/O waits.

    An event with a journal goes on where the journal says it stands. What goes wrong in a pipe is not raised:
    a failure takes the pipe's error exit or ends the event. Cancellation passes through.

    Args:
        pipeline: where it runs.
        event: a new event.
        entry: the id of the pipe at which it enters; the first when None. KeyError if there is none.

    Raises:
        BackendError: its journal could not be written; what it has done since is done again.
    """
    event.enter(pipeline, _run_from)
    step = pipeline.entry if entry is None else pipeline.steps[entry]
    result = await _run(_resumed(step, event), event)
    if result.state == "failed":
        await event.record_failure(result.pipe)
    return result


async def _run_from(event: Event, pipe_id: int) -> Result:
    """Run a branch of an event; what it did is not done again when the event is."""
    assert event.pipeline is not None
    result = await _run(_resumed(event.pipeline.steps[pipe_id], event), event)
    if result.state == "failed":
        await event.record_failure(result.pipe)
    elif result.state == "done" and event.journal is not None and event.journal.entry(event.id) is not None:
        await event.record(result.pipe, ended=True)
    return result


async def _run(at: Step | Result, event: Event) -> Result:
    at = _run_pure(at, event)
    while isinstance(at, Step):
        if event.unrecorded:
            await event.record(at.id)
        at = _run_pure(await _run_io(at, event), event)
    return at


def _resumed(step: Step, event: Event) -> Step | Result:
    """Where the event goes on: at this step, or where an earlier attempt came to."""
    if event.journal is None:
        return step
    assert event.pipeline is not None
    try:
        checkpoint = event.resume()
    except ValueError as exc:
        message = f"an earlier attempt cannot be taken up: {exc}; replay it from the start"
        return _failed(step, event, PipeFailure("checkpoint", message, kind="checkpoint"))
    if checkpoint is None:
        return step
    if checkpoint.ended:
        return Result("done", checkpoint.pipe, None, event.data, event.effects, 0, event.jobs)
    found = event.pipeline.steps.get(checkpoint.pipe)
    if found is None:
        message = f"it stood before pipe {checkpoint.pipe}, which `{event.pipeline.name}` has no more"
        failure = PipeFailure("no_pipe", f"{message}; replay it from the start", kind="channel")
        return _failed(step, event, failure)
    if event.trace is not None:
        event.trace.resumed(found.id)
    return found


def dry_run(pipeline: Pipeline, event: Event) -> DryRun:
    """Run the pure pipes up to the first that does I/O, and show what that one would send.

    It stops there, for the rest of the way depends on the answer.
    """
    event.enter(pipeline, _run_from)
    at = _run_pure(pipeline.entry, event)
    while isinstance(at, Step):
        try:
            request = at.io.prepare(event)  # type: ignore[union-attr]  # a step is either pure or this
        except Exception as exc:  # noqa: BLE001 - whatever a pipe raises is its failure
            at = _run_pure(_fail(at, event, exc), event)
        else:
            shown = None if request is None else describe(request, event.services.masker)
            return DryRun(at.id, shown, None)
    return DryRun(at.pipe, None, at.error)


def _run_pure(at: Step | Result, event: Event) -> Step | Result:
    """Run pure pipes until there is one that does I/O, or the event's end."""
    while isinstance(at, Step) and at.pure is not None:
        begun = _enter(at, event)
        if begun is None:
            return _exhausted(at, event)
        try:
            way = at.pure.run(event)
        except Exception as exc:  # noqa: BLE001 - whatever a pipe raises is its failure
            at = _fail(at, event, exc, begun)
        else:
            at = _leave(at, event, way, begun)
    return at


async def _run_io(step: Step, event: Event) -> Step | Result:
    begun = _enter(step, event)
    if begun is None:
        return _exhausted(step, event)
    event.entered = dict(event.data), event.scope.get("error"), event.branches
    clock, stats = event.services.clock, step.stats
    at = clock.monotonic()
    stats.busy += 1
    try:
        async with step.workers:
            way = await step.io.run(event)  # type: ignore[union-attr]  # a step is either pure or this
    except BackendError:  # the journal's: without it nothing may go on; those of the store are failures
        raise
    except Exception as exc:  # noqa: BLE001 - whatever a pipe raises is its failure
        return _fail(step, event, exc, begun)
    finally:
        stats.busy -= 1
        stats.took(clock.monotonic() - at)
    return _leave(step, event, way, begun)


def _enter(step: Step, event: Event) -> float | None:
    """Count the step; the time it begins (0 without a trace), or None when the event has had its share."""
    budget = event.budget
    if budget.used >= budget.most:
        return None
    budget.used += 1
    if event.trace is None:
        return 0.0
    event.trace.enter(step.id, step.type, step.label, event.data)
    return event.services.clock.monotonic()


def _leave(step: Step, event: Event, way: int | None, begun: float) -> Step | Result:
    following = step.success if way is None else step.exits[way]
    name = "success" if way is None else f"out {way}"
    step.stats.left(name)
    if event.trace is not None:
        elapsed = event.services.clock.monotonic() - begun
        event.trace.leave(name, None if following is None else following.id, event.data, elapsed)
    if following is not None:
        return following
    return Result("done", step.id, None, event.data, event.effects, event.budget.used, event.jobs)


def _fail(step: Step, event: Event, exc: Exception, begun: float | None = None) -> Step | Result:
    """Set `$error` and take the error exit; without one the event has failed."""
    step.stats.left("error")
    failure = _as_failure(exc) or _unexpected(step, event, exc)
    before = event.scope.get("error")
    error = event.scope["error"] = failure.to_scope(step.id)
    following = None if isinstance(failure, Uncertain) else step.error
    if event.trace is not None and begun is not None:
        elapsed = event.services.clock.monotonic() - begun
        event.trace.leave("error", None if following is None else following.id, event.data, elapsed)
        event.trace.erred(error, exc.frame() if isinstance(exc, TemplateError) else None)
    if following is not None:
        return following
    if step.pure is not None:  # which leaves `$in` as it was when it fails
        event.entered = event.data, before, event.branches
    return _failed(step, event, failure)


def _failed(step: Step, event: Event, failure: PipeFailure) -> Result:
    error = event.scope["error"] = failure.to_scope(step.id)
    masked = event.services.masker.value(dict(error))
    state: Literal["failed", "uncertain"] = "uncertain" if isinstance(failure, Uncertain) else "failed"
    return Result(state, step.id, masked, event.data, event.effects, event.budget.used, event.jobs)


def _exhausted(step: Step, event: Event) -> Result:
    # No error exit here: it could lead into the same loop again.
    message = f"the event entered {event.budget.most} pipes and is still not at its end"
    event.entered = event.data, event.scope.get("error"), event.branches
    return _failed(step, event, PipeFailure("max_steps", message, kind="limit"))


def _as_failure(exc: Exception) -> PipeFailure | None:
    if isinstance(exc, PipeFailure):
        return exc
    if isinstance(exc, TemplateError):
        return PipeFailure(exc.code, exc.message.partition("\n")[0], kind="template")
    return None


def _unexpected(step: Step, event: Event, exc: Exception) -> PipeFailure:
    """A fault of the program: the log gets all of it, the event a failure that gives nothing away."""
    services = event.services
    services.log(
        LogRecord(
            level="error",
            prefix=f"{event.channel_id}|{step.id}",
            message=f"unexpected {type(exc).__name__} in pipe {step.id} ({step.type})",
            channel_id=event.channel_id,
            pipe=step.id,
            time=services.clock.now().timestamp(),
            traceback=services.masker.text("".join(traceback.format_exception(exc))),
        )
    )
    return PipeFailure("internal", f"unexpected {type(exc).__name__} in pipe {step.id}", kind="internal")
