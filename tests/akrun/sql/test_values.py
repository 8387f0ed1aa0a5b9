"""What comes back from a database is what JSON has, or bytes."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.sql.connectors import Connectors
from akrun.sql.values import from_driver


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (1.5, 1.5),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (Decimal(10), 10),
        (Decimal("1E+3"), 1000),
        (Decimal("10.50"), 10.5),
        (Decimal("0.1"), 0.1),
        (Decimal("12345678901234567890.12"), "12345678901234567890.12"),
        (Decimal("NaN"), "NaN"),
        (date(2030, 1, 2), "2030-01-02"),
        (datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC), "2030-01-02T03:04:05+00:00"),
        (
            datetime(2030, 1, 2, 3, 4, 5, 60, tzinfo=timezone(timedelta(hours=3))),
            "2030-01-02T03:04:05.000060+03:00",
        ),
        (datetime(2030, 1, 2, 3, 4, 5), "2030-01-02T03:04:05"),  # noqa: DTZ001
        (time(3, 4), "03:04:00"),
        (timedelta(minutes=1), 60),
        (timedelta(milliseconds=1500), 1.5),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (memoryview(b"ab"), b"ab"),
        (bytearray(b"ab"), b"ab"),
        ([Decimal("1.5"), [date(2030, 1, 2)]], [1.5, ["2030-01-02"]]),
        ((1, 2), [1, 2]),
        ({"a": Decimal(1)}, {"a": 1}),
        (Colour.RED, "red"),
        (ip_address("127.0.0.1"), "127.0.0.1"),
    ],
)
def test_values(value: Any, expected: Any) -> None:
    found = from_driver(value)
    assert found == expected
    assert type(found) is type(expected)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_no_digit_of_a_decimal_is_lost(value: Decimal) -> None:
    found = from_driver(value)
    assert Decimal(found) == value if isinstance(found, int | str) else Decimal(repr(found)) == value


async def test_types_of_postgresql(postgres_url: str) -> None:
    from pydantic import SecretStr  # noqa: PLC0415

    from akrun.sql.config import Connector  # noqa: PLC0415

    query = """SELECT 1.50::numeric AS n, '2030-01-02 03:04:05+03'::timestamptz AS tz,
      '2030-01-02'::date AS d,
      '\\x00ff'::bytea AS b, ARRAY[1, 2] AS a, '{"a": [1.5, null]}'::jsonb AS j,
      '00000000-0000-0000-0000-000000000005'::uuid AS u,
      '10.0.0.0/8'::inet AS i, '[1,5)'::int4range AS r, interval '1 day' AS v,
      true AS t, 'NaN'::float8 AS f"""
    async with Connectors({"x": Connector(url=SecretStr(postgres_url))}) as connectors:
        [row] = await connectors.rows("x", (query,))
    assert row == {
        "n": 1.5,
        "tz": "2030-01-02T00:04:05+00:00",
        "d": "2030-01-02",
        "b": b"\x00\xff",
        "a": [1, 2],
        "j": {"a": [1.5, None]},
        "u": "00000000-0000-0000-0000-000000000005",
        "i": "10.0.0.0/8",
        "r": "[1, 5)",
        "v": 86400,
        "t": True,
        "f": "NaN",
    }


async def test_values_of_every_kind_there_and_back(connectors: Connectors, fill: Callable[..., None]) -> None:
    from tests.akrun.sql.test_execution import rows  # noqa: PLC0415

    fill("CREATE TABLE t (id INTEGER, a TEXT, j TEXT)")
    await rows(connectors, "INSERT INTO t VALUES ($in.n, '$in.n', '$in.j')", n=5, j={"a": ["'", None]})
    await rows(connectors, "INSERT INTO t VALUES ('$in.n', $in.s, $in.j)", n=6, s="7", j={})
    await rows(connectors, "INSERT INTO t VALUES ($in.z, '$in.z', '$in.l')", z=None, l=[1, "a"])
    assert await rows(connectors, "SELECT * FROM t") == [
        {"id": 5, "a": "5", "j": '{"a":["\'",null]}'},
        {"id": 6, "a": "7", "j": "{}"},
        {"id": None, "a": None, "j": '[1,"a"]'},
    ]
