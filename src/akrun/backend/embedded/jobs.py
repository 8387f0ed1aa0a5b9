"""Jobs in the embedded backend: events that wait for their time, or for a worker."""

import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from akrun.backend.due import MICROSECONDS, microseconds
from akrun.backend.embedded import dead as dead_letters
from akrun.backend.embedded import journal, outcomes
from akrun.backend.embedded import rows as sql
from akrun.backend.embedded.core import Core
from akrun.backend.embedded.job_rows import (
    Encoded,
    adjust_tally,
    encode,
    insert,
    insert_letters,
    set_outcomes,
)
from akrun.backend.embedded.messages import FAILED, IN_PROGRESS, PENDING, STATES
from akrun.backend.embedded.writer import each
from akrun.backend.errors import BackendError, RecordError
from akrun.backend.records import (
    DeadLetter,
    EventRecord,
    JobCounts,
    JobStatus,
    JournalEntry,
    MessageState,
    NewJob,
    Outcome,
    QueuedJob,
    TraceRecord,
)


class _Lease(NamedTuple):
    due: int
    limit: int
    channels: str | None  # a JSON array
    max_attempts: int
    now: float


class _Due(NamedTuple):
    """A row of a lease."""

    number: int
    id: str
    channel: str
    pipeline: str
    pipe: int | None
    payload: str  # in hexadecimal
    due: int
    origin_message: str | None
    attempts: int


class _Release(NamedTuple):
    ids: Sequence[str]
    started: bool


def _enqueue(connection: sqlite3.Connection, lists: Sequence[Sequence[Encoded]]) -> list[int | BackendError]:
    new = iter(insert(connection, [job for jobs in lists for job in jobs]))
    return [sum(next(new) for _ in jobs) for jobs in lists]


_DUE = (
    "SELECT json_group_array(json_array(no, id, channel, pipeline, pipe, hex(payload), due, origin_message,"
    " attempts)) FROM (SELECT * FROM job WHERE state = 0 AND due <= ?"
)

_OF_CHANNELS = " AND channel IN (SELECT value FROM json_each(?))"

_NEXT_DUE = "SELECT due FROM job WHERE state = 0"


def _channels(names: Collection[str] | None) -> str | None:
    """The names as `_OF_CHANNELS` wants them."""
    return None if names is None else sql.to_json(list(names))


def _lease(connection: sqlite3.Connection, lease: _Lease) -> list[QueuedJob]:
    jobs: list[QueuedJob] = []
    of_channels = "" if lease.channels is None else _OF_CHANNELS
    bound = [lease.due] if lease.channels is None else [lease.due, lease.channels]
    due = f"{_DUE}{of_channels} ORDER BY due, no LIMIT ?)"
    while (wanted := lease.limit - len(jobs)) > 0:
        found = sql.fetch(connection, due, [*bound, wanted])
        if not found:
            break
        rows = [_Due(*row) for row in found]
        journals = journal.of_units(connection, {-row.number: row.id for row in rows})
        _bury(connection, [row for row in rows if row.attempts >= lease.max_attempts], journals, lease.now)
        fresh = [row for row in rows if row.attempts < lease.max_attempts]
        numbers = [(row.number,) for row in fresh]
        sql.run(
            connection, "UPDATE job SET state = 1, attempts = attempts + 1 WHERE no IN ({values})", numbers
        )
        adjust_tally(connection, {PENDING: -len(fresh), IN_PROGRESS: len(fresh)})
        jobs += [_leased(row, journals.get(-row.number, ())) for row in fresh]
    return jobs


def _leased(row: _Due, entries: tuple[JournalEntry, ...]) -> QueuedJob:
    return QueuedJob(
        row.id,
        row.channel,
        row.pipeline,
        row.pipe,
        bytes.fromhex(row.payload),
        row.due / MICROSECONDS,
        row.origin_message,
        row.attempts + 1,
        entries,
    )


def _bury(
    connection: sqlite3.Connection, spent: Sequence[_Due], journals: journal.Journals, now: float
) -> None:
    """Fail jobs whose attempts are used up, and make dead letters of them."""
    if not spent:
        return
    rows: list[tuple[Any, ...]] = []
    letters: list[tuple[Any, ...]] = []
    for row in spent:
        entries = journals.get(-row.number, ())
        columns, letter = outcomes.buried(
            row.id, row.origin_message, row.pipeline, row.attempts, entries, now
        )
        rows.append((row.number, *columns))
        letters.append(dead_letters.of_job(letter, row.id, row.channel, row.origin_message))
    set_outcomes(connection, rows)
    insert_letters(connection, letters)
    adjust_tally(connection, {PENDING: -len(spent), FAILED: len(spent)})


