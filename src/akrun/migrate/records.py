"""Rows as records of a cluster, by the encoders that its own parts write them with."""

from collections import Counter
from collections.abc import Mapping, Sequence

from akrun.backend.cluster import dead_records, event_records, trace_records
from akrun.backend.cluster.codec import pack
from akrun.backend.cluster.control_records import ControlRecord
from akrun.backend.cluster.core import Draft, Put
from akrun.backend.cluster.launch_records import LaunchRecord
from akrun.backend.cluster.new_jobs import put_work
from akrun.backend.cluster.owners import Owner
from akrun.backend.cluster.subjects import Subjects
from akrun.backend.cluster.units import JobUnit, MessageUnit, Unit
from akrun.backend.due import microseconds
from akrun.backend.records import JobStatus, LaunchState, MessageState, MessageStatus
from akrun.migrate.rows import (
    AcceptedRow,
    ControlRow,
    EventRow,
    JobRow,
    LaunchRow,
    LetterRow,
    MessageRow,
    TraceRow,
)

StreamRow = EventRow | TraceRow | AcceptedRow | LetterRow | MessageRow | JobRow | ControlRow | LaunchRow
"""What becomes records of the transaction stream; values, channels and mailings have buckets of their own."""


class Batch:
    """A transaction in the making.

    Args:
        subjects: where its records are.
        owner: the instance that counts messages, jobs and letters.
        keep: seconds that what is done is kept, and an event.
    """

    def __init__(self, subjects: Subjects, owner: str, keep: float) -> None:
        self._subjects = subjects
        self._owner = owner
        self._keep = keep
        self._draft = Draft({})
        self._latest: dict[str, Put] = {}
        self.bytes = 0
        """Of the records."""

    @property
    def puts(self) -> Sequence[Put]:
        """Its records."""
        return [*self._draft.puts, *self._latest.values()]

    @property
    def changes(self) -> Mapping[str, Counter[str]]:
        """What is added to the tallies."""
        return self._draft.changes

    @property
    def size(self) -> int:
        """Records that it writes, those of tallies among them."""
        return len(self._draft.puts) + len(self._latest) + len(self._draft.changes)

    def add(self, row: StreamRow) -> None:
        """Write a row: up to three records and one change of a tally.

        Raises:
            RecordError: it cannot be stored there.
        """
        subjects = self._subjects
        match row:
            case EventRow():
                self._add_event(row)
            case TraceRow():
                self._put(subjects.trace(row.trace.unit, str(row.number)), trace_records.encode(row.trace))
            case AcceptedRow():
                self._put(subjects.accepted(row.key), pack([row.digest, row.time], row.answer))
            case LetterRow():
                self._add_letter(row)
            case MessageRow():
                self._add_message(row)
            case JobRow():
                self._add_job(row)
            case ControlRow():
                control = ControlRecord(row.control, row.number)
                self._put(control.subject(subjects), control.encode())
                self._put_latest(subjects.guard("control"), b"%d" % row.number)
            case LaunchRow():
                launch = _launch(row)
                self._put(launch.subject(subjects), launch.encode())
                self._put_latest(subjects.guard("launch"), b"%d" % row.number)

    def _put(self, subject: str, body: bytes, ttl: float | None = None) -> None:
        """Write a record where none is."""
        self._draft.put(subject, body, ttl)
        self.bytes += len(body)

    def _put_latest(self, subject: str, body: bytes) -> None:
        """Write a record that many rows write, in place of whichever is there."""
        self._latest[subject] = Put(subject, body)

    def _add_event(self, row: EventRow) -> None:
        event = row.event
        mailing = None if event.mailing_id is None else str(event.mailing_id)
        owner = Owner(event.profile_id, mailing, event.launch_id) if row.known else None
        self._put(*event_records.encode(self._subjects, event, owner), self._keep)

    def _add_letter(self, row: LetterRow) -> None:
        letter = row.letter
        kind = "message" if letter.job_id is None else "job"
        name = letter.job_id or letter.message_id or str(letter.id)
        self._put(self._subjects.dead(row.launch_id, kind, name), dead_records.encode(letter))
        self._draft.count(self._subjects.dead_tally(self._owner), {"letters": 1})

    def _add_message(self, row: MessageRow) -> None:
        status = row.status
        unit = MessageUnit(
            id=status.id,
            launch_id=status.launch_id,
            ordinal=status.ordinal,
            profile_id=status.profile_id,
            state=status.state,
            attempts=status.attempts,
            outcome=status.outcome,
            journal=row.journal,
            payload=_kept(status),
        )
        self._add_unit(unit)
        if unit.outcome is None:
            work = self._subjects.work(unit.kind, unit.queue, unit.id)
            self._put(work, unit.work(status.payload))

    def _add_job(self, row: JobRow) -> None:
        status = row.status
        unit = JobUnit(
            id=status.id,
            channel=status.channel,
            pipeline=status.pipeline,
            pipe=status.pipe,
            due=microseconds(status.due),
            origin_message=status.origin_message,
            profile_id=status.profile_id,
            state=status.state,
            attempts=status.attempts,
            outcome=status.outcome,
            journal=row.journal,
            payload=_kept(status),
        )
        self._add_unit(unit)
        self._put_latest(self._subjects.channel(unit.channel), pack(unit.channel))
        if unit.outcome is None:
            put_work(self._draft, self._subjects, unit, status.payload)
            self.bytes += len(status.payload)

    def _add_unit(self, unit: Unit) -> None:
        done = unit.state in {MessageState.DONE, MessageState.SKIPPED}  # others may have a dead letter
        self._put(unit.subject(self._subjects), unit.encode(), self._keep if done else None)
        self._draft.count(unit.tally(self._subjects, self._owner), {unit.state: 1})


def _kept(status: MessageStatus | JobStatus) -> bytes | None:
    """A payload as a unit has it: before its end the work item carries it."""
    return None if status.outcome is None else status.payload or None


def _launch(row: LaunchRow) -> LaunchRecord:
    launch = row.launch
    loading = launch.state is LaunchState.LOADING
    return LaunchRecord(
        mailing_id=launch.mailing_id,
        launch_id=launch.launch_id,
        number=row.number,
        state=launch.state,
        constants=launch.constants,
        created=launch.created,
        total=0 if loading else launch.total,
        started=launch.started,
        finished=launch.finished,
        audience_digest=launch.audience_digest,
        loading_from=0 if loading else None,  # the load was cut short: the next one removes what is there
    )
