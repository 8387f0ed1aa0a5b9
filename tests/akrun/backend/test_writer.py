"""The writer: a bad job fails alone, a cancelled caller loses nothing, closing carries everything out."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

import pytest

from akrun.backend import (
    BackendError,
    ChannelRecord,
    ClosedError,
    ConflictError,
    DiskFullError,
    Embedded,
    MessageState,
    Outcome,
)
from akrun.backend.embedded.writer import each

Prepare = Callable[[Embedded, int], Awaitable[None]]

DONE = Outcome(MessageState.DONE, 3, None, 10.0)


def channel(number: int, string_id: str) -> ChannelRecord:
    return ChannelRecord(number, string_id, "any", b"{}", "0")


async def test_a_bad_job_does_not_poison_its_neighbours(backend: Embedded) -> None:
    jobs = [channel(1, "a"), channel(1, "b"), channel(2, "a"), channel(3, "c")]
    results = await asyncio.gather(*map(backend.register_channel, jobs), return_exceptions=True)
    assert [type(result) for result in results] == [type(None), ConflictError, ConflictError, type(None)]
    assert [record.string_id for record in await backend.channels()] == ["a", "c"]


async def test_a_job_that_breaks_half_way_leaves_nothing(backend: Embedded) -> None:
    def half(connection: sqlite3.Connection, number: int) -> None:
        connection.execute("INSERT INTO channel VALUES (?, ?, '', x'', '')", (number, f"c{number}"))
        raise RuntimeError("half way")

    breaking = each(half)
    waiting = [backend._write(breaking, 8), backend.register_channel(channel(1, "a"))]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], BackendError)
    assert "RuntimeError: half way" in str(results[0])
    assert [record.id for record in await backend.channels()] == [1]


async def test_even_the_end_of_a_thread_reaches_the_caller(backend: Embedded) -> None:
    def leave(_connection: sqlite3.Connection, _argument: None) -> None:
        raise SystemExit

    with pytest.raises(BackendError, match="SystemExit"):
        await backend._write(each(leave), None)
    await backend.register_channel(channel(1, "a"))


async def test_a_cancelled_caller_does_not_lose_its_write(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 20)
    tasks = [asyncio.create_task(backend.finish(f"m{n}", DONE)) for n in range(20)]
    await asyncio.sleep(0)  # every task has submitted its job and waits
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(result is True for result in results[1::2])
    assert any(isinstance(result, asyncio.CancelledError) for result in results[::2])
    assert not await backend.finish("m0", DONE)
    assert (await backend.counts("L")).done == 20


async def test_closing_carries_out_what_was_asked_for(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 300)
    tasks = [asyncio.create_task(backend.finish(f"m{n}", DONE)) for n in range(300)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(backend.close())
    await asyncio.sleep(0)
    closing.cancel()  # closing goes on all the same
    assert all(await asyncio.gather(*tasks))
    await backend.close()
    with pytest.raises(ClosedError):
        await backend.finish("m0", DONE)
    with pytest.raises(ClosedError):
        await backend.counts("L")
    async with Embedded(backend.path) as again:
        assert (await again.counts("L")).done == 300
    assert [entry.name for entry in backend.path.parent.iterdir() if "-wal" in entry.name] == []


async def test_a_full_disk_is_said_and_survived(backend: Embedded) -> None:
    def limit(connection: sqlite3.Connection, pages: int) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    await backend.register_channel(channel(1, "small"))
    await backend._write(each(limit), 1)  # no more pages than there are
    large = ChannelRecord(2, "large", "any", bytes(1 << 20), "0")
    results = await asyncio.gather(
        backend.register_channel(large),
        backend.register_channel(channel(1, "small")),
        return_exceptions=True,
    )
    assert isinstance(results[0], DiskFullError)
    assert f"{backend.path}: no room left to write; free disk space" in str(results[0])
    assert results[1] is None
    await backend._write(each(limit), 1 << 20)
    await backend.register_channel(large)
    assert await backend.channel("large") == large


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("normal", 1)])
async def test_durability_sets_what_a_commit_waits_for(
    backend: Embedded, durability: str, level: int
) -> None:
    def synchronous(connection: sqlite3.Connection, _argument: None) -> int:
        return int(connection.execute("PRAGMA synchronous").fetchone()[0])

    path = backend.path.with_name("other.db")
    async with Embedded(path, durability="full" if durability == "full" else "normal") as other:
        assert await other._write(each(synchronous), None) == level
