"""The fault table: every moment before and after each write, request and answer, one fault in each run.

python -m tests.crash.fault_table
"""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from akrun.backend import LaunchState, MessageState
from tests.crash.engines import EMBEDDED, Engine
from tests.crash.works import WORKS, Found, Work, World, live, look


@dataclass(frozen=True)
class Run:
    """One run: where it was cut off, and what came of it.

    Attributes:
        moment: such as `after finish`.
        doubled: requests that the service saw more than once.
        resent: requests of which the record says that they were sent again.
        faults: what is wrong; nothing, if the promise holds.
    """

    work: str
    moment: str
    doubled: int
    resent: int
    faults: tuple[str, ...]


async def runs(work: Work, engine: Engine = EMBEDDED, step: int = 1) -> list[Run]:
    """Cut the work off at each of its moments, or every `step`-th; then let it come to its end."""
    found: list[Run] = []
    for at in count(1, step):
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder), engine=engine)
            acknowledged: list[bool] = []
            fault = await live(world, work, at, acknowledged)
            if not fault.crashed.is_set():
                return found
            await live(world, work, 0, acknowledged)
            seen = await look(world)
        doubled = sum(world.effects.values()) - len(world.effects)
        found.append(
            Run(work.name, fault.moments[-1], doubled, seen.resent, tuple(_faults(work, world, seen)))
        )
    raise AssertionError


def _faults(work: Work, world: World, seen: Found) -> Iterator[str]:
    if lost := work.effects - set(world.effects):
        yield f"lost: {', '.join(sorted(lost))}"
    if more := set(world.effects) - work.effects:
        yield f"never asked for: {', '.join(sorted(more))}"
    if unfinished := set(seen.states) - {MessageState.DONE}:
        yield f"not done: {', '.join(sorted(unfinished))}"
    if any(state is not LaunchState.FINISHED for state in seen.launches):
        yield f"launches: {', '.join(seen.launches)}"
    if seen.events != work.events:
        yield f"{seen.events} events in place of {work.events}"
    doubled = sum(world.effects.values()) - len(world.effects)
    if doubled > seen.resent:
        yield f"{doubled} requests doubled, {seen.resent} of them recorded"


def table(found: list[Run]) -> str:
    """Markdown: a row for each kind of moment of each work."""
    rows: defaultdict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in found:
        rows[run.work, run.moment].append(run)
    lines = [
        "| work | cut off | runs | sent twice | recorded as resent | promise kept |",
        "|---|---|---|---|---|---|",
    ]
    for (work, moment), those in rows.items():
        doubled, resent = sum(run.doubled for run in those), sum(run.resent for run in those)
        broken = sorted({fault for run in those for fault in run.faults})
        kept = "; ".join(broken) or "yes"
        lines.append(f"| {work} | {moment} | {len(those)} | {doubled} | {resent} | {kept} |")
    return "\n".join(lines)


async def main() -> None:
    found = [run for work in WORKS for run in await runs(work)]
    print(f"{datetime.now(UTC):%Y-%m-%d}: {len(found)} runs, one fault each\n")  # noqa: T201
    print(table(found))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
