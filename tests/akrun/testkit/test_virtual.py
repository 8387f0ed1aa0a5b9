"""Virtual time: waits take none, end in order, and real work stops it."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.testkit import LoopClock, StuckError, VirtualLoop

T = TypeVar("T")


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    made = VirtualLoop()
    yield made
    made.close()


def run(loop: VirtualLoop, work: Coroutine[Any, Any, T]) -> T:
    return loop.run_until_complete(work)


def test_a_wait_of_years(loop: VirtualLoop) -> None:
    clock = LoopClock(loop, datetime(2030, 1, 1, 3, tzinfo=timezone(timedelta(hours=3))))
    run(loop, clock.sleep(10 * 365 * 86_400))
    assert clock.monotonic() == 10 * 365 * 86_400
    assert clock.now() == datetime(2039, 12, 30, tzinfo=UTC)


def test_a_timeout(loop: VirtualLoop) -> None:
    async def wait() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.sleep(6)
        return loop.time()

    assert run(loop, wait()) == 5


def test_what_never_comes(loop: VirtualLoop) -> None:
    with pytest.raises(StuckError, match="waits for something that never comes"):
        run(loop, asyncio.Event().wait())


def test_time_stands_still_while_it_is_held(loop: VirtualLoop) -> None:
    """A thread's work is waited for, though a timer is there."""
    began = threading.Event()

    def work() -> str:
        began.wait()
        return "done"

    async def wait() -> tuple[str, float]:
        async with asyncio.timeout(1):
            with loop.held():
                loop.call_soon(began.set)
                return await asyncio.to_thread(work), loop.time()

    assert run(loop, wait()) == ("done", 0)


@given(waits=st.lists(st.floats(0, 1e6), min_size=1, max_size=20))
def test_waits_end_in_the_order_of_their_ends(waits: list[float]) -> None:
    ended: list[tuple[float, float]] = []
    loop = VirtualLoop()

    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds)
        ended.append((seconds, loop.time()))

    async def wait_all() -> None:
        await asyncio.gather(*map(wait, waits))

    try:
        loop.run_until_complete(wait_all())
    finally:
        loop.close()
    assert [seconds for seconds, _ in ended] == sorted(waits)
    for seconds, at in ended:
        assert at == pytest.approx(seconds, abs=1e-6)
