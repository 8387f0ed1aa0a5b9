"""Processes tell of themselves, and are there no more when they end, die or fall silent."""

import time
from collections.abc import Callable
from dataclasses import replace

from akrun.backend.cluster import Cluster, ClusterOptions
from akrun.backend.members import Announcement
from tests.contract.scene import DONE, job, leased, sending

BREAKER = {"origin": "https://api.example.com", "state": "open", "failures": 5, "waiting": 2}
WORKER = Announcement("worker", "host-1", 41, 1000.0, ("sms",), (BREAKER,))
SERVE = Announcement("serve", "host-2", 42, 999.0)


def later(seconds: float) -> Callable[[], float]:
    return lambda: time.time() + seconds


async def test_all_are_seen_by_all_in_the_order_of_their_beginning(options: ClusterOptions) -> None:
    async with Cluster(options) as one, Cluster(options) as two:
        assert await one.members() == []
        await one.announce(WORKER, 30.0)
        await two.announce(SERVE, 30.0)
        found = await one.members()
        assert found == await two.members()
        assert [each.said for each in found] == [SERVE, WORKER]
        assert len({each.id for each in found}) == 2


async def test_one_that_closes_is_there_no_more(options: ClusterOptions) -> None:
    async with Cluster(options) as one:
        async with Cluster(options) as two:
            await two.announce(WORKER, 3600.0)
            assert len(await one.members()) == 1
        assert await one.members() == []


async def test_one_that_falls_silent_is_there_no_more(options: ClusterOptions) -> None:
    async with Cluster(options) as one, Cluster(options, clock=later(31.0)) as looking:
        await one.announce(WORKER, 30.0)
        assert await looking.members() == []
        await one.announce(replace(WORKER, channels=("sms", "chat")), 60.0)
        [found] = await looking.members()
        assert found.said.channels == ("sms", "chat")


async def test_it_tells_what_it_has_under_way_and_how_fast_it_is(options: ClusterOptions) -> None:
    now = 1000.0
    async with Cluster(options, clock=lambda: now) as backend:
        await sending(backend, 5)
        await backend.enqueue([job(1)])
        await backend.announce(WORKER, 30.0)
        messages = await leased(backend, 3)
        assert len(await backend.lease_jobs(now, 1)) == 1
        for message in messages[:2]:
            assert await backend.finish(message.id, DONE)
        assert not await backend.finish(messages[0].id, DONE)  # it had its outcome
        assert await backend.finish_job("j1", DONE)
        now += 2.0
        await backend.announce(WORKER, 30.0)
        [found] = await backend.members()
        assert (found.under_way, found.settled, found.rate) == (1, 3, 1.5)
        now += 2.0
        await backend.announce(WORKER, 30.0)
        [found] = await backend.members()
        assert (found.seen, found.settled, found.rate) == (1004.0, 3, 0.0)
