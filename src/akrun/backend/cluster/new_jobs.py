"""Storing jobs: at once in the queue of their channel, or with the server until their time has come."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from akrun.backend.cluster.core import Draft
from akrun.backend.cluster.subjects import Subjects
from akrun.backend.cluster.units import JobUnit
from akrun.backend.due import MICROSECONDS, microseconds
from akrun.backend.records import NewJob

_LAST_SCHEDULE: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


def unit_of(job: NewJob) -> JobUnit:
    """A job as it is stored first.

    Raises:
        RecordError: its due time is no time.
    """
    return JobUnit(
        id=job.id,
        channel=job.channel,
        pipeline=job.pipeline,
        pipe=job.pipe,
        due=microseconds(job.due),
        origin_message=job.origin_message,
        profile_id=job.profile_id,
    )


def put_jobs(subjects: Subjects, owner: str, jobs: Sequence[NewJob], draft: Draft) -> int:
    """Store the jobs whose ids are new; returns how many they are.

    Args:
        subjects: where.
        owner: the instance that counts them.
        jobs: the jobs.
        draft: the transaction.
    """
    new: set[str] = set()
    for job in jobs:
        unit = unit_of(job)
        subject = unit.subject(subjects)
        if subject not in new and draft.get(subject) is None:
            new.add(subject)
            draft.put(subject, unit.encode())
            put_work(draft, subjects, unit, job.payload, new=True)
    if new:
        draft.count(subjects.job_tally(owner), {"pending": len(new)})
    return len(new)


def put_work(draft: Draft, subjects: Subjects, unit: JobUnit, payload: bytes, *, new: bool = False) -> None:
    """Put a job into its queue, or let the server do so when it is due; a new one right after its record."""
    work = subjects.work("job", unit.queue, unit.id)
    due = unit.due / MICROSECONDS
    if due <= time.time():  # as the servers see it, whose clock decides
        draft.put(work, unit.work(payload, new=new))
        return
    when = datetime.fromtimestamp(min(due, _LAST_SCHEDULE), UTC).isoformat().replace("+00:00", "Z")
    headers = {"Nats-Schedule": f"@at {when}", "Nats-Schedule-Target": work}
    draft.put(subjects.at(unit.queue, unit.due, unit.id), unit.work(payload), headers=headers)
