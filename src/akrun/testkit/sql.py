"""Databases of a case: statements answered by fixtures, or run by a SQLite database that a script builds."""

import re
import shutil
import sqlite3
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from akrun.errors import AkrunError, PipeFailure
from akrun.sql import Connector, open_connectors
from akrun.sql.protocol import Row, no_connector
from akrun.sql.statement import Writer
from akrun.testkit.compare import fits
from akrun.testkit.format.fixtures import ConnectorFixture, SqlMock
from akrun.testkit.matchers import glob_fits, matcher_of
from akrun.testkit.virtual import VirtualLoop
from aktmpl.sql import Dialect, SqlPart

_SPACE = re.compile(r"\s+")
_URLS: Mapping[str, str] = {
    "sqlite": "sqlite:///{path}", "postgresql": "postgresql://test/test", "mysql": "mysql://test/test",
    "standard": "test://test",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement that was asked for: with `?` in the places of its parameters."""

    connector: str
    statement: str
    parameters: list[Any]

    def parts(self) -> dict[str, Any]:
        """What can be expected of it."""
        return {"connector": self.connector, "statement": self.statement, "parameters": self.parameters}


def connector_of(fixture: ConnectorFixture, path: Path) -> Connector:
    """A connector as the configuration would have it; `path` is that of its SQLite database."""
    return Connector(
        url=SecretStr(_URLS[fixture.dialect].format(path=path)),
        read_only=fixture.read_only,
        identifiers=tuple(fixture.identifiers),
        pool_size=1,
    )


def build_database(script: Iterable[str], path: Path) -> None:
    """Make a SQLite database of statements; raises AkrunError with what SQLite says of a wrong one."""
    with closing(sqlite3.connect(path)) as database:
        for statement in script:
            try:
                database.executescript(statement)
            except sqlite3.Error as error:
                raise AkrunError(f"the script of a connector fails: {error}: {_short(statement)}") from error
        database.commit()


class FakeSql:
    """The databases of one case; see `akrun.sql.protocol.Sql`.

    Attributes:
        asked: the statements, in order.
        unanswered: those of them that no fixture answers; their pipes fail.
    """

    def __init__(
        self,
        connectors: Mapping[str, ConnectorFixture],
        mocks: Iterable[SqlMock],
        databases: Mapping[str, Path],
        folder: Path,
        loop: VirtualLoop,
    ) -> None:
        """Make the databases.

        Args:
            connectors: by id.
            mocks: the first that a statement fits answers it.
            databases: SQLite databases of connectors with a script; copied, so that no case changes them.
            folder: for the copies.
            loop: its time stands still while a database works.
        """
        self._connectors = {
            name: connector_of(each, folder / f"{name}.db") for name, each in connectors.items()
        }
        self._mocks = list(mocks)
        self._loop = loop
        for name, path in databases.items():
            shutil.copyfile(path, folder / f"{name}.db")
        built = {name: self._connectors[name] for name in databases}
        self._real = open_connectors(built) if built else None
        self._built = frozenset(built)
        self.asked: list[Asked] = []
        self.unanswered: list[Asked] = []

    def close(self) -> None:
        """Close the databases."""
        if self._real is not None:
            self._real.close()

    def dialect(self, connector_id: str, /) -> Dialect:
        """See `Sql.dialect`."""
        found = self._connectors.get(connector_id)
        if found is not None:
            return found.dialect
        if any(self._names(each, connector_id) for each in self._mocks):
            return Dialect.STANDARD
        raise no_connector(connector_id, dict(self._connectors))

    async def rows(
        self,
        connector_id: str,
        statement: tuple[SqlPart, ...],
        *,
        first: bool = False,
        connection_timeout: float | None = None,
        query_timeout: float | None = None,
    ) -> list[Row]:
        """See `Sql.rows`."""
        mock = self._mock(connector_id, statement)
        if mock is not None:
            return self._given(mock)[: 1 if first else None]
        if self._real is None or connector_id not in self._built:
            raise self._unanswered(connector_id)
        with self._loop.held():
            return await self._real.rows(
                connector_id,
                statement,
                first=first,
                connection_timeout=connection_timeout,
                query_timeout=query_timeout,
            )

    def stream(self, connector_id: str, statement: tuple[SqlPart, ...]) -> Generator[Row, None, None]:
        """See `Sql.stream`."""
        mock = self._mock(connector_id, statement)
        if mock is not None:
            yield from self._given(mock)
        elif self._real is None or connector_id not in self._built:
            raise self._unanswered(connector_id)
        else:
            yield from self._real.stream(connector_id, statement)

    def _mock(self, connector_id: str, statement: tuple[SqlPart, ...]) -> SqlMock | None:
        connector = self._connectors.get(connector_id)
        dialect, names = self.dialect(connector_id), () if connector is None else connector.identifiers
        text, values = Writer(dialect, "qmark", lambda name: f'"{name}"', names).write(statement)
        asked = Asked(connector_id, _short(text), [_plain(each) for each in values])
        self.asked.append(asked)
        for mock in self._mocks:
            if self._names(mock, connector_id) and _answers(mock, asked):
                return mock
        if connector_id not in self._built:
            self.unanswered.append(asked)
        return None

    @staticmethod
    def _names(mock: SqlMock, connector_id: str) -> bool:
        return mock.connector is None or str(mock.connector) == connector_id

    @staticmethod
    def _given(mock: SqlMock) -> list[Row]:
        if mock.error is not None:
            error = mock.error
            raise PipeFailure(error.code, error.message, kind=error.kind, retryable=error.retryable)
        return [dict(row) for row in mock.rows]

    def _unanswered(self, connector_id: str) -> PipeFailure:
        message = f"no fixture of the test answers this statement on `{connector_id}`"
        return PipeFailure("connector", message, kind="connector")


def _answers(mock: SqlMock, asked: Asked) -> bool:
    wanted = mock.statement
    if isinstance(wanted, str):
        if not glob_fits(_short(wanted), asked.statement):
            return False
    elif wanted is not None and not (matcher_of(wanted) and fits(wanted, asked.statement)):
        return False
    return "parameters" not in mock.model_fields_set or fits(mock.parameters, asked.parameters)


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _short(statement: str) -> str:
    return _SPACE.sub(" ", statement).strip()
