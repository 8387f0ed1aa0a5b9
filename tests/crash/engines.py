"""The engines whose processes are cut off: how one is opened, how its process is lost, what it has stored."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from akrun.backend import Backend, Embedded
from akrun.backend.cluster import Cluster, ClusterOptions
from tests.crash import stored
from tests.crash.stored import Unit
from tests.nats_server import prefix_of, shared

ATTEMPTS = 5

ACK_WAIT = 0.5
"""Seconds after which what a lost process had is given out again."""


@dataclass(frozen=True)
class Engine:
    """An engine over a data directory.

    Attributes:
        opened: a backend of a process that ends in good order.
        reading: one that only reads, also while a process works.
        lived: one of a process that may be lost, which it is when the event is set; with the busy timeout.
        settings: by which commands use it.
        units: all messages and jobs.
        inconsistencies: what is wrong within what is stored, once no process works on it.
    """

    opened: Callable[[Path], Backend]
    reading: Callable[[Path], Backend]
    lived: Callable[[Path, asyncio.Event, float], AbstractAsyncContextManager[Backend]]
    settings: Callable[[Path], Mapping[str, str]]
    units: Callable[[Any], Awaitable[list[Unit]]]
    inconsistencies: Callable[[Path], Awaitable[list[str]]]


def _embedded(folder: Path, _lost: asyncio.Event | None = None, busy_timeout: float = 5.0) -> Embedded:
    return Embedded(folder / "akrun.db", max_attempts=ATTEMPTS, busy_timeout=busy_timeout)


def _embedded_reading(folder: Path) -> Embedded:
    return Embedded(folder / "akrun.db", read_only=True)


async def _embedded_inconsistencies(folder: Path) -> list[str]:
    return stored.inconsistencies(folder / "akrun.db")


def _options(folder: Path) -> ClusterOptions:
    return ClusterOptions(
        servers=(shared(synced=True).url,),
        prefix=prefix_of(folder),
        replicas=1,
        max_attempts=ATTEMPTS,
        ack_wait=ACK_WAIT,
        data=folder,
    )


def _cluster(folder: Path) -> Cluster:
    return Cluster(_options(folder))


def _cluster_reading(folder: Path) -> Cluster:
    return Cluster(replace(_options(folder), create=False))


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


def _cluster_settings(folder: Path) -> Mapping[str, str]:
    return {
        "backend": shared(synced=True).url,
        "nats_prefix": prefix_of(folder),
        "nats_replicas": "1",
        "nats_ack_wait": "1",
    }


async def _cluster_inconsistencies(folder: Path) -> list[str]:
    async with _cluster_reading(folder) as backend:
        return await stored.cluster_inconsistencies(backend)


EMBEDDED = Engine(
    opened=_embedded,
    reading=_embedded_reading,
    lived=_embedded,
    settings=lambda _: {},
    units=stored.embedded_units,
    inconsistencies=_embedded_inconsistencies,
)
CLUSTER = Engine(
    opened=_cluster,
    reading=_cluster_reading,
    lived=_lost_cluster,
    settings=_cluster_settings,
    units=stored.cluster_units,
    inconsistencies=_cluster_inconsistencies,
)
ENGINES = {"embedded": EMBEDDED, "cluster": CLUSTER}
