"""What the runtime asks of its storage: small protocols that together make a `Backend`.

Every write is durable when its call returns. A call that is cancelled while it waits may or may not
have been carried out, as with any call whose answer is lost; it is never carried out by half.
All methods raise the errors of `akrun.backend.errors` and nothing else.
"""

from collections.abc import AsyncIterable, Collection, Iterable, Sequence
from types import TracebackType
from typing import Protocol, Self

from akrun.backend.controls import Controls
from akrun.backend.members import Members
from akrun.backend.records import (
    Accepted,
    ChannelRecord,
    Counts,
    DeadLetter,
    EventRecord,
    JobCounts,
    JobStatus,
    JournalEntry,
    Launch,
    LaunchState,
    LoadResult,
    MailingRecord,
    Message,
    MessageStatus,
    NewJob,
    NewMessage,
    Outcome,
    QueuedJob,
    Report,
    TraceRecord,
)
from akrun.backend.sharing import Sharing


class Registry(Protocol):
    """Channels and mailings by their ids."""

    async def register_channel(self, channel: ChannelRecord) -> None:
        """Store a channel, or replace its name and document.

        Raises:
            ConflictError: its id is registered with another string id, or its string id with another id.
        """
        ...

    async def channel(self, string_id: str) -> ChannelRecord | None:
        """The channel of that string id, None if there is none."""
        ...

    async def channels(self) -> list[ChannelRecord]:
        """All channels, by id."""
        ...

    async def register_mailing(self, mailing: MailingRecord) -> None:
        """Store a mailing, or replace its name and document.

        Raises:
            NotFoundError: its channel is not registered.
            ConflictError: the mailing is registered for another channel.
        """
        ...

    async def mailing(self, mailing_id: int | str) -> MailingRecord | None:
        """The mailing of that id, None if there is none."""
        ...

    async def mailings(self) -> list[MailingRecord]:
        """All mailings, in the order of their first registration."""
        ...


class Launches(Protocol):
    """Launches of mailings: their audience, state and counts."""

    async def launch(self, mailing_id: int | str, launch_id: str, constants: bytes) -> Launch:
        """Begin a launch in state `loading`; an existing one is given back as it is, constants included.

        Raises:
            NotFoundError: no such mailing.
            ConflictError: the launch id belongs to another mailing.
        """
        ...

    async def find_launch(self, launch_id: str) -> Launch | None:
        """The launch of that id, None if there is none."""
        ...

    async def latest_launch(self, mailing_id: int | str) -> Launch | None:
        """The mailing's newest launch, None if it has none."""
        ...

    async def launches(self, mailing_id: int | str) -> list[Launch]:
        """The mailing's launches, oldest first."""
        ...

    async def launches_in(self, state: LaunchState) -> list[Launch]:
        """The launches in that state, of all mailings, oldest first."""
        ...

    async def load(
        self, launch_id: str, rows: Iterable[NewMessage] | AsyncIterable[NewMessage]
    ) -> LoadResult:
        """Store the audience and make the launch `ready`; read as a stream, memory stays flat.

        Rows of an earlier load that did not come to its end are removed first, so a load cut short is
        simply made again. A row whose profile came before in this audience is left out and reported.

        Raises:
            NotFoundError: no such launch.
            StateError: it is loaded already, or being loaded by another call.
            ConflictError: a message id belongs to another message.
        """
        ...

    async def set_launch_state(self, launch_id: str, state: LaunchState) -> Launch:
        """Move a launch on; the state it already has is no fault.

        Raises:
            NotFoundError: no such launch.
            StateError: no way leads there from its present state, or `finished` is asked for while
                messages are pending or in progress.
        """
        ...

    async def counts(self, launch_id: str) -> Counts:
        """The launch's messages by state, exact at the moment of the call.

        Raises:
            NotFoundError: no such launch.
        """
        ...


