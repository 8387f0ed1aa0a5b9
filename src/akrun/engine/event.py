"""An event on its way through a pipeline, and the services its pipes may use."""

import copy
import hashlib
import random
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from akrun.backend.absent import NoStore
from akrun.backend.protocol import Store
from akrun.engine.clock import Clock, SystemClock
from akrun.engine.log import LogSink
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace
from akrun.net.client import Sender
from akrun.net.ratelimit import RateLimits
from akrun.sql.protocol import NoConnectors, Sql

if TYPE_CHECKING:
    from akrun.backend.records import EventRecord, NewJob
    from akrun.engine.pipeline import Pipeline
    from akrun.engine.run import Result


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
        limits: the channel's rate limits.
    """

    http: Sender
    log: LogSink
    clock: Clock = field(default_factory=SystemClock)
    masker: Masker = field(default_factory=Masker)
    chance: Callable[[], float] = random.random
    sql: Sql = field(default_factory=NoConnectors)
    store: Store = field(default_factory=NoStore)
    limits: RateLimits = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "limits", RateLimits(self.clock))

    def masking(self, secrets: Iterable[str]) -> Self:
        """The same services, which hide these secrets too; everything else is shared with the original."""
        services = copy.copy(self)
        object.__setattr__(services, "masker", self.masker.plus(secrets))
        return services

    def keeping(self, store: Store) -> Self:
        """The same services with this store; everything else is shared with the original."""
        services = copy.copy(self)
        object.__setattr__(services, "store", store)
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
        result: what a `result` pipe of an entity's operation set; None before.
        budget: of pipes, shared with its branches.
        pipeline: the pipeline it is in; None before it is run.
        branches: how many were made of it.
        depth: branches around it: 0 for the event itself.
        trace: keeps what every pipe saw, when there is one.
    """

    __slots__ = (
        "_run_from", "branches", "budget", "data", "depth", "effects", "id", "jobs", "message_id", "pipeline",
        "result", "scope", "services", "trace",
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
        self._run_from: Callable[[Event, int], Awaitable[Result]] | None = None

    def enter(self, pipeline: "Pipeline", run_from: "Callable[[Event, int], Awaitable[Result]]") -> None:
        """Enter a pipeline, which grants steps; `run_from` runs an event from one of its pipes."""
        self.pipeline = pipeline
        self.budget.most = pipeline.max_steps
        self._run_from = run_from

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
        branch.effects, branch.jobs = [], []
        branch.depth = self.depth + 1
        branch.trace = None if self.trace is None else Trace(self.trace.masker)
        return branch

    async def run_from(self, pipe_id: int) -> "Result":
        """Run this event, a branch, from a pipe of its pipeline to its end."""
        assert self._run_from is not None
        return await self._run_from(self, pipe_id)
