"""kill -9 in the middle of loading and of finishing: what was acknowledged is there, and nothing by half."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from akrun.backend import Embedded, LaunchState, MessageState, NewMessage

Prepare = Callable[[Embedded, int], Awaitable[None]]
Register = Callable[[Embedded], Awaitable[None]]

CHILD = """
import asyncio, sys
from akrun.backend import DeadLetter, Embedded, EventRecord, MessageState, NewMessage, Outcome

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
        printed = [child.stdout.readline().strip() for _ in range(lines)]
        child.kill()
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
