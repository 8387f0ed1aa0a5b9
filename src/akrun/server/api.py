"""Control over a serving process: mailings are submitted, paused, resumed and stopped; needs its token.

A mailing is submitted as JSON lines: first `{"channel": "<string_id>", "mailing": {…}}`, then, for a direct
channel, a row of the audience each, as in a `.jsonl` file.
"""

import hmac
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from akrun.engine.host import Host
from akrun.errors import AkrunError, FileFaults
from akrun.mailing.job import Job, constants_of
from akrun.mailing.life import MailingStatus, UnknownMailingError
from akrun.mailing.stop import BY_PERSON
from akrun.model import load_mailing, parse_located, validate_audience
from akrun.server.keeper import Keeper

_HEAD_LIMIT: Final = 1024 * 1024
"""Bytes of the line with the mailing."""

Endpoint = Callable[[Request], Awaitable[Response]]


class Api:
    """The endpoints under `/api`.

    Args:
        keeper: Carries out what is asked for.
        hosts: The channels served, by string id.
        documents: By string id, the channels' files as they were read.
        token: What `Authorization: Bearer` must hold.
        folder: Where an audience lies while it is checked.
        submitted: Called when there may be a new job.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - one per part
        self,
        keeper: Keeper,
        hosts: Mapping[str, Host],
        documents: Mapping[str, bytes],
        token: str,
        folder: Path,
        submitted: Callable[[], None],
    ) -> None:
        self._keeper = keeper
        self._hosts = hosts
        self._documents = documents
        self._token = token.encode()
        self._folder = folder
        self._submitted = submitted

    def routes(self) -> list[Route]:
        """The routes, to be mounted at the top."""
        one = "/api/mailings/{mailing_id}"
        return [
            Route("/api/mailings", self._guarded(self._submit), methods=["POST"]),
            Route(f"{one}/pause", self._guarded(self._pause), methods=["POST"]),
            Route(f"{one}/resume", self._guarded(self._resume), methods=["POST"]),
            Route(f"{one}/stop", self._guarded(self._stop), methods=["POST"]),
        ]

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def guard(request: Request) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), self._token):
                return _error(401, "the token is missing or wrong")
            try:
                return await endpoint(request)
            except UnknownMailingError as error:
                return _error(404, str(error))
            except FileFaults as error:
                return _error(422, str(error))
            except AkrunError as error:
                return _error(409, str(error))

        return guard

    async def _submit(self, request: Request) -> Response:
        lines = _lines(request)
        head = _head(await anext(lines, b""))
        if not isinstance(head, dict) or head.get("channel") not in self._hosts:
            served = ", ".join(self._hosts)
            return _error(404, f"no such channel is served here; served: {served}")
        spool = self._folder / f"audience-{uuid4()}.jsonl"
        try:
            job = await self._job(head, spool, lines)
            found = await self._keeper.submit(job, relaunch=bool(head.get("relaunch")))
        finally:
            spool.unlink(missing_ok=True)
        self._submitted()
        return _answer(found, 202)

    async def _job(self, head: Mapping[str, Any], spool: Path, lines: AsyncIterator[bytes]) -> Job:
        name = head["channel"]
        channel = self._hosts[name].compiled.channel
        text = orjson.dumps(head.get("mailing")).decode()
        document, syntax = parse_located(text, "<mailing>")
        mailing, _ = load_mailing(document, channel, syntax=syntax)
        audience = None
        rows = 1
        if channel.communication == "direct":
            audience = spool
            with os.fdopen(os.open(spool, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                async for line in lines:
                    file.write(line)
            rows = validate_audience(spool, channel)
        constants = constants_of(channel, mailing)
        return Job(self._hosts[name].compiled, mailing, audience, rows, self._documents[name], constants)

    async def _pause(self, request: Request) -> Response:
        return _answer(await self._keeper.pause(request.path_params["mailing_id"]))

    async def _resume(self, request: Request) -> Response:
        return _answer(await self._keeper.resume(request.path_params["mailing_id"]))

    async def _stop(self, request: Request) -> Response:
        found = await self._keeper.stop_mailing(request.path_params["mailing_id"], BY_PERSON)
        self._submitted()
        return _answer(found)


async def _lines(request: Request) -> AsyncIterator[bytes]:
    """The first line of a body, then the rest in pieces as they come."""
    head = b""
    stream = request.stream()
    async for chunk in stream:
        head += chunk
        first, newline, rest = head.partition(b"\n")
        if newline:
            yield first
            yield rest
            break
        if len(head) > _HEAD_LIMIT:
            raise AkrunError(f"the mailing's line is longer than {_HEAD_LIMIT // 1024} KiB")
    else:
        yield head
    async for chunk in stream:
        yield chunk


def _head(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise AkrunError(f"the first line is no JSON: {error}") from error


def status_to_dict(found: MailingStatus) -> dict[str, Any]:
    """Where a mailing stands, as JSON."""
    return {
        "id": found.mailing.id,
        "name": found.mailing.name,
        "channel": found.mailing.channel,
        "state": found.state.value,
        "reason": found.reason,
        "stopping": found.stopping is not None,
        "launch_id": None if found.launch is None else found.launch.launch_id,
        "counts": None if found.counts is None else asdict(found.counts),
    }


def _answer(found: MailingStatus, code: int = 200) -> Response:
    return JSONResponse(status_to_dict(found), code)


def _error(code: int, message: str) -> Response:
    return JSONResponse({"error": message}, code)
