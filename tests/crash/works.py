"""The works a process is interrupted in: what is handed in, how it is done, and what must come of it."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from akrun.backend import (
    Backend,
    ChannelRecord,
    LaunchState,
    MessageState,
    NewJob,
    QueuedJob,
)
from akrun.backend.launch_states import ENDS
from akrun.engine.clock import SystemClock
from akrun.engine.compile import compile_channel
from akrun.engine.event import Services
from akrun.engine.host import Host
from akrun.engine.payload import encode_payload
from akrun.engine.worker import Worker
from akrun.mailing.job import read_job
from akrun.mailing.launch import open_launch
from akrun.mailing.run import MailingRun
from akrun.model import Channel, parse_located
from akrun.net.message import Request, Response
from tests.crash.engines import EMBEDDED, Engine
from tests.crash.injection import Fault, FaultyService, faulty

SENT = {"id": 1, "string_id": "sent", "name": "Sent", "color": "#112233", "event_type": "send"}
GOT = {"id": 2, "string_id": "got", "name": "Got", "color": "#112233", "event_type": "deliv"}


def post(number: int, path: str, success: int | None = None, **params: Any) -> dict[str, Any]:
    """A request with an effect, named by its path."""
    given = {"url": f"http://service.example/{path}", "method": "POST", **params}
    return {
        "id": number,
        "type": "http_request",
        "params": given,
        "outs": {} if success is None else {"success": success},
    }


def register(number: int, action: int, message: str) -> dict[str, Any]:
    event = "send" if action == 1 else "deliv"
    params = {
        "event_type": event,
        "channel_id": 7,
        "action_type": action,
        "event": {"send_message_id": message},
    }
    return {"id": number, "type": "event", "params": params}


CHANNEL: dict[str, Any] = {
    "id": 7,
    "string_id": "chat",
    "name": "Chat",
    "communication": "direct",
    "fields": {"subscription": [[{"type": "string", "name": "to", "label": "To", "required": True}]]},
    "events": [SENT, GOT],
    "pipelines": {
        "message": [
            post(1, "reserve-$subscription.to", 2),
            post(2, "send-$subscription.to", 3),
            {
                "id": 3,
                "type": "scheduled",
                "params": {"pipe_id": 1, "delay": 0, "template": {"to": "$subscription.to"}},
                "outs": {"success": 4},
            },
            register(4, 1, "$origin.send_message_id"),
        ],
        "schedule": [
            post(1, "confirm-$in.to", 2),
            {
                "id": 2,
                "type": "store_set",
                "params": {"key": "$in.to", "value": "done", "ttl": 1000},
                "outs": {"success": 3},
            },
            {"id": 3, "type": "log", "params": {"message": "$in.to"}},
        ],
        "listener": [
            {
                "id": 1,
                "type": "foreach",
                "params": {"items": "$#in.parts", "pipeline": 2},
                "outs": {"success": 3},
            },
            post(2, "part-$in.item"),
            register(3, 2, "$in.message"),
        ],
    },
}


@dataclass
class World:
    """What outlives the processes: the folder with the database, or the servers, and the service."""

    folder: Path
    effects: Counter[str] = field(default_factory=Counter)
    engine: Engine = field(default_factory=lambda: EMBEDDED)

    @property
    def database(self) -> Path:
        return self.folder / "akrun.db"

    def answer(self, request: Request) -> Response:
        self.effects[request.url.rpartition("/")[2]] += 1
        return Response(200, {}, b"{}", 0.0)


@dataclass(frozen=True)
class Work:
    """A work: its client repeats `hand_in` until it was acknowledged, each process does `carry_out`.

    Attributes:
        effects: what the service must have seen in the end, by name.
        events: how many events must be registered.
    """

    name: str
    hand_in: Callable[["Process"], Awaitable[None]]
    carry_out: Callable[["Process"], Awaitable[None]]
    effects: frozenset[str]
    events: int


@dataclass
class Process:
    """One life of a process over the world."""

    world: World
    backend: Backend
    fault: Fault

    @property
    def services(self) -> Services:
        return Services(FaultyService(self.world.answer, self.fault), lambda _: None).keeping(self.backend)

    async def work_off(self) -> None:
        """Run jobs until there are none."""
        located, _ = parse_located(json.dumps(CHANNEL), "channel.json")
        compiled = compile_channel(Channel.model_validate(located.value), located)

        async def roots(job: QueuedJob) -> Mapping[str, Any]:  # noqa: ARG001 - none needs any
            return {}

        worker = Worker(
            self.backend,
            {"chat": Host(compiled, self.services)},
            SystemClock(),
            roots=roots,
            recorded=lambda *_: worker.wake(),
            period=0.001,
            concurrency=1,
        )
        running = asyncio.create_task(worker.run())
        try:
            while not running.done():
                counts = await self.backend.job_counts()
                if counts.pending == counts.in_progress == 0:
                    break
                await asyncio.sleep(0.001)
            worker.stop()
        finally:
            await running


async def send_mailing(process: Process) -> None:
    """Hand in, or go on with, a mailing to two profiles, one at a time."""
    folder = process.world.folder
    (folder / "channel.json").write_text(json.dumps(CHANNEL))
    mailing = {"id": 1, "name": "M", "audience": "audience.jsonl", "options": {"concurrency": 1}}
    (folder / "mailing.json").write_text(json.dumps(mailing))
    rows = ({"profile": {"id": to}, "subscription": {"to": to}} for to in ("ann", "bob"))
    (folder / "audience.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    job = read_job(folder / "channel.json", folder / "mailing.json")
    opened = await open_launch(process.backend, job, SystemClock().now())
    if opened.launch.state not in ENDS:
        await MailingRun(process.backend, opened.launch, job, process.services).run()


async def nothing(_: Process) -> None:
    """It is all done by handing in."""


async def hand_in_message(process: Process) -> None:
    """A single message under an idempotency key, as the API takes it."""
    await process.backend.register_channel(ChannelRecord(7, "chat", "Chat", b"{}", ""))
    payload = encode_payload(
        {
            "origin": {"send_message_id": "single"},
            "roots": {"profile": {"id": "eve"}, "subscription": {"to": "eve"}},
        }
    )
    job = NewJob("single", "chat", "message", None, payload, 0.0, "single", "eve")
    answer = await process.backend.accept("chat:key", "digest", b"{}", [job])
    assert answer.digest == "digest"


async def hand_in_callback(process: Process) -> None:
    """A callback with a dedupe key, as the listener takes it."""
    payload = encode_payload({"parts": ["x", "y"], "message": "other"})
    await process.backend.enqueue([NewJob("callback", "chat", "listener", None, payload, 0.0)])


async def work_off(process: Process) -> None:
    await process.work_off()


async def send_and_work_off(process: Process) -> None:
    await send_mailing(process)
    await process.work_off()


def of(*names: str) -> frozenset[str]:
    return frozenset(names)


WORKS = (
    Work(
        "mailing",
        send_mailing,
        send_and_work_off,
        of(*(f"{what}-{who}" for what in ("reserve", "send", "confirm") for who in ("ann", "bob"))),
        2,
    ),
    Work("single message", hand_in_message, work_off, of("reserve-eve", "send-eve", "confirm-eve"), 1),
    Work("callback", hand_in_callback, work_off, of("part-x", "part-y"), 1),
)


@dataclass(frozen=True)
class Found:
    """What is there in the end: outcomes of messages and jobs, events, and requests that were sent again."""

    states: Counter[MessageState]
    launches: tuple[LaunchState, ...]
    events: int
    resent: int


async def look(world: World) -> Found:
    """Read all that is stored."""
    async with world.engine.opened(world.folder) as backend:
        report = await backend.report()
        units = await world.engine.units(backend)
        launches = [
            launch.state
            for mailing in await backend.mailings()
            for launch in await backend.launches(mailing.id)
        ]
    states = Counter(unit.state for unit in units)
    resent = sum(unit.resent for unit in units)
    events = sum(event.count for event in report.events) + report.unknown
    return Found(states, tuple(launches), events, resent)


async def live(
    world: World, work: Work, at: int, acknowledged: list[bool], *, busy_timeout: float = 5.0
) -> Fault:
    """One life: hand in what is not acknowledged, carry out what there is; ended at that moment."""
    fault = Fault(at)
    async with world.engine.lived(world.folder, fault.crashed, busy_timeout) as real:
        process = Process(world, faulty(real, fault), fault)

        async def life() -> None:
            if not acknowledged:
                await work.hand_in(process)
                acknowledged.append(True)
            await work.carry_out(process)

        living = asyncio.create_task(life())
        crashing = asyncio.create_task(fault.crashed.wait())
        await asyncio.wait([living, crashing], return_when=asyncio.FIRST_COMPLETED)
        crashing.cancel()
        living.cancel()
        await asyncio.wait([living])
        if (
            not living.cancelled()
            and (error := living.exception()) is not None
            and not fault.crashed.is_set()
        ):
            raise error
    return fault
