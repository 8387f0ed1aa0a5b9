"""What is carried, in the order in which it is: what lets workers begin comes last."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, TypeVar

from akrun.backend.controls import Control
from akrun.backend.records import (
    ChannelRecord,
    DeadLetter,
    EventRecord,
    JobStatus,
    JournalEntry,
    Launch,
    MailingRecord,
    MessageStatus,
    TraceRecord,
)

K = TypeVar("K")


class Kind(StrEnum):
    """The kinds of rows, in the order in which they are carried.

    Nobody works for a channel that is not registered, or for a launch that is not there. So a worker which
    is started too early finds nothing to do.
    """

    VALUE = "store values"
    EVENT = "events"
    TRACE = "traces"
    ACCEPTED = "idempotency keys"
    LETTER = "dead letters"
    MESSAGE = "messages"
    JOB = "jobs"
    CONTROL = "control runs"
    LAUNCH = "launches"
    CHANNEL = "channels"
    MAILING = "mailings"


class ValueRow(NamedTuple):
    """A value of the store, and when its time is over."""

    table: str
    key: str
    value: bytes
    expires: float


class EventRow(NamedTuple):
    """An event as it is stored; `known` says whether its message is one of ours."""

    event: EventRecord
    known: bool


class TraceRow(NamedTuple):
    """A trace, and its number among all."""

    trace: TraceRecord
    number: int


class AcceptedRow(NamedTuple):
    """What came under an idempotency key, and when."""

    key: str
    digest: str
    answer: bytes
    time: float


class LetterRow(NamedTuple):
    """A dead letter, and the launch among whose letters it is."""

    letter: DeadLetter
    launch_id: str | None


class MessageRow(NamedTuple):
    """A message with its journal."""

    status: MessageStatus
    journal: tuple[JournalEntry, ...]


class JobRow(NamedTuple):
    """A job with its journal."""

    status: JobStatus
    journal: tuple[JournalEntry, ...]


class ControlRow(NamedTuple):
    """A control run, and its number by the order in which they were begun."""

    control: Control
    number: int


class LaunchRow(NamedTuple):
    """A launch, and its number by the order in which they were begun."""

    launch: Launch
    number: int


Row = (
    ValueRow
    | EventRow
    | TraceRow
    | AcceptedRow
    | LetterRow
    | MessageRow
    | JobRow
    | ControlRow
    | LaunchRow
    | ChannelRecord
    | MailingRecord
)

Position = int | list[str] | None
"""How far a kind was carried: the number or key of its last row, as JSON has it; None for the beginning."""


class Placed(NamedTuple):
    """A row, and the position that is reached with it."""

    row: Row
    position: Position


class Contents(NamedTuple):
    """How many rows there are of each kind, and how the messages and jobs stand.

    Attributes:
        rows: by kind.
        messages: by launch and state.
        jobs: by state.
    """

    rows: Mapping[Kind, int]
    messages: Mapping[tuple[str, str], int]
    jobs: Mapping[str, int]

    def differences(self, other: "Contents") -> list[str]:
        """What is not the same there: `dead letters: 4 and 3`."""
        kinds = _differences(self.rows, other.rows)
        messages = _differences(self.messages, other.messages)
        jobs = _differences(self.jobs, other.jobs)
        return [
            *(f"{kind}: {counts}" for kind, counts in kinds),
            *(f"{state} messages of launch {launch}: {counts}" for (launch, state), counts in messages),
            *(f"{state} jobs: {counts}" for state, counts in jobs),
        ]


def _differences(ours: Mapping[K, int], theirs: Mapping[K, int]) -> list[tuple[K, str]]:
    return [
        (key, f"{ours.get(key, 0):,} and {theirs.get(key, 0):,}")
        for key in {**ours, **theirs}
        if ours.get(key, 0) != theirs.get(key, 0)
    ]
