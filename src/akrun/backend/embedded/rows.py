"""Many rows by one statement, in both directions.

Rows go in as one `VALUES` list of bound parameters, so text and bytes arrive as they are. Rows come out
as one JSON array, with byte strings as hexadecimal digits. Either way SQLite works through them in a single
step, without taking the interpreter lock in between.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import orjson

from akrun.backend.errors import RecordError
from akrun.exact_json import decode, encode

LARGEST = 512
"""Rows in one statement; with their columns well below SQLite's 32,766 parameters."""


@cache
def _statement(sql: str, columns: int, rows: int) -> str:
    """The statement for so many rows; the same object each time, so that its hash is known."""
    row = f"({', '.join('?' * columns)})"
    return sql.replace("{values}", "VALUES " + ", ".join([row] * rows))


def _portions(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Cut into powers of two, so that few different statements are ever prepared."""
    start = 0
    while left := len(rows) - start:
        size = min(LARGEST, 1 << (left.bit_length() - 1))
        yield rows[start : start + size]
        start += size


def run(connection: sqlite3.Connection, sql: str, rows: Sequence[Sequence[Any]]) -> int:
    """Run a statement with `{values}` in it over all rows; returns how many rows it changed."""
    changed = 0
    for portion in _portions(rows):
        statement = _statement(sql, len(portion[0]), len(portion))
        parameters = [value for row in portion for value in row]
        changed += connection.execute(statement, parameters).rowcount
    return changed


def fetch(connection: sqlite3.Connection, sql: str, parameters: Sequence[Any]) -> list[list[Any]]:
    """The rows of a query whose one result is a JSON array of arrays."""
    return list(orjson.loads(connection.execute(sql, parameters).fetchone()[0]))


def fetch_for(
    connection: sqlite3.Connection, sql: str, keys: Sequence[str | int], leading: Sequence[Any] = ()
) -> list[list[Any]]:
    """The rows of such a query with `{values}` standing for the keys, after the leading parameters."""
    found: list[list[Any]] = []
    for portion in _portions([(key,) for key in keys]):
        statement = _statement(sql, 1, len(portion))
        found += fetch(connection, statement, [*leading, *(key for (key,) in portion)])
    return found


def to_json(value: object) -> str | None:
    """A JSON value as text, None for None.

    Raises:
        RecordError: it is no JSON value.
    """
    if value is None:
        return None
    try:
        return encode(value).decode()
    except (TypeError, ValueError) as error:
        raise RecordError(f"not a JSON value: {error}") from error


def from_json(text: str | None) -> Any:
    """The value that `to_json` wrote."""
    return None if text is None else decode(text.encode())
