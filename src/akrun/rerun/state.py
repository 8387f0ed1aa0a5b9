"""Where a run goes on: at which pipe, and with what in `$in` and `$error`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from akrun.backend import DeadLetter
from akrun.engine.checkpoint import Checkpoint, decode_checkpoint
from akrun.engine.event import Event
from akrun.engine.pipeline import Pipeline, Step
from akrun.engine.secrets import Masker
from akrun.errors import AkrunError
from akrun.rerun.subject import opened, with_bytes


@dataclass(frozen=True, slots=True)
class State:
    """What a pipe begins with.

    Attributes:
        pipe: The pipe; None is the first, of an event at its start.
        data: `$in`; None is what enters the pipeline.
        error: `$error`, if there is one.
        source: Says where this comes from.
        exact: Whether it is as it was; what comes from a trace has `***` for secrets and is cut.
    """

    pipe: int | None
    data: Mapping[str, Any] | None = field(repr=False)
    error: Mapping[str, Any] | None
    source: str
    exact: bool

    def given_to(self, event: Event) -> None:
        """Set the event to this state."""
        if self.data is not None:
            event.data = event.scope["in"] = dict(self.data)
        if self.error is not None:
            event.scope["error"] = self.error


def of_letter(letter: DeadLetter, masker: Masker, *, exact: bool) -> State:
    """What entered the pipe that failed, as a replay begins with it.

    Raises:
        AkrunError: With `exact`, a secret in it is not known; or it cannot be read.
    """
    if letter.pipe is None or not letter.input:
        return State(None, None, None, "what entered the pipeline: no pipe had begun", exact=True)
    source = f"what entered it before dead letter {letter.id}"
    try:
        checkpoint = decode_checkpoint(letter.input, masker)
    except ValueError:
        parts = opened(letter.input, masker, exact=exact)
        if not isinstance(parts, dict) or not isinstance(parts.get("data"), dict):
            raise AkrunError(f"what is stored of dead letter {letter.id} cannot be read") from None
        checkpoint = Checkpoint(letter.pipe, parts["data"], parts.get("error"))
        return State(checkpoint.pipe, checkpoint.data, checkpoint.error, source, exact=False)
    return State(checkpoint.pipe, checkpoint.data, checkpoint.error, source, exact=True)


def before(trace: Mapping[str, Any], pipe: int | None) -> State:
    """What entered a pipe, the last time it ran; by default the one that failed.

    Raises:
        AkrunError: The pipe is not in the trace, or there is none that failed.
    """
    steps = trace["steps"]
    if pipe is None:
        failed = [
            index for index, step in enumerate(steps) if step["exit"] in ("", "error") and not step["next"]
        ]
        if not failed:
            raise AkrunError("no pipe failed: say by --at or --after where to begin")
        index = failed[-1]
    else:
        index = _last(trace, pipe)
    step = steps[index]
    source = f"what entered it in attempt {trace['attempt']}"
    return State(step["pipe"], with_bytes(step["input"]), _error(steps[:index]), source, exact=False)


def after(trace: Mapping[str, Any], pipe: int, pipeline: Pipeline, way: str | None = None) -> State:
    """What left a pipe, at the pipe that its exit leads to now.

    Args:
        trace: The trace.
        pipe: The pipe.
        pipeline: Where the run goes on.
        way: The exit, `success`, `error` or `out <pipe>`; by default the one that it took.

    Raises:
        AkrunError: The pipe is not in the trace, took no exit, or nothing follows it.
    """
    index = _last(trace, pipe)
    step = trace["steps"][index]
    taken = way or step["exit"]
    if not taken:
        message = (
            f"pipe {pipe} did not come to its end; --at {pipe} runs it again, or --exit says by which exit"
        )
        raise AkrunError(message)
    at = pipeline.steps.get(pipe)
    if at is None:
        raise AkrunError(
            f"the channel has no pipe {pipe} in `{pipeline.name}`; --at takes one that is to run"
        )
    following = _following(at, taken)
    if following is None:
        hint = (
            "--exit success takes the other exit" if taken == "error" else "--at takes a pipe that is to run"
        )
        raise AkrunError(f"nothing follows pipe {pipe} by its exit `{taken}`; {hint}")
    source = f"what left pipe {pipe} in attempt {trace['attempt']}"
    error = _error(trace["steps"][: index + (taken == "error")])
    return State(following.id, with_bytes(step["output"]), error, source, exact=False)


def with_data(state: State, data: Mapping[str, Any], pinned: Sequence[str]) -> State:
    """The same with another `$in`, of which these paths were pinned."""
    note = f"; pinned: {', '.join(pinned)}" if pinned else ""
    return replace(state, data=with_bytes(data), source=state.source + note)


def _last(trace: Mapping[str, Any], pipe: int) -> int:
    steps = trace["steps"]
    for index in range(len(steps) - 1, -1, -1):
        if steps[index]["pipe"] == pipe:
            return index
    for step in steps:
        if pipe in _pipes(step["branches"]):
            within = step["pipe"]
            raise AkrunError(f"pipe {pipe} ran in branches of pipe {within}: take --at {within}")
    ran = ", ".join(dict.fromkeys(str(step["pipe"]) for step in steps))
    raise AkrunError(f"pipe {pipe} is not in the trace of attempt {trace['attempt']}; there ran {ran}")


def _pipes(branches: Sequence[Sequence[Mapping[str, Any]]]) -> Iterator[int]:
    for branch in branches:
        for step in branch:
            yield step["pipe"]
            yield from _pipes(step["branches"])


def _following(step: Step, way: str) -> Step | None:
    if way == "success":
        return step.success
    if way == "error":
        return step.error
    return step.exits.get(int(way.removeprefix("out ")))


def _error(steps: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The latest `$error` that pipes left."""
    return next((step["error"] for step in reversed(steps) if step["error"] is not None), None)
