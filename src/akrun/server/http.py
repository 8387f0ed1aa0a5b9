"""A uvicorn server inside another program, with bounds on what a slow or hostile client can hold."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_TIMEOUT: Final = 10.0
"""Seconds from a request's first byte, or a connection's start, to the end of its head."""
HEAD_LIMIT: Final = 32 * 1024
"""Bytes of a request's line and headers."""
CONNECTIONS: Final = 1000
"""Open at once; further ones are answered 503."""

# What clients do wrong, and requests broken off at the end, are no errors of the process: without a handler
# Python would print them to standard error.
logging.getLogger("uvicorn.error").addHandler(logging.NullHandler())


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 that ends a connection whose request head does not come to its end in time."""

    head_timeout = HEAD_TIMEOUT
    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Take in data; a head that begins has to end."""
        if self._is_idle():
            self._expect_head()
        super().data_received(data)
        if not self._is_idle():
            self._forget()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._forget()
        super().connection_lost(exc)

    def _is_idle(self) -> bool:
        """Whether no request is being answered."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _expect_head(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self.head_timeout, self._give_up)

    def _give_up(self) -> None:
        self._head = None
        if self._is_idle():
            self.transport.close()

    def _forget(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


class Server(uvicorn.Server):
    """A server that leaves the process's signals alone."""

    def break_off(self) -> None:
        """Wait no longer for requests under way."""
        self.force_exit = True
        for task in self.server_state.tasks:
            task.cancel()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def serving(
    app: ASGIApp,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    grace_period: float = 1.0,
    at_once: asyncio.Event | None = None,
) -> AsyncIterator[str]:
    """Serve an application in this event loop while the block is open; gives the server's address.

    Args:
        app: The application.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        grace_period: Seconds that requests under way are given at the end.
        at_once: Set when they are not to be waited for any longer.

    Raises:
        OSError: The address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=2048) as listening:
        address, number = listening.getsockname()[:2]
        config = uvicorn.Config(
            app,
            http=BoundedProtocol,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=HEAD_LIMIT,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=max(1, round(grace_period)),
        )
        server = Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://[{address}]:{number}" if ":" in address else f"http://{address}:{number}"
        finally:
            server.should_exit = True
            hurried = asyncio.create_task((at_once or asyncio.Event()).wait())
            await asyncio.wait([running, hurried], return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                server.break_off()
            hurried.cancel()
            await running
