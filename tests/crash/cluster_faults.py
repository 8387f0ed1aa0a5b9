"""The faults that a fleet is put through."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.crash.cluster_fleet import ACK_WAIT, PATIENCE, PAUSE, Fleet
from tests.nats_server import NatsServer

DOWN = 3.0
"""Seconds for which a killed node is away."""

APART = 10.0
"""Seconds for which nodes or workers do not hear of the others: longer than a lease and an election."""


async def kill_worker(fleet: Fleet) -> None:
    """`kill -9` of a worker; the others go on with what it had."""
    process = fleet.workers.pop(0)
    process.kill()
    await process.communicate()
    await asyncio.sleep(ACK_WAIT)


async def kill_node(fleet: Fleet) -> None:
    """`kill -9` of a node that does not lead, which comes back."""
    leader = await fleet.leader()
    await _replace(next(node for node in fleet.nodes if node is not leader))


async def kill_leader(fleet: Fleet) -> None:
    """`kill -9` of the node that leads the stream, which comes back."""
    await _replace(await fleet.leader())


async def restart_all(fleet: Fleet) -> None:
    """SIGTERM for one node after the other, each started again and waited for."""
    for node in fleet.nodes:
        await asyncio.to_thread(node.stop)
        await asyncio.to_thread(node.start)


async def part_workers(fleet: Fleet) -> None:
    """Half of the workers cannot reach any node: the proxy between them holds all bytes."""
    for link in fleet.links:
        link.hold()
    await asyncio.sleep(APART)
    for link in fleet.links:
        link.release()
    await asyncio.sleep(ACK_WAIT)


async def part_leader(fleet: Fleet) -> None:
    """The leader is silent to all, with its connections open (SIGSTOP), until another one leads."""
    leader = await fleet.leader()
    leader.freeze()
    await asyncio.sleep(APART)
    leader.thaw()


async def part_nodes(fleet: Fleet) -> None:
    """The leader is cut off from the other nodes, but not from its clients, until these have left it."""
    node = max(fleet.nodes, key=NatsServer.clients)
    await fleet.lead(node)
    assert fleet.routes is not None
    with fleet.routes.cut_off(node):
        await asyncio.sleep(APART)
        async with asyncio.timeout(PATIENCE):
            while await asyncio.to_thread(node.clients):  # noqa: ASYNC110 - they tell nobody
                await asyncio.sleep(PAUSE)


async def slow_leader(fleet: Fleet) -> None:
    """The leader runs a quarter of the time (SIGSTOP and SIGCONT in turn)."""
    leader = await fleet.leader()
    for _ in range(int(APART / 0.4)):
        leader.freeze()
        await asyncio.sleep(0.3)
        leader.thaw()
        await asyncio.sleep(0.1)


async def fill_disk(fleet: Fleet) -> None:
    """The leader's disk is full, however much it frees; then there is room again, and it is restarted."""
    node = fleet.nodes[0]
    await fleet.lead(node)
    filler = Path(node.config["jetstream"]["store_dir"]) / "filler"
    with filler.open("wb", buffering=0) as file:
        for _ in range(int(APART / 0.1)):
            with suppress(OSError):
                while True:
                    file.write(bytes(4096))
            await asyncio.sleep(0.1)
    filler.unlink()
    await asyncio.to_thread(node.stop)
    await asyncio.to_thread(node.start)


async def _replace(node: NatsServer) -> None:
    await asyncio.to_thread(node.kill)
    await asyncio.sleep(DOWN)
    await asyncio.to_thread(node.start)


@dataclass(frozen=True)
class Fault:
    """A fault by its name on the command line, and in the table.

    Attributes:
        small_disk: whether it needs one for a node.
        routed: whether the routes between the nodes must be links.
    """

    name: str
    text: str
    happen: Callable[[Fleet], Awaitable[None]]
    small_disk: bool = False
    routed: bool = False


FAULTS = (
    Fault("kill-worker", "`kill -9` of a worker", kill_worker),
    Fault("kill-node", "`kill -9` of a node", kill_node),
    Fault("kill-leader", "`kill -9` of the stream's leader", kill_leader),
    Fault("restart", "rolling restart of all nodes", restart_all),
    Fault("part-workers", f"a proxy holds all bytes of half of the workers for {APART:g} s", part_workers),
    Fault("part-leader", f"the leader hangs for {APART:g} s (SIGSTOP)", part_leader),
    Fault(
        "part-nodes",
        f"the leader cut off from the other nodes, not from its clients, for {APART:g} s",
        part_nodes,
        routed=True,
    ),
    Fault("slow-leader", f"the leader runs a quarter of the time for {APART:g} s (SIGSTOP)", slow_leader),
    Fault("full-disk", f"the leader's disk is full for {APART:g} s", fill_disk, small_disk=True),
)
