"""The queue alone: what storing, leasing, noting and finishing a message costs without any pipeline."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from akrun.backend import (
    Backend,
    ChannelRecord,
    Embedded,
    EventRecord,
    JournalEntry,
    LaunchState,
    MailingRecord,
    MessageState,
    NewMessage,
    Outcome,
)
from akrun.backend.cluster import Cluster
from benchmarks.cluster.servers import Servers, Used, backend_on, used_by, used_since

LEASED: Final = 256
"""Messages leased at a time."""

_AFTERWARDS: Final = 1.0
"""Seconds that the servers are given for what nobody waits for: work items that were acknowledged go."""

_LAUNCH: Final = "launch"
_PAYLOAD: Final = b'{"profile":{"id":1,"first_name":"Ann"},"subscription":{"phone":"+447700900018"}}'


@dataclass(frozen=True, slots=True)
class Step:
    """What a step of all messages took; the client is this process."""

    name: str
    seconds: float
    cpu: float
    commits: int
    used: Used


async def measured(servers: Servers | None, messages: int, at_once: int) -> list[Step]:
    """Each step for so many messages, up to so many at once; a step ends before the next one begins."""
    found: list[Step] = []
    async with _ready(servers, 0) as backend:

        async def step(name: str, work: Awaitable[object]) -> None:
            before, commits = used_by(servers), backend.statistics.commits
            begun, cpu = time.perf_counter(), time.process_time()
            await work
            seconds, spent = time.perf_counter() - begun, time.process_time() - cpu
            if servers is not None:
                await asyncio.sleep(_AFTERWARDS)
            commits = backend.statistics.commits - commits
            found.append(Step(name, seconds, spent, commits, used_since(servers, before)))

        ids: list[str] = []
        await step("store", backend.load(_LAUNCH, _rows(messages)))
        await backend.set_launch_state(_LAUNCH, LaunchState.SENDING)
        await step("lease", _lease(backend, ids))
        assert len(ids) == messages
        await step("note the intent", _each(ids, at_once, lambda id_: _note(backend, id_)))
        await step("finish", _each(ids, at_once, lambda id_: _finish(backend, id_)))
        assert (await backend.counts(_LAUNCH)).done == messages
    return found


async def alone(servers: Servers | None, times: int) -> float:
    """Seconds that noting an intent takes while nothing else goes on, the median of so many."""
    async with _ready(servers, times) as backend:
        ids: list[str] = []
        await backend.set_launch_state(_LAUNCH, LaunchState.SENDING)
        await _lease(backend, ids)
        took: list[float] = []
        for id_ in ids:
            begun = time.perf_counter()
            await _note(backend, id_)
            took.append(time.perf_counter() - begun)
    return statistics.median(took)


async def kept(servers: Servers, messages: int) -> dict[str, float]:
    """What records that lie on one server cost it, two of them for each message."""
    [node] = servers.nodes
    before = used_by(servers)
    async with _ready(servers, messages):
        grown = used_since(servers, before)
    node.stop()
    begun = time.perf_counter()
    node.start()
    seconds = time.perf_counter() - begun
    again = used_since(servers, before).memory
    records = 2 * messages
    return {
        "records": records,
        "bytes of the stream": round(grown.stored / records),
        "bytes of memory": round(grown.memory / records),
        "after a restart": round(again / records),
        "seconds of the restart": round(seconds, 1),
    }


@asynccontextmanager
async def _ready(servers: Servers | None, messages: int) -> AsyncIterator[Embedded | Cluster]:
    """A backend that has a launch, whose audience is so many messages, or still to be stored."""
    with tempfile.TemporaryDirectory() as name:
        async with backend_on(servers, f"queue{time.time_ns()}", Path(name)) as backend:
            await backend.register_channel(ChannelRecord(1, "channel", "Channel", b"{}", ""))
            await backend.register_mailing(MailingRecord(1, "channel", "Mailing", b"{}", ""))
            await backend.launch(1, _LAUNCH, b"{}")
            if messages:
                await backend.load(_LAUNCH, _rows(messages))
            yield backend


def _rows(messages: int) -> Iterator[NewMessage]:
    for number in range(messages):
        yield NewMessage(f"00000000-0000-5000-8000-{number:012}", str(number), _PAYLOAD)


async def _lease(backend: Backend, ids: list[str]) -> None:
    while leased := await backend.lease(_LAUNCH, LEASED):
        ids += (message.id for message in leased)


async def _note(backend: Backend, id_: str) -> None:
    await backend.record(JournalEntry(id_, id_, None, 2))


async def _finish(backend: Backend, id_: str) -> None:
    event = EventRecord(id_, 1, "send", 1, "", time.time())
    await backend.finish(id_, Outcome(MessageState.DONE, 5, None, time.time()), [event])


async def _each(ids: Sequence[str], at_once: int, work: Callable[[str], Awaitable[None]]) -> None:
    left = iter(ids)

    async def take() -> None:
        for id_ in left:
            await work(id_)

    await asyncio.gather(*(take() for _ in range(at_once)))
