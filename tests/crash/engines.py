"""The engines whose processes are cut off: how one is opened, how its process is lost, what it has stored."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from akrun.backend import Backend, Embedded, MessageState
from akrun.backend.cluster import Cluster, ClusterOptions, units
from tests.nats_server import prefix_of, shared

ATTEMPTS = 5

ACK_WAIT = 0.5
"""Seconds after which what a lost process had is given out again."""


@dataclass(frozen=True)
class Engine:
    """An engine.

    Attributes:
        opened: a backend of a process that ends in good order.
        lived: one of a process that may be lost, which it is when the event is set; with the busy timeout.
        rows: state of each message and job, and how often it was sent again.
    """

    opened: Callable[[Path], AbstractAsyncContextManager[Backend]]
    lived: Callable[[Path, asyncio.Event, float], AbstractAsyncContextManager[Backend]]
    rows: Callable[[Any], Awaitable[list[tuple[str, int]]]]


def _embedded(folder: Path, _lost: asyncio.Event | None = None, busy_timeout: float = 5.0) -> Embedded:
    return Embedded(folder / "akrun.db", max_attempts=ATTEMPTS, busy_timeout=busy_timeout)


async def _embedded_rows(backend: Any) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = await backend._read(_select, None)
    return found


def _select(connection: Any, _: None) -> list[tuple[str, int]]:
    names = [*MessageState]
    rows = connection.execute("SELECT state, resent FROM message UNION ALL SELECT state, resent FROM job")
    return [(names[state], resent) for state, resent in rows]


def _cluster(folder: Path) -> Cluster:
    options = ClusterOptions(
        servers=(shared().url,),
        prefix=prefix_of(folder),
        replicas=1,
        max_attempts=ATTEMPTS,
        ack_wait=ACK_WAIT,
        data=folder,
    )
    return Cluster(options)


@asynccontextmanager
async def _lost_cluster(folder: Path, lost: asyncio.Event, _busy_timeout: float) -> AsyncIterator[Cluster]:
    backend = _cluster(folder)
    await backend.open()
    yield backend
    if not lost.is_set():
        await backend.close()
        return
    if backend._signs is not None:
        backend._signs.cancel()  # nothing is handed back, and nothing more is heard of it
    await backend._nc.close()


async def _cluster_rows(backend: Any) -> list[tuple[str, int]]:
    found = [units.decode(record) async for record in backend._onward(f"{backend._options.prefix}.unit.>")]
    return [(unit.state, 0 if unit.outcome is None else unit.outcome.resent) for unit in found]


EMBEDDED = Engine(_embedded, _embedded, _embedded_rows)
CLUSTER = Engine(_cluster, _lost_cluster, _cluster_rows)
