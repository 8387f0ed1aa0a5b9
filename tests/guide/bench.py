"""What a page of the guide is read into, and the run of one of its cases against a real service.

A page is a folder: `channel.json` in the guide's own spelling, and `expect.yaml`, a list of cases. In both,
`<service>` stands for the address of the scripted server. What a case leaves out of `requests`, `events`,
`log` and `jobs` must not happen.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from akrun.backend.memory import MemoryStore
from akrun.backend.records import EventRecord, NewJob
from akrun.engine.clock import VirtualClock
from akrun.engine.compile import CompiledChannel, compile_channel
from akrun.engine.event import Event, Services
from akrun.engine.log import LogRecord
from akrun.engine.operation import OperationError, run_operation
from akrun.engine.payload import decode_payload
from akrun.engine.run import run
from akrun.model import load_channel_file
from akrun.net.client import HttpClient
from akrun.pipes.spec import PipeDefaults
from akrun.server.request import Received as Callback
from akrun.sql.connectors import Connectors
from tests.akrun.http_server import HttpServer, Received, Reply

FOLDER = Path(__file__).parent
SERVICE = "<service>"
CONSTANTS = frozenset({"template", "sender", "resource", "campaign", "account", "camp_schedule", "channel"})
"""The roots that are the same for all messages of a mailing."""


@dataclass(frozen=True)
class Case:
    """A run of a pipeline, or of an entity's operation, and all that must come of it.

    Attributes:
        callback: a request at the listener's address, from which `$origin` is made; in place of `origin`.
        given, stored: values of the store before and after; `value: null` there says that there is none.
        rows: statement → the rows it gives afterwards.
        failed: the keys of the `$error` with which the event or the operation ends.
        after: keys of the last `$in`.
        absent: keys that the last `$in` does not have.
        jobs: hand-overs: `pipe_id`, `delay` in seconds, `message` and `data`.
    """

    title: str
    pipeline: str = "message"
    operation: list[str] = field(default_factory=list)
    entry: int | None = None
    origin: dict[str, Any] = field(default_factory=dict)
    callback: dict[str, Any] | None = None
    roots: dict[str, Any] = field(default_factory=dict)
    given: list[dict[str, Any]] = field(default_factory=list)
    replies: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    pipe: int | None = None
    after: dict[str, Any] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    failed: dict[str, Any] | None = None
    result: Any = None
    events: list[dict[str, Any]] = field(default_factory=list)
    log: list[list[str]] = field(default_factory=list)
    stored: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, Any] = field(default_factory=dict)
    jobs: list[dict[str, Any]] = field(default_factory=list)

    def script(self) -> list[Reply]:
        return [_reply(each) for each in self.replies]


def read_page(page: str) -> tuple[list[str], list[Case]]:
    """The statements that fill the page's database, and its cases."""
    document = YAML(typ="safe").load((FOLDER / page / "expect.yaml").read_text())
    return document.get("database", []), [Case(**each) for each in document["cases"]]


def compile_page(page: str, defaults: PipeDefaults | None = None) -> CompiledChannel:
    return compile_channel(*load_channel_file(FOLDER / page / "channel.json"), defaults)


class _QuickClock(VirtualClock):
    """A clock on which every wait is over at once."""

    async def sleep(self, seconds: float) -> None:
        self._elapsed += max(seconds, 0.0)


@dataclass
class Bench:
    """Services whose effects can be read, for one case; `later` moves the store's time on."""

    http: HttpClient
    sql: Connectors
    compiled: CompiledChannel
    roots: Mapping[str, Any]
    log: list[LogRecord] = field(default_factory=list)
    events: list[EventRecord] = field(default_factory=list)
    jobs: list[NewJob] = field(default_factory=list)
    later: float = 0.0

    def __post_init__(self) -> None:
        self.clock = _QuickClock()
        self.store = MemoryStore(lambda: self.clock.now().timestamp() + self.later)
        masker = self.compiled.masker(self.roots)
        self.services = Services(
            self.http, self.log.append, self.clock, masker, chance=lambda: 0.5, sql=self.sql
        ).keeping(self.store)

    async def run(self, case: Case, server: HttpServer, *, specialized: bool) -> dict[str, Any]:
        """Run a case: what it came to, by the names of a case's attributes, as far as there is any."""
        for each in case.given:
            value = json.dumps(each["value"]).encode()
            await self.store.store_set(each.get("table", ""), each["key"], value, each.get("ttl", 60))
        origin = addressed(case.origin, server)
        if case.operation:
            return await self._operate(case, origin)
        roots = dict(self.roots)
        constants = {name: roots.pop(name) for name in CONSTANTS & roots.keys()} if specialized else None
        if case.callback is not None:
            origin = _callback(case.callback)
        event = Event(origin, self.services, roots=roots)
        result = await run(self.compiled.pipeline(case.pipeline, constants), event, case.entry)
        self.events, self.jobs = result.effects, result.jobs
        ended = {"pipe": result.pipe, "after": shown(result.data)}
        return ended if result.error is None else {**ended, "failed": dict(result.error)}

    async def _operate(self, case: Case, inputs: dict[str, Any]) -> dict[str, Any]:
        entity, operation = case.operation
        try:
            result = await run_operation(self.compiled, entity, operation, inputs, self.roots, self.services)
        except OperationError as error:
            return {"failed": error.error}
        return {"result": result}

    def due(self) -> list[dict[str, Any]]:
        """The jobs as a case writes them."""
        now = self.clock.now().timestamp()
        return [
            {
                "pipe_id": job.pipe,
                "delay": job.due - now,
                "message": job.origin_message,
                "data": decode_payload(job.payload),
            }
            for job in self.jobs
        ]


def addressed(value: Any, server: HttpServer) -> Any:
    """A value of a page with the server's address in it."""
    return json.loads(json.dumps(value).replace(SERVICE, server.url))


def shown(value: Any) -> Any:
    """A template value as a page writes it: bytes as text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {key: shown(each) for key, each in value.items()}
    return [shown(each) for each in value] if isinstance(value, list) else value


def _callback(given: dict[str, Any]) -> dict[str, Any]:
    parts = {"path": "/listen/x", "query": "", "headers": {}, "remote": "203.0.113.9", **given}
    return Callback(**{**parts, "body": given["body"].encode()}).origin()


def _reply(given: dict[str, Any]) -> Reply:
    parts = dict(given)
    body = json.dumps(parts.pop("json")) if "json" in parts else parts.pop("body", "")
    return Reply(body=body.encode(), **parts)


def request_parts(request: Received) -> tuple[str, str]:
    """Path and query of a request."""
    path, _, query = request.target.partition("?")
    return path, query
