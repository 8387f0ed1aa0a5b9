"""The fault table of a cluster: three nodes, a server and four workers under load, one fault in each run.

python -m tests.crash.cluster_table [FAULT]...
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from akrun.backend import Backend, MessageState
from tests.crash.cluster_faults import FAULTS, Fault
from tests.crash.cluster_fleet import Fleet
from tests.crash.killing import Provider, Verdict, judge
from tests.crash.stored import Unit, cluster_inconsistencies

SMALL = "64m"
"""Size of the disk that becomes full."""


async def suffer(fault: Fault, folder: Path, workers: int = 4) -> tuple[Fleet, Verdict]:
    """One run: the fleet as it was, and what came of the work."""
    async with Provider().running() as provider:
        fleet = Fleet(folder, provider)
        with _stores(folder / "small", fault) as stores:
            async with fleet.running(workers, stores, routed=fault.routed) as client:
                await fleet.work(client, lambda: fault.happen(fleet))
                await fleet.end_workers()
                verdict = await judge(fleet)
                async with fleet.records() as backend:
                    more = await _inexact(backend, await fleet.engine.units(backend))
    return fleet, replace(verdict, faults=(*verdict.faults, *more, *fleet.faults))


@contextmanager
def _stores(folder: Path, fault: Fault) -> Iterator[list[Path]]:
    """A disk of its own for the first node, if the fault needs one; only root can mount it."""
    if not fault.small_disk:
        yield []
        return
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield [folder]
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def _inexact(backend: Backend, units: Sequence[Unit]) -> list[str]:
    """Counts and events that are not what the units say."""
    faults = []
    mailings = [unit for unit in units if unit.pipeline == "mailing"]
    launches = [each for mailing in await backend.mailings() for each in await backend.launches(mailing.id)]
    counts = [await backend.counts(each.launch_id) for each in launches]
    for state in (MessageState.DONE, MessageState.UNCERTAIN):
        counted = sum(getattr(each, state.value) for each in counts)
        if counted != (there := sum(unit.state is state for unit in mailings)):
            faults.append(f"{counted} messages counted as {state}, {there} are")
    registering = [unit for unit in units if unit.pipeline != "schedule" and unit.state is MessageState.DONE]
    jobs = await backend.job_counts()
    states = Counter(unit.state for unit in units if unit.pipeline != "mailing")
    if (jobs.done, jobs.uncertain) != (states[MessageState.DONE], states[MessageState.UNCERTAIN]):
        faults.append(f"jobs counted as {jobs}, they are {dict(states)}")
    report = await backend.report()
    registered = sum(event.count for event in report.events) + report.unknown
    if registered != len(registering):
        faults.append(f"{registered} events reported in place of {len(registering)}")
    named = [unit.name for unit in registering if unit.pipeline != "listener"]
    faults += [
        f"{name} has not its one event" for name in named if len(await backend.message_events(name)) != 1
    ]
    return [*faults, *await cluster_inconsistencies(backend)]


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    fault: Fault
    refused: int
    verdict: Verdict

    def __str__(self) -> str:
        it = self.verdict
        counts = (it.messages, it.singles, it.callbacks, it.schedules)
        cells = (*counts, self.refused, it.uncertain, it.resent, it.doubled, len(it.faults))
        return f"| {self.fault.text} | {' | '.join(map(str, cells))} |"


HEAD = """\
| fault | messages of mailings | single messages | callbacks | schedules | requests of clients refused \
| uncertain | recorded as sent again | took effect twice | faults |
|---|---|---|---|---|---|---|---|---|---|"""


async def main(names: Sequence[str]) -> int:
    known = {fault.name: fault for fault in FAULTS}
    if unknown := set(names) - known.keys():
        print(f"no fault {', '.join(sorted(unknown))}; there are: {', '.join(known)}", file=sys.stderr)  # noqa: T201
        return 2
    print(f"{datetime.now(UTC):%Y-%m-%d}\n\n{HEAD}", flush=True)  # noqa: T201
    broken = False
    for name in names or known:
        if known[name].small_disk and os.geteuid() != 0:
            print(f"{name}: not tried, for only root can mount a small disk", file=sys.stderr)  # noqa: T201
            continue
        with tempfile.TemporaryDirectory() as folder:
            fleet, verdict = await suffer(known[name], Path(folder))
        print(Row(known[name], fleet.refused, verdict), flush=True)  # noqa: T201
        for fault in verdict.faults:
            broken = True
            print(f"{name}: {fault}", file=sys.stderr)  # noqa: T201
    return int(broken)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
