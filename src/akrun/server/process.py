"""One process that serves channels: listener, worker and keeper over one backend, until it is told to end."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from akrun.backend import Backend, BackendError, QueuedJob
from akrun.engine.clock import Clock
from akrun.engine.host import Host
from akrun.engine.run import Result
from akrun.engine.worker import ROUTER_PERIOD, Worker
from akrun.mailing.life import DECIDING
from akrun.mailing.moderation import refused_when_failed
from akrun.mailing.register import channel_record
from akrun.model.located import LocatedDocument
from akrun.server.api import Api
from akrun.server.http import serving
from akrun.server.keeper import Keeper
from akrun.server.listener import ListenerApp, Listening, make_listening


@dataclass(frozen=True, slots=True)
class Served:
    """A channel to be served.

    Attributes:
        host: the channel.
        located: its file.
        folder: where references to files of secrets are seen from.
        values: the constant roots the process was given for it.
    """

    host: Host
    located: LocatedDocument
    folder: Path
    values: Mapping[str, Any] = field(repr=False)

    @property
    def document(self) -> bytes:
        """The file as it was read."""
        return self.located.source.text.encode()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a process listens, and how long it may take to end."""

    host: str = "127.0.0.1"
    port: int = 0
    grace_period: float = 10.0


class ServingProcess:
    """Everything that runs between opening a backend and closing it.

    Args:
        backend: Open for writing.
        channels: What is served.
        clock: The time.
        token: For the control endpoints.
        folder: The data directory.
        period: Seconds between two looks for due jobs.

    Raises:
        FileFaults: Faults in a listener's templates.
        AkrunError: A secret of a listener cannot be found.
    """

    def __init__(  # noqa: PLR0913 - one keyword per part
        self,
        backend: Backend,
        channels: Sequence[Served],
        clock: Clock,
        *,
        token: str,
        folder: Path,
        period: float = ROUTER_PERIOD,
    ) -> None:
        self._backend = backend
        self._channels = channels
        self._clock = clock
        listening: dict[str, Listening] = {}
        self._hosts: dict[str, Host] = {}
        for each in channels:
            name = each.host.compiled.channel.string_id
            made = make_listening(each.host, each.located, each.values, each.folder)
            if made is not None:
                listening[name] = made
            self._hosts[name] = each.host if made is None else made.host
        values = {each.host.compiled.channel.string_id: each.values for each in channels}
        self._keeper = Keeper(backend, self._hosts, values, clock, period=period)
        self._worker = Worker(
            backend,
            self._hosts,
            clock,
            roots=self._keeper.roots,
            amend=self._amend,
            recorded=self._recorded,
            period=period,
        )
        documents = {each.host.compiled.channel.string_id: each.document for each in channels}
        api = Api(self._keeper, self._hosts, documents, token, folder, self._worker.wake)
        self.app = self._application(ListenerApp(backend, listening, self._worker.wake), api)

    async def run(self, address: Address, ended: asyncio.Event, ready: Callable[[str], None]) -> None:
        """Serve until `ended`: then take in nothing more, and finish or hand back what is under way.

        Args:
            address: Where to listen.
            ended: Set by whoever wants it to end.
            ready: Called with the server's address when requests are taken.

        Raises:
            ConflictError: A channel's id or string id is taken by another registered channel.
            OSError: The address cannot be listened on.
            BackendError: The backend failed.
        """
        for each in self._channels:
            await self._backend.register_channel(channel_record(each.host.compiled.channel, each.document))
        tasks = [asyncio.create_task(part.run()) for part in (self._worker, self._keeper)]
        waiting = asyncio.create_task(ended.wait())
        try:
            async with serving(
                self.app, address.host, address.port, grace_period=address.grace_period
            ) as url:
                ready(url)
                await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            self._worker.stop()
            self._keeper.stop()
            _, late = await asyncio.wait(tasks, timeout=address.grace_period)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()

    def _application(self, listener: ListenerApp, api: Api) -> Starlette:
        methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        return Starlette(
            routes=[
                Route("/health/live", _live),
                Route("/health/ready", self._ready),
                Route("/listen/{string_id}", listener.__call__, methods=methods),
                Route("/listen/{string_id}/{resource:path}", listener.__call__, methods=methods),
                *api.routes(),
            ]
        )

    async def _ready(self, _: Request) -> Response:
        try:
            counts = await self._backend.job_counts()
        except BackendError as error:
            return JSONResponse({"status": "failing", "error": error.message}, 503)
        jobs = {"pending": counts.pending, "in_progress": counts.in_progress, "failed": counts.failed}
        return JSONResponse({"status": "ok", "channels": list(self._hosts), "jobs": jobs})

    def _amend(self, job: QueuedJob, result: Result) -> Result:
        number = self._hosts[job.channel].compiled.channel.id
        return refused_when_failed(job, result, number, self._clock.now().timestamp())

    def _recorded(self, _: QueuedJob, result: Result) -> None:
        if any(event.event_type in DECIDING for event in result.effects):
            self._keeper.wake()
        if result.jobs:
            self._worker.wake()


async def _live(_: Request) -> Response:
    return JSONResponse({"status": "ok"})
