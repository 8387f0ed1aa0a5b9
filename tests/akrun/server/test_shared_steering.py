"""Moderation, placements and stops where several processes could take each step: one does, once."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from akrun.backend import EventRecord, LaunchState
from akrun.engine.event import Services
from akrun.mailing.launch import open_launch
from akrun.mailing.life import status
from akrun.mailing.run import End, MailingRun
from akrun.mailing.stop import BY_PERSON
from akrun.model import MailingState
from tests.akrun.server.scene import until
from tests.akrun.server.sharing import Process, Together, chat, eventually, got, reaches
from tests.akrun.server.test_mailings import board, step


def asking(what: str) -> list[dict[str, Any]]:
    template = {"id": what, "text": "$template.text"}
    request = {"url": f"http://service/{what}", "method": "POST", "content_type": "json"}
    return [step(1, "pack", 2, template=template), step(2, "http_request", None, **request)]


def placed(**changes: Any) -> dict[str, Any]:
    names = ("moderate", "message", "stop") if changes.get("moderation", True) else ("message", "stop")
    return board(pipelines={name: asking(name) for name in names}, **changes)


async def all_of(stack: AsyncExitStack, together: Together, count: int = 3, **options: Any) -> list[Process]:
    return [await stack.enter_async_context(together.process(**options).run()) for _ in range(count)]


async def becomes(process: Process, wanted: MailingState) -> None:
    async def has_become() -> bool:
        return (await status(process.backend, 5)).state is wanted

    await until(has_become)


async def decide(process: Process, kind: str) -> None:
    """An event of the latest control run, as a listener's job in this process leaves it."""
    control = (await process.backend.controls(mailing_id=5))[-1]
    await process.backend.record_events([EventRecord(control.message_id, 8, kind, None, "", 1.0)])
    process.works.keeper.wake()


async def test_a_placement_is_moderated_sent_and_stopped_once(tmp_path: Path) -> None:
    together = Together(tmp_path, placed())
    async with AsyncExitStack() as stack:
        one, other, third = await all_of(stack, together, period=3600.0)
        await together.register(one.backend, together.channel)
        for process in (one, other, third):
            await process.serves("board")
        job = together.job(campaign_type="placement", template={"text": "Bread"}, sender={})
        assert (await one.works.keeper.submit(job)).state == "moderating"
        await eventually(lambda: got(one, other, third) == {"moderate": 1})
        await decide(other, "moderate_pass")
        await eventually(lambda: got(one, other, third) == {"moderate": 1, "message": 1})
        await becomes(third, MailingState.SENDING)
        assert (await third.works.keeper.stop_mailing(5, BY_PERSON)).stopping is not None
        await eventually(lambda: got(one, other, third) == {"moderate": 1, "message": 1, "stop": 1})
        await decide(one, "stop")
        await becomes(other, MailingState.STOPPED)
    assert got(one, other, third) == {"moderate": 1, "message": 1, "stop": 1}


async def test_a_placement_that_runs_keeps_nobody_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = Together(tmp_path, placed(moderation=False))
    async with AsyncExitStack() as stack:
        one, other = await all_of(stack, together, 2, period=3600.0)
        job = together.job(campaign_type="placement", template={"text": "Bread"}, sender={})
        await one.works.keeper.submit(job)
        await eventually(lambda: bool(got(one, other)))
        await becomes(one, MailingState.SENDING)
        await eventually(lambda: not one.works.keeper.running and not other.works.keeper.running)
        looks = 0
        begin = MailingRun.run

        async def counted(run: MailingRun) -> End:
            nonlocal looks
            looks += 1
            return await begin(run)

        monkeypatch.setattr(MailingRun, "run", counted)
        for _ in range(3):
            for process in (one, other):
                process.works.keeper.wake()
            await asyncio.sleep(0.1)
        assert looks == 0
    assert got(one, other) == {"message": 1}


@pytest.mark.parametrize(
    ("moved", "end"), [(LaunchState.PAUSED, End.PAUSED), (LaunchState.STOPPED, End.STOPPED)]
)
async def test_a_run_says_what_others_made_of_the_launch(
    tmp_path: Path, moved: LaunchState, end: End
) -> None:
    together = Together(tmp_path, chat())
    async with together.process(period=3600.0).run() as other, together.process(only=[]).run() as process:
        await together.register(other.backend, chat())
        await other.serves()
        other.service.open.clear()
        submitted = await other.works.keeper.submit(together.job(40, options={"concurrency": 4}))
        await eventually(lambda: len(other.service.got) == 4)
        assert submitted.launch is not None
        services = Services(process.service, process.log.append)
        run = MailingRun(process.backend, submitted.launch, together.job(40), services)
        running = asyncio.create_task(run.run())
        await eventually(lambda: len(other.service.got) > 4 or run.under_way > 0)
        await other.backend.set_launch_state(submitted.launch.launch_id, moved)
        other.service.open.set()
        assert await running is end
        launch = await other.backend.latest_launch(5)
        assert launch is not None
        assert launch.state is moved


async def test_two_runs_of_one_launch_both_see_its_end(tmp_path: Path) -> None:
    together = Together(tmp_path, chat())
    async with together.process(only=[]).run() as one, together.process(only=[]).run() as other:
        job = together.job(30, options={"concurrency": 2})
        launch = (await open_launch(one.backend, job, one.clock.now())).launch
        services = [Services(process.service, process.log.append) for process in (one, other)]
        pairs = zip((one, other), services, strict=True)
        runs = [MailingRun(process.backend, launch, job, used) for process, used in pairs]
        assert await asyncio.gather(*(run.run() for run in runs)) == [End.FINISHED, End.FINISHED]
        assert sorted(got(one, other).values()) == [1] * 30


async def test_a_launch_that_others_stopped_meanwhile_is_not_begun(tmp_path: Path) -> None:
    together = Together(tmp_path, chat())
    async with together.process(only=[]).run() as process:
        job = together.job(3)
        launch = (await open_launch(process.backend, job, process.clock.now())).launch
        await process.backend.set_launch_state(launch.launch_id, LaunchState.STOPPED)
        run = MailingRun(process.backend, launch, job, Services(process.service, process.log.append))
        assert await run.run() is End.STOPPED
        assert not got(process)
        await reaches(process.backend, LaunchState.STOPPED)
