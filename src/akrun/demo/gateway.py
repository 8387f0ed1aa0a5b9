"""A small SMS gateway over HTTP, to try channels against: it validates, answers by rule, and keeps count.

`POST /v1/messages` takes a message (see `akrun.demo.rules`), `GET /v1/messages` lists the settled ones
(`?outcome=accepted` for some), `GET /v1/stats` counts. Every request needs the key in `X-Api-Key`.
"""

import asyncio
import hmac
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from akrun.demo.ledger import Ledger
from akrun.demo.rules import reject

DEMO_KEY = "demo-key"
MAX_BODY = 64 * 1024
"""Bytes of the longest request body that is read."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway: its ledger and where it listens."""

    ledger: Ledger
    url: str
    """Address of the server, without a slash at the end."""
    api_key: str

    @property
    def messages_url(self) -> str:
        """The address messages are posted to."""
        return f"{self.url}/v1/messages"


class GatewayApp:
    """The gateway's HTTP side over a ledger; `latency` seconds pass before each message is answered."""

    def __init__(self, ledger: Ledger, api_key: str = DEMO_KEY, latency: float = 0.0) -> None:
        self._ledger = ledger
        self._api_key = api_key.encode()
        self._latency = latency

    def asgi(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/v1/messages", self._guarded(self._post), methods=["POST"]),
                Route("/v1/messages", self._guarded(self._list), methods=["GET"]),
                Route("/v1/stats", self._guarded(self._stats), methods=["GET"]),
            ],
        )

    def _guarded(
        self,
        endpoint: Callable[[Request], Awaitable[Response]],
    ) -> Callable[[Request], Awaitable[Response]]:
        async def check_key(request: Request) -> Response:
            key = request.headers.get("x-api-key", "").encode()
            if hmac.compare_digest(key, self._api_key):
                return await endpoint(request)
            self._ledger.count_unauthorized()
            return JSONResponse(reject("bad_key", "X-Api-Key: missing or wrong").body, 401)

        return check_key

    async def _post(self, request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return self._refuse(415, "bad_content_type", "Content-Type: not application/json")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return self._refuse(413, "too_large", f"body: more than {MAX_BODY} bytes")
        answer = self._ledger.receive(bytes(body))
        if self._latency:
            await asyncio.sleep(self._latency)
        return JSONResponse(answer.body, answer.status, answer.headers)

    def _refuse(self, status: int, code: str, reason: str) -> Response:
        answer = self._ledger.record(reject(code, reason, status))
        return JSONResponse(answer.body, answer.status)

    async def _list(self, request: Request) -> Response:
        entries = self._ledger.entries(request.query_params.get("outcome"))
        return JSONResponse({"messages": [entry.to_dict() for entry in entries]})

    async def _stats(self, _request: Request) -> Response:
        return JSONResponse(self._ledger.stats())


class _Server(uvicorn.Server):
    """A server that leaves the process's signals alone, as it runs inside another program."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def running_gateway(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    api_key: str = DEMO_KEY,
    latency: float = 0.0,
    log: Path | None = None,
) -> AsyncIterator[Gateway]:
    """Run a gateway in this event loop while the block is open.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        api_key: What `X-Api-Key` must hold.
        latency: Seconds before a message is answered. It is counted before that.
        log: File that each settled message is appended to as a JSON line.

    Raises:
        OSError: If the address cannot be listened on or the log cannot be opened.
    """
    ledger = Ledger(log)
    try:
        with socket.create_server((host, port), backlog=2048) as listener:
            address, number = listener.getsockname()[:2]
            app = GatewayApp(ledger, api_key, latency).asgi()
            config = uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=1,
            )
            server = _Server(config)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                yield Gateway(ledger, f"http://{address}:{number}", api_key)
            finally:
                server.should_exit = True
                await serving
    finally:
        ledger.close()


async def _serve_forever(host: str, port: int, api_key: str, latency: float, log: Path | None) -> None:
    async with running_gateway(host, port, api_key=api_key, latency=latency, log=log) as gateway:
        print(gateway.messages_url, flush=True)  # noqa: T201
        await asyncio.Event().wait()


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    api_key: str = DEMO_KEY,
    latency: float = 0.0,
    log: Path | None = None,
) -> None:
    """Run a gateway until SIGINT; its first line of output is the address to post messages to."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve_forever(host, port, api_key, latency, log))
