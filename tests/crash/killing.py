"""A server that is killed again and again under mixed work, a provider that counts, insisting clients."""

import asyncio
import hashlib
import json
import random
import signal
import zlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from akrun.backend import Backend, LaunchState, MessageState
from akrun.server.http import serving
from tests.akrun.mailing.scene import begin, end, until
from tests.crash.engines import EMBEDDED, Engine
from tests.crash.stored import Unit
from tests.crash.works import GOT, SENT, register

KINDS = ("plain", "keyed", "hold")
"""How a message's request is made: without a key, with an idempotency key, to be held when uncertain."""


def channel() -> dict[str, Any]:
    """Messages of three kinds; each hands over to the schedule, where its service is asked once more."""

    def post(number: int, path: str, success: int, **params: Any) -> dict[str, Any]:
        given = {"url": f"$sender.url/{path}", "method": "POST", "content_type": "form", "form": {}, **params}
        return {"id": number, "type": "http_request", "params": given, "outs": {"success": success}}

    path = "$subscription.kind/$origin.send_message_id"
    return {
        "id": 7,
        "string_id": "chat",
        "name": "Chat",
        "communication": "direct",
        "fields": {
            "sender": [[{"type": "string", "name": "url", "label": "URL", "required": True}]],
            "subscription": [[{"type": "string", "name": "kind", "label": "Kind", "required": True}]],
        },
        "events": [SENT, GOT],
        "listener": {"dedupe": "${origin.headers['x-id']}"},
        "pipelines": {
            "message": [
                {
                    "id": 1,
                    "type": "selector",
                    "params": {
                        "outs": [
                            {"query": "'$subscription.kind' = 'keyed'", "out": 3},
                            {"query": "'$subscription.kind' = 'hold'", "out": 4},
                        ]
                    },
                    "outs": {"success": 2},
                },
                post(2, path, 5),
                post(3, path, 5, idempotency_key="$origin.send_message_id"),
                post(4, path, 5, on_uncertain="hold"),
                {
                    "id": 5,
                    "type": "scheduled",
                    "params": {"pipe_id": 1, "delay": 0.2, "template": {"id": "$origin.send_message_id"}},
                    "outs": {"success": 6},
                },
                register(6, 1, "$origin.send_message_id"),
            ],
            "schedule": [post(1, "confirm/$in.id", 2), {"id": 2, "type": "log"}],
            "listener": [
                {"id": 1, "type": "unpack", "outs": {"success": 2}},
                post(2, "callback/$in.data.id", 3),
                register(3, 2, "$in.data.id"),
            ],
        },
    }


@dataclass
class Provider:
    """Counts effects: a request with a key that it knows has none."""

    effects: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    url: str = ""

    async def take(self, request: Request) -> Response:
        name = request.url.path
        await asyncio.sleep(random.uniform(0, 0.03))
        key = request.headers.get("idempotency-key")
        self.requests[name] += 1
        if key is None or self.requests[name] == 1:
            self.effects[name] += 1
        await asyncio.sleep(random.uniform(0, 0.03))
        # One that is idle would be closed here after a while, perhaps just when a request is on its way.
        return JSONResponse({}, headers={"Connection": "close"})

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Provider"]:
        app = Starlette(routes=[Route("/{path:path}", self.take, methods=["POST"])])
        async with serving(app) as self.url:
            yield self


@dataclass
class Acknowledged:
    """What clients were told is taken on."""

    mailings: dict[int, int] = field(default_factory=dict)
    """Messages by mailing."""
    singles: set[str] = field(default_factory=set)
    callbacks: set[str] = field(default_factory=set)


