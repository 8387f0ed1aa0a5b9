"""Launches: loading an audience, states, times."""

import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from akrun.backend import (
    AudienceDigest,
    ConflictError,
    Counts,
    Embedded,
    LaunchState,
    MessageState,
    NewMessage,
    RecordError,
    StateError,
)

Register = Callable[[Embedded], Awaitable[None]]


async def test_loading_reports_what_it_stored_and_left_out(backend: Embedded, register: Register) -> None:
    await register(backend)
    await backend.launch(7, "L", b"constants")
    rows = [
        NewMessage("m1", "p1", b"1"),
        NewMessage("m2", "p2", b"2", skip_reason="no phone"),
        NewMessage("m1", "p1", b"again"),
        NewMessage("m3", "p3", b"3"),
    ]
    result = await backend.load("L", rows)
    assert (result.loaded, result.skipped, result.duplicates) == (3, 1, 1)
    assert result.first_duplicates == ("p1",)
    assert result.launch == await backend.find_launch("L")
    assert (result.launch.state, result.launch.total, result.launch.constants) == ("ready", 3, b"constants")
    assert await backend.counts("L") == Counts(3, 0, 0, 1, 0, 2, 0)
    skipped = await backend.message("m2")
    assert skipped is not None
    assert skipped.state is MessageState.SKIPPED
    assert skipped.outcome is not None
    assert skipped.outcome.error == {"kind": "skip", "message": "no phone"}


async def test_duplicates_are_found_across_batches_and_ten_are_named(
    backend: Embedded, register: Register
) -> None:
    await register(backend)
    await backend.launch(7, "L", b"")
    rows = [NewMessage(f"m{n}", f"p{n}", b"") for n in [*range(1500), *range(1490), 1500]]
    result = await backend.load("L", rows)
    assert (result.loaded, result.duplicates) == (1501, 1490)
    assert result.first_duplicates == tuple(f"p{n}" for n in range(10))
    await backend.set_launch_state("L", LaunchState.SENDING)
    leased = await backend.lease("L", 2000)
    assert [(m.id, m.ordinal) for m in leased] == [(f"m{n}", n) for n in range(1501)]


async def test_a_stream_is_read_and_its_digest_can_be_taken_again(
    backend: Embedded, register: Register
) -> None:
    rows = [NewMessage(f"m{n}", f"p{n}", b"\x00" * n, "why" if n % 2 else None) for n in range(5)]

    async def stream() -> AsyncIterator[NewMessage]:
        for row in rows:
            yield row

    await register(backend)
    await backend.launch(7, "L", b"")
    launch = (await backend.load("L", stream())).launch
    digest = AudienceDigest()
    for row in rows:
        digest.update(row)
    assert launch.audience_digest == digest.hexdigest()
    digest.update(rows[0])
    assert launch.audience_digest != digest.hexdigest()


async def test_a_load_that_broke_off_starts_anew(backend: Embedded, register: Register) -> None:
    def breaking() -> Iterator[NewMessage]:
        for n in range(3500):
            yield NewMessage(f"m{n}", f"p{n}", b"old")
        raise OSError("the audience file went away")

    await register(backend)
    await backend.launch(7, "L", b"")
    with pytest.raises(OSError, match="went away"):
        await backend.load("L", breaking())
    assert (await backend.counts("L")).total == 3000
    with pytest.raises(StateError, match="loading"):
        await backend.lease("L", 1)
    result = await backend.load("L", [NewMessage("m1", "p1", b"new"), NewMessage("x", "p0", b"new")])
    assert (result.loaded, result.duplicates) == (2, 0)
    await backend.set_launch_state("L", LaunchState.SENDING)
    assert [(m.id, m.payload) for m in await backend.lease("L", 9)] == [("m1", b"new"), ("x", b"new")]


