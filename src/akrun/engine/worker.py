"""The worker: takes jobs of any channel and pipeline when they are due, and runs them to their outcome."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol

from akrun.backend import Jobs, LeaseError, QueuedJob, Sharing
from akrun.engine.clock import Clock, first_of
from akrun.engine.ending import Ending, Unit, ending_without_run, log_dead_letter, log_lost_lease, settle
from akrun.engine.event import Event
from akrun.engine.host import Host
from akrun.engine.journal import Recorder, UnitJournal
from akrun.engine.log import server_record
from akrun.engine.payload import decode_payload
from akrun.engine.pipeline import Pipeline
from akrun.engine.run import Result, run
from akrun.engine.secrets import Masker, secrets_in
from akrun.errors import PipeFailure

ROUTER_PERIOD: Final = 10.0
"""Seconds between two looks for due jobs, when nothing else wakes the worker."""

OVERDUE: Final = 0.1
"""Seconds between two looks while a job is due that another process has in hand."""

AWAY: Final = 30.0
"""Seconds for which others come first where a process was not given the secret of a channel's job."""

MESSAGE: Final = "message"
"""The pipeline of single messages: their jobs bring the roots of their own beside the origin."""

Roots = Callable[[QueuedJob], Awaitable[Mapping[str, Any]]]
"""The constant roots a job's templates see; a PipeFailure says why there are none.

Of the kind `secret` it says that another process may have them.
"""
Amend = Callable[[QueuedJob, Result], Result]
"""What else a result means, before it is recorded."""


class JobBackend(Jobs, Recorder, Sharing, Protocol):
    """Where jobs come from, and their attempts' journals go."""


