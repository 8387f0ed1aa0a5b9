"""`sql_pipe`: its parameters and exits on a real file of SQLite, and what is found when it is compiled."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from akrun.engine.event import Event, Services
from akrun.engine.run import Result, dry_run, run
from akrun.pipes.examples import ORIGIN, PipeExample
from akrun.pipes.io.sql_pipe import SPEC
from akrun.pipes.spec import PipeDefaults
from akrun.sql.config import Connector
from akrun.sql.connectors import Connectors
from tests.akrun.pipes.bench import Bench, Found, NoHttp, chain, compiled, error, failure_of, faults_of, pipe

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"


class Database:
    """A file of SQLite as connector `crm`, and what runs pipes against it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.execute("CREATE TABLE t (id INTEGER, name TEXT)", "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
        connector = Connector(url=SecretStr(f"sqlite:///{path}"), identifiers=("t", "name"))
        self.connectors = Connectors({"crm": connector, "7": connector})
        self.defaults = PipeDefaults(connectors={"crm": connector, "7": connector})

    def execute(self, *statements: str) -> None:
        with sqlite3.connect(self.path) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    async def run(self, *pipes: dict[str, Any], origin: dict[str, Any] | None = None, **roots: Any) -> Result:
        bench = Bench()
        services = Services(NoHttp(), bench.logged.append, bench.clock, sql=self.connectors)
        pipeline = compiled(chain(*pipes), defaults=self.defaults).pipeline("message")
        return await run(pipeline, Event(origin or {}, services, roots=roots))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "crm.db")
    yield database
    database.connectors.close()


def sql(query: str, connector_id: Any = "crm", **more: Any) -> dict[str, Any]:
    return pipe("sql_pipe", connector_id=connector_id, query=query, **more)


async def found(database: Database, given: dict[str, Any], **origin: Any) -> Any:
    result = await database.run(given, origin=origin)
    assert result.error is None
    return result.data["sql_query"]


async def failed(database: Database, given: dict[str, Any], **origin: Any) -> Any:
    result = await database.run(given, origin=origin)
    return result.error


async def test_a_list_of_rows_is_the_default(database: Database) -> None:
    assert await found(database, sql("SELECT * FROM t WHERE id <= $in.n"), n=1) == [{"id": 1, "name": "a"}]
    assert await found(database, sql("SELECT * FROM t WHERE id = 9")) == []


async def test_map_is_the_first_row(database: Database) -> None:
    query = "SELECT name FROM t WHERE id >= '$in.n' ORDER BY id"
    assert await found(database, sql(query, map=True), n=1) == {"name": "a"}
    assert await found(database, sql(query, map=True), n=3) == {}
    assert await found(database, sql(query, map=False), n=3) == []


async def test_the_alias_and_ids_of_connectors(database: Database) -> None:
    assert await found(database, {**sql("SELECT 1 AS n", 7), "type": "sql"}) == [{"n": 1}]
    assert await found(database, sql("SELECT 1 AS n", "$in.c"), c="crm") == [{"n": 1}]
    assert await found(database, sql("SELECT 1 AS n", "$#in.c"), c=7) == [{"n": 1}]


async def test_a_value_is_never_sql(database: Database) -> None:
    hostile = "x' OR '1'='1'; DROP TABLE t; --"
    assert await found(database, sql("SELECT * FROM t WHERE name = '$in.v' OR name = $in.v"), v=hostile) == []
    await found(database, sql("INSERT INTO t VALUES (3, '$in.v')"), v=hostile)
    assert await found(database, sql("SELECT name FROM t WHERE id = 3", map=True)) == {"name": hostile}


async def test_names_of_the_allow_list(database: Database) -> None:
    query = "SELECT ${in.c | sql_identifier} AS v FROM ${'t' | sql_identifier} LIMIT 1"
    assert await found(database, sql(query, map=True), c="name") == {"v": "a"}
    message = "the connector allows no name `names`; did you mean `name`?"
    assert await failed(database, sql(query), c="names") == error("sql_identifier", message, kind="sql")


