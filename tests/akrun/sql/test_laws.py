"""No value changes a statement: laws over hostile values and statements, on real databases."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, text

from akrun.errors import PipeFailure
from akrun.sql.config import Connector
from akrun.sql.connectors import Connectors
from akrun.sql.statement import Writer, to_driver
from akrun.sql.values import from_driver
from aktmpl import Environment, TemplateError
from aktmpl.sql import Dialect
from aktmpl.values import text_form

ENVIRONMENT = Environment()

HOSTILE = st.sampled_from(
    [
        "'",
        "''",
        '"',
        "\\",
        "\\'",
        "--",
        "/*",
        "*/",
        ";",
        "' OR '1'='1",
        "'; DROP TABLE t; --",
        "$in.y",
        "$$",
        "$1",
        "%",
        "%s",
        "%(x)s",
        "?",
        ":x",
        "\0",
        "\n",
        "’",
        "＇",
        "\u202e",
        "🙂",
        "\x1a",
        "`",
        "]",
        "{",
        "}",
        "E'\\''",
        "NULL",
        "1); DELETE FROM t WHERE (1=1",
        "é",
        "e\u0301",
        "\ufeff",
        "\ud800",
    ]
)
TEXTS = st.lists(st.one_of(HOSTILE, st.text(max_size=5)), max_size=6).map("".join)
SCALARS = st.one_of(
    TEXTS,
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(-9, 9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.binary(max_size=20),
)
VALUES = st.one_of(
    SCALARS, st.lists(st.text(max_size=4), max_size=3), st.dictionaries(TEXTS, TEXTS, max_size=2)
)

Database = tuple[Connectors, Engine, Dialect]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("laws") / "laws.db"
        sqlite3.connect(path).close()
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgres_url")
    connector = Connector(url=SecretStr(url))
    engine = create_engine(url)
    connectors = Connectors({"db": connector})
    yield connectors, engine, connector.dialect
    connectors.close()
    engine.dispose()


def ours(database: Database, query: str, **values: Any) -> Any:
    connectors, _, dialect = database
    try:
        statement = ENVIRONMENT.compile_sql(query, dialect=dialect).render({"in": values})
        return list(connectors.stream("db", statement))
    except PipeFailure as failure:
        assert failure.kind == "sql"
        return "failed"
    except TemplateError as error:
        return error.code


def theirs(database: Database, query: str, **values: Any) -> Any:
    _, engine, dialect = database
    bound = {name: to_driver(value, dialect) for name, value in values.items()}
    try:
        with engine.connect() as connection:
            rows = connection.execute(text(query), bound).mappings().all()
    except Exception:  # noqa: BLE001 - whatever a driver says of the value
        return "failed"
    return [{name: from_driver(value) for name, value in row.items()} for row in rows]


def text_of(value: Any) -> Any:
    return value if value is None else text_form(value)


def has_text(value: Any) -> bool:
    try:
        text_form(value)
    except Exception:  # noqa: BLE001 - bytes that are no text, half characters
        return False
    return True


@given(VALUES)
def test_an_unquoted_reference_is_a_bound_parameter(database: Database, value: Any) -> None:
    assert ours(database, "SELECT $in.x AS x", x=value) == theirs(database, "SELECT :x AS x", x=value)


@given(VALUES)
def test_quotes_make_it_the_text(database: Database, value: Any) -> None:
    wanted = theirs(database, "SELECT :x AS x", x=text_of(value)) if has_text(value) else None
    for query in ("SELECT '$in.x' AS x", 'SELECT "$in.x" AS x', "SELECT '$#in.x' AS x"):
        found = ours(database, query, x=value)
        assert found == wanted or (wanted is None and found in ("E406", "E407"))


@given(TEXTS, TEXTS)
def test_text_around_a_reference_belongs_to_the_parameter(database: Database, one: str, two: str) -> None:
    found = ours(database, "SELECT '%''$in.x-$in.y\\' AS x", x=one, y=two)
    assert found == theirs(database, "SELECT :x AS x", x=f"%'{one}-{two}\\")


@given(st.lists(st.one_of(TEXTS, st.none()), max_size=5), TEXTS)
def test_members_of_a_list_are_parameters(database: Database, members: list[Any], value: str) -> None:
    found = ours(database, "SELECT CAST($in.v AS TEXT) IN ($in.m) AS x", v=value, m=members)
    names = ", ".join(f":m{number}" for number in range(len(members)))
    bound = {f"m{number}": member for number, member in enumerate(members)}
    inside = f"CAST(:v AS TEXT) IN ({names})" if members else "CAST(:v AS TEXT) <> CAST(:v AS TEXT)"
    assert found == theirs(database, f"SELECT {inside} AS x", v=value, **bound)


@given(SCALARS, SCALARS)
def test_the_text_of_a_statement_does_not_depend_on_values(one: Any, two: Any) -> None:
    query = "SELECT $in.x, \"$in.x\", '-$#in.y-' FROM t WHERE a IN ($in.x, '$in.y') OR b = ${in.x ?? 1}"
    for dialect, style in (
        (Dialect.SQLITE, "qmark"),
        (Dialect.POSTGRESQL, "pyformat"),
        (Dialect.MYSQL, "format"),
    ):
        statement = ENVIRONMENT.compile_sql(query, dialect=dialect)
        writer = Writer(dialect, style, lambda name: name, ())
        texts = set()
        for x, y in ((one, two), (two, one), (1, 2)):
            if has_text(x) and has_text(y):
                texts.add(writer.write(statement.render({"in": {"x": x, "y": y}}))[0])
        assert len(texts) == 1


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            "'",
            "'",
            '"',
            "''",
            '""',
            "`",
            "[",
            "]",
            "--",
            "\n",
            "/*",
            "*/",
            "E'",
            "x'",
            "\\",
            "\\$tag\\$",
            "\\$\\$",
            "$in.x",
            "'$in.x'",
            "'%$in.x%'",
            '"$in.x"',
            "${in.x}",
            "$#in.x",
            " ",
            " ",
            "SELECT ",
            "1",
            "a",
            ",",
            "=",
            " IN (",
            ")",
            "(",
            " AND ",
            "||",
            ".",
            " FROM ",
            "N'",
            "U&'",
            "/",
            "*",
            "-",
            "#",
            ";",
            "é",
            "t$a",
        ]
    ),
    max_size=14,
).map("".join)


def compiled(query: str, dialect: Dialect) -> Any:
    try:
        return ENVIRONMENT.compile_sql(query, dialect=dialect).render({"in": {"x": "v"}})
    except TemplateError as error:
        assert error.frame()
        return None


@given(FRAGMENTS.filter(lambda query: "\\$" not in query and "#" not in query))  # its own parameters
def test_sqlite_sees_as_many_parameters_as_there_are_values(query: str) -> None:
    statement = compiled("SELECT " + query, Dialect.SQLITE)
    if statement is None:
        return
    written, values = Writer(Dialect.SQLITE, "qmark", lambda name: name, ()).write(statement)
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(written, values)
    except sqlite3.ProgrammingError as error:
        raise AssertionError(written) from error
    except sqlite3.Error:
        pass
    finally:
        connection.close()


@given(FRAGMENTS)
def test_postgresql_sees_as_many_parameters_as_there_are_values(
    pg: psycopg.Connection[Any], query: str
) -> None:
    statement = compiled("SELECT " + query, Dialect.POSTGRESQL)
    if statement is None:
        return
    written, values = Writer(Dialect.POSTGRESQL, "pyformat", lambda name: name, ()).write(statement)
    try:
        pg.execute(written.encode(), values)
    except psycopg.Error as error:
        assert error.sqlstate is not None, written
        assert not error.sqlstate.startswith("08"), written
    pg.rollback()


@pytest.fixture(scope="module")
def pg(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        yield connection


def test_the_file_of_a_read_only_connector_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "a b#%ё.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (id INTEGER)")
    connection.close()
    before = path.read_bytes()
    found = {"ro": Connector(url=SecretStr(f"sqlite:///{path}"), read_only=True)}
    connectors = Connectors(found)
    assert list(connectors.stream("ro", ("SELECT count(*) AS n FROM t",))) == [{"n": 0}]
    with pytest.raises(PipeFailure, match="readonly"):
        list(connectors.stream("ro", ("DELETE FROM t",)))
    connectors.close()
    assert path.read_bytes() == before