async def test_an_audience_is_loaded_once_and_by_one_call(backend: Embedded, register: Register) -> None:
    async def intruding() -> AsyncIterator[NewMessage]:
        with pytest.raises(StateError, match="another call"):
            await backend.load("L", [])
        yield NewMessage("m1", "p1", b"")

    await register(backend)
    await backend.launch(7, "L", b"")
    assert (await backend.load("L", intruding())).loaded == 1
    with pytest.raises(StateError, match="settled"):
        await backend.load("L", [])


async def test_a_message_id_that_is_taken_is_named(backend: Embedded, register: Register) -> None:
    await register(backend)
    await backend.launch(7, "A", b"")
    await backend.load("A", [NewMessage("m1", "p1", b"")])
    await backend.launch(7, "B", b"")
    with pytest.raises(ConflictError, match="`m1` of profile `p9`"):
        await backend.load("B", [NewMessage("m0", "p8", b""), NewMessage("m1", "p9", b"")])
    with pytest.raises(ConflictError, match="`m5` of profile `p6`"):
        await backend.load("B", [NewMessage("m5", "p5", b""), NewMessage("m5", "p6", b"")])
    assert (await backend.counts("B")).total == 0


async def test_text_that_is_not_unicode_is_refused(backend: Embedded, register: Register) -> None:
    await register(backend)
    await backend.launch(7, "L", b"")
    with pytest.raises(RecordError, match="not Unicode"):
        await backend.load("L", [NewMessage("m1", "\ud800", b"")])


async def test_memory_does_not_grow_with_the_audience(backend: Embedded, register: Register) -> None:
    def audience(size: int) -> Iterator[NewMessage]:
        for n in range(size):
            yield NewMessage(f"{size}-{n}", f"p{n}", b"x" * 1000)

    async def peak(size: int) -> int:
        await backend.launch(7, f"L{size}", b"")
        tracemalloc.start()
        await backend.load(f"L{size}", audience(size))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    await register(backend)
    await peak(2000)
    assert await peak(20_000) < 2 * await peak(4000)


async def test_a_launch_keeps_its_first_constants_and_its_times(path: Path, register: Register) -> None:
    ticks = count(100)
    async with Embedded(path, clock=lambda: float(next(ticks))) as backend:
        await register(backend)
        first = await backend.launch(7, "L", b"first")
        assert (first.state, first.created, first.total) == ("loading", 100.0, 0)
        assert await backend.launch("7", "L", b"second") == first
        await backend.load("L", [])
        sending = await backend.set_launch_state("L", LaunchState.SENDING)
        await backend.set_launch_state("L", LaunchState.PAUSED)
        await backend.set_launch_state("L", LaunchState.SENDING)
        done = await backend.set_launch_state("L", LaunchState.FINISHED)
        assert sending.started == done.started
        assert done.finished is not None
        assert done.started is not None
        assert first.created < done.started < done.finished


async def test_launches_of_a_mailing_come_oldest_first(backend: Embedded, register: Register) -> None:
    await register(backend)
    assert await backend.latest_launch(7) is None
    for name in ("z", "a"):
        await backend.launch(7, name, b"")
    assert [launch.launch_id for launch in await backend.launches(7)] == ["z", "a"]
    latest = await backend.latest_launch("7")
    assert latest is not None
    assert (latest.launch_id, latest.mailing_id) == ("a", 7)


async def test_a_launch_is_not_finished_while_messages_are_open(
    backend: Embedded, register: Register
) -> None:
    await register(backend)
    await backend.launch(7, "L", b"")
    await backend.load("L", [NewMessage("m1", "p1", b""), NewMessage("m2", "p2", b"")])
    with pytest.raises(StateError, match="ready and cannot become finished"):
        await backend.set_launch_state("L", LaunchState.FINISHED)
    await backend.set_launch_state("L", LaunchState.SENDING)
    await backend.lease("L", 1)
    with pytest.raises(StateError, match="1 messages pending, 1 in progress"):
        await backend.set_launch_state("L", LaunchState.FINISHED)
    await backend.set_launch_state("L", LaunchState.STOPPED)
    assert await backend.lease("L", 1) == []
