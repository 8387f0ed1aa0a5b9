"""Processes on one cluster, all in this event loop: each with a backend and a service of its own."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from akrun.backend import ChannelRecord, LaunchState
from akrun.backend.cluster import Cluster, ClusterOptions
from akrun.cli.serving import Makers
from akrun.engine.clock import Clock, SystemClock
from akrun.engine.event import Services
from akrun.engine.log import LogRecord
from akrun.mailing.job import Job, read_job
from akrun.model.settings import Settings
from akrun.net.message import Request, Response
from akrun.server.connectors import KnownConnectors
from akrun.server.served import Renewal, Served
from akrun.server.works import Works
from tests.akrun.server.test_mailings import step
from tests.nats_server import prefix_of, shared

KEY = "hunter2-hunter2"


def chat(text: str = "one", **limits: Any) -> dict[str, Any]:
    """A direct channel that posts each message, and `text` with it; its sender has a secret."""
    request = {"url": "http://service/", "method": "POST", "content_type": "json", **limits}
    request["headers"] = {"X-Key": "$sender.key"}
    template = {"id": "${origin.send_message_id ?? in.n}", "text": text}
    posting = [step(1, "pack", 2, template=template), step(2, "http_request", None, **request)]
    return {
        "id": 7,
        "string_id": "chat",
        "name": "Chat",
        "communication": "direct",
        "fields": {
            "subscription": [[{"type": "string", "name": "chat_id", "label": "Chat"}]],
            "sender": [[{"type": "string", "name": "key", "label": "Key", "secret": True, "required": True}]],
        },
        "pipelines": {"message": posting, "schedule": posting},
    }


class Service:
    """Answers at once while `open` is set, and keeps what it got."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.got: list[dict[str, Any]] = []

    async def send(self, request: Request) -> Response:
        assert request.content is not None
        self.got.append({**json.loads(request.content), "key": request.headers.get("x-key")})
        await self.open.wait()
        return Response(200, {}, b"{}", 0.0)


@dataclass
class Process:
    """A worker of the cluster: what `akrun worker` runs."""

    options: ClusterOptions
    given: dict[str | None, dict[str, Any]] = field(default_factory=lambda: {None: {"sender.key": KEY}})
    only: list[str] | None = None
    clock: Clock = field(default_factory=SystemClock)
    period: float = 0.2
    settings: Settings = field(default_factory=Settings)
    log: list[LogRecord] = field(default_factory=list)
    service: Service = field(default_factory=Service)

    backend: Cluster = field(init=False)
    works: Works = field(init=False)

    @asynccontextmanager
    async def run(self, grace_period: float = 10.0) -> AsyncIterator["Process"]:
        async with Cluster(self.options, clock=lambda: self.clock.now().timestamp()) as self.backend:
            self.works = Works(self.backend, self.clock, period=self.period)
            makers = Makers(self.given, self.settings)
            services = Services(self.service, self.log.append, self.clock)
            connectors = KnownConnectors(self.settings, self.clock, self.log.append)

            def make(record: ChannelRecord) -> Served:
                made = makers.registered(record, connectors.known)
                return made.served(replace(services, sql=connectors.sql), self.backend)

            def put(served: Served) -> None:
                self.works.put(served.host, served.values)

            for record in await self.backend.connectors():
                connectors.take(record)
            renewal = Renewal(make, put, self.clock, self.log.append, only=self.only, take=connectors.take)
            ended, at_once = asyncio.Event(), asyncio.Event()
            running = asyncio.create_task(self.works.run(ended, grace_period, at_once, renew=renewal))
            try:
                yield self
                assert not running.done(), running
            finally:
                self.service.open.set()
                ended.set()
                await running
                await connectors.aclose()

    @property
    def ending(self) -> bool:
        """Whether it takes no more messages of any mailing."""
        return all(run._end is not None for run, _ in self.works.keeper._runs.values())

    async def serves(self, name: str = "chat") -> None:
        """Wait until it has taken on a channel."""
        await eventually(lambda: name in self.works.hosts)

    def said(self, text: str) -> int:
        """How many lines of the log have that text."""
        return sum(text in record.message for record in self.log)


@dataclass
class Together:
    """Files of a mailing, and the cluster that processes share."""

    folder: Path
    channel: dict[str, Any] = field(default_factory=chat)

    @property
    def options(self) -> ClusterOptions:
        return ClusterOptions(
            servers=(shared().url,),
            prefix=prefix_of(self.folder),
            replicas=1,
            data=self.folder / "data",
        )

    def process(self, **options: Any) -> Process:
        return Process(self.options, **options)

    async def register(self, backend: Cluster, channel: dict[str, Any]) -> None:
        """As whoever serves a file of it does."""
        document = json.dumps(channel).encode()
        names = channel["id"], channel["string_id"], channel["name"]
        digest = hashlib.sha256(document).hexdigest()
        await backend.register_channel(ChannelRecord(*names, document, digest))

    def job(self, size: int = 10, mailing_id: int = 5, **changes: Any) -> Job:
        """A mailing to so many profiles."""
        mailing = {"id": mailing_id, "name": "News", "sender": {"key": KEY}, **changes}
        rows = [{"profile": {"id": f"p{n}"}, "subscription": {"chat_id": f"c{n}"}} for n in range(size)]
        write(self.folder / "channel.json", json.dumps(self.channel))
        write(self.folder / "mailing.json", json.dumps(mailing))
        write(self.folder / "audience.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        audience = self.folder / "audience.jsonl" if self.channel["communication"] == "direct" else None
        return read_job(self.folder / "channel.json", self.folder / "mailing.json", audience)


def write(file: Path, text: str) -> None:
    file.write_text(text)


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    async with asyncio.timeout(120):
        while not holds():  # noqa: ASYNC110 - what is waited for happens on a server
            await asyncio.sleep(0.01)


async def reaches(backend: Cluster, wanted: LaunchState, mailing_id: int = 5) -> None:
    """Wait for the state of a mailing's launch."""
    async with asyncio.timeout(120):
        while (launch := await backend.latest_launch(mailing_id)) is None or launch.state is not wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def got(*processes: Process) -> Counter[str]:
    """How often each message was sent, by all of them together."""
    return Counter(message["id"] for process in processes for message in process.service.got)