async def test_constants_are_folded(database: Database) -> None:
    bench = Bench()
    services = Services(NoHttp(), bench.logged.append, bench.clock, sql=database.connectors)
    given = sql("SELECT $campaign.x AS x, '$campaign.x-$in.y' AS y WHERE 1 IN ($campaign.l)", map=True)
    channel = compiled(chain(given), defaults=database.defaults)
    folded = channel.pipeline("message", {"campaign": {"x": "'", "l": [1, 2]}})
    event = Event({"y": 5}, services)
    assert (await run(folded, event)).error is None
    assert event.data["sql_query"] == {"x": "'", "y": "'-5"}


async def test_a_dry_run_sends_nothing(database: Database) -> None:
    pipeline = compiled(chain(sql("SELECT 1")), defaults=database.defaults).pipeline("message")
    assert dry_run(pipeline, Bench().event({})).request is None


async def test_errors(database: Database) -> None:
    assert await failed(database, sql("SELECT nope FROM t")) == error(
        "SQLITE_ERROR", "no such column: nope", kind="sql"
    )
    assert await failed(database, sql("SELECT $in.nope")) == error(
        "E301", "`in` has no field `nope`", kind="template"
    )
    assert await failed(database, sql("SELECT 1", "$in.c"), c="cr") == error(
        "connector", "there is no connector `cr`; did you mean `crm`?", kind="connector"
    )
    assert await failed(database, sql("SELECT 1", "$#in.c"), c=True) == error(
        "parameter", "connector_id: true is no connector's id", kind="parameter"
    )
    assert await failed(database, sql("SELECT 1", query_timeout="$in.s"), s="-1") == error(
        "parameter", "query_timeout: '-1' is not above zero", kind="parameter"
    )


async def test_a_timeout(database: Database) -> None:
    message = "the statement on `crm` took more than 0.2 s and was cancelled"
    assert await failed(database, sql(ENDLESS, query_timeout=0.2)) == error(
        "timeout", message, kind="timeout", retryable=True
    )
    assert await found(database, sql("SELECT 1 AS n", connection_timeout="$in.s"), s="5") == [{"n": 1}]


async def test_without_connectors_it_fails() -> None:
    message = "there is no connector `crm`; the configuration has no [connectors.…]"
    assert await failure_of(sql("SELECT 1")) == error("connector", message, kind="connector")


def test_faults_are_found_when_it_is_compiled(database: Database) -> None:
    hint = (
        "a name is no parameter: write ${… | sql_identifier}, and allow it in the connector's `identifiers`"
    )
    query = "SELECT * FROM $in.table WHERE x = ${'y' | nope}"
    assert faults_of(sql(query, "crn", query_timeout=0), defaults=database.defaults) == [
        Found("C503", "there is no connector `crn`", "did you mean `crm`?", '"connector_id": "crn",'),
        Found(
            "E210", "the reference stands for a name: `FROM` stands before it", hint, f'"query": "{query}",'
        ),
        Found("E205", "unknown function `nope`", None, f'"query": "{query}",'),
        Found("C503", "`query_timeout`: 0 is not above zero", None, '"query_timeout": 0'),
    ]


def test_a_constant_name_is_checked_when_it_is_compiled(database: Database) -> None:
    query = "SELECT * FROM ${'ts' | sql_identifier}"
    assert faults_of(sql(query), defaults=database.defaults) == [
        Found("E210", "the connector allows no name `ts`", "did you mean `t`?", f'"query": "{query}"')
    ]


def test_wrong_parameters() -> None:
    assert [each.message for each in faults_of(pipe("sql_pipe", query=5, maps=True))] == [
        "the key `connector_id` is missing", "`query` must be text, not a whole number", "unknown key `maps`",
    ]  # fmt: skip


def test_faults_of_an_unknown_dialect_are_told_once(database: Database) -> None:
    mysql = Connector(url=SecretStr("mysql://x"))
    defaults = PipeDefaults(connectors={**(database.defaults.connectors or {}), "m": mysql})
    assert len(faults_of(sql("SELECT 'a", "$in.c"), defaults=defaults)) == 1


@pytest.mark.parametrize("example", SPEC.examples, ids=lambda example: example.title)
async def test_an_example_does_what_it_says(database: Database, example: PipeExample) -> None:
    database.execute(*example.given["sql"])
    given = {"type": "sql_pipe", "params": json.loads(json.dumps(example.params))}
    result = await database.run(given, origin={**ORIGIN, **example.before})
    if example.error is not None:
        assert result.error is not None
        assert {**result.error, **example.error} == dict(result.error)
    else:
        assert result.error is None
        assert {**result.data, **example.after} == result.data
