import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from akrun.engine.clock import SystemClock, VirtualClock


def test_the_system_clock_is_aware_and_in_utc() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert clock.monotonic() <= clock.monotonic()


async def test_the_system_clock_yields_even_for_nothing() -> None:
    seen: list[str] = []

    async def other() -> None:
        seen.append("other")

    task = asyncio.create_task(other())
    await SystemClock().sleep(-1)
    assert seen == ["other"]
    await task


async def test_sleepers_wake_in_the_order_of_their_due_times() -> None:
    clock = VirtualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, *steps: float) -> None:
        for step in steps:
            await clock.sleep(step)
            woken.append((name, clock.monotonic()))

    tasks = [asyncio.create_task(sleeper("a", 5, 1)), asyncio.create_task(sleeper("b", 3))]
    await clock.advance(2)
    assert (woken, clock.sleeping) == ([], 2)
    await clock.sleep(0)
    await clock.advance(10)
    assert woken == [("b", 3), ("a", 5), ("a", 6)]
    assert clock.monotonic() == 12
    assert clock.now() == datetime(2030, 1, 1, 0, 0, 12, tzinfo=UTC)
    await asyncio.gather(*tasks)


async def test_a_cancelled_sleeper_is_passed_over() -> None:
    clock = VirtualClock()
    task = asyncio.create_task(clock.sleep(1))
    await clock.advance(0)
    task.cancel()
    await clock.advance(2)
    assert (clock.sleeping, task.cancelled()) == (0, True)


async def test_a_virtual_clock_neither_goes_back_nor_starts_in_no_zone() -> None:
    with pytest.raises(ValueError, match="zero or more"):
        await VirtualClock().advance(-1)
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(datetime(2030, 1, 1))  # noqa: DTZ001
