"""The database: its owner, its schema, damage, its log."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from akrun.backend import Embedded
from akrun.backend.embedded import schema
from akrun.doctor.checks import database
from akrun.doctor.finding import Level
from tests.akrun.doctor.scene import look, looking, scope_of, told


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database that was opened and closed well."""
    (tmp_path / "data").mkdir(0o700)
    asyncio.run(make(tmp_path / "data" / "akrun.db"))
    return tmp_path / "data" / "akrun.db"


async def make(path: Path) -> None:
    async with Embedded(path):
        pass


def test_none_yet(tmp_path: Path) -> None:
    [found] = look(database.check, scope_of(tmp_path))
    assert found.level is Level.OK
    assert not (tmp_path / "data").exists()


def test_a_whole_one(tmp_path: Path, path: Path) -> None:
    before = path.read_bytes()
    found = told(look(database.check, scope_of(tmp_path)), Level.OK)
    assert [line.removeprefix(f"{path}: ").partition(",")[0] for line in found] == [
        "no process has it open for writing",
        f"schema {schema.VERSION}",
        "whole (quick_check)",
    ]
    assert path.read_bytes() == before


async def test_one_in_use_can_be_looked_at(tmp_path: Path, path: Path) -> None:
    async with Embedded(path):
        found = await looking(database.check, scope_of(tmp_path))
    assert found[0].message == f"process {os.getpid()} has it open for writing"
    assert {each.level for each in found} == {Level.OK}


def test_what_a_killed_process_left(tmp_path: Path, path: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=-1, check=True)
    Path(f"{path}.pid").write_text(dead.stdout.decode().strip())
    [found] = [each for each in look(database.check, scope_of(tmp_path)) if each.level is Level.WARN]
    assert found.subject == f"{path}.pid"
    assert "was killed; its work is taken up by the next one" in found.message


def test_an_older_and_a_newer_schema(tmp_path: Path, path: Path) -> None:
    for version, level, message in (
        (1, Level.WARN, f"schema 1; this akrun has {schema.VERSION}"),
        (99, Level.FAIL, "written by a newer akrun (schema 99;"),
    ):
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        [line] = told(look(database.check, scope_of(tmp_path)), level)
        assert message in line


def test_damage(tmp_path: Path, path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[4096 * 3 : 4096 * 4] = b"\xff" * 4096
    path.write_bytes(body)
    [line] = told(look(database.check, scope_of(tmp_path)), Level.FAIL)
    assert "damaged" in line


def test_a_file_cut_short_and_a_foreign_one(tmp_path: Path, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2048])
    assert "cut short" in told(look(database.check, scope_of(tmp_path)), Level.FAIL)[0]
    path.write_bytes(b"not a database, but long enough to be looked at\n" * 100)
    assert "not a database" in told(look(database.check, scope_of(tmp_path)), Level.FAIL)[0]


async def test_a_large_log(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LARGE_LOG", 0)
    async with Embedded(path) as backend:
        await backend.store_set("t", "k", b"1", 60.0)
        found = told(await looking(database.check, scope_of(tmp_path)), Level.WARN)
    assert [line.startswith(f"{path}-wal: ") for line in found] == [True]


@pytest.mark.usefixtures("path")
def test_a_check_of_the_whole_file_is_given_up_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_SECONDS", -1.0)
    monkeypatch.setattr(database, "_STEPS", 1)
    found = told(look(database.check, scope_of(tmp_path)), Level.OK)
    assert any("too large to be checked" in line for line in found)
