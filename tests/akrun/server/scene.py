"""A channel in a folder, and a serving process of it in this event loop."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from akrun.backend import Backend, Embedded
from akrun.cli.control import ServingControl
from akrun.engine.clock import Clock, SystemClock
from akrun.engine.compile import CompiledChannel, compile_channel
from akrun.engine.event import Services
from akrun.engine.host import Host
from akrun.engine.log import LogRecord
from akrun.mailing.job import Job, constants_of
from akrun.model import load_channel_file, load_mailing, load_values, parse_located
from akrun.model.settings import Settings
from akrun.server.process import Address, ServingProcess
from akrun.server.served import Served
from tests.akrun.http_server import loopback_client

TOKEN = "token-of-the-test"


def direct_channel(**changes: Any) -> dict[str, Any]:
    """A channel whose listener registers `deliv` for the message that a callback names."""
    return {
        "id": 7,
        "string_id": "chat",
        "name": "Chat",
        "communication": "direct",
        "fields": {"subscription": [[{"type": "string", "name": "chat_id", "label": "Chat"}]]},
        "events": [{"id": 1, "string_id": "got", "name": "Got", "color": "#112233", "event_type": "deliv"}],
        "pipelines": {
            "message": [{"id": 1, "type": "log", "params": {}}],
            "listener": [
                {"id": 1, "type": "unpack", "outs": {"success": 2}},
                {
                    "id": 2,
                    "type": "event",
                    "params": {
                        "event_type": "deliv",
                        "channel_id": 7,
                        "action_type": 1,
                        "event": {"send_message_id": "$in.data.id"},
                    },
                },
            ],
        },
        **changes,
    }


@dataclass
class Serving:
    """A serving process under test."""

    folder: Path
    channel: dict[str, Any] = field(default_factory=direct_channel)
    values: dict[str, Any] = field(default_factory=dict)
    period: float = 0.05
    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=SystemClock)
    log: list[LogRecord] = field(default_factory=list)
    engine: Callable[[Path], Backend] = lambda folder: Embedded(folder / "akrun.db")

    backend: Backend = field(init=False)
    client: httpx.AsyncClient = field(init=False)
    control: ServingControl = field(init=False)
    compiled: CompiledChannel = field(init=False)
    app: FastAPI = field(init=False)
    ended: asyncio.Event = field(init=False)
    url: str = ""

    @asynccontextmanager
    async def run(self, grace_period: float = 5.0) -> AsyncIterator["Serving"]:
        """Serve while the block is open."""
        file = self.folder / "channel.json"
        file.write_text(json.dumps(self.channel))
        channel, located = load_channel_file(file)
        self.compiled = compile_channel(channel, located)
        values = load_values(channel, self.values)
        async with self.engine(self.folder) as self.backend, loopback_client() as http:
            masker = self.compiled.masker(values)
            services = Services(http, self.log.append, masker=masker, traces=self.settings.traces)
            services = services.keeping(self.backend)
            served = Served(Host(self.compiled, services), located, self.folder, values)
            process = ServingProcess(
                self.backend,
                [served],
                self.clock,
                self.log.append,
                token=TOKEN,
                folder=self.folder,
                period=self.period,
                settings=self.settings,
                metrics=_metrics,
            )
            self.app = process.app
            self.ended, ready = asyncio.Event(), asyncio.Event()

            def announce(url: str) -> None:
                self.url = url
                ready.set()

            running = asyncio.create_task(
                process.run(Address(grace_period=grace_period), self.ended, announce)
            )
            starting = asyncio.create_task(ready.wait())
            await asyncio.wait([running, starting], return_when=asyncio.FIRST_COMPLETED)
            starting.cancel()
            try:
                if running.done():
                    running.result()
                self.control = ServingControl(self.url, TOKEN)
                async with httpx.AsyncClient(base_url=self.url, trust_env=False) as self.client:
                    yield self
            finally:
                self.ended.set()
                await running

    def job(self, mailing: dict[str, Any]) -> Job:
        """A mailing of the channel, for `control.submit`."""
        document, _ = parse_located(json.dumps(mailing), "mailing.json")
        read, _ = load_mailing(document, self.compiled.channel)
        constants = constants_of(self.compiled.channel, read)
        return Job(self.compiled, read, None, 1, json.dumps(self.channel).encode(), constants)

    async def call(self, content: bytes = b'{"id": "m-1"}', **options: Any) -> httpx.Response:
        """A callback of the service."""
        return await self.client.post("/listen/" + self.channel["string_id"], content=content, **options)

    async def api(self, method: str, path: str, *, token: str = TOKEN, **options: Any) -> httpx.Response:
        """A request to the API, with the token that may do all."""
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)

    async def settled(self) -> dict[str, int]:
        """The counts of jobs, once none is left to do."""

        async def idle() -> bool:
            counts = await self.backend.job_counts()
            return not counts.pending and not counts.in_progress

        await until(idle)
        counts = await self.backend.job_counts()
        return {"done": counts.done, "failed": counts.failed}

    async def events(self, message_id: str) -> list[str]:
        """Types of a message's events."""
        return [event.event_type for event in await self.backend.message_events(message_id)]


async def _metrics() -> bytes:
    return b"akrun_up 1\n"


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that must come."""
    async with asyncio.timeout(120):
        while not await holds():  # noqa: ASYNC110 - what is waited for happens in a database
            await asyncio.sleep(0.01)
