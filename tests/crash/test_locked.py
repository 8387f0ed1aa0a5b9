"""Another program locks the database: writes wait; when that takes too long nothing goes on unrecorded."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from akrun.backend import BackendLockedError, Embedded, MessageState, NewJob
from akrun.backend.embedded.writer import each
from akrun.net.message import Request, Response
from tests.crash.killing import Killing, Provider, judge
from tests.crash.lives import last_life, living, only_told_to_repeat, refusals, told_well
from tests.crash.stored import inconsistencies
from tests.crash.works import WORKS, Work, World, live, look

LOCKED = (
    "akrun.db: another program keeps the database locked; "
    "end the program that has it open for writing, and try again"
)
IMPATIENT = """
from akrun.backend.embedded.core import Core
Core.__init__.__kwdefaults__["busy_timeout"] = 0.3
"""
"""Waits for locks a third of a second in place of five."""


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another program holds SQLite's write lock while the block runs."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=120)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
async def killing(tmp_path: Path) -> AsyncIterator[Killing]:
    async with Provider().running() as provider:
        yield Killing(tmp_path, provider)


async def test_a_short_lock_is_waited_for(killing: Killing) -> None:
    async with living(killing) as life:
        await killing.mailing(life.client, 1, 24)
        work = asyncio.gather(
            killing.mailing(life.client, 2, 12),
            *(killing.single(life.client, f"{number}") for number in range(4)),
            *(killing.callback(life.client, f"{number}") for number in range(4)),
        )
        with locked(killing.data / "akrun.db"):
            before = killing.provider.effects.total()
            await asyncio.sleep(0.5)
            assert not work.done()
            assert killing.provider.effects.total() <= before + 64  # none but those whose intent is recorded
        await work
        await killing.idle(life.client)
        life.terminate()
        ended = await life.ended()
    assert (ended.code, ended.err) == (0, "")
    assert inconsistencies(killing.data / "akrun.db") == []
    verdict = await judge(killing)
    assert (verdict.faults, verdict.resent, verdict.doubled) == ((), 0, 0)


async def test_a_long_lock_ends_a_server_at_work(killing: Killing) -> None:
    names = [f"{number}" for number in range(6)]
    async with living(killing, prelude=IMPATIENT) as life:
        await killing.mailing(life.client, 1, 36)
        with locked(killing.data / "akrun.db"):
            refused = await refusals(killing.single(life.client, name) for name in names)
            ended = await life.ended()
            with pytest.raises(BackendLockedError, match="locked"):  # nor can it begin again
                await Embedded(killing.data / "akrun.db", busy_timeout=0.05).open()
    assert told_well(ended, LOCKED), ended.err
    assert len(refused) == len(names)
    assert only_told_to_repeat(refused)
    assert killing.acknowledged.singles == set()
    async with last_life(killing) as client:
        assert await refusals(killing.single(client, name) for name in names) == []
        await killing.idle(client)
    assert inconsistencies(killing.data / "akrun.db") == []
    verdict = await judge(killing)
    assert (verdict.faults, verdict.messages, verdict.singles) == ((), 36, len(names))


class LockedOut(World):
    """A world in which another program locks the database in the middle of a request."""

    def __init__(self, folder: Path, at: int) -> None:
        super().__init__(folder)
        self.at = at
        self.lock = ExitStack()

    def answer(self, request: Request) -> Response:
        response = super().answer(request)
        if self.effects.total() == self.at:
            self.lock.enter_context(locked(self.database))
        return response


@pytest.mark.parametrize("work", WORKS, ids=[work.name for work in WORKS])
async def test_whichever_request_is_under_way(tmp_path: Path, work: Work) -> None:
    """The work breaks off, and goes on when the lock is gone."""
    for at in range(1, len(work.effects) + 1):
        world = LockedOut(tmp_path / f"{at}", at)
        world.folder.mkdir()
        acknowledged: list[bool] = []
        with world.lock, pytest.raises(BackendLockedError, match="and try again"):
            await live(world, work, 0, acknowledged, busy_timeout=0.01)
        await live(world, work, 0, acknowledged)
        found = await look(world)
        assert set(world.effects) == work.effects
        assert set(found.states) == {MessageState.DONE}
        assert (found.events, found.resent) == (work.events, 1)
        assert world.effects.total() == len(work.effects) + 1
        assert inconsistencies(world.database) == []


async def test_all_writes_of_a_batch_wait_together(tmp_path: Path) -> None:
    """Not one after the other: a thousand of them would wait for hours."""
    begun: list[str] = []

    def watch(connection: sqlite3.Connection, _: None) -> None:
        connection.set_trace_callback(lambda text: begun.append(text) if text.startswith("BEGIN") else None)

    async with Embedded(tmp_path / "akrun.db", busy_timeout=0.05) as backend:
        await backend._write(each(watch), None)
        jobs = [NewJob(f"{number}", "chat", "listener", None, b"", 0.0) for number in range(100)]
        with locked(tmp_path / "akrun.db"):
            results = await asyncio.gather(*(backend.enqueue([job]) for job in jobs), return_exceptions=True)
        assert {type(result) for result in results} == {BackendLockedError}
        assert len(begun) <= 2  # one may have gone ahead of the others
        assert await backend.enqueue(jobs) == 100
