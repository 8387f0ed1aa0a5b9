"""A request at a listener's address, read within bounds, and `$origin` made of it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request

from akrun.engine.secrets import MASK
from akrun.errors import PipeFailure
from akrun.pipes.pure.parsers import parse_form

BODY_TIMEOUT: Final = 30.0
"""Seconds for a whole body."""

DRAINED: Final = 1024 * 1024
DRAIN_TIMEOUT: Final = 1.0
"""Bytes and seconds of a body that is too large which are read before it is refused."""

_URLENCODED: Final = "application/x-www-form-urlencoded"


class Refused(Exception):
    """A request that enters nothing: the HTTP status, and what the answer says."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came.

    Attributes:
        path: of the address, decoded.
        query: the query as it was written.
        headers: names in lower case; values of a repeated header are joined by a comma and a space.
        remote: the client's address.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    remote: str | None

    def origin(self, secret_header: str | None = None) -> dict[str, Any]:
        """The value of `$origin`, without the value of the header that carries the shared secret.

        Raises:
            Refused: The query or the form cannot be read.
        """
        headers = dict(self.headers)
        if secret_header is not None and secret_header.lower() in headers:
            headers[secret_header.lower()] = MASK
        is_form = headers.get("content-type", "").partition(";")[0].strip().lower() == _URLENCODED
        return {
            "method": self.method,
            "path": self.path,
            "query": _fields(self.query.encode("latin-1"), "the query"),
            "headers": headers,
            "body": self.body,
            "form": _fields(self.body, "the form") if is_form else {},
            "remote": self.remote,
        }


async def receive(request: Request, body_limit: int) -> Received:
    """Read a request whole.

    Raises:
        Refused: Its body is too large (413), too slow (408), or breaks off (400).
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > body_limit:
        await drain(request)
        raise _too_large(body_limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            async for chunk in request.stream():
                body += chunk
                if len(body) > body_limit:
                    await drain(request)
                    raise _too_large(body_limit)
    except TimeoutError as error:
        raise Refused(408, "the body did not come in time", {"Connection": "close"}) from error
    except ClientDisconnect as error:
        raise Refused(400, "the body broke off") from error
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    remote = None if request.client is None else request.client.host
    query = request.scope["query_string"].decode("latin-1")
    return Received(request.method, request.scope["path"], query, headers, bytes(body), remote)


def _fields(text: bytes, what: str) -> dict[str, Any]:
    try:
        return parse_form(text)
    except PipeFailure as error:
        raise Refused(400, f"{what} cannot be read: {error.message}") from error


async def drain(request: Request) -> None:
    """Read on for a while: a client that is cut off while it sends does not see the answer."""
    if "content-length" not in request.headers and "transfer-encoding" not in request.headers:
        return  # it has no body
    left = DRAINED
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):  # RuntimeError: nothing is left to read
        async with asyncio.timeout(DRAIN_TIMEOUT):
            async for chunk in request.stream():
                left -= len(chunk)
                if left < 0:
                    return


def _too_large(limit: int) -> Refused:
    # What is left of the body is not read, so the connection cannot be used again.
    return Refused(413, f"the body is larger than {limit} bytes", {"Connection": "close"})
