"""One process that serves channels: listener, worker and keeper over one backend, until it is told to end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from starlette.routing import Route

from akrun.backend import Backend
from akrun.engine.clock import Clock
from akrun.engine.compile import CompiledChannel
from akrun.engine.log import LogSink
from akrun.engine.worker import ROUTER_PERIOD
from akrun.model.settings import Settings
from akrun.server.api.app import make_app
from akrun.server.api.context import Breakers, Context, Metrics
from akrun.server.api.spool import sweep
from akrun.server.api.tokens import TokenFile, Tokens
from akrun.server.http import serving
from akrun.server.keeper import DAY, Kept
from akrun.server.listener import ListenerApp, Listening, make_listening
from akrun.server.reports import keep_quick
from akrun.server.served import Renewal, Served
from akrun.server.works import Works


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
        log: What is said of the process.
        token: With every right, for commands on the same data directory.
        folder: The data directory.
        period: Seconds between two looks for due jobs.
        settings: Limits and times of the API.
        metrics: Gives the metrics in Prometheus' text form.
        breakers: Gives the circuit breakers' states.
        renewal: Makes what takes on new versions of the channels, out of what puts them into their place.

    Raises:
        FileFaults: Faults in a listener's templates.
        AkrunError: A secret of a listener cannot be found.
    """

    def __init__(  # noqa: PLR0913 - one keyword per part
        self,
        backend: Backend,
        channels: Sequence[Served],
        clock: Clock,
        log: LogSink,
        *,
        token: str,
        folder: Path,
        period: float = ROUTER_PERIOD,
        settings: Settings | None = None,
        metrics: Metrics | None = None,
        breakers: Breakers = list,
        renewal: Callable[[Callable[[Served], None]], Renewal] | None = None,
    ) -> None:
        self._backend = backend
        self._channels = channels
        self._reports = partial(keep_quick, backend, clock, log, period)
        settings = settings or Settings()
        kept = Kept(settings.api_key_days * DAY, settings.trace_days * DAY)
        self._works = Works(backend, clock, period=period, kept=kept, breakers=breakers)
        self._listening: dict[str, Listening] = {}
        for each in channels:
            self._put(each)
        self._renewal = None if renewal is None else renewal(self._put)
        self._context = Context(
            backend=backend,
            keeper=self._works.keeper,
            hosts=self._works.hosts,
            values=self._works.values,
            clock=clock,
            settings=settings,
            tokens=Tokens(TokenFile(folder), token),
            folder=folder,
            wake=self._works.worker.wake,
            metrics=metrics,
            breakers=breakers,
        )
        listener = ListenerApp(backend, self._listening, self._works.worker.wake)
        self.callbacks = listener.outcomes
        self.app = make_app(self._context, _listener_routes(listener))

    @property
    def channels(self) -> list[CompiledChannel]:
        """The channels as they are served now."""
        return [host.compiled for host in self._works.hosts.values()]

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
            await self._backend.register_channel(each.record)
        at_once = at_once or asyncio.Event()
        taking_in = self._taking_in(address, ready, at_once)
        await self._works.run(
            ended,
            address.grace_period,
            at_once,
            renew=self._renewal,
            beside=[self._reports()],
            taking_in=taking_in,
        )

    @asynccontextmanager
    async def _taking_in(
        self, address: Address, ready: Callable[[str], None], at_once: asyncio.Event
    ) -> AsyncIterator[None]:
        async with serving(
            self.app, address.host, address.port, grace_period=address.grace_period, at_once=at_once
        ) as url:
            ready(url)
            try:
                yield
            finally:
                self._context.ending = True

    def _put(self, served: Served) -> None:
        """Serve a channel, or a new version of it."""
        host, name = served.host, served.host.compiled.channel.string_id
        made = make_listening(host, served.located, served.values, served.folder)
        if made is None:
            self._listening.pop(name, None)
        else:
            self._listening[name] = made
            host = made.host
        self._works.put(host, served.values)


def _listener_routes(listener: ListenerApp) -> list[Route]:
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return [
        Route("/listen/{string_id}", listener.__call__, methods=methods),
        Route("/listen/{string_id}/{resource:path}", listener.__call__, methods=methods),
    ]
