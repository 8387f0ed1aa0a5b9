"""A cluster of three nodes loses a worker and its leader, under load; `cluster_table` has all faults."""

import asyncio
from pathlib import Path

import pytest

from akrun.backend.cluster import Cluster, ClusterOptions, connection, wire, writer
from tests.contract.scene import DONE, sending
from tests.crash.cluster_faults import Fault, kill_leader, kill_worker
from tests.crash.cluster_fleet import Fleet
from tests.crash.cluster_table import suffer
from tests.crash.leading import lead
from tests.crash.routes import linked
from tests.nats_server import NatsServer


async def _lose_both(fleet: Fleet) -> None:
    await kill_worker(fleet)
    await kill_leader(fleet)


@pytest.mark.timeout(240)
async def test_every_acknowledged_message_has_one_outcome_and_every_double_is_recorded(
    tmp_path: Path,
) -> None:
    _fleet, verdict = await suffer(Fault("both", "a worker and the leader", _lose_both), tmp_path, workers=2)
    assert verdict.faults == ()
    assert verdict.messages
    assert verdict.singles
    assert verdict.callbacks
    assert verdict.schedules


async def test_a_leader_that_is_cut_off_from_the_others_is_left_by_its_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STRANDED", 0.5)
    for module in (wire, writer):
        monkeypatch.setattr(module, "ANSWER", 0.5)
    nodes = [NatsServer(tmp_path / name, name) for name in ("n1", "n2", "n3")]
    async with linked(nodes) as routes:
        try:
            for node in nodes:
                node.spawn()
            for node in nodes:
                await asyncio.to_thread(node.wait_until_ready)
            options = ClusterOptions(servers=tuple(node.url for node in nodes), data=tmp_path)
            async with Cluster(options) as backend:
                await sending(backend, 3)
                assert backend._nc.connected_url is not None
                [own] = [node for node in nodes if node.url == backend._nc.connected_url.geturl()]
                await lead(backend._nc, backend._stream, own)
                with routes.cut_off(own):
                    leased = await backend.lease("L", 2)
                    assert own.clients() == 0
                    assert await backend.finish(leased[0].id, DONE)
                assert await backend.finish(leased[1].id, DONE)
                assert [message.ordinal for message in await backend.lease("L", 9)] == [2]
                counts = await backend.counts("L")
        finally:
            for node in nodes:
                node.kill()
    assert (counts.done, counts.in_progress, counts.pending) == (2, 1, 0)
