"""Jobs that are due later wait with the server, which puts them into their queue in time."""

import asyncio
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akrun.backend import JobCounts, MessageState
from akrun.backend.cluster import Cluster, ClusterOptions
from akrun.backend.cluster.codec import unpack
from tests.contract.scene import DONE, FAILED, job, letter

SOON = 0.3
LATER = 3600.0


async def leased(backend: Cluster, count: int) -> list[str]:
    """So many jobs, as they become due."""
    found: list[str] = []
    while len(found) < count:
        found += [each.id for each in await backend.lease_jobs(time.time(), 9)]
        await asyncio.sleep(0.02)
    return found


async def waiting(backend: Cluster) -> list[str]:
    """The jobs that wait with the server."""
    return sorted(
        [unpack(record.body)[0][0] async for record in backend._onward(f"{backend._options.prefix}.at.>")]
    )


async def test_a_job_comes_when_it_is_due(backend: Cluster) -> None:
    due = time.time() + SOON
    await backend.enqueue([job(1, due=due), job(2, due=due + LATER), job(3, due=0.0)])
    assert await waiting(backend) == ["j1", "j2"]
    assert [each.id for each in await backend.lease_jobs(time.time(), 9)] == ["j3"]
    status = await backend.job("j1")
    assert status is not None
    assert (status.state, status.payload) == (MessageState.PENDING, b"payload 1")
    assert await leased(backend, 1) == ["j1"]
    assert time.time() >= due
    assert await waiting(backend) == ["j2"]
    assert await backend.job_counts() == JobCounts(1, 2, 0, 0, 0)


async def test_it_comes_though_no_process_was_there(options: ClusterOptions) -> None:
    async with Cluster(options) as backend:
        await backend.enqueue([job(1, due=time.time() + SOON)])
    await asyncio.sleep(SOON)
    async with Cluster(options) as backend:
        assert await leased(backend, 1) == ["j1"]


async def test_the_next_due_time_is_the_earliest(backend: Cluster) -> None:
    now = float(round(time.time()))
    await backend.enqueue([job(1, due=now + 900), job(2, due=now + 500.25), job(3, due=now + 9e8)])
    await backend.enqueue([job(4, due=now + 300, channel="chat"), job(5, due=8e12)])
    assert await backend.next_due() == now + 300
    assert await backend.next_due(["sms"]) == now + 500.25
    await backend.enqueue([job(6, due=5.0)])
    assert await backend.next_due() == 5.0
    await backend.lease_jobs(now, 1)
    assert await backend.next_due() == now + 300
    assert await backend.next_due(["crm"]) is None


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ahead=st.lists(st.integers(10**6, 9 * 10**17), min_size=1, max_size=12))
def test_whatever_the_times_are(options: ClusterOptions, ahead: list[int]) -> None:
    async def earliest() -> float | None:
        prefix = f"{options.prefix}-{abs(hash(tuple(ahead))) % 10**9}"
        async with Cluster(replace(options, prefix=prefix)) as backend:
            base = 4_000_000_000
            await backend.enqueue([job(n, due=base + each / 1e6) for n, each in enumerate(ahead)])
            return await backend.next_due()

    assert asyncio.run(earliest()) == round((4_000_000_000 + min(ahead) / 1e6) * 1e6) / 1e6


async def test_one_that_is_settled_before_does_not_come(backend: Cluster) -> None:
    await backend.enqueue([job(1, due=time.time() + LATER)])
    assert await backend.finish_job("j1", FAILED, dead=letter())
    assert await waiting(backend) == []
    assert await backend.next_due() is None
    [dead] = await backend.dead_letters()
    await backend.replay(dead.id, time.time() + SOON)
    assert await waiting(backend) == ["j1"]
    assert await leased(backend, 1) == ["j1"]
    assert await backend.finish_job("j1", DONE)
    assert await backend.job_counts() == JobCounts(0, 0, 1, 0, 0)


@pytest.mark.parametrize("due", [-5.0, 0.0, 4e11])
async def test_times_that_no_calendar_has(backend: Cluster, due: float) -> None:
    await backend.enqueue([job(1, due=due)])
    assert await backend.next_due() == due
    assert [each.due for each in await backend.lease_jobs(1e12, 1)] == ([due] if due <= 0 else [])
    status = await backend.job("j1")
    assert status is not None
    assert (status.due, status.payload) == (due, b"payload 1")
