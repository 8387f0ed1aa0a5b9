"""A small SMS gateway over HTTP, to try channels against: it validates, answers by rule, and keeps count.

`POST /v1/messages` takes a message (see `akrun.demo.rules`), `GET /v1/messages` lists the settled ones
(`?outcome=accepted` for some), `GET /v1/messages/<id>` tells what became of one (see `akrun.demo.fate`),
`GET /v1/stats` counts. A message with a `callback_url` is reported there by a signed callback. Every request
needs the key in `X-Api-Key`. Beside it is a notice board (see `akrun.demo.board`).
"""

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from akrun.demo.board import Board
from akrun.demo.callbacks import CALLBACK_KEY, Callbacks
from akrun.demo.deliveries import Deliveries
from akrun.demo.ledger import Ledger
from akrun.demo.rules import Outcome, reject
from akrun.server.http import serving

DEMO_KEY = "demo-key"
MAX_BODY = 64 * 1024
"""Bytes of the longest request body that is read."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway: what it keeps, and where it listens."""

    ledger: Ledger
    deliveries: Deliveries
    board: Board
    url: str
    """Address of the server, without a slash at the end."""
    api_key: str

    @property
    def messages_url(self) -> str:
        """The address messages are posted to."""
        return f"{self.url}/v1/messages"


class GatewayApp:
    """The gateway's HTTP side; `latency` seconds pass before each message is answered."""

    def __init__(
        self, ledger: Ledger, deliveries: Deliveries, board: Board, api_key: str, latency: float = 0.0
    ) -> None:
        self._ledger = ledger
        self._deliveries = deliveries
        self._board = board
        self._api_key = api_key.encode()
        self._latency = latency

    def asgi(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/v1/messages", self._guarded(self._post), methods=["POST"]),
                Route("/v1/messages", self._guarded(self._list), methods=["GET"]),
                Route("/v1/messages/{id}", self._guarded(self._status), methods=["GET"]),
                Route("/v1/stats", self._guarded(self._stats), methods=["GET"]),
                *(
                    Route(route.path, self._guarded(route.endpoint), methods=list(route.methods or ()))
                    for route in self._board.routes()
                ),
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
        message, answer = self._ledger.receive(bytes(body))
        if message is not None and answer.outcome is Outcome.ACCEPTED:
            self._deliveries.accept(message)
        if self._latency:
            await asyncio.sleep(self._latency)
        return JSONResponse(answer.body, answer.status, answer.headers)

    def _refuse(self, status: int, code: str, reason: str) -> Response:
        answer = self._ledger.record(reject(code, reason, status))
        return JSONResponse(answer.body, answer.status)

    async def _list(self, request: Request) -> Response:
        entries = self._ledger.entries(request.query_params.get("outcome"))
        return JSONResponse({"messages": [entry.to_dict() for entry in entries]})

    async def _status(self, request: Request) -> Response:
        report = self._deliveries.status(request.path_params["id"])
        if report is None:
            return JSONResponse({"status": "unknown"}, 404)
        return JSONResponse(report)

    async def _stats(self, _request: Request) -> Response:
        return JSONResponse(self._ledger.stats() | self._deliveries.stats())


@asynccontextmanager
async def running_gateway(  # noqa: PLR0913 - one keyword per setting
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    api_key: str = DEMO_KEY,
    callback_key: str = CALLBACK_KEY,
    latency: float = 0.0,
    log: Path | None = None,
) -> AsyncIterator[Gateway]:
    """Run a gateway in this event loop while the block is open.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        api_key: What `X-Api-Key` must hold.
        callback_key: Signs the callbacks.
        latency: Seconds before a message is answered. It is counted before that.
        log: File that each settled message is appended to as a JSON line.

    Raises:
        OSError: If the address cannot be listened on or the log cannot be opened.
    """
    ledger = Ledger(log)
    callbacks = Callbacks(callback_key)
    deliveries, board = Deliveries(callbacks), Board(callbacks)
    try:
        app = GatewayApp(ledger, deliveries, board, api_key, latency).asgi()
        async with serving(app, host, port) as url:
            yield Gateway(ledger, deliveries, board, url, api_key)
    finally:
        await callbacks.aclose()
        ledger.close()


async def _serve_forever(host: str, port: int, **settings: Any) -> None:
    async with running_gateway(host, port, **settings) as gateway:
        print(gateway.messages_url, flush=True)  # noqa: T201
        await asyncio.Event().wait()


def serve(host: str = "127.0.0.1", port: int = 0, **settings: Any) -> None:
    """Run a gateway until SIGINT; its first line of output is the address to post messages to.

    The settings are those of `running_gateway`.
    """
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve_forever(host, port, **settings))
