"""A log torn at any place: the database is what it was after some commit, whole, and its work goes on."""

import asyncio
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from akrun.backend import (
    ChannelRecord,
    Embedded,
    LaunchState,
    MailingRecord,
    MessageState,
    NewJob,
    NewMessage,
    Outcome,
)
from tests.crash.stored import inconsistencies

HEADER, FRAME = 32, 24 + 4096
"""Bytes of the log's header and of a frame of it."""
SIZE, ACKNOWLEDGED = 60, 40
DONE = Outcome(MessageState.DONE, 1, None, 1.0)

CHILD = """
import asyncio, sys
from akrun.backend import DeadLetter, Embedded, EventRecord, JournalEntry, MessageState, NewJob, Outcome

DONE = Outcome(MessageState.DONE, 1, None, 1.0)
FAILED = Outcome(MessageState.FAILED, 1, {"kind": "x"}, 1.0)

async def one(backend, name, number):
    await backend.record(JournalEntry(name, name, b"{}", 1))
    print(f"intent {name}", flush=True)
    await backend.record(JournalEntry(name, name, b"{}" * 400, None))
    if number % 3:
        follow_up = NewJob(f"j{name}", "sms", "schedule", 1, b"p", 0.0)
        event = EventRecord(name, 1, "send", 5, "", 1.0)
        await backend.finish(name, DONE, [event], None, [follow_up])
    else:
        await backend.finish(name, FAILED, (), DeadLetter(name, "message", 1, b"{}", {}, 1, 1.0))
    print(f"outcome {name}", flush=True)
    await backend.accept(f"k{name}", "d", b"a", [NewJob(f"a{name}", "sms", "message", None, b"p", 0.0)])
    print(f"accepted {name}", flush=True)

async def main():
    async with Embedded(sys.argv[1]) as backend:
        while messages := await backend.lease("L", 4):
            await asyncio.gather(*(one(backend, each.id, each.ordinal) for each in messages))
        await asyncio.Event().wait()

asyncio.run(main())
"""
"""Works on messages, four at a time, and says what is acknowledged, until it is killed."""


async def prepare(path: Path) -> None:
    async with Embedded(path) as backend:
        await backend.register_channel(ChannelRecord(1, "sms", "SMS", b"{}", "a"))
        await backend.register_mailing(MailingRecord(7, "sms", "M", b"{}", "b"))
        await backend.launch(7, "L", b"{}")
        await backend.load("L", (NewMessage(f"m{n}", f"p{n}", b"payload") for n in range(SIZE)))
        await backend.set_launch_state("L", LaunchState.SENDING)


@dataclass(frozen=True)
class Torn:
    """What a killed process left: the database, its log, and what it had acknowledged, in order."""

    database: bytes
    log: bytes
    acknowledged: tuple[str, ...]

    @property
    def frames(self) -> int:
        return (len(self.log) - HEADER) // FRAME

    def ends_commit(self, frame: int) -> bool:
        """Whether a transaction ends with this frame, counted from 1; the log's header is its own end."""
        at = HEADER + (frame - 1) * FRAME
        return frame == 0 or any(self.log[at + 4 : at + 8])

    def put(self, folder: Path, log: bytes) -> Path:
        """A copy of the database with this log."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "akrun.db").write_bytes(self.database)
        (folder / "akrun.db-wal").write_bytes(log)
        return folder / "akrun.db"

    def until(self, frame: int) -> bytes:
        """The log up to the end of that frame."""
        return self.log[: HEADER + frame * FRAME]


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Torn:
    path = tmp_path_factory.mktemp("torn") / "akrun.db"
    asyncio.run(prepare(path))
    command = [sys.executable, "-c", CHILD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        printed = [child.stdout.readline().strip() for _ in range(ACKNOWLEDGED)]
        child.kill()
        rest = child.stdout.read()
    assert child.returncode == -signal.SIGKILL
    printed += rest[: rest.rfind("\n") + 1].splitlines()
    found = Torn(path.read_bytes(), Path(f"{path}-wal").read_bytes(), tuple(printed))
    assert 20 < found.frames < 1000  # nothing of it has been moved to the database
    return found


def present(database: Path, acknowledged: tuple[str, ...]) -> list[bool]:
    """Which of the acknowledged steps are there."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        outcomes = {name for (name,) in connection.execute("SELECT id FROM message WHERE state > 1")}
        there = {f"outcome {name}" for name in outcomes} | {f"intent {name}" for name in outcomes}
        events = connection.execute("SELECT event FROM journal")
        there |= {f"intent {name}" for (name,) in events}
        keys = connection.execute(
            "SELECT key FROM accepted WHERE 'a' || substr(key, 2) IN (SELECT id FROM job)"
        )
        there |= {f"accepted {name[1:]}" for (name,) in keys}
    return [step in there for step in acknowledged]


