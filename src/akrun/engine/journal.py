"""The journal of one message or job: what an attempt has to record, and what earlier ones recorded.

Three things can be known of a request that changes something: it has not left, it may have left, or its
outcome is there. Before it leaves, its *intent* is recorded; what follows from its outcome is recorded before
the next pipe that waits, or with the end of the message. So an attempt that finds an open intent knows that
nobody knows what became of that request.
"""

from collections.abc import Iterable
from typing import Protocol

from akrun.backend.records import JournalEntry


class Recorder(Protocol):
    """What a journal needs of a backend."""

    async def record(self, entry: JournalEntry) -> None:
        """See `akrun.backend.protocol.Journal.record`."""
        ...


class UnitJournal:
    """The journal of a message or job during one attempt.

    Args:
        unit: its id, as the backend knows it.
        backend: where it is kept.
        entries: what earlier attempts recorded.
    """

    def __init__(self, unit: str, backend: Recorder, entries: Iterable[JournalEntry] = ()) -> None:
        self._unit = unit
        self._backend = backend
        self._entries = {entry.event: entry for entry in entries}
        self.replays = max(entry.replays for entry in self._entries.values()) if self._entries else 0
        """How often the message or job was replayed."""

    @property
    def resent(self) -> int:
        """Requests that were sent again though nobody knew what became of the one before; of all attempts."""
        return sum(entry.resent for entry in self._entries.values())

    def entry(self, event: str) -> JournalEntry | None:
        """What is recorded of an event: the message's or job's own, or a branch of it."""
        return self._entries.get(event)

    async def intend(self, event: str, pipe: int, *, again: bool) -> None:
        """Record that a request may leave now; `again`: the one before it may have arrived.

        Raises:
            BackendError: it could not be recorded, so nothing may be sent.
        """
        known = self._entries.get(event)
        checkpoint = None if known is None else known.checkpoint
        resent = (0 if known is None else known.resent) + again
        await self._record(JournalEntry(event, self._unit, checkpoint, pipe, resent, self.replays))

    async def reach(self, event: str, checkpoint: bytes) -> None:
        """Record an outcome: the event will go on from this checkpoint, and no intent of it is open.

        Raises:
            BackendError: it could not be recorded.
        """
        known = self._entries.get(event)
        resent = 0 if known is None else known.resent
        await self._record(JournalEntry(event, self._unit, checkpoint, None, resent, self.replays))

    async def _record(self, entry: JournalEntry) -> None:
        await self._backend.record(entry)
        self._entries[entry.event] = entry
