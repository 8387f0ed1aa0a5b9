"""One process that serves channels: listener, worker and keeper over one backend, until it is told to end."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.routing import Route

from akrun.backend import Backend, QueuedJob
from akrun.engine.clock import Clock, first_of
from akrun.engine.host import Host
from akrun.engine.run import Result
from akrun.engine.worker import ROUTER_PERIOD, Worker
from akrun.mailing.life import DECIDING
from akrun.mailing.moderation import refused_when_failed
from akrun.mailing.register import channel_record
from akrun.model.located import LocatedDocument
from akrun.model.settings import Settings
from akrun.server.api.app import make_app
from akrun.server.api.context import Breakers, Context, Metrics
from akrun.server.api.spool import sweep
from akrun.server.api.tokens import TokenFile, Tokens
from akrun.server.http import serving
from akrun.server.keeper import DAY, Keeper, Kept
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
        token: With every right, for commands on the same data directory.
        folder: The data directory.
        period: Seconds between two looks for due jobs.
        settings: Limits and times of the API.
        metrics: Gives the metrics in Prometheus' text form.
        breakers: Gives the circuit breakers' states.

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
        settings: Settings | None = None,
        metrics: Metrics | None = None,
        breakers: Breakers = list,
    ) -> None:
        self._backend = backend
        self._channels = channels
        self._clock = clock
        settings = settings or Settings()
        listening: dict[str, Listening] = {}
        self._hosts: dict[str, Host] = {}
        for each in channels:
            name = each.host.compiled.channel.string_id
            made = make_listening(each.host, each.located, each.values, each.folder)
            if made is not None:
                listening[name] = made
            self._hosts[name] = each.host if made is None else made.host
        values = {each.host.compiled.channel.string_id: each.values for each in channels}
        kept = Kept(settings.api_key_days * DAY, settings.trace_days * DAY)
        self._keeper = Keeper(backend, self._hosts, values, clock, period=period, kept=kept)
        self._worker = Worker(
            backend,
            self._hosts,
            clock,
            roots=self._keeper.roots,
            amend=self._amend,
            recorded=self._recorded,
            period=period,
        )
        self._context = Context(
            backend=backend,
            keeper=self._keeper,
            hosts=self._hosts,
            values=values,
            clock=clock,
            settings=settings,
            tokens=Tokens(TokenFile(folder), token),
            folder=folder,
            wake=self._worker.wake,
            metrics=metrics,
            breakers=breakers,
        )
        listener = ListenerApp(backend, listening, self._worker.wake)
        self.callbacks = listener.outcomes
        self.app = make_app(self._context, _listener_routes(listener))

    async def run(
        self,
        address: Address,
        ended: asyncio.Event,
        ready: Callable[[str], None],
        at_once: asyncio.Event | None = None,
    ) -> None:
        """Serve until `ended`: then take in nothing more, and finish or hand back what is under way.

        Args:
            address: Where to listen.
            ended: Set by whoever wants it to end.
            ready: Called with the server's address when requests are taken.
            at_once: Set by whoever does not want to wait for the grace period.

        Raises:
            ConflictError: A channel's id or string id is taken by another registered channel.
            OSError: The address cannot be listened on.
            BackendError: The backend failed.
        """
        sweep(self._context.folder)
        for each in self._channels:
            await self._backend.register_channel(channel_record(each.host.compiled.channel, each.document))
        tasks = [asyncio.create_task(part.run()) for part in (self._worker, self._keeper)]
        waiting = asyncio.create_task(ended.wait())
        at_once = at_once or asyncio.Event()
        loop = asyncio.get_running_loop()
        deadline = loop.time()
        try:
            async with serving(
                self.app, address.host, address.port, grace_period=address.grace_period, at_once=at_once
            ) as url:
                ready(url)
                await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
                deadline = loop.time() + address.grace_period
                self._begin_to_end()
        finally:
            waiting.cancel()
            self._begin_to_end()
            await _wait(tasks, deadline - loop.time(), at_once)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            failures = [task.exception() for task in tasks if not task.cancelled()]
        for failure in failures:
            if failure is not None:
                raise failure

    def _begin_to_end(self) -> None:
        """Take in nothing more; what is under way comes to its end."""
        self._context.ending = True
        self._worker.stop()
        self._keeper.stop()

    def _amend(self, job: QueuedJob, result: Result) -> Result:
        number = self._hosts[job.channel].compiled.channel.id
        return refused_when_failed(job, result, number, self._clock.now().timestamp())

    def _recorded(self, _: QueuedJob, result: Result) -> None:
        if any(event.event_type in DECIDING for event in result.effects):
            self._keeper.wake()
        if result.jobs:
            self._worker.wake()


async def _wait(tasks: Sequence[asyncio.Task[None]], seconds: float, at_once: asyncio.Event) -> None:
    """Wait for the end of all tasks, but no longer than so many seconds, nor beyond `at_once`."""
    await first_of(at_once.wait(), _all_of(tasks), asyncio.sleep(max(seconds, 0.0)))


async def _all_of(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)


def _listener_routes(listener: ListenerApp) -> list[Route]:
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return [
        Route("/listen/{string_id}", listener.__call__, methods=methods),
        Route("/listen/{string_id}/{resource:path}", listener.__call__, methods=methods),
    ]
