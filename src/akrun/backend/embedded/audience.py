"""Loading an audience into the embedded backend: batch by batch, started anew after a crash."""

import sqlite3
from collections.abc import AsyncIterable, Iterable, Sequence
from contextlib import aclosing
from typing import NamedTuple

from akrun.backend.audience import Progress, batches
from akrun.backend.embedded import rows as sql
from akrun.backend.embedded.core import Core
from akrun.backend.embedded.launches import existing, launch_number
from akrun.backend.embedded.messages import PENDING, SKIPPED, adjust_tally
from akrun.backend.embedded.writer import each
from akrun.backend.errors import ConflictError, StateError
from akrun.backend.records import Launch, LaunchState, LoadResult, NewMessage

BATCH_ROWS = 1000
"""Most rows of a batch."""


class _Batch(NamedTuple):
    launch_id: str
    start: int  # ordinal of the first row
    rows: Sequence[NewMessage]


class _Loaded(NamedTuple):
    launch_id: str
    digest: str


def _require_loading(connection: sqlite3.Connection, launch_id: str) -> int:
    number, state = launch_number(connection, launch_id)
    if state is not LaunchState.LOADING:
        raise StateError(f"launch `{launch_id}` is {state}: its audience is settled")
    return number


def _clear(connection: sqlite3.Connection, launch_id: str) -> int:
    """Remove some messages of a load that did not come to its end; returns how many."""
    number = _require_loading(connection, launch_id)
    numbers = sql.fetch(
        connection,
        "SELECT json_group_array(json_array(no)) FROM (SELECT no FROM message WHERE launch = ? LIMIT ?)",
        (number, BATCH_ROWS),
    )
    sql.run(connection, "DELETE FROM payload WHERE message IN ({values})", numbers)
    removed = sql.run(connection, "DELETE FROM message WHERE no IN ({values})", numbers)
    if removed < BATCH_ROWS:
        connection.execute("DELETE FROM tally WHERE launch = ?", (number,))
        connection.execute("INSERT INTO tally (launch) VALUES (?)", (number,))
    return removed


def _new_profiles(
    connection: sqlite3.Connection, number: int, batch: _Batch
) -> tuple[list[NewMessage], list[str]]:
    """The batch's rows with profiles not seen before, and the profile ids of the others."""
    found = sql.fetch_for(
        connection,
        "SELECT json_group_array(json_array(profile_id)) FROM message"
        " WHERE launch = ? AND profile_id IN ({values})",
        [row.profile_id for row in batch.rows],
        [number],
    )
    seen = {profile_id for (profile_id,) in found}
    fresh: list[NewMessage] = []
    duplicates: list[str] = []
    for row in batch.rows:
        if row.profile_id in seen:
            duplicates.append(row.profile_id)
        else:
            seen.add(row.profile_id)
            fresh.append(row)
    return fresh, duplicates


def _store(connection: sqlite3.Connection, batch: _Batch) -> tuple[list[str], int]:
    """Store a batch; returns the profile ids of its duplicates and the number of skipped messages."""
    number = _require_loading(connection, batch.launch_id)
    fresh, duplicates = _new_profiles(connection, number, batch)
    first = connection.execute("SELECT ifnull(max(no), 0) + 1 FROM message").fetchone()[0]
    messages = [
        (
            first + index,
            row.id,
            number,
            batch.start + index,
            row.profile_id,
            PENDING if row.skip_reason is None else SKIPPED,
            None if row.skip_reason is None else sql.to_json({"kind": "skip", "message": row.skip_reason}),
        )
        for index, row in enumerate(fresh)
    ]
    try:
        sql.run(
            connection,
            "INSERT INTO message (no, id, launch, ordinal, profile_id, state, error) {values}",
            messages,
        )
    except sqlite3.IntegrityError as error:
        raise ConflictError(f"a message id in the audience is taken: {_taken(connection, fresh)}") from error
    sql.run(
        connection,
        "INSERT INTO payload (message, body) {values}",
        [(first + index, row.payload) for index, row in enumerate(fresh)],
    )
    skipped = sum(row.skip_reason is not None for row in fresh)
    adjust_tally(connection, number, {PENDING: len(fresh) - skipped, SKIPPED: skipped})
    return duplicates, skipped


def _taken(connection: sqlite3.Connection, batch: Sequence[NewMessage]) -> str:
    """The message id that stands in the way, with the profile that asks for it."""
    seen: set[str] = set()
    for row in batch:
        held = connection.execute("SELECT 1 FROM message WHERE id = ?", (row.id,)).fetchone()
        if held is not None or row.id in seen:
            return f"`{row.id}` of profile `{row.profile_id}`"
        seen.add(row.id)
    return "unknown"


def _complete(connection: sqlite3.Connection, loaded: _Loaded) -> Launch:
    number = _require_loading(connection, loaded.launch_id)
    connection.execute(
        "UPDATE launch SET state = ?, audience_digest = ? WHERE no = ?",
        (LaunchState.READY.value, loaded.digest, number),
    )
    return existing(connection, loaded.launch_id)


CLEAR = each(_clear)
STORE = each(_store)
COMPLETE = each(_complete)


class EmbeddedAudience(Core):
    """Loading, of the `Launches` protocol."""

    async def load(
        self, launch_id: str, rows: Iterable[NewMessage] | AsyncIterable[NewMessage]
    ) -> LoadResult:
        """See `Launches.load`."""
        if launch_id in self._loading:
            raise StateError(f"launch `{launch_id}` is being loaded by another call")
        self._loading.add(launch_id)
        try:
            while await self._write(CLEAR, launch_id) == BATCH_ROWS:
                pass
            progress = Progress()
            async with aclosing(batches(rows, BATCH_ROWS)) as portions:
                async for batch in portions:
                    for row in batch:
                        progress.digest.update(row)
                    duplicates, skipped = await self._write(STORE, _Batch(launch_id, progress.stored, batch))
                    progress.add(len(batch) - len(duplicates), skipped, duplicates)
            launch = await self._write(COMPLETE, _Loaded(launch_id, progress.digest.hexdigest()))
        finally:
            self._loading.discard(launch_id)
        return progress.result(launch)
