"""Idempotency keys in the embedded backend: what came under a key once, and what it was answered."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from akrun.backend.embedded import job_rows
from akrun.backend.embedded import rows as sql
from akrun.backend.embedded.core import Core
from akrun.backend.embedded.writer import each
from akrun.backend.errors import BackendError
from akrun.backend.records import Accepted, NewJob


class _Request(NamedTuple):
    key: str
    digest: str
    answer: bytes
    time: float
    jobs: Sequence[job_rows.Encoded]


def _accept(connection: sqlite3.Connection, requests: Sequence[_Request]) -> list[Accepted | BackendError]:
    """Store what comes under new keys; of several requests under one the first counts."""
    held = {
        key: Accepted(new=False, digest=digest, answer=bytes.fromhex(answer))
        for key, digest, answer in sql.fetch_for(
            connection,
            "SELECT json_group_array(json_array(key, digest, hex(answer))) FROM accepted"
            " WHERE key IN ({values})",
            sorted({request.key for request in requests}),
        )
    }
    results: list[Accepted | BackendError] = []
    fresh: list[_Request] = []
    for request in requests:
        if request.key in held:
            results.append(held[request.key])
            continue
        fresh.append(request)
        results.append(Accepted(new=True, digest=request.digest, answer=request.answer))
        held[request.key] = Accepted(new=False, digest=request.digest, answer=request.answer)
    sql.run(
        connection,
        "INSERT INTO accepted (key, digest, answer, time) {values}",
        [request[:4] for request in fresh],
    )
    job_rows.insert(connection, [job for request in fresh for job in request.jobs])
    return results


def _accepted(connection: sqlite3.Connection, key: str) -> Accepted | None:
    row = connection.execute("SELECT digest, answer FROM accepted WHERE key = ?", (key,)).fetchone()
    return None if row is None else Accepted(new=False, digest=row[0], answer=row[1])


def _forget(connection: sqlite3.Connection, before: float) -> int:
    return connection.execute("DELETE FROM accepted WHERE time < ?", (before,)).rowcount


FORGET = each(_forget)


class EmbeddedAccepted(Core):
    """Idempotency keys, of the `Jobs` protocol."""

    async def accept(self, key: str, digest: str, answer: bytes, jobs: Sequence[NewJob]) -> Accepted:
        """See `Jobs.accept`."""
        encoded = [job_rows.encode(job) for job in jobs]
        return await self._write(_accept, _Request(key, digest, answer, self._clock(), encoded))

    async def accepted(self, key: str) -> Accepted | None:
        """See `Jobs.accepted`."""
        return await self._read(_accepted, key)

    async def forget_accepted(self, before: float) -> int:
        """See `Jobs.forget_accepted`."""
        return await self._write(FORGET, before)
