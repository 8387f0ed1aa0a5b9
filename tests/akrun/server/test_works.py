"""Several processes on one cluster: they share the work, and what is asked of one holds for all."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from akrun.backend import LaunchState, NewJob
from akrun.engine import worker
from akrun.engine.payload import encode_payload
from akrun.mailing.stop import BY_PERSON
from tests.akrun.server.scene import until
from tests.akrun.server.sharing import KEY, Process, Together, chat, eventually, got, reaches


@pytest.fixture
def together(tmp_path: Path) -> Together:
    return Together(tmp_path)


async def two(stack: AsyncExitStack, together: Together, **options: Any) -> tuple[Process, Process]:
    one, other = together.process(**options), together.process(**options)
    return await stack.enter_async_context(one.run()), await stack.enter_async_context(other.run())


def job(number: int, channel: str = "chat", **changes: Any) -> NewJob:
    given: dict[str, Any] = {"pipeline": "schedule", "pipe": None, "due": 0.0}
    return NewJob(f"j{number}", channel, payload=encode_payload({"n": f"n{number}"}), **given | changes)


async def test_they_send_one_mailing_together_each_message_once(together: Together) -> None:
    async with AsyncExitStack() as stack:
        one, other = await two(stack, together)
        one.service.open.clear()
        other.service.open.clear()
        await one.works.keeper.submit(together.job(40, options={"concurrency": 4}))
        await eventually(lambda: len(one.service.got) == len(other.service.got) == 4)
        one.service.open.set()
        other.service.open.set()
        await reaches(one.backend, LaunchState.FINISHED)
        assert len(got(one, other)) == 40
        assert set(got(one, other).values()) == {1}
        assert {message["key"] for message in [*one.service.got, *other.service.got]} == {KEY}


async def under_way(stack: AsyncExitStack, together: Together, size: int = 40) -> tuple[Process, Process]:
    """Two that have four messages of a mailing under way each, which end when their services are opened."""
    one, other = await two(stack, together, period=3600.0)
    one.service.open.clear()
    other.service.open.clear()
    await one.works.keeper.submit(together.job(size, options={"concurrency": 4}))
    await eventually(lambda: len(one.service.got) == len(other.service.got) == 4)
    return one, other


async def test_a_pause_by_one_holds_for_the_other_at_once(together: Together) -> None:
    async with AsyncExitStack() as stack:
        one, other = await under_way(stack, together)
        pausing = asyncio.create_task(one.works.keeper.pause(5))
        await reaches(other.backend, LaunchState.PAUSED)
        assert not pausing.done()  # the messages under way come to their end first
        await eventually(lambda: one.ending and other.ending)
        other.service.open.set()
        one.service.open.set()
        await eventually(lambda: not other.works.keeper.running)
        assert (await pausing).state == "paused"
        counts = await one.backend.counts((await pausing).launch.launch_id)  # type: ignore[union-attr]
        assert (counts.done, counts.pending, counts.in_progress) == (8, 32, 0)
        one.service.open.clear()
        other.service.open.clear()
        await other.works.keeper.resume(5)
        await eventually(lambda: len(one.service.got) == len(other.service.got) == 8)
        one.service.open.set()
        other.service.open.set()
        await reaches(one.backend, LaunchState.FINISHED)
        assert sorted(got(one, other).values()) == [1] * 40


async def test_a_pause_by_a_process_that_sends_nothing(together: Together) -> None:
    async with AsyncExitStack() as stack:
        one, other = await under_way(stack, together)
        third = together.process(only=[])
        await stack.enter_async_context(third.run())
        assert (await third.works.keeper.pause(5)).state == "paused"
        await eventually(lambda: one.ending and other.ending)
        one.service.open.set()
        other.service.open.set()
        await eventually(lambda: not one.works.keeper.running and not other.works.keeper.running)
        assert len(got(one, other)) == 8


async def test_a_stop_by_one_holds_for_the_other_at_once(together: Together) -> None:
    async with AsyncExitStack() as stack:
        one, other = await under_way(stack, together)
        stopping = asyncio.create_task(one.works.keeper.stop_mailing(5, BY_PERSON))
        await reaches(other.backend, LaunchState.STOPPED)
        await eventually(lambda: one.ending and other.ending)
        other.service.open.set()
        one.service.open.set()
        assert (await stopping).state == "stopped"
        await eventually(lambda: not other.works.keeper.running)
        counts = await one.backend.counts((await stopping).launch.launch_id)  # type: ignore[union-attr]
        assert (counts.done, counts.pending, counts.in_progress) == (8, 32, 0)


async def test_what_one_has_under_way_when_it_ends_is_sent_by_the_other(together: Together) -> None:
    async with AsyncExitStack() as stack:
        one, other = together.process(period=3600.0), together.process(period=3600.0)
        await stack.enter_async_context(other.run())
        other.service.open.clear()
        async with one.run(grace_period=0.0):
            one.service.open.clear()
            await one.works.keeper.submit(together.job(20, options={"concurrency": 4}))
            await eventually(lambda: len(one.service.got) == len(other.service.got) == 4)
            begun = set(got(one))
            one.service.open = asyncio.Event()  # nobody answers those any more
        other.service.open.set()
        await reaches(other.backend, LaunchState.FINISHED)
        assert begun <= set(got(other))
        assert len(got(other)) == 20


async def test_a_new_version_is_taken_up_by_all_and_what_runs_ends_on_its_own(together: Together) -> None:
    async with AsyncExitStack() as stack:
        one, other = await under_way(stack, together)
        await together.register(other.backend, chat("two"))
        await eventually(lambda: one.said("is served as it is") == other.said("is served as it is") == 2)
        one.service.open.set()
        other.service.open.set()
        await reaches(one.backend, LaunchState.FINISHED)
        assert sorted(got(one, other).values()) == [1] * 40
        for process in (one, other):
            texts = [message["text"] for message in process.service.got]
            assert texts == ["one"] * 4 + ["two"] * (len(texts) - 4)
        await one.backend.enqueue([job(1)])
        await eventually(lambda: "n1" in got(one, other))
        everything = [*one.service.got, *other.service.got]
        assert [each["text"] for each in everything if each["id"] == "n1"] == ["two"]


@pytest.mark.parametrize("broken", ["{", '{"id": 7}', "pipe"])
async def test_a_version_that_is_broken_is_logged_and_the_old_one_stays(
    together: Together, broken: str
) -> None:
    async with together.process().run() as process:
        await together.register(process.backend, chat())
        await process.serves()
        wrong = chat()
        wrong["pipelines"]["message"][0]["params"]["template"] = "$nowhere.at.all"
        text = wrong if broken == "pipe" else {**chat(), "pipelines": broken}
        await together.register(process.backend, text)
        await eventually(lambda: process.said("cannot be served") == 1)
        await process.works.keeper.submit(together.job(3))  # registers the first version again
        await reaches(process.backend, LaunchState.FINISHED)
        assert {message["text"] for message in process.service.got} == {"one"}


class Forgetful(dict[str, Mapping[str, Any]]):
    """Values of mailings in a process that another one was asked instead of."""

    def __setitem__(self, mailing_id: str, values: Mapping[str, Any]) -> None:
        """Keep nothing."""


async def test_who_has_no_secret_leaves_the_channels_work_to_others(together: Together) -> None:
    async with AsyncExitStack() as stack:
        poor = await stack.enter_async_context(together.process(given={}).run())
        await together.register(poor.backend, chat())
        await poor.serves()
        await poor.backend.enqueue([job(n) for n in range(5)])
        poor.works.keeper._given = Forgetful()
        await poor.works.keeper.submit(together.job(10), relaunch=False)
        await eventually(lambda: poor.said("mailing 5 is not sent here") == 1 or bool(poor.service.got))
        rich = await stack.enter_async_context(together.process().run())
        await reaches(rich.backend, LaunchState.FINISHED)
        await eventually(lambda: len(got(rich)) == 15)
        assert not poor.service.got
        assert poor.said("jobs of the channel chat are left to other processes: --set gives this one no") == 1
        assert (await rich.backend.job_counts()).failed == 0


def with_optional_secret() -> dict[str, Any]:
    channel = chat()
    channel["fields"]["sender"][0][0]["required"] = False
    for pipeline in channel["pipelines"].values():
        pipeline[1]["params"]["headers"] = {"X-Key": "${sender.key ?? 'none'}"}
    return channel


async def submitted(process: Process, together: Together, jobs: int) -> None:
    """Hand in a mailing whose secret the process was not given, and jobs that go back to its messages."""
    await process.works.keeper.submit(together.job(1))
    process.works.keeper._given.clear()  # as when another process had been asked
    launch = await process.backend.latest_launch(5)
    assert launch is not None
    await process.backend.set_launch_state(launch.launch_id, LaunchState.SENDING)
    [message] = await process.backend.lease(launch.launch_id, 1)
    await process.backend.release([message.id])
    await process.backend.enqueue([job(n, origin_message=message.id) for n in range(jobs)])


async def test_who_has_no_optional_secret_of_a_mailing_leaves_its_work_to_others(together: Together) -> None:
    together.channel = with_optional_secret()
    async with AsyncExitStack() as stack:
        poor = await stack.enter_async_context(together.process(given={}).run())
        await together.register(poor.backend, together.channel)
        await poor.serves()
        await submitted(poor, together, jobs=5)
        left = "jobs of the channel chat are left to other processes: this process was not given the secret"
        await eventually(lambda: poor.said(left) == 1 and poor.said("mailing 5 is not sent here") == 1)
        rich = await stack.enter_async_context(together.process().run())
        await reaches(rich.backend, LaunchState.FINISHED)
        await until(lambda: _are_done(rich, 5))
        assert not poor.service.got
        assert {each["key"] for each in rich.service.got} == {KEY}
        assert poor.said(left) == 1


async def test_a_secret_that_nobody_has_ends_as_a_dead_letter(
    together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "AWAY", 0.1)
    together.channel = with_optional_secret()
    async with together.process(given={}).run() as poor:
        await together.register(poor.backend, together.channel)
        await poor.serves()
        await submitted(poor, together, jobs=1)
        await poor.backend.enqueue([job(7)])
        await until(lambda: _is_done(poor, "j7"))  # which needs no secret, and is not held up

        async def failed() -> bool:
            return (await poor.backend.job_counts()).failed == 1

        await until(failed)
        [letter] = await poor.backend.dead_letters()
        assert (letter.job_id, letter.error["kind"]) == ("j0", "max_attempts")


async def test_nobody_finds_a_secret_in_the_registry(together: Together) -> None:
    async with together.process().run() as process:
        await process.works.keeper.submit(together.job(2))
        await reaches(process.backend, LaunchState.FINISHED)
        launch = await process.backend.latest_launch(5)
        mailing = await process.backend.mailing(5)
        channel = await process.backend.channel("chat")
        assert launch is not None
        assert mailing is not None
        assert channel is not None
        assert KEY not in str((launch, mailing, channel))
        assert {message["key"] for message in process.service.got} == {KEY}


async def test_each_works_for_its_own_channels_alone(together: Together) -> None:
    other = {**chat("other"), "id": 8, "string_id": "other", "name": "Other"}
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(together.process(only=["chat"]).run())
        await together.register(ours.backend, chat())
        await together.register(ours.backend, other)
        await ours.serves()
        await ours.backend.enqueue([job(n, "other") for n in range(100)])
        await ours.backend.enqueue([job(n) for n in range(100, 105)])
        await until(lambda: _are_done(ours, 5))
        counts = await ours.backend.job_counts()
        assert (counts.done, counts.pending, counts.in_progress) == (5, 100, 0)
        theirs = await stack.enter_async_context(together.process(only=["other"]).run())
        assert await theirs.backend.claim("mailing|5", 0.0)  # and lets go of it in a second
        await eventually(lambda: len(got(theirs)) == 100)
        await theirs.works.keeper.draft(together.job(3))
        await ours.works.keeper.submit(together.job(3))
        await reaches(ours.backend, LaunchState.FINISHED)
        assert len(got(ours)) == 8
        assert len(got(theirs)) == 100


async def test_a_job_of_one_process_is_run_by_another_at_once(together: Together) -> None:
    async with together.process(period=3600.0).run() as worker:
        await together.register(worker.backend, chat())
        await worker.serves()
        async with together.process(only=[], period=3600.0).run() as giver:
            for number in range(3):
                await giver.backend.enqueue([job(number)])
                await until(lambda: _is_done(giver, f"j{number}"))  # noqa: B023 - awaited in the loop
    assert len(got(worker)) == 3


async def _is_done(process: Process, name: str) -> bool:
    found = await process.backend.job(name)
    return found is not None and found.state == "done"


async def _are_done(process: Process, count: int) -> bool:
    return (await process.backend.job_counts()).done == count
