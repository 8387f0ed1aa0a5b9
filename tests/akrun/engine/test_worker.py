"""The worker over a real backend: what is due runs, is recorded, and is never lost."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from akrun.backend import Embedded, EventRecord, JournalEntry, LeaseError, NewJob, QueuedJob
from akrun.engine.clock import VirtualClock
from akrun.engine.compile import compile_channel
from akrun.engine.event import Services
from akrun.engine.host import Host
from akrun.engine.log import LogRecord
from akrun.engine.payload import encode_payload
from akrun.engine.run import Result
from akrun.engine.worker import Worker
from akrun.errors import PipeFailure
from akrun.model import Channel, parse_located
from akrun.net.message import Request, Response
from tests.akrun.server.scene import until

CHANNEL = {
    "id": 7,
    "string_id": "chat",
    "name": "Chat",
    "communication": "direct",
    "fields": {
        "subscription": [[{"type": "string", "name": "chat_id", "label": "Chat"}]],
        "sender": [[{"type": "string", "name": "key", "label": "Key", "secret": True}]],
    },
    "events": [{"id": 1, "string_id": "got", "name": "Got", "color": "#112233", "event_type": "deliv"}],
    "pipelines": {
        "message": [{"id": 1, "type": "log"}],
        "schedule": [
            {"id": 1, "type": "log", "params": {"message": "first $in.n"}},
            {"id": 2, "type": "log", "params": {"message": "second $in.n"}, "outs": {"success": 3}},
            {
                "id": 3,
                "type": "scheduled",
                "params": {"pipe_id": 1, "delay": 30, "template": {"n": "$#in.n"}},
            },
            {"id": 4, "type": "log", "params": {"message": "$sender.key $in.missing"}},
            {"id": 5, "type": "http_request", "params": {"url": "http://test/$in.n"}},
            {
                "id": 6,
                "type": "event",
                "params": {
                    "event_type": "deliv",
                    "channel_id": 7,
                    "action_type": 1,
                    "event": {"send_message_id": "$in.n", "data": "$#in.data"},
                },
            },
            {"id": 7, "type": "http_request", "params": {"url": "http://test/$in.n", "method": "POST"}},
        ],
    },
}


def job(number: int, pipe: int | None = 1, **changes: Any) -> NewJob:
    given: dict[str, Any] = {
        "id": f"j{number}",
        "channel": "chat",
        "pipeline": "schedule",
        "pipe": pipe,
        "payload": encode_payload({"n": number}),
        "due": VirtualClock().now().timestamp(),
    }
    return NewJob(**given | changes)


class Gate:
    """A service that answers when it is told to."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.asked: list[str] = []
        self.most = 0
        self._busy = 0

    async def send(self, request: Request) -> Response:
        self.asked.append(request.url)
        self._busy += 1
        self.most = max(self.most, self._busy)
        try:
            await self.open.wait()
        finally:
            self._busy -= 1
        return Response(200, {}, b"", 0.0)


@dataclass
class Scene:
    backend: Embedded
    clock: VirtualClock = field(default_factory=VirtualClock)
    gate: Gate = field(default_factory=Gate)
    log: list[LogRecord] = field(default_factory=list)
    roots: Mapping[str, Any] = field(default_factory=dict)
    recorded: list[tuple[str, str]] = field(default_factory=list)

    def worker(self, **options: Any) -> Worker:
        located, _ = parse_located(json.dumps(CHANNEL), "channel.json")
        compiled = compile_channel(Channel.model_validate(located.value), located)
        services = Services(self.gate, self.log.append, self.clock).keeping(self.backend)

        async def roots(_: QueuedJob) -> Mapping[str, Any]:
            return self.roots

        def recorded(done: QueuedJob, result: Result) -> None:
            self.recorded.append((done.id, result.state))

        hosts = {"chat": Host(compiled, services)}
        given: dict[str, Any] = {"roots": roots, "recorded": recorded}
        return Worker(self.backend, hosts, self.clock, **given | options)

    @asynccontextmanager
    async def working(self, **options: Any) -> AsyncIterator[Worker]:
        worker = self.worker(**options)
        running = asyncio.create_task(worker.run())
        yield worker
        worker.stop()
        await running

    async def done(self, count: int) -> None:
        async def enough() -> bool:
            return len(self.recorded) >= count

        await until(enough)

    @property
    def lines(self) -> list[str]:
        return [record.message for record in self.log]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with Embedded(tmp_path / "akrun.db") as backend:
        yield Scene(backend)


async def test_what_was_due_before_the_start_runs_in_order(scene: Scene) -> None:
    now = scene.clock.now().timestamp()
    await scene.backend.enqueue([job(3, due=now), job(1, due=now - 500), job(2, due=now - 60)])
    async with scene.working(concurrency=1):
        await scene.done(3)
    assert scene.lines == ["first 1", "first 2", "first 3"]


async def test_what_is_due_later_runs_when_it_is(scene: Scene) -> None:
    await scene.backend.enqueue([job(1, 2)])
    async with scene.working():
        await scene.done(1)
        assert scene.lines == ["second 1"]
        assert (await scene.backend.job_counts()).pending == 1
        await until(lambda: sleeping(scene))
        await scene.clock.advance(30.1)
        await scene.done(2)
    assert scene.lines == ["second 1", "first 1"]


async def sleeping(scene: Scene) -> bool:
    return scene.clock.sleeping > 0


