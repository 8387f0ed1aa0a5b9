"""Idempotency keys in the cluster backend: what came under a key once, and what it was answered."""

from collections.abc import Sequence

from akrun.backend.cluster.codec import pack, unpack
from akrun.backend.cluster.core import Draft, Record
from akrun.backend.cluster.forgetting import Forgetting
from akrun.backend.cluster.job_queues import JobQueues
from akrun.backend.cluster.new_jobs import put_jobs, unit_of
from akrun.backend.records import Accepted, NewJob


class ClusterAccepted(Forgetting, JobQueues):
    """Idempotency keys, of the `Jobs` protocol."""

    async def accept(self, key: str, digest: str, answer: bytes, jobs: Sequence[NewJob]) -> Accepted:
        """See `Jobs.accept`."""
        for job in jobs:
            unit_of(job)  # refuses it also where the key is known
        return await self._call(self._accept(key, digest, answer, jobs))

    async def _accept(self, key: str, digest: str, answer: bytes, jobs: Sequence[NewJob]) -> Accepted:
        await self._note_job_queues(jobs)
        subject = self._subjects.accepted(key)
        body = pack([digest, self._clock()], answer)

        def make(draft: Draft) -> Accepted:
            held = draft.get(subject)
            if held is not None:
                return _known(held)
            draft.put(subject, body)
            put_jobs(self._subjects, self._owner, jobs, draft)
            return Accepted(new=True, digest=digest, answer=answer)

        accepted, _written = await self._transact(make)
        return accepted

    async def accepted(self, key: str) -> Accepted | None:
        """See `Jobs.accepted`."""
        held = await self._last(self._subjects.accepted(key))
        return None if held is None else _known(held)

    async def forget_accepted(self, before: float) -> int:
        """See `Jobs.forget_accepted`."""
        return await self._call(
            self._forget(self._subjects.all_accepted, lambda record: unpack(record.body)[0][1] < before)
        )


def _known(held: Record) -> Accepted:
    (digest, _time), [answer] = unpack(held.body)
    return Accepted(new=False, digest=digest, answer=answer or b"")
