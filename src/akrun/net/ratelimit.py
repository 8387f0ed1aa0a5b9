"""Rate limits: token buckets with first-come-first-served waiting, shared by name."""

import asyncio
from dataclasses import dataclass

from akrun.engine.clock import Clock

SHARE_OF_BURST = 10


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


class TokenBucket:
    """One bucket: in any stretch of t seconds at most `capacity + t * per_second` tokens are taken."""

    def __init__(self, limit: RateLimit, clock: Clock) -> None:
        self._rate = limit.per_second
        self._capacity = limit.capacity
        self._clock = clock
        self._tokens = self._capacity
        self._filled_at = clock.monotonic()
        # A lock of asyncio serves its waiters in order, and one that is cancelled leaves without a token.
        self._turn = asyncio.Lock()

    def try_acquire(self) -> bool:
        """Take a token if there is one and nobody waits; never waits itself."""
        if self._turn.locked():
            return False
        return self._take()

    async def acquire(self) -> None:
        """Take a token, waiting in line for it."""
        if self.try_acquire():
            return
        async with self._turn:
            while not self._take():
                await self._clock.sleep((1.0 - self._tokens) / self._rate)

    def _take(self) -> bool:
        now = self._clock.monotonic()
        self._tokens = min(self._capacity, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        # Sums of floats fall short of a whole token by rounding; waiting for the rest would only spin.
        if self._tokens < 1.0 - 1e-9:
            return False
        self._tokens = max(0.0, self._tokens - 1.0)
        return True


class RateLimits:
    """The buckets of a channel, by name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[RateLimit, TokenBucket]] = {}

    def bucket(self, name: str, limit: RateLimit) -> TokenBucket:
        """The bucket of this name, made at first use.

        Raises ValueError when the name is in use with another rate: one bucket cannot keep two promises.
        """
        known = self._buckets.get(name)
        if known is None:
            known = self._buckets[name] = (limit, TokenBucket(limit, self._clock))
        elif known[0] is not limit and (known[0].per_second, known[0].capacity) != (
            limit.per_second,
            limit.capacity,
        ):
            raise ValueError(f"limit {name!r} is in use with another rate")
        return known[1]
