"""Connectors in place of others: what stays the same is shared, what is old lasts while somebody has it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from akrun.sql.config import Connector
from akrun.sql.connectors import Connectors


def connector(path: Path) -> Connector:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE IF NOT EXISTS name AS SELECT ? AS it", (path.stem,))
    database.close()
    return Connector(url=SecretStr(f"sqlite:///{path}"))


@pytest.fixture
async def old(tmp_path: Path) -> AsyncIterator[Connectors]:
    found = {name: connector(tmp_path / f"{name}.db") for name in ("one", "other")}
    async with Connectors(found) as opened:
        yield opened


def connections(path: Path) -> int:
    """How often this process has a file open."""
    return [each.resolve() for each in Path("/proc/self/fd").iterdir()].count(path)


async def asked(connectors: Connectors, name: str) -> str:
    [row] = await connectors.rows(name, ("SELECT it FROM name",))
    return str(row["it"])


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """A database that no statement can write to meanwhile."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        database.execute("ROLLBACK")
        database.close()


async def test_both_are_asked_side_by_side_and_what_stays_the_same_is_shared(
    old: Connectors, tmp_path: Path
) -> None:
    assert [await asked(old, "one"), await asked(old, "other")] == ["one", "other"]
    assert connections(tmp_path / "other.db") == 1
    new = old.replaced({**old._connectors, "one": connector(tmp_path / "two.db")})
    async with new:
        assert [await asked(new, "one"), await asked(new, "other")] == ["two", "other"]
        assert [await asked(old, "one"), await asked(old, "other")] == ["one", "other"]
        assert [connections(tmp_path / f"{name}.db") for name in ("one", "two", "other")] == [1, 1, 1]


async def test_what_nobody_has_any_more_is_closed_when_its_last_statement_has_ended(tmp_path: Path) -> None:
    old = Connectors({"one": connector(tmp_path / "one.db")})
    with locked(tmp_path / "one.db"):
        under_way = asyncio.ensure_future(old.rows("one", ("UPDATE name SET it = 'x' RETURNING it",)))
        while connections(tmp_path / "one.db") < 2:  # noqa: ASYNC110 - a thread opens it
            await asyncio.sleep(0.01)
        new = old.replaced({"one": connector(tmp_path / "two.db")})
        del old
    assert await under_way == [{"it": "x"}]
    async with asyncio.timeout(120):
        while connections(tmp_path / "one.db"):  # noqa: ASYNC110 - the statement's thread may be the last
            await asyncio.sleep(0.01)
    async with new:
        assert await asked(new, "one") == "two"
