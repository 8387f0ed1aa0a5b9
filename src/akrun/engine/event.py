"""An event on its way through a pipeline, and the services its pipes may use."""

import copy
import hashlib
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Self

from akrun.backend.absent import NoStore
from akrun.backend.protocol import Store
from akrun.backend.records import NewJob
from akrun.backend.sharing import Reserve
from akrun.engine.checkpoint import Checkpoint, decode_checkpoint, encode_checkpoint
from akrun.engine.clock import Clock, SystemClock
from akrun.engine.journal import UnitJournal
from akrun.engine.log import LogSink
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace
from akrun.net.client import Sender
from akrun.net.ratelimit import RateLimits
from akrun.sql.protocol import NoConnectors, Sql

if TYPE_CHECKING:
    from akrun.backend.records import EventRecord
    from akrun.engine.pipeline import Pipeline
    from akrun.engine.run import Result


Traces = Literal["off", "failed", "all"]


@dataclass(frozen=True, slots=True)
class Services:
    """What the pipes of a channel share at run time; tests pass fakes.

    Attributes:
        http: sends requests.
        log: where the channel's log goes.
        clock: the time, also for rate limits and waits.
        masker: hides the mailing's secrets in logs, traces and errors.
        chance: numbers in [0, 1) for jitter.
        sql: the databases of the configuration.
        store: the key-value store.
        reserve: where rates are kept that hold for several processes together; None for one that is alone.
        urgent: whether its requests go before others' where a rate limit makes them wait.
        limits: the channel's rate limits.
        traces: which attempts' traces are kept: of none, of those that did not end as done, of all.
        observe: told of every attempt that has ended and was traced, and how.
    """

    http: Sender
    log: LogSink
    clock: Clock = field(default_factory=SystemClock)
    masker: Masker = field(default_factory=Masker)
    chance: Callable[[], float] = random.random
    sql: Sql = field(default_factory=NoConnectors)
    store: Store = field(default_factory=NoStore)
    traces: Traces = "off"
    observe: "Callable[[Event, Result], None] | None" = None
    reserve: Reserve | None = None
    urgent: bool = False
    limits: RateLimits = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "limits", RateLimits(self.clock, self.reserve))

    def masking(self, secrets: Mapping[str, str]) -> Self:
        """The same services, which hide these secrets (by name) too; all else is shared with the original."""
        masker = self.masker.plus(secrets)
        if masker is self.masker:
            return self
        services = copy.copy(self)
        object.__setattr__(services, "masker", masker)
        return services

    def keeping(self, store: Store) -> Self:
        """The same services with this store; everything else is shared with the original."""
        services = copy.copy(self)
        object.__setattr__(services, "store", store)
        return services

    def hurrying(self) -> Self:
        """The same services, urgently; everything else is shared with the original."""
        services = copy.copy(self)
        object.__setattr__(services, "urgent", True)
        return services


@dataclass(slots=True)
class Budget:
    """Pipes that an event and its branches entered so far, and the most they may."""

    used: int = 0
    most: int = 0


