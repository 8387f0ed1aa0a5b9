"""A bench for pipes: a small channel around them, run with real or absent HTTP."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from akrun.engine.clock import Clock, VirtualClock
from akrun.engine.compile import CompiledChannel, compile_channel
from akrun.engine.event import Event, Services
from akrun.engine.log import LogRecord
from akrun.engine.run import Result, run
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace
from akrun.errors import Fault, FileFaults
from akrun.model.channel import Channel
from akrun.model.located import LocatedDocument, parse_located
from akrun.net.client import Sender
from akrun.net.message import Request, Response
from akrun.pipes.spec import PipeDefaults

Pipe = dict[str, Any]

EVENTS = [
    {"id": 1, "string_id": "sent", "name": "Sent", "event_type": "send"},
    {"id": 2, "string_id": "lost", "name": "Lost", "event_type": "undeliv"},
]


def pipe(kind: str, /, **params: Any) -> Pipe:
    """A pipe without id and exits, which `chain` gives it."""
    return {"type": kind, "params": params}


def chain(*pipes: Pipe) -> list[Pipe]:
    """Pipes numbered from 1, each leading to the next by `success` unless it says otherwise."""
    numbered = []
    for number, each in enumerate(pipes, 1):
        outs = {"success": number + 1} if number < len(pipes) else {}
        numbered.append({"id": number, "outs": outs, **each})
    return numbered


def channel_of(pipes: list[Pipe], pipeline: str = "message", **parts: Any) -> tuple[Channel, LocatedDocument]:
    document = {
        "name": "Test",
        "id": 7,
        "string_id": "test",
        "communication": "direct",
        "fields": {
            "subscription": [{"type": "string", "name": "phone"}],
            "sender": [{"type": "string", "name": "api_key", "secret": True}],
        },
        "events": EVENTS,
        "pipelines": {pipeline: pipes},
        **parts,
    }
    located, faults = parse_located(json.dumps(document, indent=1, ensure_ascii=False), "test.json")
    assert not faults
    return Channel.model_validate(located.value), located


def compiled(
    pipes: list[Pipe], pipeline: str = "message", defaults: PipeDefaults | None = None, **parts: Any
) -> CompiledChannel:
    return compile_channel(*channel_of(pipes, pipeline, **parts), defaults)


@dataclass(frozen=True)
class Found:
    """A fault as a test compares it: code, message, hint, and the line of the file it points at."""

    code: str
    message: str
    hint: str | None
    line: str


def faults_of(
    *pipes: Pipe, pipeline: str = "message", linked: bool = False, defaults: PipeDefaults | None = None
) -> list[Found]:
    """All faults of a channel with these pipes; `linked` pipes have ids and exits already."""
    with pytest.raises(FileFaults) as caught:
        compiled(list(pipes) if linked else chain(*pipes), pipeline, defaults)
    found = []
    for fault in caught.value.faults:
        shown = fault.frame().splitlines()[1].partition("| ")[2].strip()
        assert isinstance(fault, Fault) or fault.source.origin is not None
        found.append(Found(fault.code, fault.message, fault.hint, shown))
    return found


class NoHttp:
    """A sender for pipelines that must not send."""

    async def send(self, request: Request) -> Response:
        raise AssertionError(f"sent {request}")


@dataclass
class Bench:
    """Services with a virtual clock and a log that can be read."""

    http: Sender = field(default_factory=NoHttp)
    clock: Clock = field(default_factory=VirtualClock)
    masker: Masker = field(default_factory=Masker)
    chance: float = 0.5
    logged: list[LogRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.services = Services(
            self.http, self.logged.append, self.clock, self.masker, chance=lambda: self.chance
        )

    def event(self, origin: Mapping[str, Any], trace: Trace | None = None, **roots: Any) -> Event:
        return Event(origin, self.services, roots=roots, trace=trace)

    async def run(self, *pipes: Pipe, origin: Mapping[str, Any] | None = None, **roots: Any) -> Result:
        return await run(compiled(chain(*pipes)).pipeline("message"), self.event(origin or {}, **roots))


@contextmanager
def step_by_hand(coroutine: Any) -> Iterator[Any]:
    """The value of a coroutine that never waits; one that waits fails the test."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        yield stop.value
    else:
        coroutine.close()
        raise AssertionError("the coroutine waited")


async def after(*pipes: Pipe, origin: Mapping[str, Any] | None = None, **roots: Any) -> dict[str, Any]:
    """`$in` after these pipes, which must not fail."""
    result = await Bench().run(*pipes, origin=origin, **roots)
    assert result.state == "done", result.error
    return result.data


async def failure_of(*pipes: Pipe, origin: Mapping[str, Any] | None = None, **roots: Any) -> dict[str, Any]:
    """The `$error` with which the last of these pipes fails."""
    result = await Bench().run(*pipes, origin=origin, **roots)
    assert result.error is not None
    assert result.pipe == len(pipes)
    return dict(result.error)


def error(code: str | int, message: str, *, kind: str, pipe: int = 1, **more: Any) -> dict[str, Any]:
    """An `$error` as it must be in full."""
    return {
        "code": code,
        "message": message,
        "pipe": pipe,
        "kind": kind,
        "status": None,
        "retryable": False,
        **more,
    }
