"""The record of a message or job: where it stands, and how far its events have come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Literal, Self

from akrun.backend.cluster.codec import pack, unpack
from akrun.backend.cluster.core import Record
from akrun.backend.cluster.subjects import Subjects
from akrun.backend.records import JournalEntry, MessageState, Outcome

Kind = Literal["message", "job"]

STATES: Final = (
    MessageState.PENDING,
    MessageState.IN_PROGRESS,
    MessageState.DONE,
    MessageState.FAILED,
    MessageState.SKIPPED,
    MessageState.UNCERTAIN,
)
_REMEMBERED: Final = 8192
"""Records whose units are remembered."""

CODES: Final = {state: code for code, state in enumerate(STATES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A message or job.

    Attributes:
        state: where it stands.
        attempts: attempts begun.
        owner: the instance that has its lease.
        outcome: how it ended.
        journal: its entries, by event.
        first: the sequence of its first record, once that was overwritten; before that 0.
        payload: what its work item carried, where it is needed after the end; None before that.
    """

    kind: ClassVar[Kind]

    id: str
    state: MessageState = MessageState.PENDING
    attempts: int = 0
    owner: str | None = None
    outcome: Outcome | None = None
    journal: tuple[JournalEntry, ...] = ()
    first: int = 0
    payload: bytes | None = None

    @property
    def queue(self) -> str:
        """The launch or channel in whose queue it waits."""
        raise NotImplementedError

    def tally(self, subjects: Subjects, instance: str) -> str:
        """Where an instance counts it."""
        raise NotImplementedError

    def subject(self, subjects: Subjects) -> str:
        """Of its record."""
        return subjects.unit(self.kind, self.id)

    def change(self, record: Record, **changes: Any) -> Self:
        """The unit as it is written in place of that record."""
        return replace(self, first=self.first or record.sequence, **changes)

    def pending_again(self, record: Record, attempts: int) -> Self:
        """Without a lease and without an outcome."""
        return self.change(
            record, state=MessageState.PENDING, attempts=attempts, owner=None, outcome=None, payload=None
        )

    def work(self, payload: bytes, *, new: bool = False) -> bytes:
        """Its work item; that of a new one, which lies right behind its record, says all that is in this."""
        return pack((self.id, self._about()) if new else (self.id,), payload)

    def encode(self) -> bytes:
        """Its record."""
        outcome = self.outcome
        ended = None
        if outcome is not None:
            error = None if outcome.error is None else dict(outcome.error)
            ended = outcome.pipe, error, outcome.finished_at, outcome.resent
        journal = [(entry.event, entry.intent, entry.resent, entry.replays) for entry in self.journal]
        stands = CODES[self.state], self.attempts, self.owner, ended, journal, self.first
        checkpoints = (entry.checkpoint for entry in self.journal)
        body = pack((self.kind, self.id, self._about(), *stands), self.payload, *checkpoints)
        _remember(body, self)
        return body

    def _about(self) -> tuple[Any, ...]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageUnit(Unit):
    """A message of a launch."""

    kind: ClassVar[Kind] = "message"

    launch_id: str
    ordinal: int
    profile_id: str

    @property
    def queue(self) -> str:
        """Its launch."""
        return self.launch_id

    def tally(self, subjects: Subjects, instance: str) -> str:
        """Beside the others of its launch."""
        return subjects.launch_tally(self.launch_id, instance)

    def _about(self) -> tuple[Any, ...]:
        return self.launch_id, self.ordinal, self.profile_id


@dataclass(frozen=True, slots=True, kw_only=True)
class JobUnit(Unit):
    """A job; `due` in microseconds since the epoch."""

    kind: ClassVar[Kind] = "job"

    channel: str
    pipeline: str
    pipe: int | None
    due: int
    origin_message: str | None
    profile_id: str | None

    @property
    def queue(self) -> str:
        """Its channel."""
        return self.channel

    def tally(self, subjects: Subjects, instance: str) -> str:
        """Beside all other jobs."""
        return subjects.job_tally(instance)

    def _about(self) -> tuple[Any, ...]:
        return self.channel, self.pipeline, self.pipe, self.due, self.origin_message, self.profile_id


_decoded: Final[dict[bytes, Unit]] = {}
"""Units by their records, which are looked at several times before they are rewritten."""


def _remember(body: bytes, unit: Unit) -> None:
    if len(_decoded) >= _REMEMBERED:
        _decoded.clear()
    _decoded[body] = unit


def decode(record: Record) -> MessageUnit | JobUnit:
    """The unit of a record."""
    unit = _decoded.get(record.body)
    if unit is None:
        unit = _decode(record.body)
        _remember(record.body, unit)
    assert isinstance(unit, MessageUnit | JobUnit)
    return unit


def new(kind: Kind, name: str, about: Sequence[Any]) -> MessageUnit | JobUnit:
    """A unit as it was stored first, from what its work item says."""
    return _made(kind, about, {"id": name})


def _decode(body: bytes) -> MessageUnit | JobUnit:
    head, [payload, *checkpoints] = unpack(body)
    kind, name, about, code, attempts, owner, ended, entries, first = head
    state = STATES[code]
    stands: dict[str, Any] = {
        "id": name,
        "state": state,
        "attempts": attempts,
        "owner": owner,
        "outcome": None if ended is None else Outcome(state, *ended),  # type: ignore[arg-type]
        "journal": tuple(
            JournalEntry(event, name, checkpoint, *rest)
            for (event, *rest), checkpoint in zip(entries, checkpoints, strict=True)
        ),
        "first": first,
        "payload": payload,
    }
    return _made(kind, about, stands)


def _made(kind: Kind, about: Sequence[Any], stands: Mapping[str, Any]) -> MessageUnit | JobUnit:
    if kind == "message":
        launch_id, ordinal, profile_id = about
        return MessageUnit(launch_id=launch_id, ordinal=ordinal, profile_id=profile_id, **stands)
    channel, pipeline, pipe, due, origin_message, profile_id = about
    return JobUnit(
        channel=channel,
        pipeline=pipeline,
        pipe=pipe,
        due=due,
        origin_message=origin_message,
        profile_id=profile_id,
        **stands,
    )


def decode_message(record: Record) -> MessageUnit:
    """The message of a record."""
    unit = decode(record)
    assert isinstance(unit, MessageUnit)
    return unit


def decode_job(record: Record) -> JobUnit:
    """The job of a record."""
    unit = decode(record)
    assert isinstance(unit, JobUnit)
    return unit
