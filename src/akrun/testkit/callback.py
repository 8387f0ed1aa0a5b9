"""Callbacks of a case: made as the service would make them, and taken by the real listener."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from akrun.backend.records import NewJob
from akrun.engine.host import Host
from akrun.net.forms import FORM_TYPE, urlencoded
from akrun.pipes.convert import text_of
from akrun.server.checks import Checks
from akrun.server.listener import ListenerApp, make_listening
from akrun.testkit.format.cases import Callback
from akrun.testkit.world import World


class _Kept:
    """The backend of the listener: what it accepts is kept in the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.new = 0

    async def enqueue(self, jobs: list[NewJob]) -> int:
        self.new = sum(map(self._world.enter, jobs))
        return self.new


async def call_listener(world: World, callback: Callback) -> tuple[int, bool]:
    """Call the channel's listener; the status of its answer, and whether the request was new.

    Raises:
        FileFaults: faults in the listener's templates.
        AkrunError: a secret of the listener's checks is not among the case's `env`.
    """
    bench = world.bench
    host = Host(bench.compiled, world.services)
    kept = _Kept(world)
    with bench.environment(world.case.setup):
        listening = make_listening(host, bench.document, world.values, bench.loaded.channel_path.parent)
    taken = {} if listening is None else {listening.channel: listening}
    app = ListenerApp(kept, taken, lambda: None)  # type: ignore[arg-type]  # the part of it that is used
    name = bench.compiled.channel.string_id
    checks = None if listening is None else listening.checks
    response = await app(_request(world, callback, name, checks))
    world.answers.append(_shown(response))
    return response.status_code, kept.new > 0


def _request(world: World, callback: Callback, channel: str, checks: Checks | None) -> Request:
    body, kind = _body(world, callback)
    headers = {"content-type": kind} if kind else {}
    headers["content-length"] = str(len(body))
    if callback.signed and checks is not None:
        headers |= _credentials(checks, body, int(world.now() - callback.age))
    for key, value in callback.headers.items():
        if value is None:
            headers.pop(key.lower(), None)
        else:
            headers[key.lower()] = str(value)
    query = callback.query if isinstance(callback.query, str) else _query(callback.query)
    path = f"/listen/{channel}" + (f"/{callback.resource}" if callback.resource else "")
    scope = {
        "type": "http", "method": callback.method, "path": path, "raw_path": quote(path).encode(),
        "query_string": query.encode(), "client": (callback.remote, 40_000), "scheme": "https",
        "headers": [(key.encode("latin-1"), value.encode()) for key, value in headers.items()],
        "path_params": {"string_id": channel},
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)


def _credentials(checks: Checks, body: bytes, sent: int) -> dict[str, str]:
    """The headers by which the listener knows the service."""
    listener = checks.listener
    headers = {}
    if listener.secret_header is not None and checks.shared is not None:
        headers[listener.secret_header.name.lower()] = checks.shared.decode()
    signature = listener.signature
    if signature is not None and checks.key is not None:
        signed = body
        if signature.timestamp_header is not None:
            headers[signature.timestamp_header.lower()] = str(sent)
            signed = f"{sent}.".encode() + body
        digest = hmac.digest(checks.key, signed, getattr(hashlib, signature.algorithm))
        text = digest.hex() if signature.encoding == "hex" else base64.b64encode(digest).decode()
        headers[signature.header.lower()] = signature.prefix + text
    return headers


def _body(world: World, callback: Callback) -> tuple[bytes, str]:
    if "json_" in callback.model_fields_set:
        return orjson.dumps(callback.json_), "application/json"
    if callback.form is not None:
        return urlencoded(callback.form, text_of), FORM_TYPE
    if callback.file is not None:
        return world.bench.loaded.beside(callback.file).read_bytes(), ""
    return (callback.body or "").encode(), ""


def _query(fields: Mapping[str, Any]) -> str:
    return urlencoded(dict(fields), text_of).decode()


def _shown(response: Response) -> dict[str, Any]:
    body = bytes(response.body)
    shown: dict[str, Any] = {
        "status": response.status_code,
        "headers": dict(response.headers),
        "body": body.decode("utf-8", "backslashreplace"),
    }
    with suppress(orjson.JSONDecodeError):
        shown["json"] = orjson.loads(body)
    return shown
