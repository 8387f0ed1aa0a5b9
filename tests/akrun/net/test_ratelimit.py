import asyncio

import pytest

from akrun.engine.clock import VirtualClock
from akrun.net.ratelimit import STALE, Bucket, RateLimit, RateLimits, TokenBucket


async def drain(bucket: Bucket, clock: VirtualClock, count: int) -> list[tuple[int, float]]:
    """Who got a token when, of `count` tasks that ask at the same moment."""
    got: list[tuple[int, float]] = []

    async def one(number: int) -> None:
        await bucket.acquire()
        got.append((number, round(clock.monotonic(), 6)))

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(number))
        await clock.advance(60)
    return got


async def test_tokens_come_at_the_rate_and_in_the_order_of_asking() -> None:
    clock = VirtualClock()
    bucket = TokenBucket(RateLimit(rate=2, per=1, burst=3), clock)
    assert await drain(bucket, clock, 7) == [(0, 0), (1, 0), (2, 0), (3, 0.5), (4, 1), (5, 1.5), (6, 2)]


async def test_per_counts_in_seconds() -> None:
    clock = VirtualClock()
    bucket = TokenBucket(RateLimit(rate=6, per=60, burst=1), clock)
    assert await drain(bucket, clock, 3) == [(0, 0), (1, 10), (2, 20)]


async def test_an_idle_bucket_fills_to_its_burst_and_no_further() -> None:
    clock = VirtualClock()
    bucket = TokenBucket(RateLimit(rate=10, burst=2), clock)
    await clock.advance(100)
    assert [bucket.try_acquire() for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(("rate", "capacity"), [(300, 30), (200, 20), (5, 1), (0.1, 1)])
def test_without_a_burst_a_tenth_of_the_rate_may_pass_at_once(rate: float, capacity: float) -> None:
    assert RateLimit(rate=rate).capacity == capacity


async def test_who_gives_up_waiting_takes_no_token() -> None:
    clock = VirtualClock()
    bucket = TokenBucket(RateLimit(rate=1, burst=1), clock)
    assert bucket.try_acquire()
    first, second, third = (asyncio.create_task(bucket.acquire()) for _ in range(3))
    await clock.advance(0.5)
    first.cancel()
    second.cancel()
    await clock.advance(0.5)
    assert third.done()
    assert first.cancelled()
    assert second.cancelled()


async def test_nobody_overtakes_those_who_wait() -> None:
    clock = VirtualClock()
    bucket = TokenBucket(RateLimit(rate=1, burst=1), clock)
    await bucket.acquire()
    waiting = asyncio.create_task(bucket.acquire())
    await clock.advance(0)
    assert not bucket.try_acquire()
    await clock.advance(1)
    assert waiting.done()


def test_buckets_are_shared_by_name() -> None:
    limits = RateLimits(VirtualClock())
    limit = RateLimit(rate=2, per=1)
    assert limits.bucket("a", limit) is limits.bucket("a", RateLimit(rate=4, per=2, burst=1))
    assert limits.bucket("a", limit) is not limits.bucket("b", limit)
    with pytest.raises(ValueError, match="'a' is in use with another rate"):
        limits.bucket("a", RateLimit(rate=3))


@pytest.mark.parametrize(
    "wrong", [{"rate": 0}, {"rate": 1, "per": 0}, {"rate": -1}, {"rate": 1, "burst": 0.5}]
)
def test_a_limit_that_lets_nothing_pass_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="of a limit must be"):
        RateLimit(**wrong)  # type: ignore[arg-type]


async def test_who_is_urgent_goes_before_all_who_are_not() -> None:
    clock = VirtualClock()
    bucket = TokenBucket(RateLimit(rate=1, burst=1), clock)
    await bucket.acquire()
    order: list[str] = []

    async def take(name: str, *, urgent: bool) -> None:
        await bucket.acquire(urgent=urgent)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        for name in ("a", "b", "c"):
            group.create_task(take(name, urgent=False))
        await clock.advance(0.5)
        for name in ("x", "y"):
            group.create_task(take(name, urgent=True))
        await clock.advance(10)
    assert order == ["x", "y", "a", "b", "c"]


class Source:
    """A bucket's tokens as a backend gives them out, and what each call got."""

    def __init__(self, clock: VirtualClock, rate: float, burst: float) -> None:
        self._clock = clock
        self._bucket = TokenBucket(RateLimit(rate, burst=burst), clock)
        self.given: list[int] = []

    async def reserve(self, bucket: str, per_second: float, capacity: float, most: int) -> tuple[int, float]:
        assert (bucket, capacity) == ("a", 4)
        given = 0
        while given < most and self._bucket.try_acquire():
            given += 1
        self.given.append(given)
        return given, 1.0 / per_second


async def test_a_shared_bucket_gives_what_it_took_from_the_backend() -> None:
    clock = VirtualClock()
    source = Source(clock, rate=10, burst=4)
    ours, theirs = (RateLimits(clock, source.reserve).bucket("a", RateLimit(10, burst=4)) for _ in range(2))
    got = [*await drain(ours, clock, 8), *await drain(theirs, clock, 8)]
    assert len(got) == sum(source.given) == 16
    assert [moment for _, moment in got[:4]] == [0, 0, 0, 0]
    assert [moment for _, moment in got[4:8]] == [0.1, 0.2, 0.3, 0.4]


async def test_tokens_that_were_taken_and_not_used_in_time_are_given_up() -> None:
    clock = VirtualClock()
    source = Source(clock, rate=10, burst=4)
    bucket = RateLimits(clock, source.reserve).bucket("a", RateLimit(10, burst=4))
    await bucket.acquire()
    assert source.given == [2]
    await clock.advance(STALE + 0.1)
    assert not bucket.try_acquire()