class Queue(Protocol):
    """Messages on their way from pending to exactly one outcome."""

    async def lease(self, launch_id: str, limit: int) -> list[Message]:
        """Take up to `limit` pending messages in order; the attempt is counted before they are given out.

        A message that has had all its attempts is failed and becomes a dead letter (kind `max_attempts`)
        instead: it names no pipe, its input is the last checkpoint that the message's own event recorded
        (empty if there is none), and the journal stays. An empty list means that nothing is pending, or that
        the launch is paused, stopped or finished. Leases last until `finish`, `release` or the end of the
        owning process.

        Raises:
            NotFoundError: no such launch.
            StateError: the launch is `loading` or `ready`.
        """
        ...

    async def finish(  # noqa: PLR0913, PLR0917 - one per part of the transaction
        self,
        message_id: str,
        outcome: Outcome,
        events: Sequence[EventRecord] = (),
        dead: DeadLetter | None = None,
        jobs: Sequence[NewJob] = (),
        trace: TraceRecord | None = None,
    ) -> bool:
        """Record a message's outcome with its events, dead letter, follow-up jobs and trace, all or nothing.

        Its journal is forgotten, unless there is a dead letter, whose replay may need it. Of the dead letter,
        `message_id` is filled in.

        Returns:
            True when recorded; False when the message had an outcome already, and nothing was recorded.

        Raises:
            NotFoundError: no such message.
        """
        ...

    async def release(self, message_ids: Sequence[str], *, started: bool = False) -> int:
        """Hand leased messages back to pending; ids that are not leased are passed over.

        Args:
            message_ids: what to hand back.
            started: whether their runs had begun; if not, the attempt is taken back too.

        Returns:
            How many were handed back.
        """
        ...

    async def message(self, message_id: str) -> MessageStatus | None:
        """What is known of a message, None if there is no such message."""
        ...


class Jobs(Protocol):
    """Events on their way into a pipeline: handed over for later, or accepted and due at once."""

    async def enqueue(self, jobs: Sequence[NewJob]) -> int:
        """Store jobs; returns how many were new. One whose id there was before, in any state, is passed over.

        Raises:
            RecordError: a due time that is no finite number.
        """
        ...

    async def lease_jobs(
        self, now: float, limit: int, channels: Collection[str] | None = None
    ) -> list[QueuedJob]:
        """Take up to `limit` jobs that are due at `now`, in the order of due time, then of insertion.

        The attempt is counted before they are given out. A job that has had all its attempts is failed and
        becomes a dead letter (kind `max_attempts`) instead, as a message does. Leases last
        until `finish_job`, `release_jobs` or the end of the owning process.

        Args:
            now: seconds since the epoch.
            limit: most jobs.
            channels: only jobs of these, by string id; of all when None.
        """
        ...

    async def finish_job(  # noqa: PLR0913, PLR0917 - one per part of the transaction
        self,
        job_id: str,
        outcome: Outcome,
        events: Sequence[EventRecord] = (),
        dead: DeadLetter | None = None,
        jobs: Sequence[NewJob] = (),
        trace: TraceRecord | None = None,
    ) -> bool:
        """Record a job's outcome with its events, dead letter, follow-up jobs and trace, all or nothing.

        Its journal is forgotten, unless there is a dead letter, whose replay may need it.

        Of the dead letter, `job_id`, `channel` and, when it is None, `message_id` are filled in.

        Returns:
            True when recorded; False when the job had an outcome already, and nothing was recorded.

        Raises:
            NotFoundError: no such job.
            RecordError: the outcome is `skipped`, which a job cannot be.
        """
        ...

    async def release_jobs(self, ids: Sequence[str], *, started: bool = False) -> int:
        """Hand leased jobs back to pending, as `Queue.release` does with messages."""
        ...

    async def next_due(self, channels: Collection[str] | None = None) -> float | None:
        """The earliest due time of a pending job, of these channels if named; None if none is pending."""
        ...

    async def job_counts(self) -> JobCounts:
        """All jobs by state, exact at the moment of the call."""
        ...

    async def job(self, job_id: str) -> JobStatus | None:
        """What is known of a job, None if there is no such job."""
        ...

    async def accept(self, key: str, digest: str, answer: bytes, jobs: Sequence[NewJob]) -> Accepted:
        """Store jobs and the answer to the request that brought them under its idempotency key.

        All or nothing: where the key is known already nothing is stored, and what is known comes back.

        Raises:
            RecordError: a due time that is no finite number.
        """
        ...

    async def accepted(self, key: str) -> Accepted | None:
        """What is stored under an idempotency key, None if nothing is."""
        ...

    async def forget_accepted(self, before: float) -> int:
        """Let go of the idempotency keys that were stored before that time; returns how many they were."""
        ...


