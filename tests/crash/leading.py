"""Which node leads a stream."""

import asyncio

import orjson
from nats.aio.client import Client

from tests.nats_server import NatsServer

PAUSE = 0.1
"""Seconds until the nodes have chosen another leader, or not."""


async def leader(client: Client, stream: str) -> str | None:
    """The name of the node that leads it."""
    info = await client.jetstream().stream_info(stream)
    assert info.cluster is not None
    return info.cluster.leader


async def lead(client: Client, stream: str, node: NatsServer) -> None:
    """Let that node lead it."""
    wish = orjson.dumps({"placement": {"preferred": node.name}})
    while await leader(client, stream) != node.name:
        await client.request(f"$JS.API.STREAM.LEADER.STEPDOWN.{stream}", wish)
        await asyncio.sleep(PAUSE)
