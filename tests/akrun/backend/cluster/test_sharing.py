"""What processes on one cluster tell each other: claims, news, and rates that hold for all of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akrun.backend import LaunchState
from akrun.backend.cluster import Cluster, ClusterOptions
from akrun.backend.sharing import News
from tests.akrun.server.scene import until
from tests.contract.scene import job, registered, sending


@pytest.fixture
async def pair(
    options: ClusterOptions,
    anyio_backend: str,  # noqa: ARG001 - starts the loop
) -> AsyncIterator[tuple[Cluster, Cluster]]:
    async with Cluster(options) as one, Cluster(options) as two:
        yield one, two


async def test_of_several_one_has_a_claim(options: ClusterOptions) -> None:
    async with AsyncExitStack() as stack:
        all_of_them = [await stack.enter_async_context(Cluster(options)) for _ in range(4)]
        told = await asyncio.gather(*(each.claim("a", 30.0) for each in all_of_them))
        assert sum(told) == 1
        owner = all_of_them[told.index(True)]
        assert await asyncio.gather(*(each.claim("a", 30.0) for each in all_of_them)) == told
        others = [each for each in all_of_them if each is not owner]
        assert await others[0].claim("b", 30.0)


async def test_a_process_that_ends_lets_go_of_its_claims(options: ClusterOptions) -> None:
    async with Cluster(options) as one:
        async with Cluster(options) as two:
            assert await two.claim("a", 3600.0)
            assert not await one.claim("a", 3600.0)
        assert await one.claim("a", 3600.0)


async def test_the_claim_of_one_that_dies_ends_with_its_time(options: ClusterOptions) -> None:
    dead = Cluster(options)
    await dead.open()
    assert await dead.claim("a", 1.0)
    await dead._nc.close()  # as when its machine is gone
    async with Cluster(options) as one:
        assert not await one.claim("a", 1.0)
        await until(lambda: one.claim("a", 1.0))


async def test_a_claim_is_kept_by_asking_again(pair: tuple[Cluster, Cluster]) -> None:
    one, two = pair
    assert await one.claim("a", 1.0)
    assert await one.claim("a", 60.0)
    await asyncio.sleep(1.5)  # by the servers' clock
    assert not await two.claim("a", 1.0)


async def test_a_claim_lost_meanwhile_stays_with_its_new_owner(options: ClusterOptions) -> None:
    async with Cluster(options) as two, Cluster(options) as third:
        async with Cluster(options) as one:
            assert await one.claim("a", 1.0)
            await until(lambda: two.claim("a", 60.0))
        assert not await third.claim("a", 60.0)


async def told_of(backend: Cluster, news: News) -> asyncio.Task[None]:
    """A task that waits for news, and has heard all that was published before."""
    await backend._nc.flush()
    with suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await backend.stirred(news)
    return asyncio.create_task(backend.stirred(news))


async def test_a_job_of_one_process_wakes_the_others(pair: tuple[Cluster, Cluster]) -> None:
    one, two = pair
    jobs, mailings = await told_of(two, "jobs"), await told_of(two, "mailings")
    await one.enqueue([job(1)])
    async with asyncio.timeout(120):
        await jobs
    assert not mailings.done()
    mailings.cancel()


async def test_news_that_came_before_the_wait_are_not_lost(pair: tuple[Cluster, Cluster]) -> None:
    one, two = pair
    (await told_of(two, "jobs")).cancel()
    await one.enqueue([job(1)])
    await two._nc.flush()
    await two.lease_jobs(1e6, 1)  # time for what was published to come
    async with asyncio.timeout(120):
        await two.stirred("jobs")


@pytest.mark.parametrize("state", [LaunchState.PAUSED, LaunchState.STOPPED])
async def test_each_move_of_a_launch_is_news(pair: tuple[Cluster, Cluster], state: LaunchState) -> None:
    one, two = pair
    await registered(one)
    await sending(one, 2)
    jobs, mailings = await told_of(two, "jobs"), await told_of(two, "mailings")
    await one.set_launch_state("L", state)
    async with asyncio.timeout(120):
        await mailings
    assert not jobs.done()
    jobs.cancel()


class Now:
    """A clock that all instances of a test tell time by."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


async def test_of_those_who_ask_at_once_each_token_goes_to_one(options: ClusterOptions) -> None:
    now = Now()
    async with AsyncExitStack() as stack:
        instances = [await stack.enter_async_context(Cluster(options, clock=now)) for _ in range(3)]
        asked = [each.reserve("a", 4.0, 20.0, 3) for each in instances for _ in range(5)]
        given = await asyncio.gather(*asked)
        assert sum(tokens for tokens, _ in given) == 20
        assert {wait for tokens, wait in given if not tokens} == {0.25}
        now.time += 0.25
        later = [await each.reserve("a", 4.0, 20.0, 3) for each in instances]
        assert later == [(1, 0.0), (0, 0.25), (0, 0.25)]
        assert await instances[0].reserve("b", 5.0, 20.0, 30) == (20, 0.0)


async def test_a_clock_that_is_ahead_makes_nobody_ask_in_vain(options: ClusterOptions) -> None:
    ahead, behind = Now(), Now()
    ahead.time += 5.0
    async with Cluster(options, clock=ahead) as one, Cluster(options, clock=behind) as two:
        assert await one.reserve("a", 1.0, 1.0, 1) == (1, 0.0)
        assert await two.reserve("a", 1.0, 1.0, 1) == (0, 6.0)


NUMBERS = count()
RATES = st.sampled_from([0.5, 1.0, 3.0, 7.0, 100.0])
STEPS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.01, 0.1, 0.5, 1 / 3, 2.0]), st.integers(0, 1), st.integers(1, 4)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rate=RATES, capacity=st.sampled_from([1.0, 2.5, 10.0]), steps=STEPS)
def test_all_of_them_together_keep_a_rate_in_every_stretch_of_time(
    options: ClusterOptions, rate: float, capacity: float, steps: list[tuple[float, int, int]]
) -> None:
    taken: list[tuple[float, int]] = []

    async def play() -> None:
        now = Now()
        async with Cluster(options, clock=now) as one, Cluster(options, clock=now) as two:
            bucket = f"bucket {next(NUMBERS)}"
            for pause, which, most in steps:
                now.time += pause
                given, wait = await (one, two)[which].reserve(bucket, rate, capacity, most)
                taken.append((now.time, given))
                assert given <= most
                if not given:  # it pays to ask again then
                    now.time += wait + 1e-6
                    given, _ = await (one, two)[1 - which].reserve(bucket, rate, capacity, most)
                    assert given >= 1
                    taken.append((now.time, given))

    asyncio.run(play())
    for first, (begin, _) in enumerate(taken):
        sums = 0
        for end, tokens in taken[first:]:
            sums += tokens
            assert sums <= capacity + (end - begin) * rate + 1e-6


async def test_other_installations_have_claims_and_rates_of_their_own(options: ClusterOptions) -> None:
    other = replace(options, prefix=f"{options.prefix}-2"[-32:])
    async with Cluster(options) as one, Cluster(other) as two:
        assert await one.claim("a", 60.0)
        assert await two.claim("a", 60.0)
        assert (await one.reserve("a", 1.0, 3.0, 3))[0] == 3
        assert (await two.reserve("a", 1.0, 3.0, 3))[0] == 3
