"""Dead letters: which there are, what a replay goes on with, and what a drop leaves."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from akrun.backend import (
    Backend,
    Counts,
    JobCounts,
    LaunchState,
    MessageState,
    NotFoundError,
    Outcome,
    RecordError,
    StateError,
)
from tests.contract.engines import MAX_ATTEMPTS
from tests.contract.scene import (
    DONE,
    FAILED,
    UNCERTAIN,
    Now,
    entry,
    job,
    leased,
    letter,
    only_letter,
    sending,
    use_up_attempts,
)

ENDED = pytest.mark.parametrize("outcome", [FAILED, UNCERTAIN], ids=["failed", "uncertain"])


async def failed_message(backend: Backend, outcome: Outcome = FAILED) -> int:
    """Message m0 with this outcome; gives the id of its dead letter."""
    await sending(backend, 1)
    await leased(backend)
    assert await backend.finish("m0", outcome, dead=letter())
    return (await only_letter(backend)).id


async def failed_job(backend: Backend, outcome: Outcome = FAILED) -> int:
    """Job j1 with this outcome; gives the id of its dead letter."""
    await backend.enqueue([job(1)])
    await backend.lease_jobs(0.0, 1)
    assert await backend.finish_job("j1", outcome, dead=letter())
    return (await only_letter(backend)).id


async def test_the_letter_of_a_message_names_it(backend: Backend) -> None:
    await failed_message(backend)
    found = await only_letter(backend)
    assert found == replace(letter(), message_id="m0", id=found.id)


@ENDED
async def test_a_replayed_message_is_pending_again(backend: Backend, outcome: Outcome) -> None:
    dead_id = await failed_message(backend, outcome)
    told = await backend.dead_letter(dead_id)
    assert await backend.replay(dead_id, 50.0) == told
    assert await backend.dead_letters() == []
    status = await backend.message("m0")
    assert status is not None
    assert (status.state, status.attempts, status.outcome) == (MessageState.PENDING, 0, None)
    assert await backend.counts("L") == Counts(1, 0, 0, 0, 0, 1, 0)
    [message] = await leased(backend)
    assert (message.payload, message.attempts) == (b"payload 0", 1)
    assert message.journal == (entry("m0", checkpoint=b"entered", replays=1),)
    assert await backend.finish("m0", DONE)


@ENDED
async def test_a_replayed_job_is_due_at_that_time(backend: Backend, outcome: Outcome) -> None:
    dead_id = await failed_job(backend, outcome)
    await backend.replay(dead_id, 50.25)
    status = await backend.job("j1")
    assert status is not None
    assert (status.state, status.attempts, status.due, status.outcome) == ("pending", 0, 50.25, None)
    assert await backend.job_counts() == JobCounts(1, 0, 0, 0, 0)
    assert await backend.next_due() == 50.25
    assert await backend.lease_jobs(50.0, 9) == []
    [again] = await backend.lease_jobs(50.25, 9)
    assert (again.payload, again.attempts) == (b"payload 1", 1)
    assert again.journal == (entry("j1", checkpoint=b"entered", replays=1),)


async def test_it_has_all_its_attempts_before_it(backend: Backend) -> None:
    await sending(backend, 1)
    await use_up_attempts(backend)
    assert await leased(backend) == []
    await backend.replay((await only_letter(backend)).id, 0.0)
    await use_up_attempts(backend)
    assert await leased(backend) == []
    assert (await only_letter(backend)).attempts == MAX_ATTEMPTS


async def test_from_the_failed_pipe_branches_keep_what_they_reached(backend: Backend) -> None:
    await sending(backend, 1)
    await leased(backend)
    await backend.record(entry("m0", checkpoint=b"before", intent=4, resent=1))
    await backend.record(entry("m0", "/1", checkpoint=b"branch", intent=None))
    await backend.record(entry("m0", "/2", checkpoint=None, intent=5))
    await backend.finish("m0", UNCERTAIN, dead=letter())
    await backend.replay((await only_letter(backend)).id, 0.0)
    [message] = await leased(backend)
    assert message.journal == (
        entry("m0", checkpoint=b"entered", resent=2, replays=1),
        entry("m0", "/1", checkpoint=b"branch"),
        entry("m0", "/2", checkpoint=None, resent=1),
    )


async def test_from_the_start_no_checkpoint_is_left(backend: Backend) -> None:
    await backend.enqueue([job(1)])
    await backend.lease_jobs(0.0, 1)
    await backend.record(entry("j1", checkpoint=b"before", intent=4, resent=1))
    await backend.record(entry("j1", "/1", checkpoint=b"branch"))
    await backend.finish_job("j1", UNCERTAIN, dead=letter())
    await backend.replay((await only_letter(backend)).id, 0.0, from_start=True)
    [again] = await backend.lease_jobs(0.0, 1)
    assert again.journal == (
        entry("j1", checkpoint=None, resent=2, replays=1),
        entry("j1", "/1", checkpoint=None),
    )


async def test_replays_are_counted(backend: Backend) -> None:
    dead_id = await failed_job(backend)
    await backend.replay(dead_id, 0.0)
    [second] = await backend.lease_jobs(0.0, 1)
    await backend.record(replace(second.journal[0], checkpoint=b"further"))
    await backend.finish_job("j1", FAILED, dead=letter(pipe=None, entered=b""))
    await backend.replay((await only_letter(backend)).id, 0.0)
    [third] = await backend.lease_jobs(0.0, 1)
    assert third.journal == (entry("j1", checkpoint=b"further", replays=2),)


@pytest.mark.parametrize("recorded", [b"reached", None, ""], ids=["checkpoint", "no checkpoint", "nothing"])
async def test_without_attempts_left_it_goes_on_from_its_last_checkpoint(
    backend: Backend, recorded: bytes | str | None, now: Now
) -> None:
    await sending(backend, 1)
    checkpoint = recorded if isinstance(recorded, bytes) else None
    await use_up_attempts(
        backend, None if recorded == "" else entry("m0", checkpoint=checkpoint, intent=4, resent=1)
    )
    now.seconds = 77.0
    assert await leased(backend) == []
    found = await only_letter(backend)
    assert (found.message_id, found.pipe, found.input) == ("m0", None, checkpoint or b"")
    assert (found.attempts, found.time, found.error["kind"]) == (MAX_ATTEMPTS, 77.0, "max_attempts")
    status = await backend.message("m0")
    assert status is not None
    assert status.outcome is not None
    resent = 0 if recorded == "" else 1
    assert (status.outcome.state, status.outcome.resent) == (MessageState.FAILED, resent)
    await backend.replay(found.id, 0.0)
    [message] = await leased(backend)
    closed = 0 if recorded == "" else 2
    assert message.journal == (entry("m0", checkpoint=checkpoint, resent=closed, replays=1),)


async def test_a_job_without_attempts_left_likewise(backend: Backend) -> None:
    await sending(backend, 0)
    await backend.enqueue([job(1, origin_message="m-1")])
    await use_up_attempts(backend, entry("j1", "/1", checkpoint=b"branch", resent=2))
    assert await backend.lease_jobs(1e6, 1) == []
    found = await only_letter(backend)
    assert (found.job_id, found.channel, found.message_id) == ("j1", "sms", "m-1")
    assert (found.pipeline, found.pipe, found.input, found.attempts) == ("schedule", None, b"", MAX_ATTEMPTS)
    status = await backend.job("j1")
    assert status is not None
    assert status.outcome is not None
    assert (status.outcome.error, status.outcome.resent) == (found.error, 2)
    await backend.replay(found.id, 0.0)
    [again] = await backend.lease_jobs(0.0, 1)
    assert again.payload == b"payload 1"
    assert again.journal == (
        entry("j1", checkpoint=None, replays=1),
        entry("j1", "/1", checkpoint=b"branch", resent=2),
    )


@pytest.mark.parametrize("state", [LaunchState.SENDING, LaunchState.PAUSED])
async def test_a_launch_that_is_not_over_stays_as_it_is(backend: Backend, state: LaunchState) -> None:
    dead_id = await failed_message(backend)
    before = await backend.set_launch_state("L", state)
    await backend.replay(dead_id, 0.0)
    assert await backend.find_launch("L") == before


async def test_a_finished_launch_goes_on_sending(backend: Backend, now: Now) -> None:
    dead_id = await failed_message(backend, UNCERTAIN)
    now.seconds = 1100.0
    finished = await backend.set_launch_state("L", LaunchState.FINISHED)
    assert finished.finished == 1100.0
    await backend.replay(dead_id, 0.0)
    assert await backend.find_launch("L") == replace(finished, state=LaunchState.SENDING, finished=None)
    assert [message.id for message in await leased(backend)] == ["m0"]


async def test_what_cannot_be_replayed_is_said_with_a_cure(backend: Backend) -> None:
    dead_id = await failed_message(backend)
    await backend.set_launch_state("L", LaunchState.STOPPED)
    with pytest.raises(StateError, match="launch `L` was stopped") as caught:
        await backend.replay(dead_id, 0.0)
    assert caught.value.cure
    await backend.enqueue([job(1)])
    await backend.finish_job("j1", DONE, dead=letter())
    [_, of_job] = await backend.dead_letters()
    with pytest.raises(StateError, match="job `j1` is done") as caught:
        await backend.replay(of_job.id, 0.0)
    assert caught.value.cure
    assert len(await backend.dead_letters()) == 2
    for call in (backend.replay(of_job.id + 1, 0.0), backend.drop(of_job.id + 1)):
        with pytest.raises(NotFoundError, match=f"no dead letter {of_job.id + 1}"):
            await call
    with pytest.raises(RecordError, match="no time"):
        await backend.replay(dead_id, float("nan"))


async def test_of_several_replays_at_once_one_counts(backend: Backend) -> None:
    dead_id = await failed_job(backend)
    answers = await asyncio.gather(
        *(backend.replay(dead_id, 0.0) for _ in range(3)), backend.drop(dead_id), return_exceptions=True
    )
    assert sum(isinstance(answer, NotFoundError) for answer in answers) == 3
    assert await backend.dead_letters() == []


async def test_a_dropped_letter_leaves_the_outcome(backend: Backend) -> None:
    dead_id = await failed_message(backend)
    told = await backend.dead_letter(dead_id)
    assert await backend.drop(dead_id) == told
    assert await backend.dead_letters() == []
    with pytest.raises(NotFoundError):
        await backend.replay(dead_id, 0.0)
    status = await backend.message("m0")
    assert status is not None
    assert status.outcome == FAILED
    assert await backend.counts("L") == Counts(1, 0, 1, 0, 0, 0, 0)


async def test_a_replay_outlives_the_process(backend: Backend, make: Callable[[], Backend]) -> None:
    dead_id = await failed_message(backend)
    await backend.replay(dead_id, 0.0)
    await backend.close()
    async with make() as again:
        [message] = await leased(again)
        assert message.journal == (entry("m0", checkpoint=b"entered", replays=1),)
        await again.finish("m0", FAILED, dead=letter())
        assert (await only_letter(again)).id > dead_id


async def test_launches_are_found_by_their_state(backend: Backend) -> None:
    dead_id = await failed_message(backend)
    await backend.set_launch_state("L", LaunchState.FINISHED)
    await backend.launch(7, "L2", b"{}")
    assert await backend.launches_in(LaunchState.SENDING) == []
    await backend.replay(dead_id, 20.0)
    assert [launch.launch_id for launch in await backend.launches_in(LaunchState.SENDING)] == ["L"]
    assert [launch.launch_id for launch in await backend.launches_in(LaunchState.LOADING)] == ["L2"]
