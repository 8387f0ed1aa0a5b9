"""`sql_pipe`: asks a database."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import StrictBool, StrictInt, StrictStr, WithJsonSchema

from akrun.engine.event import Event
from akrun.errors import PipeFailure
from akrun.model.base import Model
from akrun.pipes.convert import positive_number
from akrun.pipes.effect import ANYTHING, Effect, Typing, setting
from akrun.pipes.examples import PipeExample
from akrun.pipes.spec import CompiledPipe, Parameter, PipeContext, PipeSpec
from akrun.sql.config import Connector, unknown_connector
from aktmpl.errors import shown
from aktmpl.schema import list_of
from aktmpl.sql import Dialect, SqlTemplate


class SqlPipeParams(Model):
    """Parameters of `sql_pipe`."""

    connector_id: StrictStr | StrictInt
    """The connector: its key under `[connectors]` in the configuration."""
    query: StrictStr
    """One statement. Every reference becomes a bound parameter, whatever its quotes: unquoted with its
    type, in quotes as text. A name is `${… | sql_identifier}`."""
    map: StrictBool = False
    """false: a list of rows; true: the first row as an object, an empty one when there is none."""
    connection_timeout: Annotated[Any, WithJsonSchema({"type": ["number", "string"]})] = None
    """Seconds until there is a connection; default the connector's, or `PIPE_SQL_CONNECTION_TIMEOUT`."""
    query_timeout: Annotated[Any, WithJsonSchema({"type": ["number", "string"]})] = None
    """Seconds for the statement, which is then cancelled; default the connector's, or
    `PIPE_SQL_QUERY_TIMEOUT`."""


@dataclass(frozen=True, slots=True)
class SqlPipe(CompiledPipe):
    """A compiled `sql_pipe`; `statements` has the query for each dialect it may be executed in."""

    connector_id: Parameter[str]
    statements: tuple[tuple[Dialect, SqlTemplate], ...]
    map: bool
    connection_timeout: Parameter[float] | None
    query_timeout: Parameter[float] | None

    def prepare(self, event: Event) -> None:  # noqa: ARG002 - every pipe with I/O has it
        """It sends no HTTP request."""
        return

    async def run(self, event: Event) -> None:
        """Set `$in.sql_query`."""
        scope, sql = event.scope, event.services.sql
        connector_id = self.connector_id.get(scope)
        statement = self._statement(sql.dialect(connector_id))
        connection, query = self.connection_timeout, self.query_timeout
        rows = await sql.rows(
            connector_id,
            statement.render(scope),
            first=self.map,
            connection_timeout=None if connection is None else connection.get(scope),
            query_timeout=None if query is None else query.get(scope),
        )
        event.data["sql_query"] = (rows[0] if rows else {}) if self.map else rows

    def _statement(self, dialect: Dialect) -> SqlTemplate:
        for known, statement in self.statements:
            if known is dialect or known is Dialect.STANDARD:
                return statement
        message = f"the query was not compiled for {dialect}: the configuration had no such connector then"
        raise PipeFailure("connector", message, kind="connector")


def _connector_id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise ValueError(f"{shown(value)} is no connector's id")
    return str(value)


def compile_sql_pipe(params: SqlPipeParams, context: PipeContext) -> SqlPipe:
    """Compile the query for the connector's dialect, or for every dialect there is."""
    connector_id = context.parameter(params.connector_id, _connector_id, "connector_id")
    connectors = context.defaults.connectors
    connector: Connector | None = None
    if connectors is not None and connector_id.template is None:
        connector = connectors.get(connector_id.constant or "")
        if connector is None:
            message, hint = unknown_connector(connector_id.constant or "", connectors)
            context.fault(message, "connector_id", hint=hint)
    dialects = [Dialect.STANDARD]
    if connector is not None:
        dialects = [connector.dialect]
    elif connectors:
        dialects = sorted({each.dialect for each in connectors.values()})
    statements: list[tuple[Dialect, SqlTemplate]] = []
    for dialect in dialects:
        allowed = None if connector is None else connector.identifiers
        statement = context.sql(params.query, dialect, allowed, "query")
        if statement is None:
            break  # its faults are the same in the other dialects
        statements.append((dialect, statement))
    return SqlPipe(
        connector_id=connector_id,
        statements=tuple(statements),
        map=params.map,
        connection_timeout=_seconds(params.connection_timeout, "connection_timeout", context),
        query_timeout=_seconds(params.query_timeout, "query_timeout", context),
    )


def _seconds(value: Any, name: str, context: PipeContext) -> Parameter[float] | None:
    return None if value is None else context.parameter(value, positive_number, name)


def _effect(pipe: SqlPipe, typed: Typing) -> Effect:  # noqa: ARG001 - as all effects
    return Effect(setting(sql_query=ANYTHING if pipe.map else list_of(ANYTHING)))


_CLIENTS = (
    "CREATE TABLE clients (id INTEGER, name TEXT, city TEXT)",
    "INSERT INTO clients VALUES (42, 'Anna', 'Kazan'), (43, 'Oleg', 'Tula'), (44, 'Inna', 'Kazan')",
)

SPEC = PipeSpec(
    name="sql_pipe",
    summary="Asks a database: every reference in the query is a bound parameter.",
    params=SqlPipeParams,
    compile=compile_sql_pipe,
    pure=False,
    aliases=("sql",),
    writes=("sql_query",),
    effect=_effect,
    examples=(
        PipeExample(
            "the first row as an object",
            params={
                "connector_id": "crm",
                "query": "SELECT name, city FROM clients WHERE id = $origin.profile_id",
                "map": True,
            },
            after={"sql_query": {"name": "Anna", "city": "Kazan"}},
            given={"sql": _CLIENTS},
        ),
        PipeExample(
            "a list of rows; a list for `IN`, and text around a reference",
            params={
                "connector_id": "crm",
                "query": "SELECT id FROM clients WHERE city IN ($in.cities) AND name LIKE '%$in.part%'",
            },
            before={"cities": ["Kazan", "Tula"], "part": "nn"},
            after={"sql_query": [{"id": 42}, {"id": 44}]},
            given={"sql": _CLIENTS},
        ),
        PipeExample(
            "a statement that the database refuses",
            params={"connector_id": "crm", "query": "SELECT nickname FROM clients"},
            exit="error",
            error={"code": "SQLITE_ERROR", "kind": "sql", "message": "no such column: nickname"},
            given={"sql": _CLIENTS},
        ),
    ),
)
