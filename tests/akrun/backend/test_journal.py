"""The journal's table: one statement for a whole batch, and nothing left of what has its outcome."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing

import pytest

from akrun.backend import DeadLetter, Embedded, JournalEntry, MessageState, NewJob, Outcome
from akrun.backend.embedded.journal import _RECORD
from akrun.backend.embedded.writer import each

Prepare = Callable[[Embedded, int], Awaitable[None]]

DONE = Outcome(MessageState.DONE, 3, None, 10.0)
FAILED = Outcome(MessageState.FAILED, 4, {"kind": "http"}, 11.0)
LETTER = DeadLetter(None, "message", 4, b"c", {"kind": "http"}, 1, 11.0)


def entry(unit: str, event: str = "") -> JournalEntry:
    return JournalEntry(unit + event, unit, b"checkpoint", 3)


def rows(backend: Embedded, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(backend.path)) as connection:
        return connection.execute(query).fetchall()


async def test_what_waits_together_is_one_statement_and_one_commit(
    backend: Embedded, prepare: Prepare
) -> None:
    statements: list[str] = []
    begun, gate = threading.Event(), threading.Event()

    def hold(connection: sqlite3.Connection, _argument: None) -> None:
        connection.set_trace_callback(statements.append)
        begun.set()
        gate.wait()

    await prepare(backend, 256)
    await backend.lease("L", 256)
    holding = asyncio.create_task(backend._write(each(hold), None))
    await asyncio.to_thread(begun.wait)
    recording = asyncio.gather(*(backend.record(entry(f"m{n}")) for n in range(256)))
    await asyncio.sleep(0)  # all 256 have asked
    gate.set()
    await recording
    await holding
    assert statements.count("COMMIT") == 2  # that of the job which held them up, and one for all
    assert sum("journal" in statement for statement in statements) == 1
    assert rows(backend, "SELECT count(*) FROM journal") == [(256,)]


async def test_an_outcome_leaves_nothing_of_it(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 3)
    await backend.lease("L", 3)
    await backend.enqueue([NewJob("j1", "sms", "schedule", 1, b"p", 0.0)])
    await backend.lease_jobs(0.0, 1)
    for name in ("m0", "m1", "m2", "j1"):
        await backend.record(entry(name))
        await backend.record(entry(name, "/1"))
    await backend.finish("m0", DONE)
    await backend.finish("m1", FAILED)
    await backend.finish("m2", FAILED, dead=LETTER)
    await backend.finish_job("j1", DONE)
    assert rows(backend, "SELECT unit, event FROM journal") == [(3, "m2"), (3, "m2/1")]
    [letter] = await backend.dead_letters()
    await backend.drop(letter.id)
    assert rows(backend, "SELECT unit FROM journal") == []


async def test_a_drop_lets_go_of_what_a_replay_would_have_needed(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 2)
    await backend.enqueue([NewJob(f"j{n}", "sms", "schedule", 1, b"p", 0.0) for n in range(2)])
    for n in range(2):
        await backend.finish(f"m{n}", FAILED, dead=LETTER)
        await backend.finish_job(f"j{n}", FAILED, dead=LETTER)
    [of_message, of_job, *_] = await backend.dead_letters()
    await backend.drop(of_message.id)
    await backend.drop(of_job.id)
    assert rows(backend, "SELECT id FROM message JOIN payload ON payload.message = message.no") == [("m1",)]
    assert rows(backend, "SELECT id, payload FROM job") == [("j0", b""), ("j1", b"p")]


async def test_recording_looks_nothing_up_by_a_scan(backend: Embedded) -> None:
    values = _RECORD.replace("{values}", "VALUES ('u', 'e', x'', 1, 0, 0), ('v', 'e', x'', 1, 0, 0)")
    steps = [str(row[3]) for row in rows(backend, f"EXPLAIN QUERY PLAN {values}")]
    assert not [step for step in steps if step.startswith(("SCAN message", "SCAN job", "SCAN journal"))]
    assert sum(step.startswith(("SEARCH message USING", "SEARCH job USING")) for step in steps) == 2


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM trace WHERE unit = 'u' ORDER BY no",
        "DELETE FROM trace WHERE time < 5",
        "DELETE FROM accepted WHERE time < 5",
        "DELETE FROM journal WHERE unit IN (VALUES (1), (-1))",
        "SELECT id, profile_id FROM job WHERE pipeline = 'message' AND id IN (VALUES ('u'))",
    ],
)
async def test_an_index_serves(backend: Embedded, query: str) -> None:
    steps = [str(row[3]) for row in rows(backend, f"EXPLAIN QUERY PLAN {query}")]
    assert steps[0].startswith("SEARCH")
    assert not any("TEMP B-TREE" in step for step in steps)
