"""What the rows of `job` hold, for all who change them."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from akrun.backend.due import microseconds
from akrun.backend.embedded import dead as dead_letters
from akrun.backend.embedded import rows as sql
from akrun.backend.embedded.messages import DONE, FAILED, IN_PROGRESS, PENDING, UNCERTAIN
from akrun.backend.records import NewJob

Encoded = tuple[Any, ...]
"""A new job's columns in the order of `_COLUMNS`, ready to be bound."""

_COLUMNS = "id, channel, pipeline, pipe, payload, due, origin_message, profile_id"


def encode(job: NewJob) -> Encoded:
    """A job's columns.

    Raises:
        RecordError: its due time is no time.
    """
    due = microseconds(job.due)
    fields = job.id, job.channel, job.pipeline, job.pipe, job.payload, due, job.origin_message
    return (*fields, job.profile_id)


def insert(connection: sqlite3.Connection, jobs: Sequence[Encoded]) -> list[bool]:
    """Store the jobs that are new, and say of each whether it was."""
    if not jobs:
        return []
    names = sorted({job[0] for job in jobs})
    seen = {
        name
        for (name,) in sql.fetch_for(
            connection, "SELECT json_group_array(json_array(id)) FROM job WHERE id IN ({values})", names
        )
    }
    new: list[bool] = []
    fresh: list[Encoded] = []
    for job in jobs:
        new.append(job[0] not in seen)
        if new[-1]:
            seen.add(job[0])
            fresh.append(job)
    sql.run(connection, f"INSERT INTO job ({_COLUMNS}) {{values}}", fresh)
    adjust_tally(connection, {PENDING: len(fresh)})
    return new


def adjust_tally(connection: sqlite3.Connection, changes: Mapping[int, int]) -> None:
    """Add to the counts by state code; to be called in the transaction that changes the jobs."""
    connection.execute(
        "UPDATE job_tally SET pending = pending + ?, in_progress = in_progress + ?, done = done + ?,"
        " failed = failed + ?, uncertain = uncertain + ?",
        [changes.get(code, 0) for code in (PENDING, IN_PROGRESS, DONE, FAILED, UNCERTAIN)],
    )


def set_outcomes(connection: sqlite3.Connection, outcomes: Sequence[tuple[Any, ...]]) -> None:
    """Give jobs their outcome, each by its number and the outcome's columns.

    The id is for ever. The payload of one that is done is needed no more, but that of a message itself: what
    follows from the message reads its roots.
    """
    sql.run(
        connection,
        "UPDATE job SET state = v.column2, ended_in = v.column3, error = v.column4, finished_at = v.column5,"
        " resent = v.column6, payload = iif(v.column2 = 2 AND pipeline <> 'message', x'', payload)"
        " FROM ({values}) AS v WHERE no = v.column1",
        outcomes,
    )


def insert_letters(connection: sqlite3.Connection, letters: Sequence[tuple[Any, ...]]) -> None:
    """Store dead letters of jobs, beside those of the launch that their message is of."""
    messages = sorted({letter[0] for letter in letters if letter[0] is not None})
    launches = dict(
        sql.fetch_for(
            connection,
            "SELECT json_group_array(json_array(id, launch)) FROM message WHERE id IN ({values})",
            messages,
        )
    )
    dead_letters.insert(connection, [(launches.get(letter[0]), *letter) for letter in letters])
