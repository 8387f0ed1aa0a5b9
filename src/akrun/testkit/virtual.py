"""Virtual time: an event loop on which every wait is over at once, and a clock that tells its time."""

import asyncio
import math
import selectors
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from akrun.errors import AkrunError

START: Final = datetime(2030, 1, 1, tzinfo=UTC)
"""When a case begins unless it says otherwise."""


_RESOLUTION: Final = 1e-9


class StuckError(AkrunError):
    """What runs waits for something that nothing will ever bring about."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still while anything can run, and then jumps to the next timer.

    So `asyncio.sleep`, `asyncio.timeout` and deadlines take no real time, and end in the same order in every
    run. A real wait, such as for a thread, is made within `held`.

    ```python
    loop = VirtualLoop()
    loop.run_until_complete(asyncio.sleep(86_400))
    assert loop.time() == 86_400
    loop.close()
    ```
    """

    _clock_resolution: float

    def __init__(self) -> None:
        self._elapsed = 0.0
        self._holds = 0
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Seconds of virtual time since the loop was made."""
        return self._elapsed

    @contextmanager
    def held(self) -> Iterator[None]:
        """Time stands still until the block ends, however long that really takes."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def next_events(self, real: selectors.BaseSelector, timeout: float | None) -> list[Any]:
        """What the loop's selector finds within the virtual `timeout` seconds.

        Raises:
            StuckError: there is no timer, and nothing that could wake the loop.
        """
        if timeout is not None and timeout <= 0:
            return real.select(0)
        if self._holds:
            return real.select(None)
        if timeout is None:
            raise StuckError("it waits for something that never comes")
        events = real.select(0)
        if not events:
            self._elapsed += timeout
            # A timer is due when it is less than this ahead: far from zero, floats lie that far apart.
            self._clock_resolution = max(_RESOLUTION, 4 * math.ulp(self._elapsed))
        return events


class _Selector(selectors.BaseSelector):
    """The machine's selector; how long it waits is the loop's business."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._real = selectors.DefaultSelector()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        return self._loop.next_events(self._real, timeout)

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Any:
        return self._real.get_map()


class LoopClock:
    """The time of an event loop, as a clock that begins at `start`; see `akrun.engine.clock.Clock`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: datetime = START) -> None:
        self._loop = loop
        self._zero = loop.time()
        self._start = start.astimezone(UTC)

    def now(self) -> datetime:
        """The start plus what has passed on the loop."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds that have passed on the loop; to the microsecond, so that sums of waits show as written."""
        return round(self._loop.time() - self._zero, 6)

    async def sleep(self, seconds: float) -> None:
        """Wait on the loop."""
        await asyncio.sleep(max(seconds, 0.0))
