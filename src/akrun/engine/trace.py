"""A trace: what every pipe of one event saw, did and answered.

While the event runs it keeps references only: pipes set keys of `$in` and change no value inside, so a
shallow copy of `$in` after each pipe is what that pipe left. Secrets are masked when it is shown or stored.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from akrun.engine.clock import Clock, SystemClock
from akrun.engine.secrets import Masker
from akrun.engine.shown import describe, shown
from akrun.errors import PipeFailure
from akrun.net.message import Request, Response

_SYSTEM: Final = SystemClock()


@dataclass(slots=True, eq=False)
class Exchange:
    """One attempt of a pipe at an HTTP exchange.

    Attributes:
        begun, ended: by the trace's monotonic clock; `ended` is None while nothing has come back.
        response: of any status.
        failure: why there was no response.
    """

    request: Request
    begun: float
    ended: float | None = None
    response: Response | None = None
    failure: PipeFailure | None = None


@dataclass(slots=True, eq=False)
class TraceStep:
    """One pipe's part.

    Attributes:
        input, output: `$in` before and after; `output` is `input` until the pipe has ended.
        begun: by the trace's monotonic clock.
        elapsed: seconds in the pipe.
        exit: `success`, `error`, or `out <pipe id>`; empty for a pipe that did not come to its end.
        next: the pipe that follows; None at the end.
        error: the `$error` the pipe left.
        frame: the place of the template that failed, with its line, a caret and a hint.
        waited: seconds in which it waited for the rate limit.
        exchanges: its attempts, in order.
        branches: the steps of each branch that the pipe ran, in the order of the branches.
    """

    pipe: int
    type: str
    label: str | None
    input: Mapping[str, Any] = field(repr=False)
    output: Mapping[str, Any] = field(repr=False)
    begun: float
    elapsed: float = 0.0
    exit: str = ""
    next: int | None = None
    error: Mapping[str, Any] | None = None
    frame: str | None = None
    waited: float = 0.0
    exchanges: Sequence[Exchange] = ()
    branches: "Sequence[Sequence[TraceStep]]" = ()


class Trace:
    """The steps of one event, in order.

    Attributes:
        masker: hides the event's secrets wherever the trace is shown.
        clock: what its times are measured by.
        began: when it began, in seconds since the epoch.
        zero: its monotonic clock at that moment.
        steps: the pipes that the event entered.
        resumed_from: the pipe at which the event went on after an earlier attempt; None for one that began
            at its entry.
    """

    __slots__ = ("_seen", "began", "clock", "masker", "resumed_from", "steps", "zero")

    def __init__(self, masker: Masker | None = None, clock: Clock | None = None) -> None:
        self.masker = Masker() if masker is None else masker
        self.clock = clock or _SYSTEM
        self.began = self.clock.now().timestamp()
        self.zero = self.clock.monotonic()
        self.steps: list[TraceStep] = []
        self.resumed_from: int | None = None
        self._seen: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"Trace({', '.join(str(step.pipe) for step in self.steps)})"

    def branch(self) -> "Trace":
        """A trace for a branch of the event; its steps are put into those of the pipe that runs it."""
        return Trace(self.masker, self.clock)

    def resumed(self, pipe: int) -> None:
        """The event goes on at this pipe, after an attempt that did not come to its end."""
        self.resumed_from = pipe

    def enter(self, pipe: int, kind: str, label: str | None, data: dict[str, Any]) -> None:
        """A pipe begins with this `$in`."""
        before = self._seen
        if before is None:
            before = data.copy()
        self.steps.append(TraceStep(pipe, kind, label, before, before, self.clock.monotonic()))

    def waited(self, seconds: float) -> None:
        """The pipe at hand waited so long for the rate limit."""
        self.steps[-1].waited += seconds

    def sending(self, request: Request) -> None:
        """The pipe at hand sends a request."""
        step = self.steps[-1]
        step.exchanges = [*step.exchanges, Exchange(request, self.clock.monotonic())]

    def received(self, response: Response) -> None:
        """The request got a response."""
        exchange = self.steps[-1].exchanges[-1]
        exchange.response, exchange.ended = response, self.clock.monotonic()

    def failed(self, failure: PipeFailure) -> None:
        """The request got no response."""
        exchange = self.steps[-1].exchanges[-1]
        exchange.failure, exchange.ended = failure, self.clock.monotonic()

    def leave(
        self,
        way: str,
        following: int | None,
        data: dict[str, Any],
        elapsed: float,
    ) -> None:
        """The pipe at hand ends by this exit, leaving this `$in`."""
        step = self.steps[-1]
        step.exit, step.next, step.elapsed = way, following, elapsed
        self._seen = step.output = data.copy()

    def erred(self, error: Mapping[str, Any], frame: str | None = None) -> None:
        """The pipe that has just ended left this `$error`; `frame` shows the template that failed."""
        step = self.steps[-1]
        step.error, step.frame = error, frame


def all_steps(steps: Sequence[TraceStep]) -> Iterator[TraceStep]:
    """The steps and those of their branches, each before its branches."""
    for step in steps:
        yield step
        for branch in step.branches:
            yield from all_steps(branch)


__all__ = ["Exchange", "Trace", "TraceStep", "all_steps", "describe", "shown"]
