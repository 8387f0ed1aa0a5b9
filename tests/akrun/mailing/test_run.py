"""Running a launch in this process: pauses, stop times, rates, broken runs, and counts that always add up."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from akrun.backend import Counts, DeadLetter, Embedded, JournalEntry, Launch, LeaseError
from akrun.engine.clock import Clock, SystemClock, VirtualClock
from akrun.engine.event import Services
from akrun.errors import PipeFailure
from akrun.mailing.job import Job
from akrun.mailing.launch import open_launch
from akrun.mailing.report import make_report
from akrun.mailing.run import FEWEST_TO_JUDGE, End, MailingRun, sleep_until
from akrun.net.message import Request, Response
from tests.akrun.mailing.scene import Scene, pipe, rows, until

ACCEPTED = b'{"status": "accepted"}'


@dataclass
class Service:
    """Stands in for the HTTP client: answers by script, may wait, and keeps what it got."""

    answer: Callable[[dict[str, str]], bytes] = lambda _: ACCEPTED
    gate: asyncio.Event | None = None
    got: list[dict[str, str]] = field(default_factory=list)

    async def send(self, request: Request) -> Response:
        assert request.content is not None
        message = json.loads(request.content)
        self.got.append(message)
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0)
        return Response(200, {}, self.answer(message), 0.0)


def failing(message: dict[str, str]) -> bytes:
    """The numbers that end in 98 fail."""
    if message["to"].endswith("98"):
        raise PipeFailure(500, "no", kind="http", status=500)
    return ACCEPTED


@dataclass
class Running:
    """An opened launch and what it takes to run it."""

    backend: Embedded
    job: Job
    services: Services
    launch: Launch

    def begin(self) -> MailingRun:
        return MailingRun(self.backend, self.launch, self.job, self.services)

    async def counts(self) -> Counts:
        return await self.backend.counts(self.launch.launch_id)

    async def dead(self) -> list[DeadLetter]:
        return await self.backend.dead_letters(self.launch.launch_id)


@asynccontextmanager
async def opened(scene: Scene, service: Service, clock: Clock | None = None) -> AsyncIterator[Running]:
    job = scene.job()
    services = Services(service, lambda _: None, clock or SystemClock(), masker=job.masker)
    scene.data.mkdir(exist_ok=True)
    async with Embedded(scene.data / "akrun.db") as backend:
        launch = (await open_launch(backend, job, services.clock.now())).launch
        yield Running(backend, job, services, launch)


def total(counts: Counts) -> int:
    return counts.done + counts.failed + counts.skipped + counts.pending + counts.in_progress


async def test_the_counts_add_up_at_every_moment(scene: Scene) -> None:
    scene.audience = rows([0, 98, None] * 60)
    async with opened(scene, Service(failing)) as running:
        run = running.begin()
        sending = asyncio.create_task(run.run())
        seen = []
        while not sending.done():
            seen.append(await run.counts())
            await asyncio.sleep(0)
        assert await sending is End.FINISHED
    assert {total(counts) for counts in seen} == {180}
    done = [counts.done for counts in seen]
    assert done == sorted(done)
    assert len(set(done)) > 2


async def test_too_many_failures_pause_the_mailing(scene: Scene) -> None:
    scene.audience = rows([98] * 100)
    scene.mailing["options"] = {"pause_threshold": 0.5, "concurrency": 4}
    service = Service(failing)
    async with opened(scene, service) as running:
        assert await running.begin().run() is End.PAUSED
        counts = await running.counts()
        assert counts.in_progress == 0
        assert FEWEST_TO_JUDGE <= counts.failed < FEWEST_TO_JUDGE + 4
        assert counts.pending == 100 - counts.failed
        assert len(await running.dead()) == counts.failed == len(service.got)
        report = await make_report(running.backend, 501)
        assert report.state == "paused"


async def test_a_mailing_goes_on_after_a_pause_once_the_fault_is_mended(scene: Scene) -> None:
    scene.audience = rows([98] * 100)
    scene.mailing["options"] = {"pause_threshold": 0.5, "concurrency": 4}
    service = Service(failing)
    async with opened(scene, service) as running:
        await running.begin().run()
        failed = (await running.counts()).failed
        service.answer = lambda _: ACCEPTED
        assert await running.begin().run() is End.FINISHED
        counts = await running.counts()
        assert (counts.done, counts.failed) == (100 - failed, failed)


async def test_a_share_of_failures_below_the_threshold_is_borne(scene: Scene) -> None:
    scene.audience = rows([0, 0, 0, 98] * 25)
    scene.mailing["options"] = {"pause_threshold": 0.5, "concurrency": 4}
    async with opened(scene, Service(failing)) as running:
        assert await running.begin().run() is End.FINISHED


async def test_a_stopped_run_lets_messages_under_way_end(scene: Scene) -> None:
    scene.audience = rows([0] * 50)
    scene.mailing["options"] = {"concurrency": 4}
    service = Service(gate=asyncio.Event())
    async with opened(scene, service) as running:
        run = running.begin()
        sending = asyncio.create_task(run.run())
        await until(lambda: len(service.got) >= 4)
        assert run.under_way == 4
        run.stop()
        assert service.gate is not None
        service.gate.set()
        assert await sending is End.INTERRUPTED
        counts = await running.counts()
        assert (counts.done, counts.pending, counts.in_progress) == (4, 46, 0)
        assert run.under_way == 0
        # An attempt that never began is not counted.
        assert await running.begin().run() is End.FINISHED
        status = [await running.backend.message(message["id"]) for message in service.got]
        assert {each.attempts for each in status if each is not None} == {1}
        assert len(status) == 50


async def test_a_cancelled_run_hands_its_messages_back(scene: Scene) -> None:
    scene.audience = rows([0] * 20)
    scene.mailing["options"] = {"concurrency": 4}
    service = Service(gate=asyncio.Event())
    async with opened(scene, service) as running:
        sending = asyncio.create_task(running.begin().run())
        await until(lambda: len(service.got) >= 4)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        counts = await running.counts()
        assert (counts.done, counts.pending, counts.in_progress) == (0, 20, 0)
        begun = {message["id"] for message in service.got}
        service.gate = None
        assert await running.begin().run() is End.FINISHED
        for message in service.got[4:]:
            status = await running.backend.message(message["id"])
            assert status is not None
            assert status.attempts == (2 if message["id"] in begun else 1)


async def test_the_stop_time_stops_the_mailing_for_good(scene: Scene) -> None:
    clock = VirtualClock()
    stop = clock.now() + timedelta(hours=1)
    scene.audience = rows([0, None] + [0] * 20)
    scene.mailing["schedule"] = {"stop_time": stop.isoformat()}
    scene.mailing["options"] = {"concurrency": 2}
    service = Service(gate=asyncio.Event())
    async with opened(scene, service, clock) as running:
        sending = asyncio.create_task(running.begin().run())
        await until(lambda: len(service.got) >= 2)
        for _ in range(130):
            await clock.advance(30)
        assert service.gate is not None
        service.gate.set()
        assert await sending is End.STOPPED
        report = await make_report(running.backend, 501)
    assert report.state == "stopped"
    assert report.finished is not None
    assert (report.counts.done, report.counts.skipped, report.counts.pending) == (2, 1, 19)


async def test_nothing_is_sent_by_a_run_that_begins_after_the_stop_time(scene: Scene) -> None:
    clock = VirtualClock()
    stop = clock.now() + timedelta(hours=1)
    scene.mailing["schedule"] = {"stop_time": stop.isoformat()}
    service = Service()
    async with opened(scene, service, clock) as running:
        await clock.advance(3600)
        assert await running.begin().run() is End.STOPPED
    assert service.got == []


async def test_a_rate_is_kept_and_does_not_delay_a_stop(scene: Scene) -> None:
    clock = VirtualClock()
    scene.audience = rows([0] * 40)
    scene.mailing["options"] = {"rate": 0.5}
    service = Service()
    async with opened(scene, service, clock) as running:
        run = running.begin()
        sending = asyncio.create_task(run.run())
        await until(lambda: clock.sleeping > 0 and service.got != [])
        assert len(service.got) == 1
        await clock.advance(2)
        await until(lambda: len(service.got) >= 2)
        run.stop()
        assert await sending is End.INTERRUPTED
        assert (await running.counts()).pending == 38


async def test_what_cannot_be_stored_fails_its_message_only(scene: Scene) -> None:
    pipe(scene.channel, 7)["params"]["event"]["data"] = "$#in.body"
    scene.audience = rows([0, 1, 2])

    def answer(message: dict[str, str]) -> bytes:
        return b'{"status": "x", "reason": ""}' if message["to"].endswith("01") else ACCEPTED

    async with opened(scene, Service(answer)) as running:
        assert await running.begin().run() is End.FINISHED
        counts = await running.counts()
        (letter,) = await running.dead()
    assert (counts.done, counts.failed) == (2, 1)
    assert (letter.error["kind"], letter.pipe) == ("record", 7)
    assert "not a JSON value" in letter.error["message"]


async def test_an_attempt_that_loses_its_lease_ends_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.audience, lost = rows([0, 1, 2]), asyncio.Event()
    service = Service()
    async with opened(scene, service) as running:
        record = running.backend.record

        async def refuse_first(entry: JournalEntry) -> None:
            if not lost.is_set():
                lost.set()
                raise LeaseError("another process has it")
            await record(entry)

        monkeypatch.setattr(running.backend, "record", refuse_first)
        await running.begin().run()
        counts = await running.counts()
    assert (counts.done, counts.in_progress, len(service.got)) == (2, 1, 2)


async def test_sleeping_until_a_moment_follows_the_wall_clock() -> None:
    clock = VirtualClock(datetime(2030, 1, 1, tzinfo=UTC))
    sleeping = asyncio.create_task(sleep_until(datetime(2030, 1, 1, 0, 2, tzinfo=UTC), clock))
    await clock.advance(119)
    assert not sleeping.done()
    await clock.advance(1)
    await sleeping
    await sleep_until(datetime(2029, 1, 1, tzinfo=UTC), clock)  # long ago: does not wait
