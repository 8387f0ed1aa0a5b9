"""Leases and outcomes under concurrency: exact counts, one outcome each, few commits."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing

import pytest

from akrun.backend import (
    Counts,
    DeadLetter,
    Embedded,
    EventRecord,
    MessageState,
    NotFoundError,
    Outcome,
    RecordError,
)
from akrun.backend.embedded.writer import each

Prepare = Callable[[Embedded, int], Awaitable[None]]

DONE = Outcome(MessageState.DONE, 3, None, 10.0)


def event(message_id: str, key: str = "") -> EventRecord:
    return EventRecord(message_id, 1, "send", 5, key, 10.0)


async def test_500_concurrent_outcomes_are_counted_exactly(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 500)
    leased = await backend.lease("L", 500)
    assert await backend.counts("L") == Counts(500, 0, 0, 0, 0, 0, 500)
    outcomes = (
        DONE,
        Outcome(MessageState.FAILED, 4, {"kind": "x"}, 11.0),
        Outcome(MessageState.SKIPPED, None, None, 12.0),
    )

    async def finish(index: int, message_id: str) -> bool:
        recorded = await backend.finish(message_id, outcomes[index % 3], [event(message_id)])
        seen = await backend.counts("L")
        assert seen.total == seen.done + seen.failed + seen.skipped + seen.pending + seen.in_progress == 500
        return recorded

    assert all(await asyncio.gather(*(finish(n, message.id) for n, message in enumerate(leased))))
    assert await backend.counts("L") == Counts(500, 167, 167, 166, 0, 0, 0)
    with closing(sqlite3.connect(backend.path)) as connection:
        rows = connection.execute("SELECT state, count(*) FROM message GROUP BY state").fetchall()
        tally = connection.execute("SELECT done, failed, skipped, pending, in_progress FROM tally").fetchall()
    assert rows == [(2, 167), (3, 167), (4, 166)]
    assert tally == [(167, 167, 166, 0, 0)]


async def test_outcomes_that_wait_together_share_one_commit(backend: Embedded, prepare: Prepare) -> None:
    statements: list[str] = []
    begun, gate = threading.Event(), threading.Event()

    def hold(connection: sqlite3.Connection, _argument: None) -> None:
        connection.set_trace_callback(statements.append)
        begun.set()
        gate.wait()

    await prepare(backend, 400)
    leased = await backend.lease("L", 400)
    holding = asyncio.create_task(backend._write(each(hold), None))
    await asyncio.to_thread(begun.wait)
    finishing = asyncio.gather(*(backend.finish(message.id, DONE, [event(message.id)]) for message in leased))
    await asyncio.sleep(0)  # all 400 have asked
    gate.set()
    assert all(await finishing)
    await holding
    assert statements.count("COMMIT") == 2  # that of the job which held them up, and one for all
    assert len(statements) < 40
    assert backend.statistics.largest == 400


async def test_a_second_outcome_is_refused_with_all_that_came_with_it(
    backend: Embedded, prepare: Prepare
) -> None:
    await prepare(backend, 1)
    await backend.lease("L", 1)
    assert await backend.finish("m0", DONE, [event("m0", "first")])
    failed = Outcome(MessageState.FAILED, 4, {"kind": "late"}, 11.0)
    letter = DeadLetter("m0", "message", 4, b"{}", {"kind": "late"}, 1, 11.0)
    assert not await backend.finish("m0", failed, [event("m0", "second")], letter)
    status = await backend.message("m0")
    assert status is not None
    assert status.outcome == DONE
    assert [entry.key for entry in await backend.history("p0")] == ["first"]
    assert await backend.dead_letters() == []
    with pytest.raises(NotFoundError, match="`nobody`"):
        await backend.finish("nobody", DONE)


async def test_a_failure_is_recorded_with_its_dead_letter(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 2)
    await backend.lease("L", 2)
    error = {"kind": "http", "status": 500, "message": "нет\x00"}
    letter = DeadLetter("m1", "message", 4, b'{"a": 1}', error, 1, 12.0)
    assert await backend.finish("m1", Outcome(MessageState.FAILED, 4, error, 12.0), [], letter)
    [stored] = await backend.dead_letters("L")
    assert stored == await backend.dead_letter(stored.id)
    assert stored == DeadLetter("m1", "message", 4, b'{"a": 1}', error, 1, 12.0, stored.id)
    assert await backend.dead_letters("other") == []
    assert await backend.dead_letters("L", after=stored.id) == []
    assert await backend.dead_letter(stored.id + 1) is None


async def test_an_outcome_that_is_not_json_fails_alone(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 1)
    with pytest.raises(RecordError, match="not a JSON value"):
        await backend.finish("m0", Outcome(MessageState.FAILED, 1, {"error": object()}, 1.0))
    status = await backend.message("m0")
    assert status is not None
    assert status.state is MessageState.PENDING


async def test_messages_are_leased_in_order_and_once(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 50)
    batches = await asyncio.gather(*(backend.lease("L", 7) for _ in range(9)))
    leased = [message for batch in batches for message in batch]
    assert [message.ordinal for message in leased] == list(range(50))
    assert [message.payload for message in leased] == [b"payload %d" % n for n in range(50)]
    assert {message.attempts for message in leased} == {1}


async def test_handing_back_takes_the_attempt_back_unless_it_began(
    backend: Embedded, prepare: Prepare
) -> None:
    await prepare(backend, 2)
    await backend.lease("L", 2)
    assert await backend.release(["m0", "m0", "nobody"]) == 1
    assert await backend.release(["m0", "m1"], started=True) == 1
    assert await backend.counts("L") == Counts(2, 0, 0, 0, 0, 2, 0)
    assert [(message.id, message.attempts) for message in await backend.lease("L", 2)] == [
        ("m0", 1),
        ("m1", 2),
    ]


async def test_a_message_without_attempts_left_becomes_a_dead_letter(
    backend: Embedded, prepare: Prepare
) -> None:
    await prepare(backend, 3)
    for attempt in range(1, 6):
        [message] = await backend.lease("L", 1)
        assert (message.id, message.attempts) == ("m0", attempt)
        await backend.release(["m0"], started=True)
    assert [message.id for message in await backend.lease("L", 2)] == ["m1", "m2"]
    [letter] = await backend.dead_letters("L")
    assert (letter.message_id, letter.input, letter.attempts) == ("m0", b"", 5)
    assert letter.error["kind"] == "max_attempts"
    assert await backend.counts("L") == Counts(3, 0, 1, 0, 0, 0, 2)
    assert not await backend.finish("m0", DONE)


async def test_leases_end_with_their_owner_but_attempts_stay(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 3)
    await backend.lease("L", 2)
    await backend.finish("m0", DONE)
    await backend.close()
    async with Embedded(backend.path) as again:
        assert await again.counts("L") == Counts(3, 1, 0, 0, 0, 2, 0)
        assert [(m.id, m.attempts) for m in await again.lease("L", 9)] == [("m1", 2), ("m2", 1)]
