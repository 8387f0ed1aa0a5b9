"""Servers that go away and come back: calls wait for them, and are carried out once."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from akrun.backend import ClosedError, JobCounts, UnavailableError
from akrun.backend.cluster import Cluster, ClusterOptions, reading, wire, writer
from akrun.backend.link import Link
from tests.contract.scene import DONE, entry, event, job, registered, sending
from tests.nats_server import NatsServer, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with serving(tmp_path) as server:
        yield server


@pytest.fixture
def options(options: ClusterOptions, server: NatsServer, monkeypatch: pytest.MonkeyPatch) -> ClusterOptions:
    for module in (wire, writer):
        monkeypatch.setattr(module, "ANSWER", 0.5)
    return replace(options, servers=(server.url,))


async def test_calls_outlast_a_restart(backend: Cluster, server: NatsServer) -> None:
    await sending(backend, 30)
    messages = await backend.lease("L", 20)
    await backend.record(entry("m0", intent=1))
    server.kill()
    calls = asyncio.gather(
        *(backend.finish(message.id, DONE, [event(message.id)]) for message in messages),
        backend.enqueue([job(n) for n in range(5)]),
        backend.lease("L", 5),
        backend.lease_jobs(1.0, 0),
        backend.counts("L"),
        backend.message("m0"),
    )
    await asyncio.to_thread(server.start)
    *finished, stored, leased, jobs, _counts, status = await calls
    assert finished == [True] * 20
    assert (stored, jobs) == (5, [])
    assert isinstance(leased, list)
    assert len(leased) == 5
    assert status is not None
    counts = await backend.counts("L")
    assert (counts.done, counts.in_progress, counts.pending) == (20, 5, 5)
    assert await backend.job_counts() == JobCounts(5, 0, 0, 0, 0)
    assert (await backend.report(launch_id="L")).events[0].count == 20


async def test_a_first_report_outlasts_a_restart(backend: Cluster, server: NatsServer) -> None:
    await sending(backend, 1)
    server.kill()
    filling = asyncio.create_task(backend.fill_reports())
    await asyncio.to_thread(server.start)
    assert await filling == 0


async def test_what_was_acknowledged_outlives_the_server(options: ClusterOptions, server: NatsServer) -> None:
    async with Cluster(options) as backend:
        await sending(backend, 3)
        await backend.lease("L", 1)
        await backend.record(entry("m0", checkpoint=b"reached"))
        await backend.enqueue([job(1)])
        server.kill()
        await asyncio.to_thread(server.start)
    async with Cluster(options) as backend:
        [first, *_others] = await backend.lease("L", 9)
        assert (first.attempts, first.journal) == (2, (entry("m0", checkpoint=b"reached"),))
        assert [each.id for each in await backend.lease_jobs(1.0, 9)] == ["j1"]


async def test_servers_that_stay_away_are_told_of(
    backend: Cluster, server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registered(backend)
    monkeypatch.setattr(writer, "PATIENCE", 0.2)
    monkeypatch.setattr(reading, "PATIENCE", 0.2)
    server.kill()
    with pytest.raises(UnavailableError) as caught:
        await backend.enqueue([job(1)])
    assert server.url in str(caught.value)
    assert caught.value.cure
    with pytest.raises(UnavailableError):
        await backend.counts("L")
    await asyncio.to_thread(server.start)
    monkeypatch.undo()
    assert await backend.enqueue([job(2)]) == 1


async def test_a_call_goes_on_when_its_caller_is_cancelled(backend: Cluster) -> None:
    await sending(backend, 3)
    leasing = asyncio.create_task(backend.lease("L", 3))
    await asyncio.sleep(0)
    leasing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leasing
    await backend.close()
    async with Cluster(backend._options) as again:
        assert [message.id for message in await again.lease("L", 9)] == ["m0", "m1", "m2"]


async def test_it_is_closed_for_good(backend: Cluster) -> None:
    asked = asyncio.create_task(backend.enqueue([job(1)]))
    await asyncio.sleep(0)
    await asyncio.gather(backend.close(), backend.close())
    assert await asked == 1
    for call in (backend.enqueue([job(2)]), backend.counts("L"), backend.lease("L", 1), backend.next_due()):
        with pytest.raises(ClosedError):
            await call
    async with Cluster(backend._options) as again:
        assert await again.job_counts() == JobCounts(1, 0, 0, 0, 0)


async def test_who_asked_for_it_is_told_that_the_connection_was_lost_and_is_back(
    options: ClusterOptions, server: NatsServer
) -> None:
    told: list[Link] = []
    name = server.url.removeprefix("nats://")
    async with Cluster(options, told=told.append) as backend:
        for _ in range(2):
            server.kill()
            await asyncio.to_thread(server.start)
            await registered(backend)
        assert told == [Link(name, there=False), Link(name, there=True)] * 2
    assert len(told) == 4


async def test_it_is_closed_though_the_server_is_gone(options: ClusterOptions, server: NatsServer) -> None:
    lost = asyncio.Event()
    backend = Cluster(options, told=lambda link: None if link.there else lost.set())
    await backend.open()
    server.kill()
    await lost.wait()
    await backend.close()
