"""The journal of the cluster backend: how far the events under way have come, kept in their unit's record."""

import asyncio

from akrun.backend.cluster import units
from akrun.backend.cluster.core import Draft
from akrun.backend.cluster.leases import Held, Leases
from akrun.backend.errors import BackendError, LeaseError
from akrun.backend.records import JournalEntry


class ClusterJournal(Leases):
    """Recording, of the `Journal` protocol."""

    async def record(self, entry: JournalEntry) -> None:
        """See `Journal.record`."""
        await self._call(self._record(entry))

    async def _record(self, entry: JournalEntry) -> None:
        held = self._held.get(("message", entry.unit)) or self._held.get(("job", entry.unit))
        if held is None or not held.leased:
            raise _not_running(entry.unit)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        held.entries.append((entry, done))
        async with held.lock:
            if not done.done():  # else it was written together with that of another branch
                await self._write_entries(held)
        await done

    async def _write_entries(self, held: Held) -> None:
        waiting = held.entries[:]
        held.entries.clear()
        subject, name = held.record.subject, held.key[1]

        def make(draft: Draft) -> None:
            record = draft.get(subject)
            unit = None if record is None else units.decode(record)
            if record is None or unit is None or not self._has_lease(unit):
                raise _not_running(name)
            journal = {each.event: each for each in unit.journal} | {each.event: each for each, _ in waiting}
            changed = unit.change(record, journal=tuple(journal[event] for event in sorted(journal)))
            draft.put(subject, changed.encode())

        try:
            _none, written = await self._transact(make, {subject: held.record})
        except BackendError as error:
            if isinstance(error, LeaseError):
                self._settled(held)  # no more signs of life for what another instance has
            for _entry, done in waiting:
                done.set_exception(error)
        else:
            held.record = written[subject]
            for _entry, done in waiting:
                done.set_result(None)


def _not_running(unit_id: str) -> LeaseError:
    return LeaseError(f"`{unit_id}` is no message or job that is in progress", cure="end this attempt")
