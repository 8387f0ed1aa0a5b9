"""Time as a value that is passed in: the system's clock, and a virtual one that tests move by hand."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the runtime knows about time."""

    def now(self) -> datetime:
        """The wall clock as an aware UTC datetime; it may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds; zero or less only yields to other tasks."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The machine's wall clock, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The machine's monotonic clock, in seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait on the running event loop."""
        await asyncio.sleep(max(seconds, 0.0))


class VirtualClock:
    """A clock that stands still until `advance` moves it; sleepers wake in the order of their due times.

    ```python
    clock = VirtualClock()
    task = asyncio.create_task(clock.sleep(60))
    await clock.advance(60)
    assert task.done()
    ```
    """

    def __init__(self, start: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> None:
        if start.tzinfo is None:
            raise ValueError("the start of a virtual clock must be an aware datetime")
        self._start = start.astimezone(UTC)
        self._elapsed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """The start plus what the clock was advanced by."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Seconds the clock was advanced by."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been advanced by so many seconds."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), future))
        await future

    @property
    def sleeping(self) -> int:
        """How many tasks wait on this clock now."""
        return sum(not future.done() for _, _, future in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Move time on, stopping at each due sleeper to let it (and whatever it wakes) run.

        Raises ValueError for a negative step: a monotonic clock does not go back.
        """
        if seconds < 0:
            raise ValueError("a clock is advanced by zero or more seconds")
        target = self._elapsed + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self._elapsed = max(self._elapsed, due)
            future.set_result(None)
            await _settle()
        self._elapsed = target


async def first_of(*waits: Awaitable[object]) -> None:
    """Wait until one of them is done; the others are cancelled, and all are when this call is."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in tasks:
            each.cancel()


async def _settle() -> None:
    # A woken task often wakes others before it sleeps again; a few passes of the loop let such a chain end.
    for _ in range(10):
        await asyncio.sleep(0)
