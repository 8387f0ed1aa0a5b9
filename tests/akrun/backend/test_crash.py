"""kill -9 in the middle of loading and of finishing: what was acknowledged is there, and nothing by half."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from akrun.backend import Embedded, JobCounts, LaunchState, MessageState, NewJob, NewMessage

Prepare = Callable[[Embedded, int], Awaitable[None]]
Register = Callable[[Embedded], Awaitable[None]]

CHILD = """
import asyncio, sys
from akrun.backend import DeadLetter, Embedded, EventRecord, JournalEntry, MessageState, NewJob, NewMessage
from akrun.backend import Outcome

async def load(backend):
    def audience():
        for n in range(10_000_000):
            if n % 1000 == 0:
                print(n, flush=True)
            yield NewMessage(f"m{n}", f"p{n}", b"first")
    await backend.load("L", audience())

async def finish(backend):
    async def one(message):
        ordinal = message.ordinal
        event = EventRecord(message.id, 1, "send", 5, "", 1.0)
        error = {"kind": "x"}
        if ordinal % 3:
            await backend.finish(message.id, Outcome(MessageState.DONE, 1, None, 1.0), [event])
        else:
            letter = DeadLetter(message.id, "message", 1, b"{}", error, 1, 1.0)
            await backend.finish(message.id, Outcome(MessageState.FAILED, 1, error, 1.0), [event], letter)
        print(message.id, flush=True)

    await backend.lease("L", 3)  # never finished
    for _ in range(int(sys.argv[3]) // 64 + 5):
        await asyncio.gather(*map(one, await backend.lease("L", 64)))
    await asyncio.Event().wait()

async def enqueue(backend):
    for n in range(1_000_000):
        await backend.enqueue([NewJob(f"j{n}", "sms", "schedule", 1, b"p", float(-n))])
        print(f"j{n}", flush=True)

async def hand_over(backend):
    async def one(job):
        event = EventRecord(f"m-{job.id}", 1, "send", 5, "", 1.0)
        follow_up = NewJob(f"{job.id}+", "crm", "later", 1, b"p", 1.0)
        await backend.finish_job(job.id, Outcome(MessageState.DONE, 1, None, 1.0), [event], None, [follow_up])
        print(job.id, flush=True)

    await backend.lease_jobs(1.0, 3, ["sms"])  # never finished
    while jobs := await backend.lease_jobs(1.0, 64, ["sms"]):
        await asyncio.gather(*map(one, jobs))
    await asyncio.Event().wait()

async def record(backend):
    async def one(message):
        for pipe in range(1, 50):
            entry = JournalEntry(message.id, message.id, b"%d" % pipe, pipe)
            await backend.record(entry)
            print(f"{message.id}:{pipe}", flush=True)

    await asyncio.gather(*map(one, await backend.lease("L", 16)))
    await asyncio.Event().wait()

async def accept(backend):
    for n in range(1_000_000):
        await backend.accept(f"k{n}", "d", b"a", [NewJob(f"j{n}", "sms", "message", None, b"p", 0.0)])
        print(f"k{n}", flush=True)

async def die(backend):
    [job] = await backend.lease_jobs(1.0, 1)
    print(job.attempts, flush=True)
    await asyncio.Event().wait()

async def main():
    async with Embedded(sys.argv[2]) as backend:
        await globals()[sys.argv[1]](backend)

asyncio.run(main())
"""


def acknowledged_before_kill(path: Path, work: str, lines: int) -> list[str]:
    """Run the child until it has printed that many lines, kill it, and give all the lines it printed."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, work, str(path), str(lines)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        try:
            printed = [child.stdout.readline().strip() for _ in range(lines)]
        finally:
            child.kill()  # also one that prints nothing: nobody shall wait for it
        rest = child.stdout.read()
        printed += rest[: rest.rfind("\n") + 1].split()
    assert child.returncode == -signal.SIGKILL
    return printed


def states_of(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT id, state FROM message"))


@pytest.mark.parametrize("lines", [1, 65, 200, 777])
async def test_outcomes_outlive_a_kill(path: Path, prepare: Prepare, lines: int) -> None:
    async with Embedded(path) as backend:
        await prepare(backend, 2000)
    acknowledged = acknowledged_before_kill(path, "finish", lines)
    assert lines <= len(acknowledged) < 2000
    async with Embedded(path) as backend:
        states = states_of(path)
        counts = await backend.counts("L")
        for name in acknowledged:
            status = await backend.message(name)
            assert status is not None
            failed = status.ordinal % 3 == 0
            assert status.state is (MessageState.FAILED if failed else MessageState.DONE)
        assert 1 not in states.values()  # no lease outlives its owner
        tallied = (counts.pending, counts.done, counts.failed)
        assert tallied == tuple(list(states.values()).count(code) for code in (0, 2, 3))
        report = await backend.report(launch_id="L")
        assert report.events[0].count == counts.done + counts.failed
        letters = await backend.dead_letters("L", limit=2000)
        assert len(letters) == counts.failed
        left = await backend.lease("L", 2000)
        assert len(left) == counts.pending
        assert {message.id for message in left}.isdisjoint(acknowledged)
        assert [(message.id, message.attempts) for message in left[:3]] == [("m0", 2), ("m1", 2), ("m2", 2)]
        assert left[-1].attempts == 1


async def test_a_load_that_was_killed_starts_anew(path: Path, register: Register) -> None:
    async with Embedded(path) as backend:
        await register(backend)
        await backend.launch(7, "L", b"kept")
    acknowledged_before_kill(path, "load", 6)
    async with Embedded(path) as backend:
        launch = await backend.find_launch("L")
        assert launch is not None
        assert (launch.state, launch.constants) == (LaunchState.LOADING, b"kept")
        stored = len(states_of(path))
        assert stored == launch.total >= 4000
        result = await backend.load("L", (NewMessage(f"m{n}", f"p{n}", b"second") for n in range(1500)))
        assert (result.loaded, result.duplicates, result.launch.total) == (1500, 0, 1500)
        assert len(states_of(path)) == 1500
        await backend.set_launch_state("L", LaunchState.SENDING)
        leased = await backend.lease("L", 1500)
        assert {message.payload for message in leased} == {b"second"}
        assert [message.ordinal for message in leased] == list(range(1500))


async def test_jobs_outlive_a_kill_once_they_are_acknowledged(path: Path) -> None:
    acknowledged = acknowledged_before_kill(path, "enqueue", 150)
    async with Embedded(path) as backend:
        leased = await backend.lease_jobs(0.0, 1_000_000)
        assert {job.id for job in leased} >= set(acknowledged)
        assert len(leased) - len(acknowledged) <= 1  # one more may be there: its answer was lost
        assert [job.due for job in leased] == sorted(job.due for job in leased)
        assert (
            await backend.enqueue([NewJob(name, "sms", "schedule", 1, b"", 0.0) for name in acknowledged])
            == 0
        )


@pytest.mark.parametrize("lines", [1, 65, 200])
async def test_hand_overs_outlive_a_kill_with_the_outcome_they_came_with(path: Path, lines: int) -> None:
    async with Embedded(path) as backend:
        await backend.enqueue([NewJob(f"j{n}", "sms", "schedule", 1, b"p", n / 1e4) for n in range(1000)])
    acknowledged = acknowledged_before_kill(path, "hand_over", lines)
    async with Embedded(path) as backend:
        counts = await backend.job_counts()
        assert counts.in_progress == 0  # no lease outlives its owner
        assert counts.done >= len(acknowledged)
        follow_ups = {job.id for job in await backend.lease_jobs(1.0, 2000, ["crm"])}
        assert follow_ups >= {f"{name}+" for name in acknowledged}
        assert len(follow_ups) == counts.done
        assert (await backend.report()).unknown == counts.done
        left = await backend.lease_jobs(1.0, 2000, ["sms"])
        assert len(left) == 1000 - counts.done
        assert {job.id for job in left}.isdisjoint(name.removesuffix("+") for name in follow_ups)
        assert [(job.id, job.attempts) for job in left[:3]] == [("j0", 2), ("j1", 2), ("j2", 2)]


@pytest.mark.parametrize("lines", [1, 40, 300])
async def test_what_was_recorded_of_a_message_outlives_a_kill(
    path: Path, prepare: Prepare, lines: int
) -> None:
    async with Embedded(path) as backend:
        await prepare(backend, 16)
    acknowledged = acknowledged_before_kill(path, "record", lines)
    reached = dict(line.split(":") for line in acknowledged)  # of each message the last
    async with Embedded(path) as backend:
        for message in await backend.lease("L", 16):
            pipe = int(reached.get(message.id, 0))
            [intent] = [entry.intent for entry in message.journal] or [0]
            assert intent in (pipe, pipe + 1)  # one more may be there: its answer was lost
            assert all(entry.checkpoint == f"{intent}".encode() for entry in message.journal)


async def test_an_accepted_request_outlives_a_kill_with_its_job(path: Path) -> None:
    acknowledged = acknowledged_before_kill(path, "accept", 150)
    async with Embedded(path) as backend:
        answers = [await backend.accept(key, "other", b"", []) for key in acknowledged]
        assert {(answer.new, answer.digest, answer.answer) for answer in answers} == {(False, "d", b"a")}
        jobs = {job.id for job in await backend.lease_jobs(0.0, 1_000_000)}
        lost_answer = f"j{len(acknowledged)}"
        assert jobs - {lost_answer} == {f"j{key[1:]}" for key in acknowledged}
        assert (await backend.accept(f"k{len(acknowledged)}", "d", b"", [])).new is (lost_answer not in jobs)


async def test_a_job_that_kills_its_worker_is_given_up(path: Path) -> None:
    async with Embedded(path) as backend:
        await backend.enqueue([NewJob("deadly", "sms", "schedule", 1, b"p", 0.0)])
    for attempt in range(1, 6):
        assert acknowledged_before_kill(path, "die", 1) == [str(attempt)]
    async with Embedded(path) as backend:
        assert await backend.lease_jobs(1.0, 9) == []
        [letter] = await backend.dead_letters()
        assert (letter.job_id, letter.attempts, letter.error["kind"]) == ("deadly", 5, "max_attempts")
        assert await backend.job_counts() == JobCounts(0, 0, 0, 1, 0)
