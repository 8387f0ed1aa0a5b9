"""The wall clock jumps: what is due runs once and late at the worst, and what is measured does not notice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from akrun.backend import Embedded, MessageState, NewJob, Outcome, TraceRecord
from akrun.engine.clock import VirtualClock
from akrun.engine.run import run
from akrun.mailing.ids import message_id
from akrun.mailing.run import End, sleep_until
from akrun.net.breaker import Breakers
from akrun.net.failures import HttpFailure
from akrun.net.ratelimit import RateLimit, TokenBucket
from akrun.server.keeper import DAY, Keeper
from tests.akrun.engine.test_worker import Scene as WorkerScene
from tests.akrun.engine.test_worker import job, sleeping
from tests.akrun.mailing.scene import Scene, rows, until
from tests.akrun.mailing.test_run import Service, opened
from tests.akrun.pipes.answering import Answering
from tests.akrun.pipes.bench import Bench, chain, compiled, pipe
from tests.akrun.server.scene import until as until_it

HOUR: Final = 3600.0
STEPS: Final = {"an hour on": HOUR, "an hour back": -HOUR, "a day on": DAY, "a day back": -DAY}
steps = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
DONE: Final = Outcome(MessageState.DONE, 1, None, 1.0)


class SteppedClock(VirtualClock):
    """A virtual clock whose wall clock can be set; the monotonic one knows nothing of that."""

    _ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self._ahead

    def step(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)

    def time(self) -> float:
        return self.now().timestamp()


@asynccontextmanager
async def process(path: Path, clock: SteppedClock) -> AsyncIterator[WorkerScene]:
    """A process with a worker over the database."""
    async with Embedded(path, clock=clock.time) as backend:
        scene = WorkerScene(backend, clock)
        async with scene.working(period=10.0):
            await until_it(lambda: sleeping(scene))
            yield scene


async def pass_time(scene: WorkerScene, seconds: float) -> list[str]:
    """What the worker logs meanwhile."""
    before = len(scene.lines)
    await scene.clock.advance(seconds)

    async def at_rest() -> bool:
        return await sleeping(scene) and (await scene.backend.job_counts()).in_progress == 0

    await until_it(at_rest)
    return scene.lines[before:]


@pytest.mark.parametrize("where", ["in a process", "between processes"])
@pytest.mark.parametrize("then", ["set right again", "left so"])
@steps
async def test_a_hand_over_runs_once(tmp_path: Path, step: float, then: str, where: str) -> None:
    path, clock = tmp_path / "akrun.db", SteppedClock()
    async with process(path, clock) as scene:
        await scene.backend.enqueue([job(1, 2)])
        assert await pass_time(scene, 10) == ["second 1"]  # due 30 s later
        if where == "in a process":
            clock.step(step)
            await pass_time(scene, 10)
        ran = scene.lines[1:]
    if where == "between processes":
        clock.step(step)
        async with process(path, clock) as scene:
            await pass_time(scene, 10)
            ran = scene.lines
    assert ran == (["first 1"] if step > 0 else [])
    async with process(path, clock) as scene:
        if then == "set right again":
            clock.step(-step)
            later = await pass_time(scene, 31)
        else:
            later = await pass_time(scene, abs(step) + 31)
        assert later == ([] if step > 0 else ["first 1"])
        counts = await scene.backend.job_counts()
        assert (counts.done, counts.pending, counts.failed) == (2, 0, 0)


@steps
async def test_what_is_under_way_stays_leased(scene: Scene, step: float) -> None:
    clock, service = SteppedClock(), Service(gate=asyncio.Event())
    scene.audience = rows([0] * 2)
    assert service.gate is not None
    async with opened(scene, service, clock) as running:
        sending = asyncio.create_task(running.begin().run())
        await until(lambda: len(service.got) == 2)
        clock.step(step)
        await clock.advance(60)
        assert await running.backend.lease(running.launch.launch_id, 9) == []
        assert (await running.counts()).in_progress == 2
        service.gate.set()
        assert await sending is End.FINISHED
        assert len(service.got) == 2
        names = [message_id(running.launch.launch_id, row["profile"]["id"]) for row in scene.audience]
        found = [await running.backend.message(name) for name in names]
        assert [each and (each.state, each.attempts) for each in found] == [(MessageState.DONE, 1)] * 2


@steps
async def test_retries_and_their_deadline_follow_the_monotonic_clock(step: float) -> None:
    clock = SteppedClock()
    service = Answering(clock, 503, 503, headers={"retry-after": "20"})
    policy = {"max": 3, "max_delay": 60, "deadline": 35}
    channel = compiled(chain(pipe("http_request", url="http://h/", retry=policy, timeout=30)))
    bench = Bench(service, clock)
    running = asyncio.create_task(run(channel.pipeline("message"), bench.event({})))
    for _ in range(4):
        await clock.advance(10)
        clock.step(step)
    result = await running
    assert (result.state, service.at, service.timeouts) == ("failed", [0.0, 20.0], [30.0, 15.0])


@steps
async def test_breakers_and_rates_follow_the_monotonic_clock(step: float) -> None:
    clock = SteppedClock()
    breakers, bucket = Breakers(clock, 1, 30.0), TokenBucket(RateLimit(1.0), clock)
    breakers.failed("http://h", "it is down")
    assert bucket.try_acquire()
    clock.step(step)
    with pytest.raises(HttpFailure, match=r"the next one may try in 30\.0 s"):
        await breakers.enter("http://h", 0.0)
    assert not bucket.try_acquire()
    await clock.advance(30)
    assert await breakers.enter("http://h", 0.0)
    assert bucket.try_acquire()
    assert not bucket.try_acquire()


@steps
async def test_a_stop_time_is_that_of_the_wall_clock(scene: Scene, step: float) -> None:
    clock, service = SteppedClock(), Service(gate=asyncio.Event())
    stop = clock.now() + timedelta(minutes=30)
    scene.mailing["schedule"] = {"stop_time": stop.isoformat()}
    scene.mailing["options"] = {"concurrency": 1}
    assert service.gate is not None
    async with opened(scene, service, clock) as running:
        sending = asyncio.create_task(running.begin().run())
        await until(lambda: len(service.got) == 1)
        clock.step(step)
        await clock.advance(31)  # so long a jump may go unnoticed
        if step < 0:
            await clock.advance(HOUR / 2)  # the time that it was to be
        service.gate.set()
        assert await sending is (End.STOPPED if step > 0 else End.FINISHED)
        assert len(service.got) == (1 if step > 0 else len(scene.audience))


@steps
async def test_a_stop_time_that_is_over_when_a_process_begins(scene: Scene, step: float) -> None:
    clock, service = SteppedClock(), Service()
    scene.mailing["schedule"] = {"stop_time": (clock.now() + timedelta(minutes=30)).isoformat()}
    async with opened(scene, service, clock) as running:
        clock.step(step)
        assert await running.begin().run() is (End.STOPPED if step > 0 else End.FINISHED)
        assert len(service.got) == (0 if step > 0 else len(scene.audience))


@steps
async def test_a_start_time_is_that_of_the_wall_clock(step: float) -> None:
    clock = SteppedClock()
    waiting = asyncio.create_task(sleep_until(clock.now() + timedelta(minutes=30), clock))
    await clock.advance(60)
    clock.step(step)
    await clock.advance(31)
    assert waiting.done() == (step > 0)
    clock.step(-step)
    await clock.advance(HOUR / 2)
    await waiting


@steps
async def test_values_of_the_store_live_by_the_wall_clock(tmp_path: Path, step: float) -> None:
    clock = SteppedClock()
    async with Embedded(tmp_path / "akrun.db", clock=clock.time) as backend:
        await backend.store_set("t", "k", b"v", HOUR / 2)
        clock.step(step)
        assert (await backend.store_get("t", "k") is None) == (step > 0)
        clock.step(-step)
        assert await backend.store_get("t", "k") == b"v"  # nobody looked for old ones meanwhile
        await clock.advance(HOUR / 2)
        assert await backend.store_get("t", "k") is None


@pytest.mark.parametrize("days", [1, -1, -30, 8])
async def test_keys_and_traces_are_kept_for_days(tmp_path: Path, days: int) -> None:
    """A jump shortens or prolongs the time, by no more than itself."""
    clock, kept = SteppedClock(), days < 7
    async with Embedded(tmp_path / "akrun.db", clock=clock.time) as backend:
        keeper = Keeper(backend, {}, {}, clock)
        await backend.accept("k", "digest", b"answer", [NewJob("j", "chat", "message", None, b"", 0.0)])
        await backend.lease_jobs(clock.time(), 1)
        await backend.finish_job("j", DONE, trace=TraceRecord("j", 1, clock.time(), b"trace"))
        clock.step(days * DAY)
        await keeper._look()
        assert (await backend.accept("k", "other", b"", [])).new is not kept
        assert len(await backend.traces("j")) == kept
        await clock.advance((7 - days) * DAY + 1 if kept else 0)
        await keeper._look()
        assert await backend.traces("j") == []