class Worker:
    """Runs jobs until it is stopped: many at once, each recorded with its events and follow-up jobs.

    Args:
        backend: where jobs come from.
        hosts: the channels of this process by string id; jobs of others are left alone.
        clock: says what is due.
        roots: see `Roots`.
        amend: see `Amend`.
        recorded: called after each job that has its outcome.
        period: seconds between two looks for due jobs.
        concurrency: most jobs at once.
    """

    def __init__(  # noqa: PLR0913 - one keyword per part
        self,
        backend: JobBackend,
        hosts: Mapping[str, Host],
        clock: Clock,
        *,
        roots: Roots,
        amend: Amend = lambda _, result: result,
        recorded: Callable[[QueuedJob, Result], None] = lambda _, __: None,
        period: float = ROUTER_PERIOD,
        concurrency: int = 64,
    ) -> None:
        self._backend = backend
        self._hosts = hosts
        self._clock = clock
        self._roots = roots
        self._amend = amend
        self._recorded = recorded
        self._period = period
        self._concurrency = concurrency
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._left: dict[str, float] = {}  # channel → until when its jobs are left to other processes
        self._said: set[str] = set()
        self._awake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look for due jobs now: there are new ones."""
        self._awake.set()

    def stop(self) -> None:
        """Take no more jobs; `run` ends when those under way have ended."""
        self._stopping = True
        self._awake.set()

    async def run(self) -> None:
        """Work until `stop`; when cancelled, hand back the jobs under way: they will be run anew.

        Raises:
            BackendError: jobs cannot be taken, or an outcome cannot be recorded.
        """
        try:
            while not self._stopping:
                self._awake.clear()
                if not await self._take():
                    await self._rest()
                self._raise_failed()
            if self._tasks:
                await asyncio.wait(self._tasks)
                self._raise_failed()
        finally:
            await self._hand_back()

    async def _take(self) -> bool:
        """Lease what is due and begin it; whether there was any."""
        room = self._concurrency - len(self._tasks)
        if not room:
            return False
        leasing = asyncio.ensure_future(self._backend.lease_jobs(self._now(), room, self._channels()))
        try:
            jobs = await asyncio.shield(leasing)
        except asyncio.CancelledError:
            with suppress(Exception):  # what could not be leased need not be handed back
                await self._backend.release_jobs([job.id for job in await leasing])
            raise
        for job in jobs:
            task = asyncio.create_task(self._work(job, self._hosts[job.channel]))
            self._tasks[task] = job.id
            task.add_done_callback(lambda _: self._awake.set())
        return bool(jobs)

    async def _rest(self) -> None:
        """Wait for a call, the end of a job, the next due time, or the period's end."""
        wait = self._period
        if len(self._tasks) < self._concurrency:
            due = await self._backend.next_due(self._channels())
            if due is not None:
                wait = min(wait, max(due - self._now(), OVERDUE if self._backend.shared else 0.0))
        await first_of(self._clock.sleep(wait), self._awake.wait(), self._backend.stirred("jobs"))

    def _channels(self) -> list[str]:
        """Those whose jobs are taken now."""
        now = self._now()
        return [name for name in self._hosts if self._left.get(name, now) <= now]

    async def _leave(self, job: QueuedJob, host: Host, failure: PipeFailure) -> None:
        """Give a job back for whoever was given its secret; it counts as an attempt, lest nobody was."""
        self._left[job.channel] = self._now() + AWAY
        await self._backend.release_jobs([job.id], started=True)
        text = f"jobs of the channel {job.channel} are left to other processes: {failure.message}"
        if text not in self._said:
            self._said.add(text)
            host.services.log(server_record(text, self._now(), "warn", channel=job.channel))

    def _raise_failed(self) -> None:
        for task in [task for task in self._tasks if task.done()]:
            del self._tasks[task]
            task.result()

    async def _hand_back(self) -> None:
        """Break off what is under way; it counts as an attempt, what was never begun does not."""
        tasks = dict(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)  # the first failure is raised already
        self._tasks.clear()
        if tasks:
            await self._backend.release_jobs(list(tasks.values()), started=True)

    async def _work(self, job: QueuedJob, host: Host) -> None:
        unit = Unit(job.id, job.pipeline, job.attempts, job.origin_message)
        try:
            event, pipeline = await self._event(job, host)
        except PipeFailure as failure:
            if failure.kind == "secret" and self._backend.shared:
                await self._leave(job, host, failure)
                return
            result = self._amend(job, _nothing(failure))
            end = ending_without_run(unit, result, self._now(), sum(entry.resent for entry in job.journal))
            recorded = await self._record(job.id, end)
            if recorded:
                log_dead_letter(host.services.log, host.compiled.channel.id, unit, end.outcome)
        else:
            event.begin_trace()
            try:
                result = self._amend(job, await run(pipeline, event, job.pipe))
            except LeaseError:
                log_lost_lease(event, unit)
                return
            amend = partial(self._amend, job)
            recorded, result = await settle(unit, event, result, self._record, amend)
        if recorded:
            self._recorded(job, result)

    async def _event(self, job: QueuedJob, host: Host) -> tuple[Event, Pipeline]:
        """What a job is run as, and where.

        Raises:
            PipeFailure: it cannot be run; says why.
        """
        roots = await self._roots(job)
        masker = host.services.masker.plus(secrets_in(roots, host.compiled.secrets))
        origin = _payload(job, masker)
        services = host.services
        if job.pipeline == MESSAGE:
            origin, roots = origin["origin"], merged(roots, origin["roots"])
            services = services.hurrying()  # somebody waits for a single message
        services = services.masking(secrets_in(roots, host.compiled.secrets))
        pipeline = _entered(host, job)
        journal = UnitJournal(job.id, self._backend, job.journal)
        event = Event(
            origin, services, roots=roots, id=job.id, message_id=job.origin_message, journal=journal
        )
        return event, pipeline

    async def _record(self, job_id: str, end: Ending) -> bool:
        return await self._backend.finish_job(
            job_id, end.outcome, end.events, end.dead, end.jobs, trace=end.trace
        )

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _payload(job: QueuedJob, masker: Masker) -> dict[str, Any]:
    """What a job was enqueued with; raises PipeFailure where that cannot be read."""
    try:
        found = decode_payload(job.payload, masker)
    except ValueError as error:
        raise PipeFailure("payload", f"its payload cannot be read: {error}", kind="payload") from error
    expected = isinstance(found, dict) and (
        job.pipeline != MESSAGE or all(isinstance(found.get(name), dict) for name in ("origin", "roots"))
    )
    if not expected:
        raise PipeFailure("payload", "its payload is not what an event can begin with", kind="payload")
    return dict(found)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both objects in one; what is in both is taken from `over`, part by part where both are objects."""
    both = {**base, **over}
    for name, value in over.items():
        known = base.get(name)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            both[name] = merged(known, value)
    return both


def _nothing(failure: PipeFailure) -> Result:
    """The result of a job that could not be run."""
    return Result("failed", 0, failure.to_scope(0), {}, [], 0, [])


def _entered(host: Host, job: QueuedJob) -> Pipeline:
    """The pipeline that a job enters; raises PipeFailure where the channel has changed meanwhile."""
    pipeline = host.compiled.pipelines.get(job.pipeline)
    if pipeline is None or (job.pipe is not None and job.pipe not in pipeline.steps):
        what = f"pipeline `{job.pipeline}`" if pipeline is None else f"pipe {job.pipe} in `{job.pipeline}`"
        message = f"the channel {job.channel} has no {what} any more"
        raise PipeFailure("no_pipe", message, kind="channel")
    return pipeline