class Event:
    """One event: the data its templates see, and what it did so far.

    Attributes:
        id: of the event; unique for ever, and the same when the event is run again.
        message_id: the message it goes back to, if any.
        scope: root name → value, as the templates see it. `in` is enriched in place by the pipes; they set
            keys of it and change no value inside, so that `origin`, which shares the values, stays as it was.
        data: the value of `$in`.
        effects: events to register, stored together with the outcome.
        jobs: hand-overs to other pipelines, stored together with the outcome.
        handed_over: how many hand-overs there were, those of earlier attempts included.
        result: what a `result` pipe of an entity's operation set; None before.
        budget: of pipes, shared with its branches.
        pipeline: the pipeline it is in; None before it is run.
        branches: how many were made of it.
        depth: branches around it: 0 for the event itself.
        trace: keeps what every pipe saw, when there is one.
        journal: records how far it came; None for an event that is not run again.
        entered: `$in`, `$error` and `branches` as they entered the pipe at hand, if it is one that waits.
        uncertain: whether nobody knows what became of its latest request: the next may be that one's double.
        unrecorded: whether an outcome is known that the journal does not have.
    """

    __slots__ = (
        "_run_from", "branches", "budget", "data", "depth", "effects", "entered", "handed_over", "id", "jobs",
        "journal", "message_id", "pipeline", "result", "scope", "services", "trace", "uncertain",
        "unrecorded",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - a call has so many parts
        self,
        origin: Mapping[str, Any],
        services: Services,
        *,
        roots: Mapping[str, Any] | None = None,
        trace: Trace | None = None,
        id: str | None = None,  # noqa: A002 - what it is
        message_id: str | None = None,
        journal: UnitJournal | None = None,
    ) -> None:
        """Begin an event.

        Args:
            origin: what enters the pipeline: both `$origin` and the first `$in`.
            services: what the pipes may use.
            roots: the other roots, such as `profile` and `subscription`, and the mailing's constants where
                the pipeline was not specialised for them.
            trace: filled while the event runs.
            id: see the attributes; that of the message as default, or else a new one.
            message_id: see the attributes; the `send_message_id` of the origin as default.
            journal: of its message or job.
        """
        if message_id is None and isinstance(named := origin.get("send_message_id"), str):
            message_id = named
        self.id: str = id or message_id or str(uuid.uuid4())
        self.message_id = message_id
        self.data: dict[str, Any] = dict(origin)
        self.scope: dict[str, Any] = {**(roots or {}), "in": self.data, "origin": dict(origin)}
        self.services = services
        self.effects: list[EventRecord] = []
        self.jobs: list[NewJob] = []
        self.result: dict[str, Any] | list[dict[str, Any]] | None = None
        self.budget = Budget()
        self.pipeline: Pipeline | None = None
        self.branches = 0
        self.depth = 0
        self.trace = trace
        self.journal = journal
        self.handed_over = 0
        self.entered: tuple[dict[str, Any], Any, int] | None = None
        self.uncertain = False
        self.unrecorded = False
        self._run_from: Callable[[Event, int], Awaitable[Result]] | None = None

    def enter(self, pipeline: "Pipeline", run_from: "Callable[[Event, int], Awaitable[Result]]") -> None:
        """Enter a pipeline, which grants steps; `run_from` runs an event from one of its pipes."""
        self.pipeline = pipeline
        self.budget.most = pipeline.max_steps
        self._run_from = run_from

    def begin_trace(self) -> None:
        """Keep a trace, if its services want one."""
        if self.services.traces != "off" or self.services.observe is not None:
            self.trace = Trace(self.services.masker, self.services.clock)

    def observed(self, result: "Result") -> None:
        """Tell whoever observes that it has ended."""
        if self.services.observe is not None:
            self.services.observe(self, result)

    @property
    def channel_id(self) -> int:
        """The channel whose pipeline it is in; 0 before it is run."""
        return 0 if self.pipeline is None else self.pipeline.channel_id

    @property
    def origin(self) -> Mapping[str, Any]:
        """What entered the pipeline; cannot be changed through this view."""
        return MappingProxyType(self.scope["origin"])

    def derived_id(self, *parts: str | int) -> str:
        """An id for something that follows from this event: the same whenever the event is run again."""
        pipeline = "" if self.pipeline is None else self.pipeline.name
        text = "\0".join(map(str, (pipeline, self.id, *parts)))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def branch(self, data: Mapping[str, Any]) -> "Event":
        """An event within this one: its own `$in`, id, effects, jobs and trace, and all else in common."""
        branch = copy.copy(self)
        branch.id = self.derived_id("branch", self.branches)
        self.branches += 1
        branch.branches = 0
        branch.data = dict(data)
        branch.scope = {**self.scope, "in": branch.data}
        branch.effects, branch.jobs, branch.handed_over = [], [], 0
        branch.entered, branch.uncertain, branch.unrecorded = None, False, False
        branch.depth = self.depth + 1
        branch.trace = None if self.trace is None else self.trace.branch()
        return branch

    def hand_over(self, channel: str, pipeline: str, pipe: int, payload: bytes, due: float) -> None:
        """Add a job to its hand-overs, under an id that is the same when this attempt is repeated.

        A replay is not a repetition: what an earlier life handed over is under way, and this comes on top.
        """
        replays = 0 if self.journal is None else self.journal.replays
        name = self.derived_id(pipeline, pipe, self.handed_over, *([replays] if replays else []))
        self.handed_over += 1
        self.jobs.append(NewJob(name, channel, pipeline, pipe, payload, due, self.message_id))

    async def intend(self, pipe: int, *, again: bool) -> None:
        """Record that a request with an effect is about to leave; see `UnitJournal.intend`."""
        if self.journal is not None:
            await self.journal.intend(self.id, pipe, again=again)
        if again and self.pipeline is not None:
            self.pipeline.steps[pipe].stats.resent += 1

    async def record(self, pipe: int, *, ended: bool = False) -> None:
        """Record that it has come as far as the entry of this pipe, or to its end there.

        Raises:
            BackendError: it could not be recorded.
        """
        self.unrecorded = self.uncertain = False
        if self.journal is not None:
            body = encode_checkpoint(self._checkpoint(pipe, ended=ended), self.services.masker)
            await self.journal.reach(self.id, body)

    async def record_failure(self, pipe: int) -> None:
        """Close the intent of a request that surely failed in this pipe, where the event ended.

        Raises:
            BackendError: it could not be recorded.
        """
        if self.journal is not None and self.unrecorded and not self.uncertain:
            await self.journal.reach(self.id, self.entered_state(pipe))
        self.unrecorded = False

    def resume(self) -> Checkpoint | None:
        """Take up what its journal says; gives where it stands, None at the start.

        Raises:
            SealError: A secret in its state is not to be had.
            ValueError: The record is damaged.
        """
        known = None if self.journal is None else self.journal.entry(self.id)
        if known is None:
            return None
        self.uncertain = known.intent is not None
        if known.checkpoint is None:
            return None
        checkpoint = decode_checkpoint(known.checkpoint, self.services.masker)
        self.data = self.scope["in"] = dict(checkpoint.data)
        if checkpoint.error is not None:
            self.scope["error"] = checkpoint.error
        self.effects, self.jobs = list(checkpoint.effects), list(checkpoint.jobs)
        self.budget.used += checkpoint.used
        self.branches, self.handed_over = checkpoint.branches, checkpoint.handed_over
        return checkpoint

    def entered_state(self, pipe: int) -> bytes:
        """The checkpoint from which a dead letter of this pipe is replayed; its effects are stored apart."""
        known = None if self.journal is None else self.journal.entry(self.id)
        if self.entered is None and known is not None and known.checkpoint is not None:
            return known.checkpoint  # it could not be taken up, and may be another time
        data, error, branches = self.entered or (self.data, None, self.branches)
        checkpoint = Checkpoint(pipe, data, error, branches=branches, handed_over=self.handed_over)
        return encode_checkpoint(checkpoint, self.services.masker)

    def _checkpoint(self, pipe: int, *, ended: bool) -> Checkpoint:
        return Checkpoint(
            pipe=pipe,
            data=self.data,
            error=self.scope.get("error"),
            effects=self.effects,
            jobs=self.jobs,
            used=0 if self.depth else self.budget.used,
            branches=self.branches,
            handed_over=self.handed_over,
            ended=ended,
        )

    async def run_from(self, pipe_id: int) -> "Result":
        """Run this event, a branch, from a pipe of its pipeline to its end."""
        assert self._run_from is not None
        return await self._run_from(self, pipe_id)
