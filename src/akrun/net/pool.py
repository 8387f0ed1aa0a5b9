"""Connections kept by origin: a transport made of single-connection transports.

The pool of httpx's own transport walks all its connections at the start and the end of every request, which
at hundreds of connections costs more than the exchange. Here each connection is a transport of its own
(a *lane*); finding a free one is a pop from a list.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable

import httpx

from akrun.net.message import DEFAULT_POOL_SIZE

POOL_SIZE = "akrun.pool_size"
"""The request extension that bounds how many connections to its origin are busy when it starts."""

MAX_IDLE = 512
KEEPALIVE = 30.0

Origin = tuple[str, str, int | None]
Lane = httpx.AsyncBaseTransport


def single_connection() -> Callable[[], Lane]:
    """A maker of lanes over httpx's transport, which share one TLS context and ignore the environment."""
    context = httpx.create_ssl_context(trust_env=False)
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE)

    def make() -> Lane:
        return httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)

    return make


class OriginPool(httpx.AsyncBaseTransport):
    """Gives every request a lane to its origin, oldest request first when all are busy.

    A lane is free again when the response's stream is closed. Idle lanes beyond `max_idle` are closed, those
    of the origin that was longest out of use first.
    """

    def __init__(self, make_lane: Callable[[], Lane] | None = None, *, max_idle: int = MAX_IDLE) -> None:
        self._make_lane = make_lane or single_connection()
        self._max_idle = max_idle
        self._origins: OrderedDict[Origin, _Lanes] = OrderedDict()
        self._idle = 0
        self._retired: list[Lane] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send on a lane of the request's origin, waiting for one while `pool_size` of them are busy."""
        await self._close_retired()
        origin: Origin = (request.url.scheme, request.url.host, request.url.port)
        lanes = self._origins.setdefault(origin, _Lanes())
        self._origins.move_to_end(origin)
        await lanes.enter(request.extensions.get(POOL_SIZE, DEFAULT_POOL_SIZE))
        lane = lanes.idle.pop() if lanes.idle else None
        if lane is None:
            lane = self._make_lane()
        else:
            self._idle -= 1
        try:
            response = await lane.handle_async_request(request)
        except BaseException:
            self._release(origin, lanes, lane)
            raise
        if not isinstance(response.stream, httpx.AsyncByteStream):
            self._release(origin, lanes, lane)
            raise TypeError("an asynchronous transport answered with a synchronous stream")
        response.stream = _LaneStream(response.stream, lambda: self._release(origin, lanes, lane))
        return response

    def _release(self, origin: Origin, lanes: "_Lanes", lane: Lane) -> None:
        lanes.idle.append(lane)
        self._idle += 1
        lanes.leave()
        self._origins.setdefault(origin, lanes)
        while self._idle > self._max_idle:
            longest_unused = next(found for found in self._origins.values() if found.idle)
            self._retired.append(longest_unused.idle.pop(0))
            self._idle -= 1
        for known in [known for known, found in self._origins.items() if found.unused]:
            del self._origins[known]

    async def _close_retired(self) -> None:
        while self._retired:
            await self._retired.pop().aclose()

    async def aclose(self) -> None:
        """Close all idle connections; requests that still run close theirs when they end."""
        for lanes in self._origins.values():
            self._retired.extend(lanes.idle)
            lanes.idle.clear()
        self._idle = 0
        self._origins.clear()
        await self._close_retired()


class _Lanes:
    """The lanes of one origin: idle ones (last used last), the number of busy ones, and who waits."""

    __slots__ = ("busy", "idle", "waiting")

    def __init__(self) -> None:
        self.idle: list[Lane] = []
        self.busy = 0
        self.waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def unused(self) -> bool:
        return not (self.idle or self.busy or self.waiting)

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


class _LaneStream(httpx.AsyncByteStream):
    """A response's stream that frees its lane when it is closed."""

    def __init__(self, stream: httpx.AsyncByteStream, release: Callable[[], None]) -> None:
        self._stream = stream
        self._release: Callable[[], None] | None = release

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            if self._release is not None:
                self._release()
                self._release = None
