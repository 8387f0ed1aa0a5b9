"""Which channels jobs were stored for: each has a queue of its own."""

from collections.abc import Collection, Iterable

from akrun.backend.cluster.codec import pack, unpack
from akrun.backend.cluster.core import Core, Put
from akrun.backend.records import NewJob


class JobQueues(Core):
    """Their string ids, which all instances know."""

    async def _note_job_queues(self, jobs: Iterable[NewJob]) -> None:
        """Let all instances look for jobs like these, before they are stored."""
        new = {job.channel for job in jobs} - self._queues
        if new:
            await self._commit([Put(self._subjects.channel(name), pack(name)) for name in sorted(new)])
            self._queues |= new

    async def _job_queues(self, asked: Collection[str] | None) -> list[str]:
        """The channels that are asked for, or all."""
        if asked is not None:
            return sorted(set(asked))
        records = await self._many([self._subjects.channels])
        self._queues.update(unpack(record.body)[0] for record in records)
        return sorted(self._queues)
