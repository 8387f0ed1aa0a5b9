"""What every process runs that sends: a worker for jobs and a keeper for mailings, over its channels."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from akrun.backend import Backend, ChannelRecord, ConnectorRecord, QueuedJob
from akrun.engine.clock import Clock, first_of
from akrun.engine.host import Host
from akrun.engine.log import server_record
from akrun.engine.run import Result
from akrun.engine.worker import ROUTER_PERIOD, Worker
from akrun.mailing.constants import missing_secrets
from akrun.mailing.life import DECIDING
from akrun.mailing.moderation import refused_when_failed
from akrun.net.breaker import BreakerState
from akrun.server.announcing import announce
from akrun.server.keeper import Keeper, Kept

Renew = Callable[[ChannelRecord | ConnectorRecord], None]
"""Told of a channel or connector that was registered, by this process or another one."""


class Works:
    """Worker and keeper over one backend, from their begin to their end.

    Attributes:
        hosts: The channels by string id; see `put`.
        able: Those of them whose jobs this process runs.
        values: By channel, the constant roots that the process was given.
        keeper: Carries out what is asked of mailings.
        worker: Runs the jobs.
    """

    def __init__(  # noqa: PLR0913 - one keyword per part
        self,
        backend: Backend,
        clock: Clock,
        *,
        period: float = ROUTER_PERIOD,
        kept: Kept | None = None,
        kind: str = "serve",
        breakers: Callable[[], Sequence[BreakerState]] = list,
    ) -> None:
        """Begin without channels.

        Args:
            backend: Open for writing.
            clock: The time.
            period: Seconds between two looks for what is due.
            kept: How long things are kept, if not the usual time.
            kind: The command that it works for, as `akrun top` shows it.
            breakers: Gives the circuit breakers' states.
        """
        self._backend = backend
        self._clock = clock
        self._kind = kind
        self._breakers = breakers
        self.hosts: dict[str, Host] = {}
        self.able: dict[str, Host] = {}
        self.values: dict[str, Mapping[str, Any]] = {}
        self.keeper = Keeper(backend, self.hosts, self.values, clock, period=period, kept=kept or Kept())
        self.worker = Worker(
            backend,
            self.able,
            clock,
            roots=self.keeper.roots,
            amend=self._amend,
            recorded=self._recorded,
            period=period,
        )

    def put(self, host: Host, values: Mapping[str, Any]) -> None:
        """Take on a channel, or a new version of one: what runs ends on the version that it began with.

        Where processes share the backend, jobs that need a secret which this one was not given are left to
        the others, and the log says so.
        """
        name = host.compiled.channel.string_id
        self.hosts[name] = host
        self.values[name] = values
        missing = missing_secrets(host.compiled.channel, values) if self._backend.shared else []
        if missing:
            self.able.pop(name, None)
            wanted = ", ".join(missing)
            text = f"jobs of the channel {name} are left to other processes: --set gives this one no {wanted}"
            host.services.log(server_record(text, self._clock.now().timestamp(), "warn", channel=name))
        else:
            self.able[name] = host
        self.keeper.renew(name)
        self.worker.wake()

    def stop(self) -> None:
        """Begin nothing more; what is under way comes to its end."""
        self.worker.stop()
        self.keeper.stop()

    async def run(  # noqa: PLR0913 - one keyword per part
        self,
        ended: asyncio.Event,
        grace_period: float,
        at_once: asyncio.Event,
        *,
        renew: Renew | None = None,
        beside: Iterable[Coroutine[Any, Any, None]] = (),
        taking_in: AbstractAsyncContextManager[object] | None = None,
    ) -> None:
        """Work until `ended`; then finish or hand back what is under way.

        Args:
            ended: Set by whoever wants it to end.
            grace_period: Seconds that what is under way is given then.
            at_once: Set by whoever does not want to wait for that.
            renew: See `Renew`; asked for where processes share the backend.
            beside: What else runs until then.
            taking_in: What brings new work in; it is left before the wait for what is under way.

        Raises:
            BackendError: The backend failed.
        """
        tasks = [asyncio.create_task(part) for part in (self.worker.run(), self.keeper.run())]
        endless: list[asyncio.Task[Any]] = [asyncio.create_task(each) for each in (ended.wait(), *beside)]
        if self._backend.shared:
            told = announce(self._backend, self._clock, self._kind, lambda: self.hosts, self._breakers)
            endless.append(asyncio.create_task(told))
        if renew is not None and self._backend.shared:
            endless.append(asyncio.create_task(self._follow(renew)))
        loop = asyncio.get_running_loop()
        deadline = loop.time()
        try:
            async with taking_in or nullcontext():
                await asyncio.wait([*tasks, *endless], return_when=asyncio.FIRST_COMPLETED)
                deadline = loop.time() + grace_period
                self.stop()
        finally:
            self.stop()
            await _wait(tasks, deadline - loop.time(), at_once)
            everything = [*tasks, *endless]
            for task in everything:
                task.cancel()
            await asyncio.wait(everything)
            failures = [task.exception() for task in everything if not task.cancelled()]
        for failure in failures:
            if failure is not None:
                raise failure

    async def _follow(self, renew: Renew) -> None:
        async for record in self._backend.registered():
            renew(record)

    def _amend(self, job: QueuedJob, result: Result) -> Result:
        number = self.hosts[job.channel].compiled.channel.id
        return refused_when_failed(job, result, number, self._clock.now().timestamp())

    def _recorded(self, _: QueuedJob, result: Result) -> None:
        if any(event.event_type in DECIDING for event in result.effects):
            self.keeper.wake()
        if result.jobs:
            self.worker.wake()


async def _wait(tasks: Sequence[asyncio.Task[None]], seconds: float, at_once: asyncio.Event) -> None:
    """Wait for the end of all tasks, but no longer than so many seconds, nor beyond `at_once`."""
    await first_of(at_once.wait(), _all_of(tasks), asyncio.sleep(max(seconds, 0.0)))


async def _all_of(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)