class Journal(Protocol):
    """What an attempt leaves for the next one, should it not come to its end."""

    async def record(self, entry: JournalEntry) -> None:
        """Store how far an event has come, in place of what was known of that event.

        Raises:
            NotFoundError: its unit is no message or job that is in progress; as a LeaseError, if it was in
                progress here before, and another process has it by now.
        """
        ...

    async def traces(self, unit: str) -> list[TraceRecord]:
        """The traces of a message or job, by attempt."""
        ...

    async def forget_traces(self, before: float) -> int:
        """Let go of the traces that were stored before that time; returns how many they were."""
        ...


class Store(Protocol):
    """Values by table and key, each for a limited time; a table is there as soon as it is named."""

    async def store_set(self, table: str, key: str, value: bytes, ttl: float) -> None:
        """Store a value, in place of the one under that key, for `ttl` seconds from now.

        Raises:
            RecordError: the ttl is no positive, finite number.
        """
        ...

    async def store_get(self, table: str, key: str, *, delete: bool = False) -> bytes | None:
        """The value under a key; None if there is none, or its time is over.

        With `delete` it is taken: of several calls at the same time exactly one gets it.
        """
        ...

    async def store_purge(self, now: float) -> int:
        """Let go of what has expired by `now`; returns how many values that were."""
        ...


class EventLog(Protocol):
    """Events of messages, each kept once."""

    async def record_events(self, events: Sequence[EventRecord]) -> int:
        """Store events; returns how many were new. Those of unknown messages are kept and counted apart."""
        ...

    async def report(self, *, mailing_id: int | str | None = None, launch_id: str | None = None) -> Report:
        """Events by kind, of a mailing, of a launch, or of everything when neither is named.

        Raises:
            NotFoundError: no such mailing or launch.
        """
        ...

    async def history(self, profile_id: str) -> list[EventRecord]:
        """A profile's events by time; mailing ids come back as they were registered."""
        ...

    async def fill_reports(self) -> int:
        """Bring what reports are made of up to the present, where that lies apart from the events.

        Reports and histories do so themselves; from time to time it keeps them quick.

        Returns:
            How far it is: a number that grows with the events; 0 where nothing lies apart.
        """
        ...


class DeadLetters(Protocol):
    """Messages that failed for good."""

    async def dead_letters(
        self, launch_id: str | None = None, *, after: int = 0, limit: int = 100
    ) -> list[DeadLetter]:
        """Up to `limit` dead letters with ids above `after`, by id; of one launch if named."""
        ...

    async def count_dead_letters(self) -> int:
        """How many there are, exact at the moment of the call."""
        ...

    async def dead_letter(self, dead_id: int) -> DeadLetter | None:
        """The dead letter of that id, None if there is none."""
        ...

    async def replay(self, dead_id: int, now: float, *, from_start: bool = False) -> DeadLetter:
        """Make a dead letter's message or job pending again, with all its attempts before it.

        It goes on at the pipe that failed: the letter's `input` becomes the checkpoint of its event, which
        goes on from where its journal stands if the input is empty. From the start, all checkpoints are
        forgotten. Open intents are closed and counted as resent; the replay is counted in the entry of the
        message or job itself. A message's finished launch goes back to `sending`; a job is due `now`.

        Returns:
            The letter, which is there no more.

        Raises:
            NotFoundError: no such letter, or its message or job is not there any more.
            StateError: the message's launch was stopped, or what the letter is of is neither failed nor
                uncertain.
            RecordError: `now` is no finite number.
        """
        ...

    async def drop(self, dead_id: int) -> DeadLetter:
        """Let go of a dead letter, its journal and what a replay would have needed; the outcome stays.

        Raises:
            NotFoundError: no such letter.
        """
        ...


class Backend(
    Registry,
    Launches,
    Queue,
    Jobs,
    Journal,
    Controls,
    Store,
    EventLog,
    DeadLetters,
    Sharing,
    Members,
    Protocol,
):
    """The whole of it, with its life: open, use, close."""

    async def open(self) -> None:
        """Make ready for use; leases of a dead process return to pending."""
        ...

    async def close(self) -> None:
        """Carry out what was asked for, then let go of everything; a second call does nothing."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
