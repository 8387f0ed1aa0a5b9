"""What has ended is kept for a time; what somebody may still decide about, for ever."""

import asyncio
from dataclasses import replace

from akrun.backend import JobCounts
from akrun.backend.cluster import Cluster, ClusterOptions
from tests.contract.scene import DONE, FAILED, event, job, letter, sending


async def kept(backend: Cluster) -> list[str]:
    """The records of messages, jobs and events that are on the server."""
    subjects = backend._subjects
    found = await backend._many([subjects.messages, subjects.unit("job", "j1"), subjects.events])
    return sorted(record.subject.removeprefix(f"{subjects.prefix}.") for record in found)


async def until_left(backend: Cluster, count: int) -> list[str]:
    async with asyncio.timeout(120):
        while len(left := await kept(backend)) > count:  # noqa: ASYNC110 - the server removes them
            await asyncio.sleep(0.1)
    return left


async def test_what_ended_goes_and_its_event_stays_in_the_reports(options: ClusterOptions) -> None:
    async with Cluster(replace(options, keep=2)) as backend:
        await sending(backend, 3)
        await backend.enqueue([job(1)])
        await backend.lease("L", 2)
        await backend.lease_jobs(1.0, 1)
        await backend.finish("m0", DONE, [event("m0")])
        await backend.finish("m1", FAILED, (), letter())
        await backend.finish_job("j1", DONE)
        before = await backend.report(launch_id="L")
        assert len(await kept(backend)) == 5
        # the failed one waits for a person, the other one for a worker
        assert await until_left(backend, 2) == ["unit.message.m1", "unit.message.m2"]
        assert await backend.message("m0") is None
        assert await backend.report(launch_id="L") == before
        counts = await backend.counts("L")
        assert (counts.done, counts.failed, counts.pending) == (1, 1, 1)
        assert await backend.job_counts() == JobCounts(0, 0, 1, 0, 0)


async def test_a_letter_keeps_its_message(options: ClusterOptions) -> None:
    async with Cluster(replace(options, keep=1)) as backend:
        await sending(backend, 3)
        for name in ("m0", "m1", "m2"):
            await backend.lease("L", 1)
            await backend.finish(name, FAILED, (), letter())
        first, second, _third = await backend.dead_letters()
        await backend.replay(first.id, 0.0)
        [again] = await backend.lease("L", 1)
        assert again.id == "m0"
        await backend.finish("m0", DONE)
        await backend.drop(second.id)
        assert await until_left(backend, 1) == ["unit.message.m2"]
        [left] = await backend.dead_letters()
        await backend.replay(left.id, 0.0)
        assert [message.id for message in await backend.lease("L", 1)] == ["m2"]
