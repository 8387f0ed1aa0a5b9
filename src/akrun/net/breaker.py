"""Circuit breakers: a host that fails again and again is left alone for a while, then tried by one request.

```
closed ── failures in a row ──► open ── reset seconds ──► half open ── the probe succeeds ──► closed
                                  ▲                           │
                                  └────── the probe fails ────┘
```
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from akrun.engine.clock import Clock
from akrun.net.failures import HttpFailure

MAX_ORIGINS: Final = 1000
"""Most origins whose failures are remembered; beyond it the ones longest known and not open are forgotten."""

FAILING_STATUSES: Final = frozenset({500, 502, 503, 504})
FAILING_KINDS: Final = frozenset({"connection", "timeout", "tls"})


class BreakerState(NamedTuple):
    """A breaker as metrics and `akrun doctor` show it.

    Attributes:
        origin: such as `https://api.example.com`.
        state: closed (but failing), open, or half open (a probe is under way or due).
        failures: failures in a row, probes included.
        since: when it opened; None while closed.
        next_probe: when the next request may try; None unless open.
        waiting: requests that wait for it to close.
    """

    origin: str
    state: Literal["closed", "open", "half open"]
    failures: int
    since: datetime | None
    next_probe: datetime | None
    waiting: int


Changed = Callable[[BreakerState], None]


class Breakers:
    """The breakers of a client, one for each origin.

    A request enters, and afterwards says how it went: `succeeded`, `failed`, or `given_up`. In between it may
    be the *probe* of a half-open breaker.

    ```python
    probe = await breakers.enter(origin, patience) if breakers.blocks(origin) else False
    ...
    breakers.succeeded(origin, probe=probe)
    ```

    How a request went that was let through before its breaker opened does not count any more.
    """

    def __init__(self, clock: Clock, failures: int, reset: float) -> None:
        """`failures` in a row open a breaker (0: never), and `reset` seconds later a probe may pass."""
        self._clock = clock
        self._limit = failures
        self._reset = reset
        self.changed: Changed = lambda _: None
        """Told of every breaker that has opened or closed."""
        self._breakers: dict[str, _Breaker] = {}

    def blocks(self, origin: str) -> bool:
        """Whether a request must `enter` first."""
        breaker = self._breakers.get(origin)
        return breaker is not None and breaker.opened is not None

    async def enter(self, origin: str, patience: float) -> bool:
        """Wait until a request may go to the origin: as the next probe, or after one that succeeded.

        How long a probe takes is not bounded here; the caller's deadline cancels the wait for it.

        Returns:
            Whether the request is the probe.

        Raises:
            HttpFailure: Of kind `breaker` when the next probe is not due within `patience` seconds; nothing
                was sent.
        """
        deadline = self._clock.monotonic() + patience
        while (breaker := self._breakers.get(origin)) is not None and breaker.opened is not None:
            wait = breaker.probe_at - self._clock.monotonic()
            if not breaker.probing and wait > 0 and breaker.probe_at > deadline:
                raise self._held_back(origin, breaker)
            if breaker.probing or breaker.watched:
                await breaker.change()
            elif wait > 0:
                await breaker.watch(self._clock, wait)
            else:
                breaker.probing = True
                return True
        return False

    def succeeded(self, origin: str, *, probe: bool = False) -> None:
        """A request got an answer that shows the host at work."""
        breaker = self._breakers.get(origin)
        if breaker is not None and (probe or breaker.opened is None):
            del self._breakers[origin]
            breaker.tell()
            if breaker.opened is not None:
                self.changed(BreakerState(origin, "closed", 0, None, None, 0))

    def failed(self, origin: str, why: str, *, probe: bool = False) -> None:
        """A request found the host failing; `why` is for people."""
        if not self._limit:
            return
        breaker = self._breakers.get(origin)
        if breaker is None:
            breaker = self._breakers[origin] = _Breaker()
            self._forget_old()
        if breaker.opened is not None and not probe:
            return  # it was let through before the breaker opened
        breaker.failures += 1
        breaker.why = why
        if probe or breaker.failures >= self._limit:
            was_open = breaker.opened is not None
            breaker.probing = False
            breaker.opened = breaker.opened or self._clock.now()
            breaker.probe_at = self._clock.monotonic() + self._reset
            breaker.tell()
            if not was_open:
                self.changed(self._state(origin, breaker))

    def given_up(self, origin: str, *, probe: bool = False) -> None:
        """A request ended without saying anything about the host."""
        breaker = self._breakers.get(origin)
        if probe and breaker is not None:
            breaker.probing = False
            breaker.tell()

    def states(self) -> list[BreakerState]:
        """What breakers of failing origins there are; an origin without failures has none."""
        return [self._state(origin, breaker) for origin, breaker in self._breakers.items()]

    def _state(self, origin: str, breaker: "_Breaker") -> BreakerState:
        if breaker.opened is None:
            return BreakerState(origin, "closed", breaker.failures, None, None, 0)
        wait = breaker.probe_at - self._clock.monotonic()
        waiting = breaker.waiting
        if breaker.probing or wait <= 0:
            return BreakerState(origin, "half open", breaker.failures, breaker.opened, None, waiting)
        due = self._clock.now() + timedelta(seconds=wait)
        return BreakerState(origin, "open", breaker.failures, breaker.opened, due, waiting)

    def _held_back(self, origin: str, breaker: "_Breaker") -> HttpFailure:
        wait = breaker.probe_at - self._clock.monotonic()
        message = (
            f"requests to {origin} are held back since {breaker.opened:%Y-%m-%d %H:%M:%S} UTC: it failed"
            f" {breaker.failures} times in a row, at last: {breaker.why}; the next one may try in"
            f" {max(wait, 0):.1f} s"
        )
        return HttpFailure(message, kind="breaker", sent=False, retryable=True)

    def _forget_old(self) -> None:
        if len(self._breakers) > MAX_ORIGINS:
            closed = next((origin for origin, each in self._breakers.items() if each.opened is None), None)
            if closed is not None:
                del self._breakers[closed]


class _Breaker:
    """One origin's failures, and the requests that wait for it."""

    __slots__ = ("_changed", "failures", "opened", "probe_at", "probing", "waiting", "watched", "why")

    def __init__(self) -> None:
        self.failures = 0
        self.why = ""
        self.opened: datetime | None = None
        self.probe_at = 0.0
        self.probing = False
        self.watched = False  # one request sleeps until the probe is due; the others need no timers
        self.waiting = 0
        self._changed = asyncio.Event()

    async def watch(self, clock: Clock, seconds: float) -> None:
        """Sleep for all who wait; whoever is cancelled in it leaves the watch to another one."""
        self.watched = True
        self.waiting += 1
        try:
            await clock.sleep(seconds)
        except BaseException:
            self.tell()
            raise
        finally:
            self.watched = False
            self.waiting -= 1

    async def change(self) -> None:
        """Wait for the next `tell`."""
        self.waiting += 1
        try:
            await self._changed.wait()
        finally:
            self.waiting -= 1

    def tell(self) -> None:
        """Let all who wait look again, in the order they came."""
        self._changed.set()
        self._changed = asyncio.Event()
