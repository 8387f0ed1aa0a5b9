"""A cluster of three: what was acknowledged is there whatever node dies, and calls outlast its death."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from akrun.backend import ChannelRecord
from akrun.backend.cluster import Cluster, ClusterOptions
from akrun.backend.cluster.streams import look
from tests.contract.scene import event, sending
from tests.nats_server import NatsServer, cluster


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[NatsServer]]:
    with cluster(tmp_path / "nodes") as started:
        yield started


@pytest.fixture
def options(tmp_path: Path, nodes: list[NatsServer]) -> ClusterOptions:
    return ClusterOptions(servers=tuple(node.url for node in nodes), replicas=3, data=tmp_path)


async def leader(
    backend: Cluster, options: ClusterOptions, nodes: list[NatsServer], number: int
) -> NatsServer:
    """The node that leads the stream of that number."""
    info = (await look(backend._js, options))[number]
    assert info is not None
    assert info.cluster is not None
    [node] = [node for node in nodes if node.name == info.cluster.leader]
    return node


@pytest.mark.parametrize("stream", [0, 1, 2], ids=["transactions", "store", "registry"])
async def test_the_leader_is_killed(options: ClusterOptions, nodes: list[NatsServer], stream: int) -> None:
    async with Cluster(options) as backend:
        await sending(backend, 1)
        changes = backend.registered()
        assert isinstance(sms := await anext(changes), ChannelRecord)
        assert sms.string_id == "sms"
        killed = await leader(backend, options, nodes, stream)
        for number in range(30):
            if number == 10:
                killed.kill()
            if number == 20:
                killed.start()
            await backend.store_set("t", str(number), b"v", 600)
            await backend.record_events([event("m0", key=str(number))])
            await backend.register_channel(ChannelRecord(number + 2, f"c{number}", "any", b"", "0"))
        taken = [await backend.store_get("t", str(number), delete=True) for number in range(30)]
        assert taken == [b"v"] * 30
        assert [each.count for each in (await backend.report(launch_id="L")).events] == [30]
        assert len(await backend.channels()) == 31
        unseen = [channel for channel in await backend.channels() if channel.string_id != "sms"]
        async with asyncio.timeout(120):
            while unseen:
                seen = await anext(changes)
                unseen = [channel for channel in unseen if channel != seen]


async def test_it_is_opened_once_there_is_a_leader(options: ClusterOptions, nodes: list[NatsServer]) -> None:
    async with Cluster(options) as backend:
        await sending(backend, 1)
    for node in nodes[1:]:
        node.kill()
    backend = Cluster(replace(options, servers=(nodes[0].url,)))
    opening = asyncio.create_task(backend.open())
    for node in nodes[1:]:
        await asyncio.to_thread(node.start)
    await opening
    assert len(await backend.lease("L", 9)) == 1
    await backend.close()


async def test_every_process_reads_what_another_was_told_is_stored(options: ClusterOptions) -> None:
    async with Cluster(options) as one, Cluster(options) as two:
        for number in range(100):
            await one.store_set("t", str(number), b"v", 600)
            assert await two.store_get("t", str(number), delete=True) == b"v"
            assert await one.store_get("t", str(number)) is None