async def test_jobs_of_others_are_found_within_the_period(scene: Scene) -> None:
    async with scene.working(period=10.0):
        await until(lambda: sleeping(scene))
        await scene.backend.enqueue([job(1)])
        await scene.clock.advance(9.0)
        assert scene.recorded == []
        await scene.clock.advance(1.1)
        await scene.done(1)


async def test_a_call_wakes_it_at_once(scene: Scene) -> None:
    async with scene.working() as worker:
        await until(lambda: sleeping(scene))
        await scene.backend.enqueue([job(1)])
        worker.wake()
        await scene.done(1)


async def test_not_more_run_at_once_than_it_may(scene: Scene) -> None:
    await scene.backend.enqueue([job(number, 5) for number in range(10)])
    async with scene.working(concurrency=3):

        async def full() -> bool:
            return len(scene.gate.asked) == 3

        await until(full)
        scene.gate.open.set()
        await scene.done(10)
    assert scene.gate.most == 3


async def test_a_failure_is_a_dead_letter_without_secrets(scene: Scene) -> None:
    scene.roots = {"sender": {"key": "hunter2hunter2"}}
    payload = encode_payload({"n": 1, "echo": "hunter2hunter2", "raw": b"\xff"})
    await scene.backend.enqueue([job(1, 4, payload=payload, origin_message="m-1")])
    async with scene.working():
        await scene.done(1)
    [letter] = await scene.backend.dead_letters()
    assert (letter.pipeline, letter.pipe, letter.attempts, letter.message_id) == ("schedule", 4, 1, "m-1")
    assert letter.error["code"] == "E301"
    assert (b"hunter2" in letter.input, b"$bytes" in letter.input) == (False, True)


@pytest.mark.parametrize("changes", [{"pipe": 99}, {"pipeline": "listener", "pipe": None}])
async def test_a_pipe_that_is_gone_is_told(scene: Scene, changes: dict[str, Any]) -> None:
    await scene.backend.enqueue([job(1, **changes)])
    async with scene.working():
        await scene.done(1)
    [letter] = await scene.backend.dead_letters()
    assert (letter.error["code"], "any more" in letter.error["message"]) == ("no_pipe", True)


async def test_what_it_means_that_an_attempt_could_not_begin_is_recorded_too(scene: Scene) -> None:
    async def roots(_: QueuedJob) -> Mapping[str, Any]:
        raise PipeFailure("secret", "no key", kind="secret")

    def amend(_: QueuedJob, result: Result) -> Result:
        assert result.state == "failed"
        return replace(result, effects=[EventRecord("m-1", 7, "moderate_error", None, "failed", 1.0)])

    await scene.backend.enqueue([job(1)])
    async with scene.working(roots=roots, amend=amend):
        await scene.done(1)
    assert [event.event_type for event in await scene.backend.message_events("m-1")] == ["moderate_error"]


async def test_missing_roots_fail_the_job(scene: Scene) -> None:
    async def roots(_: QueuedJob) -> Mapping[str, Any]:
        raise PipeFailure("secret", "not given", kind="secret")

    await scene.backend.enqueue([job(1)])
    async with scene.working(roots=roots):
        await scene.done(1)
    [letter] = await scene.backend.dead_letters()
    assert (letter.error["kind"], letter.error["message"]) == ("secret", "not given")


async def test_what_cannot_be_stored_fails_the_job(scene: Scene) -> None:
    payload = encode_payload({"n": "m-1", "data": {"half": "\ud800"}})
    await scene.backend.enqueue([job(1, 6, payload=payload)])
    async with scene.working():
        await scene.done(1)
    [letter] = await scene.backend.dead_letters()
    assert (letter.error["kind"], await scene.backend.message_events("m-1")) == ("record", [])


async def test_an_attempt_that_loses_its_lease_ends_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = scene.backend.record

    async def lost(entry: JournalEntry) -> None:
        if entry.unit == "j1":
            raise LeaseError("another process has it")
        await record(entry)

    monkeypatch.setattr(scene.backend, "record", lost)
    scene.gate.open.set()
    await scene.backend.enqueue([job(1, 7), job(2, 7)])
    async with scene.working():
        await scene.done(1)
    assert scene.recorded == [("j2", "done")]
    assert len(scene.gate.asked) == 1
    assert any("another process has its lease" in line for line in scene.lines)


async def test_other_channels_jobs_are_left_as_they_were(scene: Scene) -> None:
    await scene.backend.enqueue([job(1, channel="other"), job(2)])
    async with scene.working():
        await scene.done(1)
    assert scene.recorded == [("j2", "done")]
    [other] = await scene.backend.lease_jobs(scene.clock.now().timestamp(), 9)
    assert (other.id, other.attempts) == ("j1", 1)


async def test_stopped_it_ends_what_it_began(scene: Scene) -> None:
    await scene.backend.enqueue([job(1, 5), job(2, 5)])
    worker = scene.worker(concurrency=1)
    running = asyncio.create_task(worker.run())

    async def asked() -> bool:
        return bool(scene.gate.asked)

    await until(asked)
    worker.stop()
    scene.gate.open.set()
    await running
    counts = await scene.backend.job_counts()
    assert (counts.done, counts.pending, counts.in_progress) == (1, 1, 0)


async def test_cancelled_it_hands_back(scene: Scene) -> None:
    await scene.backend.enqueue([job(1, 5)])
    running = asyncio.create_task(scene.worker().run())

    async def asked() -> bool:
        return bool(scene.gate.asked)

    await until(asked)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    [again] = await scene.backend.lease_jobs(scene.clock.now().timestamp(), 9)
    assert (again.id, again.attempts) == ("j1", 2)
