"""Items come again while somebody has them, as when servers elect a leader: every double is recorded."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from akrun.backend import LeaseError, Message, MessageState, QueuedJob
from akrun.backend.cluster import Cluster, ClusterOptions, leases
from akrun.backend.cluster.consumers import NAK
from akrun.engine.journal import UnitJournal
from tests.contract.scene import DONE, job, sending
from tests.crash import stored
from tests.nats_server import prefix_of, shared

SIZE = 100
"""Messages, and jobs."""
PROCESSES = 3
AT_ONCE = 8
PIPE = 1


@dataclass
class Process:
    """Sends what it leases; the server is told again and again that it has it no more."""

    backend: Cluster
    effects: Counter[str]
    chance: random.Random
    over: asyncio.Event

    async def work(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._lose())
            while not self.over.is_set():
                running = [
                    *(group.create_task(self._send(each)) for each in await self.backend.lease("L", AT_ONCE)),
                    *(
                        group.create_task(self._send(each))
                        for each in await self.backend.lease_jobs(1.0, AT_ONCE)
                    ),
                ]
                await self._pause()
                if running:
                    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)

    async def _lose(self) -> None:
        while not self.over.is_set():
            await self._pause()
            if self.backend._held:
                held = self.chance.choice([*self.backend._held.values()])
                await self.backend._nc.publish(held.reply, NAK)

    async def _send(self, unit: Message | QueuedJob) -> None:
        """An attempt as the engine makes it; one in ten is broken off."""
        queue = self.backend
        finish, release = (
            (queue.finish, queue.release)
            if isinstance(unit, Message)
            else (queue.finish_job, queue.release_jobs)
        )
        journal = UnitJournal(unit.id, queue, unit.journal)
        entry = journal.entry(unit.id)
        try:
            await self._pause()
            await journal.intend(unit.id, PIPE, again=entry is not None and entry.intent is not None)
            self.effects[unit.id] += 1
            await self._pause()
            if self.chance.random() < 0.1:
                await release([unit.id], started=True)
            else:
                await finish(unit.id, replace(DONE, resent=journal.resent))
        except LeaseError:  # it is another one's
            pass

    async def _pause(self) -> None:
        await asyncio.sleep(self.chance.expovariate(50))


async def test_no_process_sends_twice_by_one_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "UNUSED", 0.02)  # so that what waits for its lease is given back as well
    options = ClusterOptions(
        servers=(shared().url,),
        prefix=prefix_of(tmp_path),
        replicas=1,
        ack_wait=0.5,
        max_attempts=10_000,
        data=tmp_path,
    )
    effects: Counter[str] = Counter()
    over = asyncio.Event()
    async with Cluster(options) as watching:
        await sending(watching, SIZE)
        await watching.enqueue([job(number) for number in range(SIZE)])
        async with asyncio.TaskGroup() as group:
            for number in range(PROCESSES):
                process = Process(Cluster(options), effects, random.Random(number), over)
                group.create_task(_lived(process))
            while await _left(watching):  # noqa: ASYNC110 - the processes tell nobody
                await asyncio.sleep(0.05)
            over.set()
        units = await stored.cluster_units(watching)
        assert await stored.cluster_inconsistencies(watching) == []
    assert Counter(unit.state for unit in units) == {MessageState.DONE: 2 * SIZE}
    assert [unit for unit in units if effects[unit.name] - 1 > unit.resent] == []
    assert effects.total() > len(effects), "some were sent again"


async def _lived(process: Process) -> None:
    async with process.backend:
        await process.work()


async def _left(backend: Cluster) -> int:
    """What has no outcome yet."""
    messages, jobs = await backend.counts("L"), await backend.job_counts()
    return messages.pending + messages.in_progress + jobs.pending + jobs.in_progress
