"""The edge of the application: names each request, bounds how many run at once, and lets no exception out."""

import asyncio
import re
import traceback
from collections.abc import Callable
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from akrun.server.api.context import Context
from akrun.server.api.problems import Problem

REQUESTS: Final = 256
"""Requests to the API that run at once; further ones are answered 503."""

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEALTH = "/health/"
_API = "/api/"


_BROKEN_OFF: Final = Problem(
    503,
    "broken_off",
    "the server ended before the request did: it may have been carried out or not",
    "ask what became of it, or send it again with the same Idempotency-Key",
    headers={"Retry-After": "5"},
)


class Boundary:
    """Wraps an application.

    Args:
        app: The application.
        context: Gives the process that it serves; None where it only describes itself.
        requests: See `REQUESTS`.
    """

    def __init__(
        self, app: ASGIApp, context: Callable[[], Context | None], *, requests: int = REQUESTS
    ) -> None:
        self._app = app
        self._context = context
        self._requests = requests
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if _ID.fullmatch(given) else uuid4().hex
        scope["akrun.request_id"] = name
        begun = False

        async def named(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = name
                if self._is_ending():
                    headers["Connection"] = "close"  # an open connection would be waited for
            await send(message)

        refused = self._refused(scope["path"])
        if refused is not None:
            await refused.answer(name)(scope, receive, named)
            return
        self._running += 1
        try:
            await self._app(scope, receive, named)
        except asyncio.CancelledError:
            if begun or not self._is_ending():
                raise
            # Its time is over; the client is told so in place of a torn connection, and the task ends anyway.
            await _BROKEN_OFF.answer(name)(scope, receive, named)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not reach the client
            self._write_down(name, error)
            if not begun:
                problem = Problem(500, "internal", "the server has a fault; its log says more")
                await problem.answer(name)(scope, receive, named)
        finally:
            self._running -= 1

    def _is_ending(self) -> bool:
        context = self._context()
        return context is not None and context.ending

    def _refused(self, path: str) -> Problem | None:
        if path.startswith(_HEALTH):
            return None
        if self._is_ending():
            return Problem(503, "ending", "the server is being shut down", headers={"Retry-After": "5"})
        if path.startswith(_API) and self._running >= self._requests:
            return Problem(503, "busy", "too many requests run at once", headers={"Retry-After": "1"})
        return None

    def _write_down(self, name: str, error: Exception) -> None:
        context = self._context()
        if context is not None:
            message = f"unexpected {type(error).__name__}"
            context.log_unexpected(name, message, "".join(traceback.format_exception(error)))