def _finish(connection: sqlite3.Connection, finishes: Sequence[outcomes.Finish]) -> list[bool | BackendError]:
    """Record outcomes; of several for one job the first counts."""
    found = {
        job_id: (number, state, channel, message_id)
        for job_id, number, state, channel, message_id in sql.fetch_for(
            connection,
            "SELECT json_group_array(json_array(id, no, state, channel, origin_message)) FROM job"
            " WHERE id IN ({values})",
            [finish.id for finish in finishes],
        )
    }
    states = {job_id: state for job_id, (_number, state, *_rest) in found.items()}
    recorded, answers = outcomes.first_of_each(finishes, states, "job")
    rows: list[tuple[Any, ...]] = []
    letters: list[tuple[Any, ...]] = []
    changes: Counter[int] = Counter()
    for finish in recorded:
        number, state, channel, message_id = found[finish.id]
        rows.append((number, *finish.columns))
        if finish.dead is not None:
            letters.append(dead_letters.of_job(finish.dead, finish.id, channel, message_id))
        changes[state] -= 1
        changes[finish.state] += 1
    set_outcomes(connection, rows)
    insert_letters(connection, letters)
    outcomes.store_with(connection, recorded)
    journal.forget(connection, [-found[finish.id][0] for finish in recorded if finish.dead is None])
    adjust_tally(connection, changes)
    return answers


def _release(connection: sqlite3.Connection, release: _Release) -> int:
    found = sql.fetch_for(
        connection,
        "SELECT json_group_array(json_array(no)) FROM job WHERE state = 1 AND id IN ({values})",
        sorted(set(release.ids)),
    )
    hand_back = "UPDATE job SET state = 0 WHERE no IN ({values})"
    if not release.started:
        hand_back = "UPDATE job SET state = 0, attempts = attempts - 1 WHERE no IN ({values})"
    sql.run(connection, hand_back, found)
    adjust_tally(connection, {IN_PROGRESS: -len(found), PENDING: len(found)})
    return len(found)


def _next_due(connection: sqlite3.Connection, channels: str | None) -> float | None:
    of_channels, bound = ("", ()) if channels is None else (_OF_CHANNELS, (channels,))
    row = connection.execute(f"{_NEXT_DUE}{of_channels} ORDER BY due LIMIT 1", bound).fetchone()
    return None if row is None else row[0] / MICROSECONDS


def _counts(connection: sqlite3.Connection, _argument: None) -> JobCounts:
    return JobCounts(
        *connection.execute("SELECT pending, in_progress, done, failed, uncertain FROM job_tally").fetchone()
    )


def _status(connection: sqlite3.Connection, job_id: str) -> JobStatus | None:
    row = connection.execute(
        "SELECT id, channel, pipeline, pipe, due, origin_message, profile_id, state, attempts,"
        " payload, ended_in, error, finished_at, resent FROM job WHERE id = ?",
        (job_id,),
    ).fetchone()
    if row is None:
        return None
    name, channel, pipeline, pipe, due, message_id, profile_id, code, attempts, payload, *outcome = row
    return JobStatus(
        name,
        channel,
        pipeline,
        pipe,
        due / MICROSECONDS,
        message_id,
        profile_id,
        STATES[code],
        attempts,
        outcomes.decode(code, *outcome),
        payload,
    )


LEASE = each(_lease)
RELEASE = each(_release)


class EmbeddedJobs(Core):
    """The `Jobs` protocol."""

    async def enqueue(self, jobs: Sequence[NewJob]) -> int:
        """See `Jobs.enqueue`."""
        return await self._write(_enqueue, [encode(job) for job in jobs])

    async def lease_jobs(
        self, now: float, limit: int, channels: Collection[str] | None = None
    ) -> list[QueuedJob]:
        """See `Jobs.lease_jobs`."""
        lease = _Lease(microseconds(now), limit, _channels(channels), self._max_attempts, now)
        return await self._write(LEASE, lease)

    async def finish_job(  # noqa: PLR0913, PLR0917 - the protocol's
        self,
        job_id: str,
        outcome: Outcome,
        events: Sequence[EventRecord] = (),
        dead: DeadLetter | None = None,
        jobs: Sequence[NewJob] = (),
        trace: TraceRecord | None = None,
    ) -> bool:
        """See `Jobs.finish_job`."""
        if outcome.state is MessageState.SKIPPED:
            raise RecordError("a job is done, failed or uncertain; it cannot be skipped")
        return await self._write(_finish, outcomes.encode(job_id, outcome, events, dead, jobs, trace))

    async def release_jobs(self, ids: Sequence[str], *, started: bool = False) -> int:
        """See `Jobs.release_jobs`."""
        return await self._write(RELEASE, _Release(ids, started))

    async def next_due(self, channels: Collection[str] | None = None) -> float | None:
        """See `Jobs.next_due`."""
        return await self._read(_next_due, _channels(channels))

    async def job_counts(self) -> JobCounts:
        """See `Jobs.job_counts`."""
        return await self._read(_counts, None)

    async def job(self, job_id: str) -> JobStatus | None:
        """See `Jobs.job`."""
        return await self._read(_status, job_id)
