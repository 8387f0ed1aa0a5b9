"""Jobs in the cluster backend: events that wait for their time, or for a worker."""

import asyncio
from collections.abc import Collection, Sequence
from functools import partial

from akrun.backend.cluster import units
from akrun.backend.cluster.codec import unpack
from akrun.backend.cluster.leases import LARGEST, Held
from akrun.backend.cluster.new_jobs import put_jobs, unit_of
from akrun.backend.cluster.outcomes import Ending, Outcomes
from akrun.backend.cluster.reading import PAGE
from akrun.backend.cluster.tallies import total
from akrun.backend.due import MICROSECONDS, microseconds
from akrun.backend.errors import RecordError
from akrun.backend.records import (
    DeadLetter,
    EventRecord,
    JobCounts,
    JobStatus,
    MessageState,
    NewJob,
    Outcome,
    QueuedJob,
    TraceRecord,
)


class ClusterJobs(Outcomes):
    """The `Jobs` protocol, but for idempotency keys."""

    async def enqueue(self, jobs: Sequence[NewJob]) -> int:
        """See `Jobs.enqueue`."""
        for job in jobs:
            unit_of(job)  # refuses it before the first is stored
        return await self._call(self._enqueue(jobs))

    async def _enqueue(self, jobs: Sequence[NewJob]) -> int:
        await self._note_job_queues(jobs)
        new = 0
        for start in range(0, len(jobs), LARGEST):
            portion = jobs[start : start + LARGEST]
            stored, _written = await self._transact(partial(put_jobs, self._subjects, self._owner, portion))
            new += stored
        return new

    async def lease_jobs(
        self, now: float, limit: int, channels: Collection[str] | None = None
    ) -> list[QueuedJob]:
        """See `Jobs.lease_jobs`."""
        return await self._call(self._lease_jobs(microseconds(now), limit, channels))

    async def _lease_jobs(self, now: int, limit: int, channels: Collection[str] | None) -> list[QueuedJob]:
        leased: list[Held] = []
        async with self._queue_locks["job", ""]:
            names = await self._job_queues(channels)
            while (wanted := min(limit - len(leased), LARGEST)) > 0:
                found = await asyncio.gather(*(self._look("job", name, wanted) for name in names))
                due = sorted(
                    (held for waiting in found for held in waiting if held.due <= now),
                    key=lambda held: held.place,
                )
                if not due:
                    break
                leased += await self._lease_these(due[:wanted])
        return [_leased(held) for held in leased]

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
        return await self._call(self._end("job", job_id, Ending(outcome, events, dead, jobs, trace)))

    async def release_jobs(self, ids: Sequence[str], *, started: bool = False) -> int:
        """See `Jobs.release_jobs`."""
        return await self._call(self._hand_back("job", ids, started=started))

    async def next_due(self, channels: Collection[str] | None = None) -> float | None:
        """See `Jobs.next_due`."""
        names = await self._job_queues(channels)
        found = await asyncio.gather(*map(self._queued, names), *map(self._scheduled, names))
        due = [each for each in found if each is not None]
        return min(due) / MICROSECONDS if due else None

    async def _queued(self, channel: str) -> int | None:
        """The earliest due time among the pending jobs that are first in a channel's queue."""
        names: list[str] = []
        async for record in self._onward(f"{self._subjects.queue('job', channel)}.*"):
            names.append(unpack(record.body)[0][0])
            if len(names) == PAGE:
                if (due := await self._earliest_pending(names)) is not None:
                    return due
                names = []
        return await self._earliest_pending(names)

    async def _earliest_pending(self, names: Sequence[str]) -> int | None:
        records = await self._many(self._subjects.unit("job", name) for name in names)
        jobs = map(units.decode_job, records)
        return min((job.due for job in jobs if job.state is MessageState.PENDING), default=None)

    async def _scheduled(self, channel: str) -> int | None:
        """The earliest due time among a channel's jobs that wait for their time with the server.

        The digits of the time are tokens of the subject. From any job at hand it goes on to one that is
        earlier, by asking for each smaller digit in each place, until there is none.
        """
        digits = await self._some_time(channel, "")
        while digits is not None:
            smaller = [
                f"{digits[:place]}{digit}"
                for place, present in enumerate(digits)
                for digit in range(int(present))
            ]
            found = await asyncio.gather(*(self._some_time(channel, each) for each in smaller))
            earlier = [each for each in found if each is not None]
            if not earlier:
                return int(digits)
            digits = min(earlier)
        return None

    async def _some_time(self, channel: str, begin: str) -> str | None:
        """The due time of any job whose time begins with these digits, as its digits."""
        async for record in self._reader.onward(f"{self._subjects.at_prefix(channel, begin)}.>", page=1):
            before = len(self._subjects.at_prefix(channel, "")) + 1
            return record.subject[before:].rpartition(".")[0].replace(".", "")
        return None

    async def job_counts(self) -> JobCounts:
        """See `Jobs.job_counts`."""
        counts = total(await self._many([self._subjects.job_tally()]))
        return JobCounts(
            *(counts[name] for name in ("pending", "in_progress", "done", "failed", "uncertain"))
        )

    async def job(self, job_id: str) -> JobStatus | None:
        """See `Jobs.job`."""
        found = await self._look_up("job", job_id)
        if found is None:
            return None
        unit, payload = found
        assert isinstance(unit, units.JobUnit)
        place = unit.id, unit.channel, unit.pipeline, unit.pipe, unit.due / MICROSECONDS
        message = unit.origin_message, unit.profile_id
        return JobStatus(*place, *message, unit.state, unit.attempts, unit.outcome, payload)


def _leased(held: Held) -> QueuedJob:
    unit = units.decode_job(held.record)
    place = unit.id, unit.channel, unit.pipeline, unit.pipe, held.payload, unit.due / MICROSECONDS
    return QueuedJob(*place, unit.origin_message, unit.attempts, unit.journal)
