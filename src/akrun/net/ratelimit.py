"""Rate limits: token buckets with first-come-first-served waiting, shared by name.

Who is urgent goes before all who are not.
"""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from akrun.backend.sharing import Reserve
from akrun.engine.clock import Clock

SHARE_OF_BURST = 10

HELD: Final = 0.2
"""Seconds' worth of tokens that a process takes at once from a bucket shared by several."""
STALE: Final = 1.0
"""Seconds after which tokens that were taken and not used are worth nothing: they would add to a burst."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`rate` requests per `per` seconds, with at most `burst` at once; `key` names a bucket that pipes share.

    Without `burst` it is a tenth of the rate (at least 1), so that a full bucket adds little to the first
    period and a short stall of the process can still be made up for.
    """

    rate: float
    per: float = 1.0
    burst: float | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        if not self.rate > 0 or not self.per > 0:
            raise ValueError("rate and per of a limit must be above zero")
        if self.burst is not None and not self.burst >= 1:
            raise ValueError("burst of a limit must be at least 1")

    @property
    def per_second(self) -> float:
        """Tokens that arrive in a second."""
        return self.rate / self.per

    @property
    def capacity(self) -> float:
        """Most tokens the bucket holds."""
        return self.burst if self.burst is not None else max(1.0, self.rate / SHARE_OF_BURST)


class Bucket(ABC):
    """Tokens, and the line of those who wait for one."""

    def __init__(self, limit: RateLimit, clock: Clock) -> None:
        self._rate = limit.per_second
        self._capacity = limit.capacity
        self._clock = clock
        # A lock of asyncio serves its waiters in order, and one that is cancelled leaves without a token.
        self._turn = asyncio.Lock()
        self._urgent_turn = asyncio.Lock()

    @abstractmethod
    def _take(self) -> bool:
        """Take a token if there is one at hand."""

    @abstractmethod
    async def _refill(self) -> None:
        """Wait until there may be one."""

    def try_acquire(self) -> bool:
        """Take a token if there is one and nobody waits; never waits itself."""
        if self._turn.locked() or self._urgent_turn.locked():
            return False
        return self._take()

    async def acquire(self, *, urgent: bool = False) -> None:
        """Take a token, waiting in line for it: in the line that is served first if it is urgent."""
        if self.try_acquire():
            return
        if urgent:
            async with self._urgent_turn:
                while not self._take():
                    await self._refill()
            return
        async with self._turn:
            while self._urgent_turn.locked() or not self._take():
                await self._refill()


class TokenBucket(Bucket):
    """The bucket of one process: in any t seconds at most `capacity + t * per_second` tokens are taken."""

    def __init__(self, limit: RateLimit, clock: Clock) -> None:
        super().__init__(limit, clock)
        self._tokens = self._capacity
        self._filled_at = clock.monotonic()

    async def _refill(self) -> None:
        await self._clock.sleep(max(1.0 - self._tokens, 0.0) / self._rate)

    def _take(self) -> bool:
        now = self._clock.monotonic()
        self._tokens = min(self._capacity, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        # Sums of floats fall short of a whole token by rounding; waiting for the rest would only spin.
        if self._tokens < 1.0 - 1e-9:
            return False
        self._tokens = max(0.0, self._tokens - 1.0)
        return True


class SharedBucket(Bucket):
    """A bucket of all processes on a backend; this one takes a few tokens from there at a time."""

    def __init__(self, name: str, limit: RateLimit, clock: Clock, reserve: Reserve) -> None:
        super().__init__(limit, clock)
        self._name = name
        self._reserve = reserve
        self._most = max(1, int(min(self._rate * HELD, self._capacity)))
        self._tokens = 0
        self._taken_at = 0.0

    async def _refill(self) -> None:
        if self._tokens:  # left for who is urgent
            await self._clock.sleep(1.0 / self._rate)
            return
        given, wait = await self._reserve(self._name, self._rate, self._capacity, self._most)
        self._tokens += given
        self._taken_at = self._clock.monotonic()
        if not given:
            await self._clock.sleep(wait)

    def _take(self) -> bool:
        if self._clock.monotonic() - self._taken_at > STALE:
            self._tokens = 0
        if not self._tokens:
            return False
        self._tokens -= 1
        return True


class RateLimits:
    """The buckets of a channel, by name; with `reserve` they are those of all processes on a backend."""

    def __init__(self, clock: Clock, reserve: Reserve | None = None) -> None:
        self._clock = clock
        self._reserve = reserve
        self._buckets: dict[str, tuple[RateLimit, Bucket]] = {}

    def bucket(self, name: str, limit: RateLimit) -> Bucket:
        """The bucket of this name, made at first use.

        Raises ValueError when the name is in use with another rate: one bucket cannot keep two promises.
        """
        known = self._buckets.get(name)
        if known is None:
            made = (
                TokenBucket(limit, self._clock)
                if self._reserve is None
                else SharedBucket(name, limit, self._clock, self._reserve)
            )
            known = self._buckets[name] = (limit, made)
        elif known[0] is not limit and (known[0].per_second, known[0].capacity) != (
            limit.per_second,
            limit.capacity,
        ):
            raise ValueError(f"limit {name!r} is in use with another rate")
        return known[1]
