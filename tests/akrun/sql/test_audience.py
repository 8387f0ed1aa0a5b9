"""Audiences by SQL: the rules of rows, places of faults, streaming from both databases."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from akrun.errors import Fault, FileFaults, PipeFailure
from akrun.model import AudienceRow, codes
from akrun.model.located import parse_located
from akrun.model.mailing import Audience
from akrun.sql import Connector, connectors_of
from akrun.sql.audience import QueryAudience, query_audience
from akrun.sql.connectors import Connectors
from tests.akrun.model.test_audience import CHANNEL

Fill = Callable[..., None]


def audience(connectors: Connectors, query: str, connector_id: Any = "db", **constants: Any) -> QueryAudience:
    described = Audience(query=query, connector_id=connector_id)
    text = f'{{"audience": {described.model_dump_json(exclude_none=True)}}}'
    located, _ = parse_located(text, "mailing.json")
    known = {
        "db": Connector(
            url=SecretStr("sqlite:////x" if connectors.dialect("db") == "sqlite" else "postgresql://x")
        )
    }
    return query_audience(
        described, CHANNEL, located, constants={"campaign": {}, **constants}, connectors=known, sql=connectors
    )


def rows(connectors: Connectors, query: str, **constants: Any) -> list[tuple[Any, ...]]:
    found = list(audience(connectors, query, **constants).rows())
    return [
        (row.line, row.profile, row.subscription, row.skip_reason)
        if isinstance(row, AudienceRow)
        else (row.code, row.to_dict()["line"])
        for row in found
    ]


async def test_columns_are_paths(connectors: Connectors, fill: Fill) -> None:
    fill(
        "CREATE TABLE people (id INTEGER, name TEXT, phone TEXT, vip INTEGER)",
        "INSERT INTO people VALUES (1, 'Ann', '+71', 1), (2, NULL, '+72', NULL), (3, 'Bob', NULL, 0)",
    )
    query = (
        'SELECT id, name AS "profile.who.first", phone AS "subscription.phone", vip AS "subscription.vip" '
        "FROM people WHERE id <= $campaign.last ORDER BY id"
    )
    tries = {"opt": {"tries": 3}}
    assert rows(connectors, query, campaign={"last": 3}) == [
        (1, {"id": 1, "who": {"first": "Ann"}}, {"phone": "+71", "vip": True, **tries}, None),
        (2, {"id": 2}, {"phone": "+72", **tries}, None),
        (
            3,
            {"id": 3, "who": {"first": "Bob"}},
            {"vip": False, **tries},
            "the required `subscription.phone` is missing",
        ),
    ]
    assert audience(connectors, query, campaign={"last": 2}).validate() == 2
    assert rows(connectors, query, campaign={"last": 0}) == []


async def test_bytes_are_text_or_a_fault(postgres_url: str) -> None:
    query = (
        "SELECT 1 AS id, '\\xd1'::bytea AS x UNION ALL SELECT 2, 'ab'::bytea "
        "UNION ALL SELECT 12345678901234567890, NULL"
    )
    async with Connectors({"db": Connector(url=SecretStr(postgres_url))}) as connectors:
        found = rows(connectors, query)
    assert found[0] == (codes.ROW_ENCODING, 1)
    assert [row[1] for row in found[1:]] == [{"id": 2, "x": "ab"}, {"id": 12345678901234567890}]


async def test_faults_of_rows_hide_secrets(connectors: Connectors) -> None:
    query = (
        "SELECT 1 AS id, 'hunter22' AS \"subscription.phone\", NULL AS note "
        "UNION ALL SELECT NULL, '+7', NULL UNION ALL SELECT 3, '+7', 'x'"
    )
    assert rows(connectors, query) == [
        (codes.SUBSCRIPTION_VALUE, 1),
        (codes.PROFILE_ID, 2),
        (3, {"id": 3, "note": "x"}, {"phone": "+7", "opt": {"tries": 3}}, None),
    ]
    with pytest.raises(FileFaults) as caught:
        audience(connectors, query).validate()
    assert "<connector db>:1:" in str(caught.value)
    assert "hunter22" not in str(caught.value)
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 1 AS name", "the query has no column `id`"),
        ('SELECT 1 AS id, 2 AS "a b"', "`a b` is no column name"),
        ('SELECT 1 AS id, 2 AS "id.x"', "`id.x` and another column cannot both have values"),
    ],
)
async def test_columns_that_cannot_be_used(connectors: Connectors, query: str, message: str) -> None:
    [fault] = audience(connectors, query).rows()
    assert isinstance(fault, Fault)
    assert (fault.code, fault.message) == (codes.HEADER, message)


async def test_what_is_wrong_with_the_mailing(connectors: Connectors) -> None:
    with pytest.raises(FileFaults) as caught:
        audience(connectors, "SELECT 1 AS id", "dbs")
    [fault] = caught.value.faults
    assert (fault.code, fault.message, fault.hint) == (
        codes.MAILING_WRONG_VALUE, "there is no connector `dbs`", "did you mean `db`?",
    )  # fmt: skip
    with pytest.raises(FileFaults) as caught:
        audience(connectors, "SELECT id FROM $campaign.table", campaign={"table": "t"})
    assert [fault.code for fault in caught.value.faults] == ["E210"]
    assert caught.value.faults[0].to_dict()["pointer"] == "/audience/query"
    assert "mailing.json:1:" in str(caught.value)
    with pytest.raises(FileFaults, match="E301"):
        audience(connectors, "SELECT $campaign.id AS id")


async def test_a_database_that_fails(connectors: Connectors) -> None:
    with pytest.raises(PipeFailure) as caught:
        audience(connectors, "SELECT id FROM nowhere").validate()
    assert caught.value.kind == "sql"


async def test_memory_does_not_grow_with_the_audience(connectors: Connectors) -> None:
    query = (
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 8000) "
        "SELECT x AS id, '%s' AS text, '+7' AS \"subscription.phone\" FROM c" % ("y" * 500)
    )
    audience(connectors, "SELECT 1 AS id").validate()
    tracemalloc.start()
    count = audience(connectors, query).validate()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 8_000
    assert peak < 2_500_000


def test_the_reader_of_connectors_gives_what_an_audience_needs(tmp_path: Any) -> None:
    found = connectors_of({"db": {"url": "sqlite:///a.db"}}, tmp_path)
    assert found["db"].dialect == "sqlite"
