"""Outcomes with all that comes with them: traces, the count of resent requests, and uncertain ones."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from akrun.backend import (
    Backend,
    Counts,
    JobCounts,
    JobStatus,
    LaunchState,
    MessageState,
    Outcome,
    RecordError,
    TraceRecord,
)
from tests.contract.scene import DONE, FAILED, UNCERTAIN, event, job, leased, letter, sending, single_message


def trace(unit: str, attempt: int, time: float = 1.0) -> TraceRecord:
    return TraceRecord(unit, attempt, time, b"\x00trace %d" % attempt)


async def test_uncertain_ones_are_counted_and_do_not_keep_a_launch_open(backend: Backend) -> None:
    await sending(backend, 2)
    await leased(backend, 2)
    await backend.finish("m0", UNCERTAIN)
    await backend.finish("m1", DONE)
    assert await backend.counts("L") == Counts(2, 1, 0, 0, 1, 0, 0)
    assert (await backend.set_launch_state("L", LaunchState.FINISHED)).total == 2
    status = await backend.message("m0")
    assert status is not None
    assert status.outcome == UNCERTAIN
    assert not await backend.finish("m0", DONE)


async def test_uncertain_jobs_are_counted(backend: Backend) -> None:
    await backend.enqueue([job(1), job(2)])
    await backend.lease_jobs(0.0, 1)
    assert await backend.finish_job("j1", UNCERTAIN)
    assert not await backend.finish_job("j1", DONE)
    assert await backend.job_counts() == JobCounts(1, 0, 0, 0, 1)
    assert [each.id for each in await backend.lease_jobs(0.0, 9)] == ["j2"]


async def test_what_is_known_of_a_job(backend: Backend, make: Callable[[], Backend]) -> None:
    given = job(1, pipe=None, due=5.125, origin_message="m-1", profile_id="p\x00")
    await backend.enqueue([given])
    known = given.id, given.channel, given.pipeline, None, 5.125, "m-1", "p\x00"
    assert await backend.job("j1") == JobStatus(*known, MessageState.PENDING, 0, None, b"payload 1")
    await backend.lease_jobs(6.0, 1)
    assert await backend.job("j1") == JobStatus(*known, MessageState.IN_PROGRESS, 1, None, b"payload 1")
    outcome = Outcome(MessageState.FAILED, 7, {"kind": "http", "parts": [1, None]}, 8.5, 3)
    await backend.finish_job("j1", outcome)
    await backend.close()
    async with make() as again:
        assert await again.job("j1") == JobStatus(*known, MessageState.FAILED, 1, outcome, b"payload 1")
        assert await again.job("nobody") is None


async def test_what_a_message_was_loaded_with_is_known_until_its_letter_is_dropped(backend: Backend) -> None:
    async def payload() -> bytes | None:
        status = await backend.message("m0")
        return None if status is None else status.payload

    await sending(backend, 1)
    assert await payload() == b"payload 0"
    await leased(backend)
    await backend.finish("m0", FAILED, dead=letter())
    assert await payload() == b"payload 0"
    [dead] = await backend.dead_letters()
    await backend.drop(dead.id)
    assert await payload() == b""


@pytest.mark.parametrize("dropped", [False, True], ids=["done", "dropped"])
async def test_a_payload_is_kept_of_single_messages_only(backend: Backend, *, dropped: bool) -> None:
    await backend.enqueue([job(1), single_message("s1")])
    for name in ("j1", "s1"):
        await backend.finish_job(name, FAILED if dropped else DONE, dead=letter() if dropped else None)
    for each in await backend.dead_letters():
        await backend.drop(each.id)
    found = [await backend.job(name) for name in ("j1", "s1")]
    assert [status and status.payload for status in found] == [b"", b"{}"]


async def test_a_job_is_never_skipped(backend: Backend) -> None:
    await backend.enqueue([job(1)])
    with pytest.raises(RecordError, match="skipped"):
        await backend.finish_job("j1", Outcome(MessageState.SKIPPED, None, None, 1.0))
    assert await backend.job_counts() == JobCounts(1, 0, 0, 0, 0)


async def test_traces_come_with_the_outcome_they_are_of(backend: Backend) -> None:
    await sending(backend, 1)
    await backend.enqueue([job(1)])
    assert await backend.finish("m0", FAILED, trace=trace("m0", 2))
    assert not await backend.finish("m0", DONE, trace=trace("m0", 3))
    assert await backend.finish_job("j1", DONE, trace=trace("j1", 1))
    assert not await backend.finish_job("j1", DONE, trace=trace("j1", 2))
    assert await backend.traces("m0") == [trace("m0", 2)]
    assert await backend.traces("j1") == [trace("j1", 1)]
    assert await backend.traces("nobody") == []


async def test_traces_are_let_go_of_by_their_time(backend: Backend, make: Callable[[], Backend]) -> None:
    await backend.enqueue([job(number) for number in range(1, 5)])
    for number in range(1, 5):
        await backend.finish_job(f"j{number}", DONE, trace=trace(f"j{number}", 1, float(number)))
    await backend.close()
    async with make() as again:
        assert await again.forget_traces(3.0) == 2
        assert await again.forget_traces(3.0) == 0
        assert [len(await again.traces(f"j{number}")) for number in range(1, 5)] == [0, 0, 1, 1]


async def test_events_of_a_single_message_are_known(backend: Backend) -> None:
    await backend.enqueue([single_message("s1"), single_message("s2", None), job(1)])
    await sending(backend, 1)
    events = [event("s1"), event("s2"), event("j1"), event("m0"), event("nobody")]
    assert await backend.record_events(events) == 5
    assert await backend.finish_job("s1", DONE, [event("s1", "deliv")])
    history = await backend.history("p9")
    assert [(each.send_message_id, each.event_type) for each in history] == [("s1", "send"), ("s1", "deliv")]
    assert [(each.mailing_id, each.launch_id) for each in history] == [(None, None)] * 2
    everything, of_launch = await backend.report(), await backend.report(launch_id="L")
    assert everything.unknown == 2  # those of the job that is no message, and of nobody
    assert [(each.event_type, each.count) for each in everything.events] == [("deliv", 1), ("send", 3)]
    assert [(each.event_type, each.count) for each in of_launch.events] == [("send", 1)]


async def test_a_claim_to_a_launch_does_not_count_for_a_single_message(backend: Backend) -> None:
    await sending(backend, 0)
    await backend.enqueue([single_message("s1")])
    await backend.record_events([replace(event("s1"), launch_id="L", mailing_id=7)])
    assert (await backend.report(launch_id="L")).events == ()
    [kept] = await backend.history("p9")
    assert (kept.mailing_id, kept.launch_id) == (None, None)
