"""Every run of a small channel: fakes ask an oracle at each fork, and it gives all answers in turn."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from akrun.backend.errors import BackendError
from akrun.engine.compile import CompiledChannel
from akrun.engine.event import Event, Services
from akrun.engine.payload import decode_payload, encode_payload
from akrun.engine.pipeline import Step
from akrun.engine.run import run
from akrun.engine.trace import Trace, TraceStep
from akrun.errors import PipeFailure
from akrun.net.message import Request, Response
from akrun.server.request import Received
from tests.akrun.pipes.bench import Bench

INJECTED = "injected"
_ORIGINS = {
    "message": {"send_message_id": "m-1", "launch_id": "l", "a_id": 1, "c_id": 1, "profile_id": "p"},
    "listener": Received("POST", "/listen/c", "", {}, b'{"k": 1}', None).origin(),
}


class Oracle:
    """Gives one answer at each fork; `next` goes on to the next series of answers."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, int]] = []
        self.at = 0

    def choose(self, options: int) -> int:
        """A number below `options`."""
        if self.at == len(self.answers):
            self.answers.append((0, options))
        self.at += 1
        return self.answers[self.at - 1][0]

    def next(self) -> bool:
        """Whether there is another series; if so it is what the oracle gives now."""
        self.answers = self.answers[: self.at]
        self.at = 0
        while self.answers:
            answer, options = self.answers.pop()
            if answer + 1 < options:
                self.answers.append((answer + 1, options))
                return True
        return False


@dataclass(frozen=True)
class Service:
    """A service that answers well, answers with an error, or does not answer."""

    oracle: Oracle

    async def send(self, request: Request) -> Response:  # noqa: ARG002 - the protocol's
        match self.oracle.choose(3):
            case 0:
                return Response(200, {}, b'{"k": 1}', 0.1)
            case 1:
                return Response(500, {}, b"no JSON \xff", 0.1)
            case _:
                raise PipeFailure("timeout", "no answer", kind="timeout")


@dataclass(frozen=True)
class Store:
    """A store that has every key, or none, or fails."""

    oracle: Oracle

    async def store_get(self, table: str, key: str, *, delete: bool = False) -> bytes | None:  # noqa: ARG002
        match self.oracle.choose(3):
            case 0:
                return encode_payload("kept")
            case 1:
                return None
            case _:
                raise BackendError("the store is away")


class Failing:
    """A pipe that the oracle may let fail before it begins."""

    def __init__(self, inner: Any, oracle: Oracle) -> None:
        self.inner = inner
        self.oracle = oracle

    def run(self, event: Event) -> Any:
        if self.oracle.choose(2):
            raise PipeFailure(INJECTED, "something else", kind=INJECTED)
        return self.inner.run(event)


@dataclass
class Seen:
    """What happened in the runs, by pipeline and pipe.

    Attributes:
        entered, succeeded: the pipes that some event entered, and left by another exit than `error`.
        failed: the codes of the errors with which pipes failed.
        inputs: `$in` as pipes were entered with it.
        all: whether every run was made.
    """

    entered: set[tuple[str, int]] = field(default_factory=set)
    succeeded: set[tuple[str, int]] = field(default_factory=set)
    failed: set[tuple[str, int, str]] = field(default_factory=set)
    inputs: list[tuple[str, int, Mapping[str, Any]]] = field(default_factory=list)
    all: bool = True


def seen_in(compiled: CompiledChannel, *, fallible: set[tuple[str, int]], most: int) -> Seen:
    """Run a channel in every way, but at most in so many; pipes in `fallible` may also fail by themselves."""
    oracle, seen = Oracle(), Seen()
    for name, pipeline in compiled.pipelines.items():
        for step in pipeline.steps.values():
            _let_fail(step, oracle, (name, step.id) in fallible)
    for _ in range(most):
        asyncio.run(_run_all(compiled, oracle, seen))
        if not oracle.next():
            return seen
    seen.all = False
    return seen


def _let_fail(step: Step, oracle: Oracle, fallible: bool) -> None:  # noqa: FBT001
    if not fallible:
        return
    if step.pure is not None:
        step.pure = Failing(step.pure, oracle)  # type: ignore[assignment]
    else:
        step.io = Failing(step.io, oracle)  # type: ignore[assignment]


async def _run_all(compiled: CompiledChannel, oracle: Oracle, seen: Seen) -> None:
    bench = Bench(http=Service(oracle))
    services: Services = bench.services.keeping(Store(oracle))  # type: ignore[arg-type]
    profile = {f"s{number}": oracle.choose(2) for number in _asked(compiled)}
    events = [
        (name, None, Event(origin, services, roots={"profile": profile}, trace=Trace()))
        for name, origin in _ORIGINS.items()
    ]
    for name, entry, event in events:  # grows while it is walked
        if name not in compiled.pipelines or len(events) > 8:
            continue
        await run(compiled.pipelines[name], event, entry)
        assert event.trace is not None
        for step in _steps(event.trace.steps):
            _note(name, step, seen)
        for job in event.jobs:
            origin = decode_payload(job.payload)
            later = Event(origin, services, roots={"profile": profile}, trace=Trace(), id=job.id)
            events.append((job.pipeline, job.pipe, later))  # type: ignore[arg-type]


def _asked(compiled: CompiledChannel) -> Iterator[int]:
    for pipeline in compiled.pipelines.values():
        for step in pipeline.steps.values():
            branches = getattr(getattr(step.pure, "inner", step.pure), "branches", ())
            if any("profile" in branch.query.source.text for branch in branches):
                yield step.id


def _steps(steps: Sequence[TraceStep]) -> Iterator[TraceStep]:
    for step in steps:
        yield step
        for branch in step.branches:
            yield from _steps(branch)


def _note(name: str, step: TraceStep, seen: Seen) -> None:
    seen.entered.add((name, step.pipe))
    seen.inputs.append((name, step.pipe, step.input))
    if step.error is None:
        seen.succeeded.add((name, step.pipe))
    elif not step.branches:  # a failed branch's own pipe is noted
        seen.failed.add((name, step.pipe, str(step.error["code"])))
