"""Files of earlier schemas, with data in them, are brought up to date and work."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from akrun.backend import (
    Counts,
    DeadLetter,
    Embedded,
    EventRecord,
    JobCounts,
    JobStatus,
    JournalEntry,
    LaunchState,
    MessageState,
    NewJob,
    Outcome,
    UnavailableError,
)
from akrun.backend.embedded import schema

FIRST = """
    INSERT INTO channel VALUES (1, 'sms', 'SMS', x'7b7d', 'aa');
    INSERT INTO mailing VALUES (1, '7', 7, 1, 'Spring', x'7b7d', 'bb');
    INSERT INTO launch VALUES (1, 'L', 1, 'sending', x'', 1.0, 2.0, NULL, 'dd');
    INSERT INTO tally VALUES (1, 1, 1, 1, 1, 0);
    INSERT INTO message (no, id, launch, ordinal, profile_id, state, attempts, pipe, error, finished_at)
        VALUES (1, 'm0', 1, 0, 'p0', 2, 1, 3, NULL, 9.0), (2, 'm1', 1, 1, 'p1', 3, 1, 4, '{"kind":"x"}', 9.5),
        (3, 'm2', 1, 2, 'p2', 1, 1, NULL, NULL, NULL), (4, 'm3', 1, 3, 'p3', 0, 0, NULL, NULL, NULL);
    INSERT INTO payload VALUES (1, x'30'), (2, x'31'), (3, x'32'), (4, x'33');
    INSERT INTO event VALUES (1, 'm0', 1, 'send', NULL, '', 9.0, NULL, NULL, 1, 'p0', '7', 'L');
    INSERT INTO dead_letter (message_id, launch, pipeline, pipe, input, error, attempts, time)
        VALUES ('m1', 1, 'message', 4, x'7b7d', '{"kind":"x"}', 1, 9.5);
"""

SECOND = """
    INSERT INTO job (id, channel, pipeline, pipe, payload, due, origin_message, state, attempts)
        VALUES ('j0', 'sms', 'schedule', 2, x'', 5000000, NULL, 2, 1),
        ('j1', 'sms', 'schedule', 2, x'', 6500000, 'm0', 3, 5),
        ('j2', 'sms', 'schedule', 2, x'32', 7, NULL, 0, 0);
    UPDATE job_tally SET pending = 1, done = 1, failed = 1;
    INSERT INTO dead_letter (message_id, launch, pipeline, pipe, input, error, attempts, time, job, channel)
        VALUES ('m0', 1, 'schedule', NULL, x'706179', '{"kind":"max_attempts"}', 5, 8.0, 'j1', 'sms');
"""

THIRD = """
    INSERT INTO control VALUES (1, 'c', 1, 'stop', 'L', 'm0', x'', '', 'open', 3.0, NULL, NULL);
"""

DATA = (FIRST, SECOND, THIRD)


@pytest.fixture
def old(path: Path) -> Callable[[int], None]:
    """Makes a file of an earlier schema: each step, and data once it can be there."""

    def make(version: int) -> None:
        with closing(sqlite3.connect(path)) as connection:
            for script, data in zip(schema.MIGRATIONS[:version], DATA[:version], strict=True):
                connection.executescript(f"{script};{data}")
            connection.executescript(
                f"PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA user_version = {version}"
            )

    return make


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_messages_go_on_and_letters_can_be_replayed(
    old: Callable[[int], None], path: Path, version: int
) -> None:
    old(version)
    with pytest.raises(UnavailableError, match=f"schema {version}, this akrun needs {schema.VERSION}"):
        await Embedded(path, read_only=True).open()
    async with Embedded(path) as backend:
        assert await backend.counts("L") == Counts(4, 1, 1, 0, 0, 2, 0)
        done = await backend.message("m0")
        assert done is not None
        assert done.outcome == Outcome(MessageState.DONE, 3, None, 9.0)
        leased = await backend.lease("L", 9)
        assert [(each.id, each.attempts, each.journal) for each in leased] == [("m2", 2, ()), ("m3", 1, ())]
        await backend.record(JournalEntry("m2", "m2", b"c", 3))
        uncertain = Outcome(MessageState.UNCERTAIN, 3, {"kind": "uncertain"}, 10.0, 1)
        letter = DeadLetter("m2", "message", 3, b"c", {"kind": "uncertain"}, 2, 10.0)
        assert await backend.finish("m2", uncertain, [EventRecord("m2", 1, "send", None, "", 10.0)], letter)
        assert (await backend.report(launch_id="L")).events[0].count == 2
        [first, *_, last] = await backend.dead_letters("L")
        assert (first.message_id, first.pipe, first.input) == ("m1", 4, b"")
        await backend.replay(first.id, 11.0)
        await backend.replay(last.id, 11.0)
        assert [each.payload for each in await backend.lease("L", 9)] == [b"1", b"2"]
        await backend.set_launch_state("L", LaunchState.STOPPED)


@pytest.mark.parametrize("version", [2, 3])
async def test_jobs_have_an_outcome_and_one_that_was_given_up_has_its_payload_again(
    old: Callable[[int], None], path: Path, version: int
) -> None:
    old(version)
    async with Embedded(path) as backend:
        assert await backend.job_counts() == JobCounts(1, 0, 1, 1, 0)
        place = "j0", "sms", "schedule", 2, 5.0, None, None
        outcome = Outcome(MessageState.DONE, None, None, 5.0)
        assert await backend.job("j0") == JobStatus(*place, MessageState.DONE, 1, outcome)
        assert await backend.enqueue([NewJob("j1", "sms", "schedule", 1, b"", 0.0)]) == 0
        [given_up] = [letter for letter in await backend.dead_letters() if letter.job_id == "j1"]
        assert (given_up.pipe, given_up.input) == (None, b"")
        await backend.replay(given_up.id, 6.0)
        leased = await backend.lease_jobs(6.0, 9)
        assert [(each.id, each.payload) for each in leased] == [("j2", b"2"), ("j1", b"pay")]


async def test_control_runs_stay(old: Callable[[int], None], path: Path) -> None:
    old(3)
    async with Embedded(path) as backend:
        assert [control.id for control in await backend.controls()] == ["c"]
