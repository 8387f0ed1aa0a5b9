"""Connectors: databases that answer or do not, and read_only."""

import sqlite3
from pathlib import Path

import pytest

from akrun.doctor.checks import connectors
from akrun.doctor.finding import Level
from tests.akrun.doctor.scene import look, scope_of, told


def make(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_none(tmp_path: Path) -> None:
    assert told(look(connectors.check, scope_of(tmp_path))) == ["connectors: the configuration has none"]


def test_a_database_that_answers_and_one_that_is_not_there(tmp_path: Path) -> None:
    make(tmp_path / "crm.db")
    toml = '[connectors]\na.url = "sqlite:///crm.db"\nb.url = "sqlite:///none.db"\n'
    found = look(connectors.check, scope_of(tmp_path, toml=toml))
    assert told(found, Level.OK) == ["connectors.a: sqlite answers"]
    [line] = told(found, Level.FAIL)
    assert line.startswith("connectors.b: ")
    assert not (tmp_path / "none.db").exists()


def test_a_server_that_refuses_shows_no_password(tmp_path: Path) -> None:
    toml = '[connectors.crm]\nurl = "postgresql+psycopg://u:hunter22@127.0.0.1:9/crm"\n'
    [found] = look(connectors.check, scope_of(tmp_path, toml=toml))
    assert found.level is Level.FAIL
    assert "hunter22" not in str(found)


@pytest.mark.parametrize("table", ["clients", 'a "quoted" one'])
def test_read_only_is_tried_without_a_change(tmp_path: Path, table: str) -> None:
    quoted = table.replace('"', '""')
    make(tmp_path / "crm.db", f'CREATE TABLE "{quoted}" (x)', f'INSERT INTO "{quoted}" VALUES (1)')
    before = (tmp_path / "crm.db").read_bytes()
    toml = '[connectors.crm]\nurl = "sqlite:///crm.db"\nread_only = true\n'
    found = look(connectors.check, scope_of(tmp_path, toml=toml))
    assert told(found, Level.OK) == [
        "connectors.crm: sqlite answers",
        "connectors.crm: it refuses changes, as read_only wants it",
    ]
    assert (tmp_path / "crm.db").read_bytes() == before


def test_a_database_that_takes_changes_though_it_should_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "crm.db", "CREATE TABLE t (x)")
    toml = '[connectors.crm]\nurl = "sqlite:///crm.db"\nread_only = true\n'
    scope = scope_of(tmp_path, toml=toml)
    from akrun.sql import databases  # noqa: PLC0415

    monkeypatch.setattr(
        databases.Sqlite,
        "engine",
        lambda _, url, connector, __: databases._engine(url, connector),
    )
    assert told(look(connectors.check, scope), Level.FAIL) == [
        "connectors.crm: it takes changes though read_only is set"
    ]


def test_without_sqlalchemy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from akrun.sql import ConnectorError  # noqa: PLC0415

    def refuse(*_: object, **__: object) -> None:
        raise ConnectorError("connectors need SQLAlchemy")

    monkeypatch.setattr(connectors, "open_connectors", refuse)
    [found] = look(connectors.check, scope_of(tmp_path, toml='[connectors.a]\nurl = "sqlite:///a.db"\n'))
    assert (found.level, found.cure) == (Level.FAIL, "pip install 'akrun[sql]'")
