"""The world of one case: its services, and everything that came of what ran in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from akrun.backend.records import DeadLetter, EventRecord, NewJob, QueuedJob
from akrun.engine.ending import Unit, ending
from akrun.engine.event import Event, Services
from akrun.engine.log import LogRecord
from akrun.engine.operation import OperationError, OperationResult
from akrun.engine.payload import decode_payload
from akrun.engine.pipeline import Pipeline
from akrun.engine.run import Result, run
from akrun.engine.secrets import secrets_in
from akrun.engine.trace import Trace, all_steps
from akrun.errors import AkrunError
from akrun.mailing.moderation import refused_when_failed
from akrun.testkit.bench import Bench
from akrun.testkit.load import LoadedCase
from akrun.testkit.service import Attributed, FakeService, PassOn
from akrun.testkit.sql import FakeSql
from akrun.testkit.store import FakeStore
from akrun.testkit.virtual import START, LoopClock

State = Literal["done", "failed", "uncertain", "skipped", "refused", "duplicate"]

MOST_RUNS = 1000
"""Runs of hand-overs in one step; more are taken for an endless circle."""


@dataclass(slots=True, eq=False)
class Run:
    """One event that went through a pipeline, or that did not come to it.

    Attributes:
        pipeline: where it ran.
        state: how it ended.
        trace: what every pipe saw; None for one that did not run.
        result: how it ended, if it ran.
        error: the `$error` it ended with.
        returned: the result of an entity's operation; None when there is none.
        entered: whether the step itself brought it in, and no hand-over.
    """

    pipeline: str
    state: State
    message_id: str | None = None
    profile_id: str | None = None
    trace: Trace | None = None
    result: Result | None = None
    error: Mapping[str, Any] | None = None
    returned: OperationResult | None = None
    entered: bool = True


@dataclass(slots=True)
class World:
    """What a case runs in.

    Attributes:
        case, bench: which case, and on what.
        constants: the constant roots of the case's mailing; those of a serving process when it has none.
        values: the constant roots of what belongs to no mailing.
        runs: everything that ran, in order.
        pending: hand-overs that are not due yet.
        handed_over: all hand-overs, each with the time at which it was made.
        events: registered events; the same one twice counts once.
        answers: what callbacks were answered.
        profiles: message id → profile id.
    """

    case: LoadedCase
    bench: Bench
    constants: Mapping[str, Any]
    values: Mapping[str, Any]
    clock: LoopClock
    service: FakeService
    store: FakeStore
    sql: FakeSql
    services: Services
    log: list[LogRecord]
    runs: list[Run] = field(default_factory=list)
    pending: list[NewJob] = field(default_factory=list)
    handed_over: list[tuple[NewJob, float]] = field(default_factory=list)
    events: list[EventRecord] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    profiles: dict[str, str] = field(default_factory=dict)
    _job_ids: set[str] = field(default_factory=set)

    @classmethod
    def begin(cls, bench: Bench, case: LoadedCase, pass_on: PassOn | None = None) -> "World":
        """Make the world of a case.

        Raises:
            FileFaults: every fault of the mailing and of the values that are set.
            AkrunError: a connector's script fails.
        """
        setup = case.setup
        jitter = bench.begin(setup)
        job, values = bench.job(case), bench.values(case)
        constants = values if job is None else job.constants
        clock = LoopClock(bench.loop, setup.start or START)
        bench.follow(clock)
        service = FakeService(setup.http, clock, folder=bench.loaded.path.parent, pass_on=pass_on)
        store = FakeStore(clock, setup.store)
        databases = bench.databases(setup)
        folder = bench.new_folder() if databases else bench.loaded.path.parent
        sql = FakeSql(setup.connectors, setup.sql, databases, folder, bench.loop)
        log: list[LogRecord] = []
        masker = bench.compiled.masker(constants)
        services = Services(
            Attributed(service.client()), log.append, clock, masker, jitter.random, sql, store
        )
        return cls(case, bench, constants, values, clock, service, store, sql, services, log)

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.clock.now().timestamp()

    async def send(
        self, pipeline: Pipeline, event: Event, unit: Unit, *, profile_id: str | None = None
    ) -> Run:
        """Run a message or a job, and keep what comes of it."""
        event.trace = Trace(event.services.masker, event.services.clock)
        result = await run(pipeline, event)
        return self.keep(unit, event, result, profile_id=profile_id)

    def keep(
        self, unit: Unit, event: Event, result: Result, *, profile_id: str | None = None, entered: bool = True
    ) -> Run:
        """Keep what came of a run: events, hand-overs, dead letter."""
        if profile_id is not None:
            self.profiles[unit.id] = profile_id
        end = ending(unit, event, result)
        for each in end.events:
            if _identity(each) not in {_identity(known) for known in self.events}:
                self.events.append(each)
        self._hand_over(end.jobs)
        if end.dead is not None:
            self.dead.append(end.dead)
        found = Run(
            unit.pipeline, result.state, unit.message_id, profile_id, event.trace, result, result.error,
            entered=entered,
        )  # fmt: skip
        self.runs.append(found)
        return found

    async def run_due(self, *, entered: bool = False) -> None:
        """Run the hand-overs that are due, those included that become due while they run."""
        for _ in range(MOST_RUNS):
            due = sorted((each for each in self.pending if each.due <= self.now()), key=lambda each: each.due)
            if not due:
                return
            self.pending.remove(due[0])
            await self._run_job(due[0], entered=entered)
        raise EndlessError

    def enter(self, job: NewJob) -> bool:
        """Let something enter from outside, at once; false when it had entered before."""
        new = job.id not in self._job_ids
        if new:
            self._job_ids.add(job.id)
            self.pending.append(job)
        return new

    def _hand_over(self, jobs: Sequence[NewJob]) -> None:
        """Keep hand-overs for later; one of an id that there was before is passed over."""
        for each in jobs:
            if self.enter(each):
                self.handed_over.append((each, self.clock.monotonic()))

    async def _run_job(self, job: NewJob, *, entered: bool) -> None:
        compiled = self.bench.compiled
        roots = self.values if job.origin_message is None else self.constants
        masker = self.services.masker.plus(secrets_in(roots, compiled.secrets))
        services = self.services.masking(secrets_in(roots, compiled.secrets))
        origin = decode_payload(job.payload, masker)
        event = Event(origin, services, roots=roots, id=job.id, message_id=job.origin_message)
        event.trace = Trace(services.masker, services.clock)
        result = await run(compiled.pipelines[job.pipeline], event, job.pipe)
        queued = QueuedJob(
            job.id, job.channel, job.pipeline, job.pipe, job.payload, job.due, job.origin_message, 1
        )
        result = refused_when_failed(queued, result, compiled.channel.id, self.now())
        unit = Unit(job.id, job.pipeline, 1, job.origin_message)
        found = self.keep(unit, event, result, entered=entered)
        found.profile_id = self.profiles.get(job.origin_message or "")

    def pipes_of_requests(self) -> dict[int, tuple[str, int]]:
        """For each pipe's request, by identity, the pipeline and the pipe that sent it."""
        found = {}
        for each in self.runs:
            for step in () if each.trace is None else all_steps(each.trace.steps):
                for exchange in step.exchanges:
                    found[id(exchange.request)] = each.pipeline, step.pipe
        return found


class EndlessError(AkrunError):
    """Hand-overs beget hand-overs without end."""

    def __init__(self) -> None:
        super().__init__(f"after {MOST_RUNS:,} hand-overs there are still more: say how far to `advance`")


def operation_run(name: str, trace: Trace, outcome: OperationResult | OperationError) -> Run:
    """The run of an entity's operation."""
    if isinstance(outcome, OperationError):
        return Run(name, "failed", trace=trace, error=outcome.error)
    return Run(name, "done", trace=trace, returned=outcome)


def _identity(event: EventRecord) -> tuple[Any, ...]:
    return event.send_message_id, event.event_type, event.action_type, event.key
