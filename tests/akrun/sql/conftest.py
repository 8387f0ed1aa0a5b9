"""Databases for the tests: a file of SQLite, and a PostgreSQL server that lives as long as the run."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from akrun.sql.config import Connector
from akrun.sql.connectors import Connectors
from tests.akrun.sql.postgres import postgres

Fill = Callable[..., None]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database, once of each kind."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    path = tmp_path / "test.db"
    sqlite3.connect(path).close()
    return f"sqlite:///{path}"


@pytest.fixture
def fill(url: str) -> Iterator[Fill]:
    """Executes statements beside the connectors; tables of PostgreSQL are gone after the test."""

    def execute(*statements: str) -> None:
        for statement in statements:
            for result in _execute(url, statement):
                assert result is not None

    yield execute
    if url.startswith("postgresql"):
        _execute(url, "DROP SCHEMA public CASCADE")
        _execute(url, "CREATE SCHEMA public")


@pytest.fixture
def ask(url: str) -> Callable[[str], list[Any]]:
    """Rows of a query, read beside the connectors."""
    return lambda query: _execute(url, query)


@pytest.fixture
async def connectors(url: str) -> AsyncIterator[Connectors]:
    """The database as `db`, and for reading only as `ro`."""
    found = {
        "db": Connector(url=SecretStr(url), identifiers=("t", "id", "main.t", "Odd"), max_rows=2_000),
        "ro": Connector(url=SecretStr(url), read_only=True),
        "one": Connector(url=SecretStr(url), pool_size=1),
    }
    async with Connectors(found, connection_timeout=120, query_timeout=20) as opened:
        yield opened


def _execute(url: str, statement: str) -> list[Any]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
            return file.execute(statement).fetchall()
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []
