"""An event on its way through a pipeline, and the services its pipes may use."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from akrun.engine.clock import Clock, SystemClock
from akrun.engine.log import LogSink
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace
from akrun.net.client import Sender
from akrun.net.ratelimit import RateLimits

if TYPE_CHECKING:
    from akrun.backend.records import EventRecord


@dataclass(frozen=True, slots=True)
class Services:
    """What the pipes of a channel share at run time; tests pass fakes.

    Attributes:
        http: sends requests.
        log: where the channel's log goes.
        clock: the time, also for rate limits and waits.
        masker: hides the mailing's secrets in logs, traces and errors.
        chance: numbers in [0, 1) for jitter.
        limits: the channel's rate limits.
    """

    http: Sender
    log: LogSink
    clock: Clock = field(default_factory=SystemClock)
    masker: Masker = field(default_factory=Masker)
    chance: Callable[[], float] = random.random
    limits: RateLimits = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "limits", RateLimits(self.clock))


class Event:
    """One event: the data its templates see, and what it did so far.

    Attributes:
        scope: root name → value, as the templates see it. `in` is enriched in place by the pipes; they set
            keys of it and change no value inside, so that `origin`, which shares the values, stays as it was.
        data: the value of `$in`.
        effects: events to register, stored together with the outcome.
        steps: pipes entered so far.
        max_steps: most that the pipeline grants.
        channel_id: of the channel whose pipeline it is in.
        trace: keeps what every pipe saw, when there is one.
    """

    __slots__ = ("channel_id", "data", "effects", "max_steps", "scope", "services", "steps", "trace")

    def __init__(
        self,
        origin: Mapping[str, Any],
        services: Services,
        *,
        roots: Mapping[str, Any] | None = None,
        trace: Trace | None = None,
    ) -> None:
        """Begin an event.

        Args:
            origin: what enters the pipeline: both `$origin` and the first `$in`.
            services: what the pipes may use.
            roots: the other roots, such as `profile` and `subscription`, and the mailing's constants where
                the pipeline was not specialised for them.
            trace: filled while the event runs.
        """
        self.data: dict[str, Any] = dict(origin)
        self.scope: dict[str, Any] = {**(roots or {}), "in": self.data, "origin": dict(origin)}
        self.services = services
        self.effects: list[EventRecord] = []
        self.steps = 0
        self.max_steps = 0
        self.channel_id = 0
        self.trace = trace

    def enter(self, channel_id: int, max_steps: int) -> None:
        """Enter a pipeline of this channel, which grants so many steps."""
        self.channel_id = channel_id
        self.max_steps = max_steps

    @property
    def origin(self) -> Mapping[str, Any]:
        """What entered the pipeline; cannot be changed through this view."""
        return MappingProxyType(self.scope["origin"])
