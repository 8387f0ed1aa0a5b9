"""Nodes of a cluster that reach each other by links only, so that one can be cut off from the others."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import permutations

from tests.crash.link import Link
from tests.nats_server import NatsServer

NOWHERE = "127.0.0.1:1"
"""What nodes tell each other of where they are, so that they keep to the routes that they were given."""


@dataclass(frozen=True)
class Routes:
    """The links between nodes, by the names of who enters it and who is reached."""

    links: dict[tuple[str, str], Link]

    @contextmanager
    def cut_off(self, node: NatsServer) -> Iterator[None]:
        """A node that reaches no other one, and is reached by none, until the block ends."""
        cut = [link for names, link in self.links.items() if node.name in names]
        for link in cut:
            link.hold()
        try:
            yield
        finally:
            for link in cut:
                link.release()


@asynccontextmanager
async def linked(nodes: Sequence[NatsServer]) -> AsyncIterator[Routes]:
    """Routes for nodes that are not started yet, until the block ends."""
    async with AsyncExitStack() as stack:
        links = {
            (one.name, other.name): await stack.enter_async_context(Link(other.route_port).running())
            for one, other in permutations(nodes, 2)
        }
        for node in nodes:
            ways = [f"nats://127.0.0.1:{link.port}" for (name, _), link in links.items() if name == node.name]
            node.join(ways, advertise=NOWHERE)
        yield Routes(links)
