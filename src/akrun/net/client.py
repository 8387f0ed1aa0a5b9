"""The HTTP client of a channel: one exchange, whole, within a deadline and a size."""

import asyncio
from typing import Final, Protocol, Self

import httpx

from akrun.engine.clock import Clock, SystemClock
from akrun.net.breaker import FAILING_KINDS, FAILING_STATUSES, Breakers
from akrun.net.call import Answer, Call, Transport, call_of
from akrun.net.dialer import Dialer
from akrun.net.failures import HttpFailure
from akrun.net.guard import Guard
from akrun.net.message import Request, Response
from akrun.net.over_httpx import OverHttpx
from akrun.net.pool import Connections, OriginPool
from akrun.net.redirect import MAX_REDIRECTS, redirect_target, redirected
from akrun.net.stats import HttpStats

_NO_CONNECTIONS: Final = Connections(0, 0, 0)


class Sender(Protocol):
    """What a pipe needs of an HTTP client."""

    async def send(self, request: Request) -> Response:
        """Exchange one request for one response; raises HttpFailure."""
        ...


class HttpClient:
    """Sends requests without state between them: no cookies, no environment.

    ```python
    async with HttpClient() as client:
        response = await client.send(Request("GET", "https://api.example.com/ping"))
    ```

    Attributes:
        breakers: the circuit breakers.
        stats: what was sent, by origin.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport | Transport | None = None,
        clock: Clock | None = None,
        *,
        guard: Guard | None = None,
        breakers: Breakers | None = None,
    ) -> None:
        """Make a client; nothing is connected yet.

        Args:
            transport: What exchanges requests for responses, instead of connections of its own. A transport
                of httpx says itself where it connects to: no guard is asked.
            clock: The time for durations and breakers; deadlines follow the event loop's.
            guard: Where connections may go; by default to public addresses only.
            breakers: Circuit breakers; by default there are none.
        """
        if isinstance(transport, httpx.AsyncBaseTransport):
            transport = OverHttpx(transport)
        self._transport: Transport = transport or OriginPool(Dialer(guard or Guard()).open)
        self._clock = clock or SystemClock()
        self.breakers = breakers or Breakers(self._clock, 0, 1.0)
        self.stats = HttpStats()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the transport and its connections."""
        await self._transport.aclose()

    @property
    def connections(self) -> Connections:
        """Connections open and idle, and requests that wait for one; none of a transport of httpx."""
        return self._transport.connections if isinstance(self._transport, OriginPool) else _NO_CONNECTIONS

    async def send(self, request: Request) -> Response:
        """Exchange one request for one response, of any status.

        The deadline covers all of it: waiting for a breaker and a connection, redirects, the last byte of the
        body. Raises HttpFailure (its docstring lists the kinds).
        """
        call = call_of(request)
        started = self._clock.monotonic()
        deadline = asyncio.get_running_loop().time() + request.timeout
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._exchange(call, deadline, request)
            target = redirect_target(call, answer) if request.follow_redirects else None
            if target is None:
                return Response(answer.status, answer.headers, answer.body, self._clock.monotonic() - started)
            call = redirected(call, answer.status, target)
        raise HttpFailure(f"more than {MAX_REDIRECTS} redirects", kind="redirect", sent=True)

    async def _exchange(self, call: Call, deadline: float, request: Request) -> Answer:
        """Exchange one call with one origin, and tell breaker and counters how it went."""
        origin = call.target.origin.text
        started = self._clock.monotonic()
        probe = False
        try:
            async with asyncio.timeout_at(deadline):
                if self.breakers.blocks(origin):
                    patience = deadline - asyncio.get_running_loop().time()
                    probe = await self.breakers.enter(origin, patience)
                answer = await self._transport.exchange(call)
        except TimeoutError as exc:
            message = f"no complete response from {call.target.shown} within {request.timeout:g} s"
            failure = HttpFailure(message, kind="timeout", sent=call.sent, retryable=True)
            self._failed(call, failure, started, probe=probe)
            raise failure from exc
        except HttpFailure as failure:
            failure.sent = failure.sent or call.sent  # by the exchange that redirected here, if no other
            self._failed(call, failure, started, probe=probe)
            raise
        except BaseException:
            self.breakers.given_up(origin, probe=probe)
            raise
        self.stats.of(origin).answered(answer.status, self._clock.monotonic() - started)
        if answer.status in FAILING_STATUSES:
            self.breakers.failed(origin, f"status {answer.status}", probe=probe)
        else:
            self.breakers.succeeded(origin, probe=probe)
        return answer

    def _failed(self, call: Call, failure: HttpFailure, started: float, *, probe: bool) -> None:
        origin = call.target.origin.text
        self.stats.of(origin).failed(failure.kind, self._clock.monotonic() - started)
        if failure.kind == "too_large":
            self.breakers.succeeded(origin, probe=probe)
        elif failure.kind in FAILING_KINDS and call.begun:
            self.breakers.failed(origin, failure.kind, probe=probe)
        else:  # refused here, or still waiting for its turn: the host has no part in it
            self.breakers.given_up(origin, probe=probe)
