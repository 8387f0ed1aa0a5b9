"""Three nodes, a server and workers, each a process of its own, under a load that lasts as a fault does."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import nats
import orjson
from nats.aio.client import Client

from akrun.backend import Backend
from akrun.backend.cluster import Cluster, ClusterOptions
from akrun.backend.cluster.streams import stream_name
from tests.akrun.mailing.scene import begin, end
from tests.crash.engines import CLUSTER, Engine
from tests.crash.killing import Killing, channel
from tests.crash.leading import lead, leader
from tests.crash.link import Link
from tests.crash.routes import Routes, linked
from tests.nats_server import NatsServer, join

PREFIX = "akrun"
STREAM = stream_name(PREFIX)
ACK_WAIT = 3.0
"""Seconds until a dead worker's messages go to another one; the default is 30."""
PAUSE = 0.1
"""Seconds between two pieces of the load."""
SIZE = 60
"""Messages of each mailing."""
PATIENCE = 120.0
"""Seconds until the fleet has come through a fault."""

HandIn = Callable[[httpx.AsyncClient, str], Awaitable[None]]
"""A request of a client that may be made again, under a name."""


@dataclass
class Fleet(Killing):
    """The processes; the second half of the workers reaches the nodes by `links` only.

    Attributes:
        nodes: of the cluster.
        links: one to each node.
        routes: between the nodes, where they are linked.
        workers: which run; a fault takes out those that it has killed.
        faults: what went wrong with processes.
        refused: requests of clients that were not acknowledged, and made again where that is safe.
    """

    engine: Engine = CLUSTER
    nodes: list[NatsServer] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    routes: Routes | None = None
    workers: list[asyncio.subprocess.Process] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    refused: int = 0

    @asynccontextmanager
    async def running(
        self, size: int = 4, stores: Sequence[Path] = (), *, routed: bool = False
    ) -> AsyncIterator[httpx.AsyncClient]:
        """All of it, and a client of the server, until the block ends; then every process ends in order.

        Args:
            size: workers.
            stores: where the first nodes keep their streams, if not in the folder.
            routed: whether the routes between the nodes are links.
        """
        async with AsyncExitStack() as stack:
            await self._begin_nodes(stack, stores, routed=routed)
            self.links = [await stack.enter_async_context(Link(node.port).running()) for node in self.nodes]
            async with self._served() as client:
                linked = [f"nats://127.0.0.1:{link.port}" for link in self.links]
                ways = [self._direct if number < size / 2 else linked for number in range(size)]
                try:
                    for number, way in enumerate(ways):
                        self.workers.append(await self._worker(number, way))
                    yield client
                finally:
                    await self.end_workers()

    async def work(self, client: httpx.AsyncClient, fault: Callable[[], Awaitable[None]]) -> None:
        """Hand in work of all kinds until the fault is over, then wait until all of it is done."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._mailings(client, over))
            for hand_in in (self.single, self.callback):
                group.create_task(self._one_by_one(hand_in, client, over))
            await asyncio.sleep(2)  # so that all workers have some of it
            await fault()
            await asyncio.sleep(1)
            over.set()
        await self._insist(lambda: self.idle(client))

    async def end_workers(self) -> None:
        """End the workers in good order."""
        workers, self.workers = self.workers, []
        await asyncio.gather(*(self._end(each, "worker") for each in workers))

    async def leader(self) -> NatsServer:
        """The node that leads the stream of transactions."""
        async with self._connected() as client:
            name = await leader(client, STREAM)
        [node] = [node for node in self.nodes if node.name == name]
        return node

    async def lead(self, node: NatsServer) -> None:
        """Let that node lead the stream of transactions."""
        async with asyncio.timeout(PATIENCE), self._connected() as client:
            await lead(client, STREAM, node)

    def records(self) -> Backend:
        return Cluster(ClusterOptions(servers=tuple(self._direct), data=self.folder / "judge"))

    async def _begin_nodes(self, stack: AsyncExitStack, stores: Sequence[Path], *, routed: bool) -> None:
        """Three nodes that tell clients nothing of each other: a client keeps to the way it was given."""
        self.nodes = [NatsServer(self.folder / f"n{number}", f"n{number}") for number in (1, 2, 3)]
        for node, store in zip(self.nodes, stores, strict=False):
            node.config["jetstream"]["store_dir"] = str(store)
        if routed:
            self.routes = await stack.enter_async_context(linked(self.nodes))
        else:
            join(self.nodes)
        for node in self.nodes:
            node.config["cluster"]["no_advertise"] = True
            stack.callback(node.kill)
            node.spawn()
        for node in self.nodes:
            await asyncio.to_thread(node.wait_until_ready)

    @asynccontextmanager
    async def _served(self) -> AsyncIterator[httpx.AsyncClient]:
        file = self.folder / "channel.json"
        file.write_text(json.dumps(channel()))
        process = await self._begin("serve", self._direct, self.data, str(file), "--port", "0")
        try:
            assert process.stdout is not None
            url = (await process.stdout.readline()).decode().strip()
            assert url, (await end(process)).err
            token = orjson.loads((self.data / "serve.json").read_bytes())["token"]
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(
                base_url=url, headers=headers, timeout=120, trust_env=False
            ) as client:
                yield client
        finally:
            await self._end(process, "serve")

    async def _worker(self, number: int, servers: Sequence[str]) -> asyncio.subprocess.Process:
        process = await self._begin("worker", servers, self.folder / f"data{number}")
        assert process.stdout is not None
        said = await process.stdout.readline()
        assert said, (await end(process)).err
        return process

    async def _begin(
        self, command: str, servers: Sequence[str], data: Path, *more: str
    ) -> asyncio.subprocess.Process:
        settings = {
            "backend": ",".join(servers),
            "nats_ack_wait": ACK_WAIT,
            "max_attempts": 100,
            "http_allow": "127.0.0.1",
            "scheduler_pipe_router_period": 0.5,
        }
        options = [f"-o{name}={value}" for name, value in settings.items()]
        given = ("--set", f"sender.url={self.provider.url}", "--data", str(data))
        return await begin(command, *more, *given, *options)

    async def _end(self, process: asyncio.subprocess.Process, name: str) -> None:
        """End a process in good order; it is a fault if it has ended already, or ends otherwise."""
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        ended = await end(process)
        if ended.code:
            self.faults.append(f"{name} ended with {ended.code}: {ended.err.strip()[-300:]}")

    async def _mailings(self, client: httpx.AsyncClient, over: asyncio.Event) -> None:
        number = 0
        while not over.is_set():
            number += 1
            await self._once(self.mailing(client, number, SIZE))
            await asyncio.sleep(PAUSE)

    async def _one_by_one(self, hand_in: HandIn, client: httpx.AsyncClient, over: asyncio.Event) -> None:
        number = 0
        while not over.is_set():
            number += 1
            await self._insist(partial(hand_in, client, str(number)))
            await asyncio.sleep(PAUSE)

    async def _insist(self, request: Callable[[], Awaitable[None]]) -> None:
        """Make a request until it is acknowledged."""
        async with asyncio.timeout(PATIENCE):
            while not await self._once(request()):  # noqa: ASYNC110 - nobody tells when it will do
                await asyncio.sleep(PAUSE)

    async def _once(self, request: Awaitable[None]) -> bool:
        try:
            await request
        except httpx.HTTPError:
            self.refused += 1
            return False
        return True

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Client]:
        connection = await nats.connect(self._direct)
        try:
            yield connection
        finally:
            await connection.close()

    @property
    def _direct(self) -> list[str]:
        return [node.url for node in self.nodes]
