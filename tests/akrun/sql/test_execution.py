"""Statements on real databases: what binds, what comes back, what fails and how."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from akrun.errors import PipeFailure
from akrun.sql.config import Connector
from akrun.sql.connectors import Connectors
from aktmpl import Environment
from aktmpl.sql import SqlPart

ENVIRONMENT = Environment()

Fill = Callable[..., None]
Ask = Callable[[str], list[Any]]

ENDLESS = {
    "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
    "postgresql": "SELECT pg_sleep(600)",
}

SLEEPING = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE query LIKE '%sleep(600)%' AND state = 'active' AND pid <> pg_backend_pid()"
)


def statement(connectors: Connectors, text: str, **values: Any) -> tuple[SqlPart, ...]:
    return ENVIRONMENT.compile_sql(text, dialect=connectors.dialect("db")).render({"in": values})


async def rows(
    connectors: Connectors, text: str, connector: str = "db", **values: Any
) -> list[dict[str, Any]]:
    return await connectors.rows(connector, statement(connectors, text, **values))


async def failure(connectors: Connectors, text: str, connector: str = "db", **values: Any) -> PipeFailure:
    with pytest.raises(PipeFailure) as caught:
        await rows(connectors, text, connector, **values)
    return caught.value


def kind_of(url: str) -> str:
    return url.partition(":")[0].partition("+")[0]


async def test_rows_by_column(connectors: Connectors, fill: Fill) -> None:
    fill("CREATE TABLE t (id INTEGER, name TEXT)", "INSERT INTO t VALUES (1, 'a'), (2, NULL)")
    assert await rows(connectors, "SELECT id, name AS n FROM t ORDER BY id") == [
        {"id": 1, "n": "a"},
        {"id": 2, "n": None},
    ]


async def test_first_reads_one_row_and_nothing_gives_nothing(connectors: Connectors, fill: Fill) -> None:
    fill("CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (1), (2)")
    first = statement(connectors, "SELECT id FROM t ORDER BY id DESC")
    assert await connectors.rows("db", first, first=True) == [{"id": 2}]
    none = statement(connectors, "SELECT id FROM t WHERE id = 9")
    assert await connectors.rows("db", none, first=True) == []


async def test_changes_are_committed_and_have_no_rows(connectors: Connectors, fill: Fill, ask: Ask) -> None:
    fill("CREATE TABLE t (id INTEGER, name TEXT)")
    assert await rows(connectors, "INSERT INTO t VALUES ($in.id, '$in.name')", id=5, name="x'y") == []
    assert ask("SELECT id, name FROM t") == [(5, "x'y")]
    assert await rows(connectors, "UPDATE t SET id = 6 WHERE name = '$in.n' RETURNING id", n="x'y") == [
        {"id": 6}
    ]
    assert ask("SELECT id FROM t") == [(6,)]


async def test_a_failed_statement_changes_nothing(
    connectors: Connectors, fill: Fill, ask: Ask, url: str
) -> None:
    fill("CREATE TABLE t (id INTEGER UNIQUE)", "INSERT INTO t VALUES (1)")
    failed = await failure(connectors, "INSERT INTO t VALUES (2), (1)")
    code = {"sqlite": "SQLITE_CONSTRAINT_UNIQUE", "postgresql": "23505"}[kind_of(url)]
    assert (failed.code, failed.kind, failed.retryable) == (code, "sql", False)
    assert ask("SELECT id FROM t") == [(1,)]


async def test_a_percent_sign_and_a_colon_of_the_author_stay(connectors: Connectors) -> None:
    text = "SELECT '100%' AS a, '%s :x ?' AS b, 7 % 4 AS c"
    assert await rows(connectors, text) == [{"a": "100%", "b": "%s :x ?", "c": 3}]
    text += ", CAST($in.x AS TEXT) AS d"
    assert await rows(connectors, text, x="%s") == [{"a": "100%", "b": "%s :x ?", "c": 3, "d": "%s"}]


@pytest.mark.parametrize(
    ("members", "ids"), [([1, 3], [1, 3]), ([], []), ([2], [2]), (2, [2]), (["1", "3"], [1, 3])]
)
async def test_in_takes_a_list(connectors: Connectors, fill: Fill, members: Any, ids: list[int]) -> None:
    fill("CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (1), (2), (3)")
    for text in ("IN ($in.m)", "IN ('$in.m')", "IN $in.m", "in ( /* them */ $#in.m )"):
        found = await rows(connectors, f"SELECT id FROM t WHERE id {text} ORDER BY id", m=members)
        assert [row["id"] for row in found] == ids
        others = await rows(connectors, f"SELECT id FROM t WHERE id NOT {text} ORDER BY id", m=members)
        assert [row["id"] for row in others] == [each for each in (1, 2, 3) if each not in ids]


async def test_a_list_among_other_members(connectors: Connectors, fill: Fill) -> None:
    fill("CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (1), (2), (3)")
    text = "SELECT id FROM t WHERE id IN (1 + 0, $in.m, $in.n) ORDER BY id"
    assert await rows(connectors, text, m=[], n=3) == [{"id": 1}, {"id": 3}]
    assert await rows(connectors, text, m=[2, 3], n=[]) == [{"id": 1}, {"id": 2}, {"id": 3}]


async def test_names_come_from_the_allow_list(connectors: Connectors, fill: Fill) -> None:
    fill("CREATE TABLE t (id INTEGER)", 'CREATE TABLE "Odd" (id INTEGER)', "INSERT INTO t VALUES (1)")
    text = "SELECT ${in.c | sql_identifier} FROM ${in.t | sql_identifier}"
    assert await rows(connectors, text, c="id", t="t") == [{"id": 1}]
    assert await rows(connectors, 'SELECT id FROM "${in.t | sql_identifier}"', t="Odd") == []
    for hostile in ("T", 't"; DROP TABLE t; --', "t, t", "", "main.T"):
        failed = await failure(connectors, text, c="id", t=hostile)
        assert (failed.code, failed.kind) == ("sql_identifier", "sql")
    assert await rows(connectors, text, c="id", t="t") == [{"id": 1}]


async def test_an_unknown_connector(connectors: Connectors) -> None:
    failed = await failure(connectors, "SELECT 1", "dbs")
    assert (failed.code, failed.kind) == ("connector", "connector")
    assert failed.message == "there is no connector `dbs`; did you mean `db`?"


async def test_more_rows_than_a_pipe_takes(connectors: Connectors, fill: Fill) -> None:
    fill("CREATE TABLE t (id INTEGER)")
    await rows(
        connectors,
        "INSERT INTO t WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c "
        "WHERE x < 2001) SELECT x FROM c",
    )
    assert (await failure(connectors, "SELECT * FROM t")).code == "too_many_rows"
    assert len(await rows(connectors, "SELECT * FROM t LIMIT 2000")) == 2000
    assert len(list(connectors.stream("db", ("SELECT * FROM t",)))) == 2001


@pytest.mark.parametrize(
    "case",
    [
        ("INSERT INTO t VALUES (2)", "readonly|read-only"),
        ("CREATE TABLE u (id INTEGER)", "readonly|read-only"),
        ("SET TRANSACTION READ WRITE", 'read-write mode|near "SET"'),
        ("PRAGMA query_only = 0", 'near "PRAGMA"'),
    ],
)
async def test_a_read_only_connector_changes_nothing(
    connectors: Connectors, fill: Fill, ask: Ask, case: tuple[str, str]
) -> None:
    text, message = case
    fill("CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (1)")
    assert await rows(connectors, "SELECT id FROM t", "ro") == [{"id": 1}]
    if not (text.startswith("PRAGMA") and connectors.dialect("db") == "sqlite"):
        failed = await failure(connectors, text, "ro")
        assert any(each in failed.message for each in message.split("|"))
    else:
        await rows(connectors, text, "ro")
    assert "read" in (await failure(connectors, "INSERT INTO t VALUES (2)", "ro")).message
    assert ask("SELECT id FROM t") == [(1,)]


async def test_a_statement_that_takes_too_long_is_cancelled(
    connectors: Connectors, url: str, ask: Ask
) -> None:
    endless = statement(connectors, ENDLESS[kind_of(url)])
    with pytest.raises(PipeFailure) as caught:
        await connectors.rows("one", endless, query_timeout=0.3)
    assert (caught.value.code, caught.value.kind, caught.value.retryable) == ("timeout", "timeout", True)
    assert caught.value.message == "the statement on `one` took more than 0.3 s and was cancelled"
    assert await rows(connectors, "SELECT 1 AS one", "one") == [{"one": 1}]  # its only connection is free
    if kind_of(url) == "postgresql":
        assert ask(SLEEPING) == [(0,)]


async def test_a_statement_that_nobody_waits_for_is_cancelled(
    connectors: Connectors, url: str, ask: Ask
) -> None:
    task = asyncio.ensure_future(rows(connectors, ENDLESS[kind_of(url)], "one"))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await rows(connectors, "SELECT 1 AS one", "one") == [{"one": 1}]
    if kind_of(url) == "postgresql":
        assert ask(SLEEPING) == [(0,)]


async def test_a_timeout_undoes_what_the_statement_changed(
    connectors: Connectors, fill: Fill, ask: Ask, url: str
) -> None:
    fill("CREATE TABLE t (id INTEGER)")
    endless = (
        ENDLESS["sqlite"].replace("count(*)", "x")
        if kind_of(url) == "sqlite"
        else ("SELECT x FROM generate_series(1, 100) x, LATERAL (SELECT pg_sleep(x)) s")
    )
    insert = statement(connectors, f"INSERT INTO t {endless}")
    with pytest.raises(PipeFailure, match="cancelled"):
        await connectors.rows("db", insert, query_timeout=0.3)
    assert ask("SELECT count(*) FROM t") == [(0,)]


async def test_waiting_for_a_connection_has_its_own_bound(connectors: Connectors, url: str) -> None:
    busy = asyncio.ensure_future(rows(connectors, ENDLESS[kind_of(url)], "one"))
    await asyncio.sleep(0.2)
    with pytest.raises(PipeFailure) as caught:
        await connectors.rows("one", ("SELECT 1",), connection_timeout=0.2)
    assert (caught.value.code, caught.value.kind) == ("connection", "connection")
    assert caught.value.message == "no connection to `one` within 0.2 s"
    busy.cancel()
    with pytest.raises(asyncio.CancelledError):
        await busy


async def test_statements_run_beside_each_other(connectors: Connectors, fill: Fill) -> None:
    fill("CREATE TABLE t (id INTEGER)")
    await asyncio.gather(*(rows(connectors, "INSERT INTO t VALUES ($in.n)", n=n) for n in range(50)))
    assert await rows(connectors, "SELECT count(*) AS n, sum(id) AS s FROM t") == [{"n": 50, "s": 1225}]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("sqlite:////nowhere/at/all.db", "connection"),
        ("postgresql+psycopg://u:hunter22@127.0.0.1:1/db", "connection"),
        ("postgresql+psycopg://u:hunter22@/db?host=/nowhere", "connection"),
        ("mysql+pymysql://u:hunter22@127.0.0.1:1/db", "connector"),
        ("nosuch://u:hunter22@host/db", "connector"),
        ("postgresql+psycopg://u:hunter22@host:port/db", "connector"),
    ],
)
async def test_a_database_that_is_not_there_never_shows_the_password(url: str, kind: str) -> None:
    async with Connectors({"x": Connector(url=SecretStr(url))}, connection_timeout=10) as connectors:
        with pytest.raises(PipeFailure) as caught:
            await connectors.rows("x", ("SELECT 1",))
        with pytest.raises(PipeFailure) as streamed:
            list(connectors.stream("x", ("SELECT 1",)))
    assert caught.value.kind == streamed.value.kind == kind
    shown = f"{caught.value!r} {caught.value} {connectors!r} {streamed.value} {caught.value.__context__!r}"
    assert "hunter22" not in shown


async def test_a_lost_connection_is_told_and_replaced(postgres_url: str) -> None:
    found = {"x": Connector(url=SecretStr(postgres_url), pool_size=1)}
    async with Connectors(found) as connectors:
        [row] = await connectors.rows("x", ("SELECT pg_backend_pid() AS pid",))
        with pytest.raises(PipeFailure) as caught:
            await connectors.rows("x", ("SELECT pg_terminate_backend(pg_backend_pid())",))
        assert (caught.value.kind, caught.value.retryable) == ("connection", True)
        [again] = await connectors.rows("x", ("SELECT pg_backend_pid() AS pid",))
    assert again["pid"] != row["pid"]


async def test_a_locked_file_of_sqlite_is_a_timeout(tmp_path: Any) -> None:
    import sqlite3  # noqa: PLC0415 - only here

    path = tmp_path / "locked.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE t (id INTEGER)")
    holder.execute("BEGIN EXCLUSIVE")
    async with Connectors({"x": Connector(url=SecretStr(f"sqlite:///{path}"))}) as connectors:
        with pytest.raises(PipeFailure, match="cancelled") as caught:
            await connectors.rows("x", ("INSERT INTO t VALUES (1)",), query_timeout=0.3)
        assert caught.value.kind == "timeout"
        holder.close()
        assert await connectors.rows("x", ("INSERT INTO t VALUES (1) RETURNING id",)) == [{"id": 1}]
