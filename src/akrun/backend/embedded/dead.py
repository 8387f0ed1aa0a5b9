"""Dead letters in the embedded backend."""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from akrun.backend.embedded import rows as sql
from akrun.backend.embedded.core import Core
from akrun.backend.errors import NotFoundError
from akrun.backend.records import DeadLetter

_SELECT = "SELECT message_id, pipeline, pipe, input, error, attempts, time, id, job, channel FROM dead_letter"


class _Page(NamedTuple):
    launch_id: str | None
    after: int
    limit: int


def encode(dead: DeadLetter) -> tuple[Any, ...]:
    """The columns of a dead letter as `insert` wants them, without the launch's number.

    Raises:
        RecordError: its error is no JSON value.
    """
    error = sql.to_json(dict(dead.error))
    return (
        dead.message_id, dead.pipeline, dead.pipe, dead.input, error, dead.attempts, dead.time, None, None,
    )  # fmt: skip


def of_message(letter: tuple[Any, ...], message_id: str) -> tuple[Any, ...]:
    """An encoded dead letter of a message."""
    return (message_id, *letter[1:])


def of_job(letter: tuple[Any, ...], job_id: str, channel: str, message_id: str | None) -> tuple[Any, ...]:
    """An encoded dead letter with what is known from its job."""
    given, *rest = letter[:-2]
    return (message_id if given is None else given, *rest, job_id, channel)


def insert(connection: sqlite3.Connection, letters: Sequence[tuple[Any, ...]]) -> None:
    """Store encoded dead letters, each with the number of its launch (or None) put in front."""
    sql.run(
        connection,
        "INSERT INTO dead_letter"
        " (launch, message_id, pipeline, pipe, input, error, attempts, time, job, channel) {values}",
        letters,
    )


def _decode(row: tuple[Any, ...]) -> DeadLetter:
    message_id, pipeline, pipe, body, error, *rest = row
    return DeadLetter(message_id, pipeline, pipe, body, sql.from_json(error), *rest)


def _page(connection: sqlite3.Connection, page: _Page) -> list[DeadLetter]:
    condition = (
        "id > :after AND (:launch_id IS NULL OR launch = (SELECT no FROM launch WHERE id = :launch_id))"
    )
    rows = connection.execute(f"{_SELECT} WHERE {condition} ORDER BY id LIMIT :limit", page._asdict())
    return [_decode(row) for row in rows]


def _one(connection: sqlite3.Connection, dead_id: int) -> DeadLetter | None:
    rows = connection.execute(f"{_SELECT} WHERE id = ?", (dead_id,))
    return next((_decode(row) for row in rows), None)


def _count(connection: sqlite3.Connection, _: None) -> int:
    return int(connection.execute("SELECT count(*) FROM dead_letter").fetchone()[0])


def existing(connection: sqlite3.Connection, dead_id: int) -> DeadLetter:
    """A dead letter by its id.

    Raises:
        NotFoundError: no such letter.
    """
    if (letter := _one(connection, dead_id)) is None:
        raise NotFoundError(f"there is no dead letter {dead_id}")
    return letter


def delete(connection: sqlite3.Connection, dead_id: int) -> None:
    """Let go of a dead letter; its id is never given again."""
    connection.execute("DELETE FROM dead_letter WHERE id = ?", (dead_id,))


class EmbeddedDeadLetters(Core):
    """Looking, of the `DeadLetters` protocol."""

    async def dead_letters(
        self, launch_id: str | None = None, *, after: int = 0, limit: int = 100
    ) -> list[DeadLetter]:
        """See `DeadLetters.dead_letters`."""
        return await self._read(_page, _Page(launch_id, after, limit))

    async def count_dead_letters(self) -> int:
        """See `DeadLetters.count_dead_letters`."""
        return await self._read(_count, None)

    async def dead_letter(self, dead_id: int) -> DeadLetter | None:
        """See `DeadLetters.dead_letter`."""
        return await self._read(_one, dead_id)
