"""Connections kept by origin, and requests that wait for one, oldest first."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Protocol

from akrun.net.call import Answer, Call
from akrun.net.connection import KEEPALIVE, NotSentError, Watch
from akrun.net.failures import HttpFailure
from akrun.net.target import Origin

MAX_IDLE: Final = 512
"""Most idle connections, of all origins together."""


class Lane(Protocol):
    """A connection as the pool sees it."""

    @property
    def reusable(self) -> bool:
        """Whether another exchange may follow the last one."""
        ...

    @property
    def usable(self) -> bool:
        """Whether a request may be written at this moment."""
        ...

    @property
    def idle_since(self) -> float:
        """When the last exchange ended, by the monotonic clock."""
        ...

    async def exchange(self, call: Call) -> Answer:
        """Send the request and read its whole response; raises HttpFailure or NotSentError."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


OpenLane = Callable[[Origin, Watch], Awaitable[Lane]]
"""Opens a lane to an origin; raises HttpFailure."""


class Connections(NamedTuple):
    """How many connections are open, how many of them are idle, and how many requests wait for one."""

    open: int
    idle: int
    waiting: int


class OriginPool:
    """Gives every request a lane to its origin, oldest request first when all are busy.

    Idle lanes beyond `max_idle` are closed, those of the origin that was longest out of use first.
    """

    def __init__(self, open_lane: OpenLane, *, max_idle: int = MAX_IDLE) -> None:
        self._open_lane = open_lane
        self._max_idle = max_idle
        self._origins: OrderedDict[str, _Lanes] = OrderedDict()
        self._closed = False
        self.open = 0
        self.idle = 0

    async def exchange(self, call: Call) -> Answer:
        """Exchange on a lane of the call's origin, waiting for one while `pool_size` of them are busy."""
        origin = call.target.origin
        lanes = self._origins.get(origin.text)
        if lanes is None:
            lanes = self._origins[origin.text] = _Lanes(self, origin.text)
        else:
            self._origins.move_to_end(origin.text)
        await lanes.enter(call.pool_size)
        call.begun = True
        lane: Lane | None = None
        try:
            while (lane := lanes.take()) is not None:
                if lane.usable:
                    try:
                        return await lane.exchange(call)
                    except NotSentError:
                        pass
                lane.abort()
            lane = await self._open_lane(origin, lanes)
            return await lane.exchange(call)
        except NotSentError:
            message = f"cannot connect to {origin.text}: the server closed the connection at once"
            raise HttpFailure(message, kind="connection", sent=False, retryable=True) from None
        finally:
            if lane is not None:
                self._put_back(lanes, lane)
            lanes.leave()
            self.tidy(lanes)

    def _put_back(self, lanes: "_Lanes", lane: Lane) -> None:
        if self._closed or not lane.reusable:
            lane.abort()
            return
        while lanes.idle and lanes.idle[0].idle_since < lane.idle_since - KEEPALIVE:
            lanes.drop_oldest()
        lanes.idle.append(lane)
        self.idle += 1
        while self.idle > self._max_idle:
            longest_unused = next(found for found in self._origins.values() if found.idle)
            longest_unused.drop_oldest()
            self.tidy(longest_unused)

    def tidy(self, lanes: "_Lanes") -> None:
        """Forget an origin without lanes and requests."""
        if not (lanes.idle or lanes.busy or lanes.waiting):
            self._origins.pop(lanes.origin, None)

    @property
    def connections(self) -> Connections:
        """The counts of this moment."""
        return Connections(self.open, self.idle, sum(len(lanes.waiting) for lanes in self._origins.values()))

    async def aclose(self) -> None:
        """Close all idle connections; requests that still run close theirs when they end."""
        self._closed = True
        for lanes in self._origins.values():
            while lanes.idle:
                lanes.drop_oldest()
        # A closed transport tells its protocol in the loop's next round.
        await asyncio.sleep(0)


class _Lanes:
    """The lanes of one origin: idle ones (last used last), the number of busy ones, and who waits."""

    __slots__ = ("_pool", "busy", "idle", "origin", "waiting")

    def __init__(self, pool: OriginPool, origin: str) -> None:
        self._pool = pool
        self.origin = origin
        self.idle: deque[Lane] = deque()
        self.busy = 0
        self.waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def take(self) -> Lane | None:
        """The idle lane used last, which is the one most likely still open."""
        if not self.idle:
            return None
        self._pool.idle -= 1
        return self.idle.pop()

    def drop_oldest(self) -> None:
        """Close the idle lane that was longest out of use."""
        self._pool.idle -= 1
        self.idle.popleft().abort()

    def opened(self) -> None:
        """A lane is connected."""
        self._pool.open += 1

    def closed(self, lane: Lane) -> None:
        """A lane is gone, by whoever's will."""
        self._pool.open -= 1
        if lane in self.idle:
            self.idle.remove(lane)
            self._pool.idle -= 1
            self._pool.tidy(self)

    async def enter(self, size: int) -> None:
        """Count one more busy lane, once fewer than `size` are."""
        if not self.waiting and self.busy < size:
            self.busy += 1
            return
        place = (size, asyncio.get_running_loop().create_future())
        self.waiting.append(place)
        try:
            await place[1]
        except asyncio.CancelledError:
            if place[1].done() and not place[1].cancelled():
                self.leave()  # the place was given just before: pass it on
            else:
                self.waiting.remove(place)
                self._admit()
            raise

    def leave(self) -> None:
        self.busy -= 1
        self._admit()

    def _admit(self) -> None:
        while self.waiting and self.busy < self.waiting[0][0]:
            _, future = self.waiting.popleft()
            if not future.done():
                self.busy += 1
                future.set_result(None)