@dataclass
class Killing:
    """A data directory whose server is killed: the next server knows what is on the disk, no more."""

    folder: Path
    provider: Provider
    acknowledged: Acknowledged = field(default_factory=Acknowledged)
    engine: Engine = EMBEDDED
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    process: asyncio.subprocess.Process = field(init=False)
    """The server at hand, or the last one."""
    killed: bool = False

    def kill(self) -> None:
        """Kill the server, once: a second signal would take its exit code from who waits for it."""
        self.killed = True
        self.process.kill()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def records(self) -> Backend:
        """What is left, to be read once the server has ended."""
        return self.engine.reading(self.data)

    @asynccontextmanager
    async def served(self, stop: signal.Signals) -> AsyncIterator[httpx.AsyncClient]:
        """A server while the block is open, and a client with its token; ended by that signal."""
        file = self.folder / "channel.json"
        file.write_text(json.dumps(channel()))
        options = ("--set", f"sender.url={self.provider.url}", "--port", "0", "--data", str(self.data))
        settings = {
            "max_attempts": "100",
            "http_allow": "127.0.0.1",
            "scheduler_pipe_router_period": "0.5",
            **self.engine.settings(self.data),
        }
        given = (f"-o{name}={value}" for name, value in settings.items())
        self.process = process = await begin("serve", str(file), *options, *given)
        self.killed = False
        try:
            assert process.stdout is not None
            url = (await process.stdout.readline()).decode().strip()
            assert url, (await end(process)).err
            token = orjson.loads((self.data / "serve.json").read_bytes())["token"]
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(
                base_url=url, headers=headers, timeout=120, trust_env=False
            ) as client:
                yield client
        finally:
            if not self.killed:
                process.send_signal(stop)
            ended = await end(process)
        assert ended.code == (0 if stop is signal.SIGTERM else -stop), ended.err

    async def round(self, number: int, size: int = 24) -> None:
        """One life: work comes in from all sides, and in the midst of it the server is killed."""
        async with self.served(signal.SIGKILL) as client:
            sources = [
                self.mailing(client, number, size),
                *(self.single(client, f"{number}-{each}") for each in range(size // 3)),
                *(self.callback(client, f"{number}-{each}") for each in range(size // 3)),
            ]
            working = asyncio.gather(*sources, return_exceptions=True)
            if self.chance.random() < 0.5:
                await asyncio.wait([working])
            else:
                target = self._progress() + self.chance.randrange(size)
                await until(lambda: self._progress() >= target)
            await asyncio.sleep(self.chance.uniform(0, 0.5))
            self.kill()
            outcomes = await working
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, httpx.HTTPError):
                raise outcome

    def _progress(self) -> int:
        """How much was taken on and carried out so far, what was done twice counted once."""
        taken = self.acknowledged
        return sum(map(len, (taken.mailings, taken.singles, taken.callbacks, self.provider.effects)))

    async def finish(self) -> None:
        """The last life, in which all comes to its end."""
        async with self.served(signal.SIGTERM) as client:
            await self.idle(client)

    async def idle(self, client: httpx.AsyncClient) -> None:
        """Wait until nothing is left to be done."""
        async with asyncio.timeout(120):
            while True:
                # In this order: what a mailing hands over is there before it is finished.
                mailings = (await client.get("/api/mailings")).raise_for_status().json()["items"]
                jobs = (await client.get("/api/status")).raise_for_status().json()["jobs"]
                idle = jobs["pending"] == jobs["in_progress"] == 0
                if idle and all(each["state"] in ("finished", "draft") for each in mailings):
                    break
                await asyncio.sleep(0.05)

    async def mailing(self, client: httpx.AsyncClient, number: int, size: int, **options: Any) -> None:
        mailing = {"id": number, "name": "M", "options": {"concurrency": 8, **options}}
        created = await client.post("/api/mailings", json={"channel": "chat", "mailing": mailing})
        created.raise_for_status()
        rows = [
            {"profile": {"id": f"{number}-{each}"}, "subscription": {"kind": KINDS[each % len(KINDS)]}}
            for each in range(size)
        ]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        launched = await client.post(
            f"/api/mailings/{number}/launch", content=lines, headers={"Content-Type": "application/jsonl"}
        )
        launched.raise_for_status()
        self.acknowledged.mailings[number] = size

    async def single(self, client: httpx.AsyncClient, name: str) -> None:
        kind = KINDS[zlib.crc32(name.encode()) % len(KINDS)]  # the same whenever it is repeated
        message = {"profile": {"id": f"s{name}"}, "subscription": {"kind": kind}}
        for _ in range(2):  # a client that is not sure repeats it
            answer = await client.post(
                "/api/channels/chat/messages", json=message, headers={"Idempotency-Key": name}
            )
            if answer.status_code != 409:
                answer.raise_for_status()
                self.acknowledged.singles.add(answer.json()["id"])

    async def callback(self, client: httpx.AsyncClient, name: str) -> None:
        for _ in range(2):
            answer = await client.post("/listen/chat", json={"id": name}, headers={"X-Id": name})
            answer.raise_for_status()
            self.acknowledged.callbacks.add(name)


@dataclass(frozen=True)
class Verdict:
    """What the record and the provider say in the end.

    Attributes:
        faults: what is wrong; empty when the promise holds.
    """

    messages: int
    singles: int
    callbacks: int
    schedules: int
    uncertain: int
    resent: int
    doubled: int
    faults: tuple[str, ...]


async def judge(killing: Killing) -> Verdict:
    """Compare what was acknowledged, what is recorded, and what the provider saw."""
    async with killing.records() as backend:
        faults = await _lost(killing, backend)
        units = {_path_of(unit): unit for unit in await killing.engine.units(backend)}
        untold = await _untold(backend)
    states = Counter(unit.state for unit in units.values())
    expected = {MessageState.DONE, MessageState.UNCERTAIN}
    if bad := set(states - Counter({MessageState.PENDING: untold})) - expected:
        faults.append(f"without a good outcome: {', '.join(sorted(bad))}")
    seen = {_path(name): count for name, count in killing.provider.effects.items()}
    for path, count in seen.items():
        resent = units[path].resent if path in units else 0
        if count - 1 > resent:
            faults.append(f"{path} took effect {count} times, recorded as resent: {resent}")
        if count > 1 and path.startswith(("hold", "keyed")):
            faults.append(f"{path} took effect {count} times")
    done = {path for path, unit in units.items() if unit.state is MessageState.DONE}
    faults += [f"{path} is done, and the provider knows nothing of it" for path in sorted(done - set(seen))]
    pipelines = Counter(unit.pipeline for unit in units.values())
    return Verdict(
        messages=pipelines["mailing"],
        singles=pipelines["message"],
        callbacks=pipelines["listener"],
        schedules=pipelines["schedule"],
        uncertain=states[MessageState.UNCERTAIN],
        resent=sum(unit.resent for unit in units.values()),
        doubled=sum(seen.values()) - len(seen),
        faults=tuple(faults),
    )


async def _untold(backend: Backend) -> int:
    """Messages of which nobody was told: the server was killed while their mailing was being launched."""
    launches = await backend.launches_in(LaunchState.LOADING)
    return sum([(await backend.counts(launch.launch_id)).pending for launch in launches])


async def _lost(killing: Killing, backend: Backend) -> list[str]:
    """What was acknowledged and is not there."""
    faults: list[str] = []
    for number, size in killing.acknowledged.mailings.items():
        launch = await backend.latest_launch(number)
        if launch is None or (await backend.counts(launch.launch_id)).total != size:
            faults.append(f"mailing {number} has not its {size} messages")
    singles = {name: await backend.job(name) for name in sorted(killing.acknowledged.singles)}
    callbacks = {name: await backend.message_events(name) for name in killing.acknowledged.callbacks}
    faults += [f"single message {name} is lost" for name, job in singles.items() if job is None]
    faults += [f"callback {name} has not its one event" for name, each in callbacks.items() if len(each) != 1]
    return faults


def _path_of(unit: Unit) -> str:
    """The path that the request of a message or job has at the provider."""
    if unit.pipeline == "schedule":
        return f"confirm/{unit.message}"
    if unit.pipeline not in {"mailing", "message"} or unit.payload is None:
        return unit.name
    value = orjson.loads(unit.payload)
    return f"{value.get('roots', value)['subscription']['kind']}/{unit.name}"


def _path(name: str) -> str:
    """A path of the provider as units have it: a callback's job is known by its dedupe key."""
    _, kind, rest = name.split("/")
    if kind == "callback":
        return f"listener:chat:{hashlib.sha256(rest.encode()).hexdigest()}"
    return f"{kind}/{rest}"
