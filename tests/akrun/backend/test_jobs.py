"""Jobs under concurrency and over a restart: in order of their time, once, and never lost."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest

from akrun.backend import (
    DeadLetter,
    Embedded,
    EventRecord,
    JobCounts,
    MessageState,
    NewJob,
    NotFoundError,
    Outcome,
    QueuedJob,
    RecordError,
)

Prepare = Callable[[Embedded, int], Awaitable[None]]

DONE = Outcome(MessageState.DONE, 3, None, 10.0)
FAILED = Outcome(MessageState.FAILED, 4, {"kind": "http"}, 11.0)


def job(number: int, due: float = 0.0, **changes: Any) -> NewJob:
    given: dict[str, Any] = {
        "id": f"j{number}",
        "channel": "sms",
        "pipeline": "schedule",
        "pipe": 1,
        "payload": b"payload %d" % number,
        "due": due,
    }
    return NewJob(**given | changes)


def names(jobs: list[QueuedJob]) -> list[str]:
    return [each.id for each in jobs]


async def test_a_job_comes_back_as_it_was_given(backend: Embedded) -> None:
    given = NewJob("i\x00д", "sms", "listener", None, b"\x00\xff", 1_925_013_600.123456, "m-1")
    assert await backend.enqueue([given]) == 1
    [leased] = await backend.lease_jobs(2e9, 9)
    fields = given.id, given.channel, given.pipeline, given.pipe, given.payload, given.due
    assert leased == QueuedJob(*fields, given.origin_message, 1)


async def test_jobs_are_leased_by_due_time_then_insertion_and_only_once(backend: Embedded) -> None:
    await backend.enqueue([job(n, due=n % 3) for n in range(60)])
    await backend.enqueue([job(99, due=50.5)])
    batches = await asyncio.gather(*(backend.lease_jobs(50.0, 7) for _ in range(10)))
    expected = [f"j{n}" for remainder in range(3) for n in range(60) if n % 3 == remainder]
    assert [name for batch in batches for name in names(batch)] == expected
    assert await backend.next_due() == 50.5


async def test_an_id_is_taken_for_ever(backend: Embedded) -> None:
    assert await backend.enqueue([job(1), job(1, payload=b"other"), job(2)]) == 2
    assert await backend.enqueue([job(1), job(3)]) == 1
    leased = await backend.lease_jobs(0.0, 9)
    assert [each.payload for each in leased] == [b"payload 1", b"payload 2", b"payload 3"]
    assert await backend.finish_job("j1", DONE)
    assert await backend.enqueue([job(1)]) == 0
    await backend.close()
    async with Embedded(backend.path) as again:
        assert await again.enqueue([job(1)]) == 0
        assert await again.job_counts() == JobCounts(2, 0, 1, 0, 0)


async def test_many_who_enqueue_one_id_at_once_make_one_job(backend: Embedded) -> None:
    new = await asyncio.gather(*(backend.enqueue([job(7), job(n + 100)]) for n in range(50)))
    assert sum(new) == 51
    assert await backend.job_counts() == JobCounts(51, 0, 0, 0, 0)


async def test_only_jobs_of_the_named_channels(backend: Embedded) -> None:
    await backend.enqueue([job(1), job(2, due=-1, channel="chat"), job(3, channel="crm")])
    assert await backend.next_due(["sms", "crm"]) == 0.0
    assert await backend.next_due([]) is None
    assert names(await backend.lease_jobs(0.0, 9, [])) == []
    assert names(await backend.lease_jobs(0.0, 9, ["crm", "chat"])) == ["j2", "j3"]
    assert names(await backend.lease_jobs(0.0, 9)) == ["j1"]


async def test_an_outcome_brings_its_events_dead_letter_and_follow_ups_or_nothing(
    backend: Embedded, prepare: Prepare
) -> None:
    await prepare(backend, 1)
    await backend.enqueue([job(1, origin_message="m0")])
    await backend.lease_jobs(0.0, 1)
    event = EventRecord("m0", 1, "undeliv", 6, "", 10.0)
    letter = DeadLetter(None, "schedule", 4, b"{}", {"kind": "http"}, 1, 11.0)
    with pytest.raises(RecordError, match="no time"):
        await backend.finish_job("j1", FAILED, [event], letter, [job(2, due=float("inf"))])
    assert await backend.job_counts() == JobCounts(0, 1, 0, 0, 0)
    assert await backend.finish_job("j1", FAILED, [event], letter, [job(2), job(1)])
    assert not await backend.finish_job("j1", DONE, [], None, [job(3)])
    assert await backend.job_counts() == JobCounts(1, 0, 0, 1, 0)
    assert [each.event_type for each in await backend.history("p0")] == ["undeliv"]
    [stored] = await backend.dead_letters("L")  # it is found by the launch of the message it goes back to
    assert (stored.message_id, stored.job_id, stored.channel) == ("m0", "j1", "sms")
    with pytest.raises(NotFoundError, match="`nobody`"):
        await backend.finish_job("nobody", DONE)
    with pytest.raises(RecordError, match="skipped"):
        await backend.finish_job("j2", Outcome(MessageState.SKIPPED, None, None, 1.0))


async def test_of_two_outcomes_at_once_one_counts(backend: Embedded) -> None:
    await backend.enqueue([job(1)])
    recorded = await asyncio.gather(
        backend.finish_job("j1", DONE, jobs=[job(2)]), backend.finish_job("j1", FAILED, jobs=[job(3)])
    )
    assert list(recorded) == [True, False]
    assert names(await backend.lease_jobs(0.0, 9)) == ["j2"]


async def test_a_message_hands_over_together_with_its_outcome(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 2)
    await backend.lease("L", 2)
    assert await backend.finish("m0", DONE, jobs=[job(1, due=5, origin_message="m0")])
    assert not await backend.finish("m0", DONE, jobs=[job(2)])
    with pytest.raises(RecordError):
        await backend.finish("m1", DONE, jobs=[job(3, due=float("nan"))])
    assert (await backend.counts("L")).in_progress == 1
    assert names(await backend.lease_jobs(5.0, 9)) == ["j1"]


async def test_a_job_without_attempts_left_becomes_a_dead_letter(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 1)
    await backend.enqueue([job(1, origin_message="m0"), job(2, due=1)])
    for attempt in range(1, 6):
        [leased] = await backend.lease_jobs(1.0, 1)
        assert (leased.id, leased.attempts) == ("j1", attempt)
        assert await backend.release_jobs(["j1", "j1", "nobody"], started=True) == 1
    assert names(await backend.lease_jobs(1.0, 1)) == ["j2"]
    [letter] = await backend.dead_letters("L")
    assert (letter.job_id, letter.input, letter.attempts) == ("j1", b"", 5)
    assert letter.error["kind"] == "max_attempts"
    assert await backend.job_counts() == JobCounts(0, 1, 0, 1, 0)


async def test_handing_back_takes_the_attempt_back_unless_it_began(backend: Embedded) -> None:
    await backend.enqueue([job(1), job(2)])
    await backend.lease_jobs(0.0, 2)
    assert await backend.release_jobs(["j1"]) == 1
    assert await backend.release_jobs(["j1", "j2"], started=True) == 1
    assert [(each.id, each.attempts) for each in await backend.lease_jobs(0.0, 2)] == [("j1", 1), ("j2", 2)]


async def test_a_finished_job_keeps_its_id_and_not_its_payload(backend: Embedded) -> None:
    await backend.enqueue([job(1, payload=b"x" * 100_000)])
    await backend.finish_job("j1", DONE)
    with closing(sqlite3.connect(backend.path)) as connection:
        assert connection.execute("SELECT id, length(payload) FROM job").fetchall() == [("j1", 0)]


@pytest.mark.parametrize("due", [float("nan"), float("inf"), -1e300, 1e13])
async def test_a_due_time_is_a_time(backend: Embedded, due: float) -> None:
    with pytest.raises(RecordError, match="no time"):
        await backend.enqueue([job(1), job(2, due=due)])
    assert await backend.job_counts() == JobCounts(0, 0, 0, 0, 0)


async def test_a_look_for_due_jobs_goes_by_the_index(backend: Embedded) -> None:
    with closing(sqlite3.connect(backend.path)) as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM job WHERE state = 0 AND due <= 5"
            " AND channel IN (SELECT value FROM json_each('[]')) ORDER BY due, no LIMIT 9"
        ).fetchall()
    steps = [row[3] for row in plan]
    assert any("job_due" in step for step in steps)
    assert not any("TEMP B-TREE FOR ORDER BY" in step for step in steps)
