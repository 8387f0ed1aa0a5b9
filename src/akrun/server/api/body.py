"""Bodies of requests: read within bounds, as JSON that knows where each part of it is written."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from fastapi import Request
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from akrun.errors import Fault, FileFaults
from akrun.model import codes
from akrun.model.base import Model
from akrun.model.explain import faults_of
from akrun.model.located import LocatedDocument, parse_located
from akrun.server.api.context import Api
from akrun.server.api.problems import Problem
from akrun.server.request import BODY_TIMEOUT, drain
from aktmpl.source import Source, Span

M = TypeVar("M", bound=Model)

NAME: Final = "<body>"
"""What frames call a body."""
_SMALL: Final = 64 * 1024
"""Bytes of a body that is parsed at once; a larger one is parsed beside the other requests."""


@dataclass(frozen=True, slots=True)
class Body(Generic[M]):
    """A JSON body.

    Attributes:
        model: what it says.
        document: the same with its places.
    """

    model: M
    document: LocatedDocument

    def part(self, key: str) -> LocatedDocument:
        """One of the body's objects as a document of its own, with its places in the body."""
        node = self.document.root.part(key)
        assert node is not None
        return replace(self.document, value=self.document.value[key], root=node)


def json_body(model: type[M]) -> Callable[[Request, Api], Awaitable[Body[M]]]:
    """The dependency of a route that takes a JSON body.

    Raises:
        Problem: it is no JSON (415), too large (413), too slow (408), or breaks off (400).
        FileFaults: it is not as the model says.
    """

    async def read(request: Request, api: Api) -> Body[M]:
        await _require(request, "application/json")
        data = await _read(request, api.settings.api_body_limit)
        if len(data) <= _SMALL:
            return _parsed(data, model)
        return await asyncio.to_thread(_parsed, data, model)

    return read


def takes(model: type[Model], example: Mapping[str, Any]) -> dict[str, Any]:
    """What the OpenAPI document says of a route that takes such a body."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


async def _require(request: Request, media_type: str) -> None:
    """Refuse a body of another type, or an encoded one."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if given != media_type:
        await drain(request)
        shown = f"`{given[:80]}`" if given else "of no type"
        hint = f"send it with the header `Content-Type: {media_type}`"
        raise Problem(415, "media_type", f"the body is {shown}, not `{media_type}`", hint)
    if encoding not in ("", "identity"):
        await drain(request)
        raise Problem(415, "media_type", f"the body is encoded (`{encoding[:80]}`)", "send it as it is")


async def _read(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        await drain(request)
        raise too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    await drain(request)
                    raise too_large(limit)
    except TimeoutError as error:
        raise too_slow() from error
    except ClientDisconnect as error:
        raise broke_off() from error
    return bytes(body)


def too_large(limit: int) -> Problem:
    """A body of more bytes than are taken."""
    headers = {"Connection": "close"}  # what is left of it is not read
    return Problem(413, "too_large", f"the body is larger than {limit:,} bytes", headers=headers)


def too_slow() -> Problem:
    """A body that does not come in time."""
    return Problem(408, "timeout", "the body did not come in time", headers={"Connection": "close"})


def broke_off() -> Problem:
    """A body whose client has gone; nobody sees the answer."""
    return Problem(400, "broken_off", "the body broke off")


def _parsed(data: bytes, model: type[M]) -> Body[M]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _undecodable(data, error) from error
    if not text.strip():
        source = Source("", NAME)
        fault = Fault(codes.EMPTY, "the body is empty", "send a JSON object", source, Span(0, 0))
        raise FileFaults([fault])
    document, faults = parse_located(text, NAME)
    if faults:
        raise FileFaults(faults)
    try:
        return Body(model.model_validate(document.value), document)
    except ValidationError as error:
        raise FileFaults(faults_of(error, document, "C7")) from error


def _undecodable(data: bytes, error: UnicodeDecodeError) -> FileFaults:
    text = data.decode("utf-8", "replace")
    column = len(data[: error.start].decode("utf-8"))
    message = f"the byte 0x{data[error.start]:02X} is not UTF-8"
    place = Source(text, NAME), Span(column, column + 1)
    return FileFaults([Fault(codes.NOT_UTF8, message, "send the body in UTF-8", *place)])
