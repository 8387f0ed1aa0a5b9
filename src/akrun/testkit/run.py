"""Running cases: each for itself, in virtual time, and what came of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from akrun.engine.trace_record import trace_to_dict
from akrun.errors import AkrunError, FileFaults
from akrun.model.positions import to_pointer
from akrun.testkit.bench import Bench
from akrun.testkit.check import At, Finding, check
from akrun.testkit.coverage import Counts, counts_of
from akrun.testkit.diff import diff
from akrun.testkit.enter import do
from akrun.testkit.load import Loaded, LoadedCase
from akrun.testkit.messages import with_messages
from akrun.testkit.observed import Mark, Observed
from akrun.testkit.service import PassOn, Unanswered
from akrun.testkit.world import World
from aktmpl.source import locate


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case ended; may be sent between processes.

    Attributes:
        name: the case's.
        line: of its file.
        state: `error` when it could not be run.
        findings: what is not as expected, each with the line of its expectation.
        counts: how often each exit of each pipe was taken.
        traces: of each run, as `trace_to_dict` gives it, with its pipeline; of failed cases only.
        seconds: how long it took.
    """

    name: str
    line: int
    state: Literal["passed", "failed", "error"]
    findings: tuple[tuple[int, Finding], ...] = ()
    counts: Counts = field(default_factory=dict)
    traces: tuple[tuple[str, dict[str, Any]], ...] = field(default=(), repr=False)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return self.state == "passed"


def run_case(bench: Bench, case: LoadedCase, pass_on: PassOn | None = None) -> CaseResult:
    """Run a case.

    ```python
    loaded = load_tests("sms.test.yaml")
    with Bench(loaded) as bench:
        assert all(run_case(bench, case).passed for case in loaded.cases)
    ```

    Args:
        bench: of the case's file.
        case: one of the file's cases.
        pass_on: answers requests that no mock does; see `FakeService`.
    """
    begun = time.perf_counter()
    world: World | None = None
    findings: list[Finding] = []
    state: Literal["passed", "failed", "error"] = "passed"
    try:
        case = with_messages(bench, case)
        world = World.begin(bench, case, pass_on)
        findings += bench.loop.run_until_complete(_run(world))
    except FileFaults as error:
        state = "error"
        findings.append(Finding("it cannot be run", tuple(error.frames().splitlines())))
    except AkrunError as error:
        state = "error"
        findings.append(Finding(f"it cannot be run: {error}"))
    finally:
        if world is not None:
            world.sql.close()
    if findings and state == "passed":
        state = "failed"
    return CaseResult(
        case.name,
        case.line,
        state,
        tuple((_line(bench.loaded, case, each), each) for each in findings),
        {} if world is None else counts_of(world.runs),
        () if world is None or state == "passed" else tuple(_traces(world)),
        time.perf_counter() - begun,
    )


async def _run(world: World) -> list[Finding]:
    """Do the steps; what was not as expected, in order."""
    try:
        return [finding async for finding in _findings(world)]
    finally:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _findings(world: World) -> AsyncIterator[Finding]:
    case, at = world.case.case, ("cases", world.case.index)
    if not case.steps:
        await do(world, case, at)
    for index, step in enumerate(case.steps):
        place = (*at, "steps", index)
        since = Mark.of(world)
        world.service.put_first(step.http)
        await do(world, step, place)
        if step.expect is not None:
            for finding in check(step.expect, Observed(world, since), (*place, "expect")):
                yield finding
    for finding in _unanswered(world, at):
        yield finding
    if case.expect is not None:
        for finding in check(case.expect, Observed(world, Mark()), (*at, "expect")):
            yield finding


def _unanswered(world: World, at: At) -> Iterator[Finding]:
    """Requests and statements for which the case has no answer."""
    pipes = world.pipes_of_requests()
    for each in world.service.unanswered:
        pipeline, pipe = pipes.get(id(each.seen.source), ("?", 0))
        title = f"no mock answers {each.seen.method} {each.seen.address} ({pipeline}, pipe {pipe})"
        yield Finding(title, tuple(_nearest(each)), at)
    for asked in world.sql.unanswered:
        lines = (f"  {asked.statement}", f"  parameters: {asked.parameters}")
        yield Finding(f"no fixture answers this statement on `{asked.connector}`", lines, at)


def _nearest(each: Unanswered) -> Iterator[str]:
    if each.nearest is None or each.comparison is None:
        yield "there is no mock at all: add one to `http`"
        return
    script = each.nearest
    if each.comparison.fits:
        yield f"the mock for it has given all its answers ({script.times})"
    else:
        yield "the nearest mock wants"
        yield from diff(each.comparison.wanted, each.comparison.got)


def _traces(world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in world.runs:
        if each.trace is not None:
            yield each.pipeline, trace_to_dict(each.trace, each.result)


def _line(loaded: Loaded, case: LoadedCase, finding: Finding) -> int:
    if not finding.at:
        return case.line
    return locate(loaded.document.source, loaded.document.span(to_pointer(finding.at)))[1]


def run_file(loaded: Loaded, cases: Sequence[LoadedCase] | None = None) -> list[CaseResult]:
    """Run cases of a file, all of them when None.

    Raises:
        FileFaults: every fault of the channel.
    """
    with Bench(loaded) as bench:
        return [run_case(bench, case) for case in (loaded.cases if cases is None else cases)]
