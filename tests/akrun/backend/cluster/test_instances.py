"""Several instances on one stream at the same time: each message has one outcome, and counts are exact."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from akrun.backend import Accepted, JobCounts, LaunchState, NewMessage, NotFoundError, StateError
from akrun.backend.cluster import Cluster, ClusterOptions
from tests.contract.scene import DONE, FAILED, entry, event, job, letter, registered, sending


async def opened(stack: AsyncExitStack, options: ClusterOptions, count: int = 2) -> list[Cluster]:
    """Instances that are open until the stack ends."""
    return [await stack.enter_async_context(Cluster(options)) for _ in range(count)]


async def work(backend: Cluster, size: int) -> list[str]:
    """Work through launch `L`, a few messages at a time; gives the ids of those that were recorded."""
    recorded: list[str] = []

    async def send(name: str) -> None:
        await backend.record(entry(name, intent=1))
        failed = name.endswith("7")
        end = (FAILED, [event(name)], letter()) if failed else (DONE, [event(name)], None)
        if await backend.finish(name, *end):
            recorded.append(name)

    while messages := await backend.lease("L", size):
        await asyncio.gather(*(send(message.id) for message in messages))
    return recorded


async def test_they_share_a_launch(options: ClusterOptions) -> None:
    async with AsyncExitStack() as stack:
        instances = await opened(stack, options, 3)
        await sending(instances[0], 200)
        recorded = await asyncio.gather(*(work(each, 5 + n) for n, each in enumerate(instances)))
        names = [name for part in recorded for name in part]
        assert Counter(names) == Counter(f"m{n}" for n in range(200))
        for backend in instances:
            counts = await backend.counts("L")
            assert (counts.total, counts.done, counts.failed, counts.pending) == (200, 180, 20, 0)
            assert await backend.count_dead_letters() == 20
        finished = await instances[2].set_launch_state("L", LaunchState.FINISHED)
        assert finished.total == 200
        [summary] = (await instances[1].report(launch_id="L")).events
        assert (summary.count, summary.messages) == (200, 200)


async def test_they_share_jobs(options: ClusterOptions) -> None:
    async with AsyncExitStack() as stack:
        one, other = await opened(stack, options)
        numbers = range(60)
        stored = await asyncio.gather(
            *(backend.enqueue([job(n) for n in numbers]) for backend in (one, other, one))
        )
        assert sum(stored) == 60
        done: list[str] = []

        async def take(backend: Cluster) -> None:
            while jobs := await backend.lease_jobs(1.0, 7):
                for each in jobs:
                    assert await backend.finish_job(each.id, DONE)
                    done.append(each.id)

        await asyncio.gather(take(one), take(other))
        assert sorted(done) == sorted(f"j{n}" for n in numbers)
        assert await one.job_counts() == await other.job_counts() == JobCounts(0, 0, 60, 0, 0)


async def test_of_outcomes_from_several_one_is_recorded(options: ClusterOptions) -> None:
    async with AsyncExitStack() as stack:
        instances = await opened(stack, options, 3)
        await sending(instances[0], 20)
        await instances[0].lease("L", 10)
        answers = await asyncio.gather(
            *(backend.finish(f"m{n}", DONE, [event(f"m{n}")]) for n in range(20) for backend in instances)
        )
        assert [sum(answers[3 * n : 3 * n + 3]) for n in range(20)] == [1] * 20
        counts = await instances[1].counts("L")
        assert (counts.done, counts.pending, counts.in_progress) == (20, 0, 0)
        assert await instances[2].lease("L", 9) == []


async def test_of_replays_and_drops_one_counts(options: ClusterOptions) -> None:
    async with AsyncExitStack() as stack:
        one, other = await opened(stack, options)
        await sending(one, 1)
        await one.lease("L", 1)
        await one.finish("m0", FAILED, dead=letter())
        [dead] = await other.dead_letters()
        answers = await asyncio.gather(
            one.replay(dead.id, 0.0), other.replay(dead.id, 0.0), other.drop(dead.id), return_exceptions=True
        )
        assert sum(isinstance(answer, NotFoundError) for answer in answers) == 2
        assert await one.dead_letters() == []
        assert await other.count_dead_letters() == 0


async def test_of_requests_under_one_key_one_is_accepted(options: ClusterOptions) -> None:
    async with AsyncExitStack() as stack:
        instances = await opened(stack, options, 3)
        answers = await asyncio.gather(
            *(each.accept("k", f"d{n}", b"%d" % n, [job(n)]) for n, each in enumerate(instances))
        )
        [first] = [answer for answer in answers if answer.new]
        assert answers.count(Accepted(new=False, digest=first.digest, answer=first.answer)) == 2
        assert [each.id for each in await instances[0].lease_jobs(0.0, 9)] == [f"j{first.digest[1:]}"]


async def test_a_launch_is_begun_once(options: ClusterOptions) -> None:
    async with AsyncExitStack() as stack:
        instances = await opened(stack, options, 3)
        await registered(instances[0])
        begun = await asyncio.gather(*(each.launch(7, "L", b"%d" % n) for n, each in enumerate(instances)))
        assert begun[0] == begun[1] == begun[2]
        numbered = await asyncio.gather(*(each.launch(7, f"L{n}", b"") for n, each in enumerate(instances)))
        launches = await instances[1].launches(7)
        assert launches[0] == begun[0]
        assert sorted(launches[1:], key=lambda launch: launch.launch_id) == numbered


async def test_a_launch_is_not_finished_while_a_replay_revives_it(options: ClusterOptions) -> None:
    async with AsyncExitStack() as stack:
        one, other = await opened(stack, options)
        await sending(one, 1)
        for _ in range(10):
            await one.lease("L", 1)
            await one.finish("m0", FAILED, dead=letter())
            [dead] = await one.dead_letters()
            answers = await asyncio.gather(
                one.set_launch_state("L", LaunchState.FINISHED),
                other.replay(dead.id, 0.0),
                return_exceptions=True,
            )
            assert not isinstance(answers[1], BaseException)
            launch = await other.find_launch("L")
            assert launch is not None
            assert launch.state is LaunchState.SENDING


async def test_a_load_takes_over_from_another_one(options: ClusterOptions) -> None:
    async with AsyncExitStack() as stack:
        one, other = await opened(stack, options)
        await registered(one)
        await one.launch(7, "L", b"{}")
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slowly() -> AsyncIterator[NewMessage]:
            for n in range(900):
                if n == 850:
                    begun.set()
                    await go_on.wait()
                yield NewMessage(f"m{n}", f"p{n}", b"old")

        loading = asyncio.create_task(one.load("L", slowly()))
        await begun.wait()
        rows = [NewMessage(f"m{n}", f"p{n}", b"new", "no phone" if n == 1 else None) for n in range(3)]
        result = await other.load("L", rows)
        go_on.set()
        try:
            await loading
        except StateError as error:
            assert "ready" in str(error)
        else:
            raise AssertionError
        assert (result.loaded, result.skipped) == (3, 1)
        counts = await one.counts("L")
        assert (counts.total, counts.pending, counts.skipped) == (3, 2, 1)
        await one.set_launch_state("L", LaunchState.SENDING)
        assert [(each.id, each.payload) for each in await one.lease("L", 9)] == [
            ("m0", b"new"),
            ("m2", b"new"),
        ]
        assert await one.message("m700") is None