def is_prefix(flags: list[bool]) -> bool:
    return flags == sorted(flags, reverse=True)


async def runs_on(database: Path) -> None:
    """Whatever is left to do is done, and nothing twice."""
    async with Embedded(database, durability="normal") as backend:
        counts = await backend.counts("L")
        assert counts.in_progress == 0
        left = await backend.lease("L", SIZE)
        assert len(left) == counts.pending
        jobs = await backend.lease_jobs(0.0, 10 * SIZE)
        ended = [backend.finish(message.id, DONE) for message in left]
        assert all(await asyncio.gather(*ended, *(backend.finish_job(job.id, DONE) for job in jobs)))
        counts = await backend.counts("L")
        assert counts.done + counts.failed == counts.total == SIZE
        assert len(await backend.dead_letters("L")) == counts.failed
        assert (await backend.job_counts()).done == len(jobs)
    assert inconsistencies(database) == []


async def test_cut_at_every_frame(torn: Torn, tmp_path: Path) -> None:
    before: list[bool] = []
    for frame in range(torn.frames + 1):
        database = torn.put(tmp_path / "copy", torn.until(frame))
        assert inconsistencies(database) == []
        found = present(database, torn.acknowledged)
        assert is_prefix(found)
        if torn.ends_commit(frame):
            assert sum(found) >= sum(before)
            await runs_on(database)
        else:
            assert found == before  # half a transaction is none
        before = found
    assert all(before)


def damages(torn: Torn) -> Iterator[bytes]:
    """Logs that end within their header, in the middle of a frame, or with bytes that nobody wrote."""
    chance = random.Random(7)
    yield from (torn.log[:size] for size in (0, 1, HEADER - 1))
    for _ in range(12):
        frame = torn.frames - chance.randrange(6)
        yield torn.until(frame - 1) + torn.log[HEADER + (frame - 1) * FRAME :][: chance.randrange(1, FRAME)]
    for _ in range(12):
        changed = bytearray(torn.log)
        at = len(changed) - chance.randrange(1, 6 * FRAME)
        changed[at : at + 8] = bytes(each ^ chance.randrange(1, 256) for each in changed[at : at + 8])
        yield bytes(changed)
        yield bytes(changed[:at]) + bytes(len(changed) - at)


async def test_cut_or_damaged_within_a_frame(torn: Torn, tmp_path: Path) -> None:
    for log in damages(torn):
        database = torn.put(tmp_path / "copy", log)
        assert inconsistencies(database) == []
        assert is_prefix(present(database, torn.acknowledged))
        await runs_on(database)


def copied(path: Path, folder: Path) -> Path:
    """The files as they are now."""
    return Torn(path.read_bytes(), b"", ()).put(folder, Path(f"{path}-wal").read_bytes())


@pytest.mark.parametrize("durability", ["full", "normal"])
async def test_what_is_acknowledged_is_in_the_files(
    tmp_path: Path, durability: Literal["full", "normal"]
) -> None:
    """Also under load: a copy taken right after an answer has what was answered."""
    path, copy = tmp_path / "akrun.db", tmp_path / "copy"

    async def one(backend: Embedded, name: str) -> None:
        for number in range(4):
            await backend.enqueue([NewJob(f"{name}-{number}", "sms", "message", None, b"p", 0.0)])
            database = copied(path, copy)
            with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
                found = {each for (each,) in connection.execute("SELECT id FROM job")}
            assert {f"{name}-{earlier}" for earlier in range(number + 1)} <= found

    async with Embedded(path, durability=durability) as backend:
        await asyncio.gather(*(one(backend, name) for name in "abcdefgh"))
