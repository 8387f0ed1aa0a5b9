"""Messages a second by any number of workers, each a process of its own."""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from akrun.backend import Embedded, LaunchState
from akrun.mailing.launch import open_launch
from benchmarks.cluster.servers import Servers, Used, backend_on, used_by, used_since
from benchmarks.sender.work import Work, job_of

_LOOK = 0.05
"""Seconds between two looks at the counts."""

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Setup:
    """What sends: the embedded backend in one process, or workers on servers."""

    servers: Servers | None = None
    workers: int = 1

    def named(self) -> dict[str, Any]:
        """The begin of its row."""
        nodes = "-" if self.servers is None else len(self.servers.nodes)
        return {"backend": "embedded" if self.servers is None else "cluster", "servers": nodes,
                "workers": self.workers}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Took:
    """What one launch took; `cpu` and `commits` are those of all workers together."""

    seconds: float
    cpu: float
    commits: int
    used: Used


async def sent(url: str, work: Work, setup: Setup) -> Took:
    """Send a launch, from the first lease to the last outcome on the disk."""
    with tempfile.TemporaryDirectory() as name:
        folder, prefix = Path(name), f"bench{next(_numbers)}"
        job = job_of(folder, url, work)
        servers = setup.servers
        where = [] if servers is None else [prefix, str(len(servers.nodes)), *servers.urls]
        async with backend_on(servers, prefix, folder) as backend:
            launch = (await open_launch(backend, job, datetime.now(UTC))).launch.launch_id
            await backend.set_launch_state(launch, LaunchState.SENDING)
        looking = Embedded(folder / "akrun.db", read_only=True)
        async with (
            _workers(setup.workers, [name, launch, *where]) as workers,
            looking if servers is None else backend_on(servers, prefix, folder) as watched,
        ):
            before = used_by(servers)
            begun = time.perf_counter()
            for worker in workers:
                assert worker.stdin is not None
                worker.stdin.write(b"\n")
            while (counts := await watched.counts(launch)).done < work.messages:
                assert counts.pending + counts.in_progress, counts
                await asyncio.sleep(_LOOK)
            seconds = time.perf_counter() - begun
            used = used_since(servers, before)
            told = [json.loads(await _line(worker)) for worker in workers]
    return Took(seconds, sum(each["cpu"] for each in told), sum(each["commits"] for each in told), used)


@asynccontextmanager
async def _workers(number: int, arguments: Sequence[str]) -> AsyncIterator[list[Process]]:
    """Workers that are ready to begin."""
    command = [sys.executable, "-m", "benchmarks.cluster.worker", *arguments]
    started: list[Process] = []
    try:
        while len(started) < number:
            started.append(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE))
        for worker in started:
            assert await _line(worker) == b"ready\n"
        yield started
    finally:
        for worker in started:
            if worker.returncode is None:
                worker.terminate()
            await worker.wait()


async def _line(worker: Process) -> bytes:
    assert worker.stdout is not None
    return await worker.stdout.readline()


def rows(url: str, work: Work, setups: Sequence[Setup], rounds: int) -> list[dict[str, Any]]:
    """One row for each setup: medians over the rounds; in each round all have their turn."""
    found: list[list[Took]] = [[] for _ in setups]
    for number in range(rounds):
        for setup, took in zip(setups, found, strict=True):
            took.append(asyncio.run(sent(url, work, setup)))
            print(f"round {number + 1}: {setup.named()} {work.messages / took[-1].seconds:.0f}/s", flush=True)
    return [_row(work, setup, took, found[0]) for setup, took in zip(setups, found, strict=True)]


def _row(work: Work, setup: Setup, found: Sequence[Took], first: Sequence[Took]) -> dict[str, Any]:
    ratios = [other.seconds / own.seconds for own, other in zip(found, first, strict=True)]
    return setup.named() | {
        "messages/s": round(work.messages / statistics.median(each.seconds for each in found)),
        "times embedded": round(statistics.median(ratios), 2),
        "spread": f"{min(ratios):.2f}-{max(ratios):.2f}",
        "µs CPU, workers": _micro(work, [each.cpu for each in found]),
        "µs CPU, servers": _micro(work, [each.used.cpu for each in found]),
        "busiest": _micro(work, [each.used.busiest for each in found]),
        "messages/commit": round(work.messages / statistics.median(each.commits for each in found), 1),
    }


def _micro(work: Work, seconds: Sequence[float]) -> int:
    return round(statistics.median(seconds) / work.messages * 1e6)
