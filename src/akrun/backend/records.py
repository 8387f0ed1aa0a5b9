"""The plain records that go into a backend and come out of it.

Times are seconds since the Unix epoch (UTC) as floats. `error` and `data` hold JSON values.
Mailing ids are compared by their text: 7 and "7" name the same mailing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal


class LaunchState(StrEnum):
    """Where a launch stands: loading → ready → sending ⇄ paused → finished | stopped."""

    LOADING = "loading"
    READY = "ready"
    SENDING = "sending"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"


class MessageState(StrEnum):
    """Where a message or job stands; the last four are outcomes, which only a replay takes back.

    `uncertain` is set aside for a person: a request of it may have reached the service, and is not to be
    sent again unasked.
    """

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class ChannelRecord:
    """A registered channel: its immutable pair of ids and its document as written (UTF-8)."""

    id: int
    string_id: str
    name: str
    document: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class ConnectorRecord:
    """A registered connector: its id, and its keys as JSON, without any secret."""

    id: str
    document: bytes


@dataclass(frozen=True, slots=True)
class MailingRecord:
    """A registered mailing of the channel whose string id is `channel`."""

    id: int | str
    channel: str
    name: str
    document: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Launch:
    """One launch of a mailing.

    Attributes:
        launch_id: unique over all mailings.
        constants: the constant roots it was launched with, as the caller encoded them.
        total: messages in its audience; grows while it loads.
        created: when it was first asked for.
        started: when it first went to `sending`.
        finished: when it became `finished` or `stopped`.
        audience_digest: hex SHA-256 of the audience (see `AudienceDigest`); empty until loaded.
    """

    mailing_id: int | str
    launch_id: str
    state: LaunchState
    constants: bytes
    total: int
    created: float
    started: float | None
    finished: float | None
    audience_digest: str


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A row of the audience: `payload` is opaque bytes; with a `skip_reason` it is never sent."""

    id: str
    profile_id: str
    payload: bytes
    skip_reason: str | None = None


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a load stored.

    Attributes:
        launch: the launch, now `ready`.
        loaded: messages stored, skipped ones included.
        skipped: those of them that have a skip reason.
        duplicates: rows left out because their profile came before in the same audience.
        first_duplicates: profile ids of the first ten of these.
    """

    launch: Launch
    loaded: int
    skipped: int
    duplicates: int
    first_duplicates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """How far an event has come: what the next attempt has to know of the earlier ones.

    Attributes:
        event: the event's id, unique in its unit: that of the message or job itself, or of a branch of it.
        unit: the message or job that it is of or goes back to, by its id.
        checkpoint: the state after its last recorded outcome, as the engine encoded it; None at the start.
        intent: the pipe whose request may have left and has no recorded outcome; None if there is none.
        resent: requests so far that were sent again though nobody knew what became of the one before.
        replays: how often its unit was replayed; kept by `record`, counted by `replay`.
    """

    event: str
    unit: str
    checkpoint: bytes | None
    intent: int | None
    resent: int = 0
    replays: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """A leased message.

    Attributes:
        ordinal: its place among the stored messages of the launch, from 0.
        attempts: attempts begun, this one included.
        journal: what earlier attempts recorded, by event.
    """

    id: str
    launch_id: str
    ordinal: int
    profile_id: str
    payload: bytes
    attempts: int
    journal: tuple[JournalEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a message or job ended.

    Attributes:
        state: one of the outcomes.
        pipe: the pipe it ended in; None when none had begun.
        error: the `$error` it failed with; None when it did not fail.
        finished_at: when.
        resent: see `JournalEntry.resent`; of all its events together.
    """

    state: Literal[MessageState.DONE, MessageState.FAILED, MessageState.SKIPPED, MessageState.UNCERTAIN]
    pipe: int | None
    error: Mapping[str, Any] | None
    finished_at: float
    resent: int = 0


@dataclass(frozen=True, slots=True)
class MessageStatus:
    """What is known of a message.

    Attributes:
        outcome: None until it has one.
        payload: what it was loaded with; empty once its dead letter is dropped.
    """

    id: str
    launch_id: str
    ordinal: int
    profile_id: str
    state: MessageState
    attempts: int
    outcome: Outcome | None
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages of a launch by state; `total` is always the sum of the others."""

    total: int
    done: int
    failed: int
    skipped: int
    uncertain: int
    pending: int
    in_progress: int


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event of a message, as the `event` pipe registers it.

    Attributes:
        send_message_id: the message it tells of; need not be one of ours.
        action_type: the channel's event id; None for the platform's own events.
        key: tells repeated events of one kind apart; the same (message, type, action, key) is one event.
        reason: the provider's reason, in words.
        data: any JSON value.
        profile_id, mailing_id, launch_id: of a known message they are filled in from the message.
    """

    send_message_id: str
    channel_id: int
    event_type: str
    action_type: int | None
    key: str
    time: float
    reason: str | None = None
    data: Any = None
    profile_id: str | None = None
    mailing_id: int | str | None = None
    launch_id: str | None = None


@dataclass(frozen=True, slots=True)
class EventSummary:
    """One kind of event in a report: `reasons` counts the events that gave one, most frequent first."""

    channel_id: int
    event_type: str
    action_type: int | None
    count: int
    messages: int
    first: float
    last: float
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """Events of a mailing or launch: `unknown` counts those that name a message we never had."""

    events: tuple[EventSummary, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message or job that failed for good, or is uncertain.

    Attributes:
        message_id: None for an event that belongs to no message.
        pipeline: `message`, `listener`, …
        pipe: the pipe that failed; None when none had begun.
        input: the state that entered that pipe, as the engine encoded it (a checkpoint); empty when none
            had begun.
        error: the `$error`.
        attempts: attempts begun.
        id: given by the backend when it is stored; 0 before.
        job_id, channel: of a job's dead letter they are filled in from the job; None for a message's.
    """

    message_id: str | None
    pipeline: str
    pipe: int | None
    input: bytes
    error: Mapping[str, Any]
    attempts: int
    time: float
    id: int = 0
    job_id: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """An event that is to enter a pipeline at some time.

    Attributes:
        id: dedupe id, unique for ever: a job of an id that there was before is passed over.
        channel: the channel's string id.
        pipeline: `schedule`, `listener`, …
        pipe: the id of the pipe it enters at; None for the first.
        payload: opaque bytes; the runtime's are those of `akrun.engine.payload`.
        due: when it may begin.
        origin_message: the message it goes back to, if any. A job that is a message itself, in the pipeline
            `message`, names its own id: events of that message are known ones.
        profile_id: of a job that is a message itself; events of the message get it.
    """

    id: str
    channel: str
    pipeline: str
    pipe: int | None
    payload: bytes
    due: float
    origin_message: str | None = None
    profile_id: str | None = None


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A leased job: what it was enqueued with, attempts begun (this one included), and what they recorded."""

    id: str
    channel: str
    pipeline: str
    pipe: int | None
    payload: bytes
    due: float
    origin_message: str | None
    attempts: int
    journal: tuple[JournalEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What is known of a job.

    Attributes:
        outcome: None until it has one.
        payload: what it was enqueued with; but for a job that is a message itself it is empty once the job is
            done or its dead letter is dropped.
    """

    id: str
    channel: str
    pipeline: str
    pipe: int | None
    due: float
    origin_message: str | None
    profile_id: str | None
    state: MessageState
    attempts: int
    outcome: Outcome | None
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class JobCounts:
    """Jobs by state; `pending` counts those that are not due yet, too."""

    pending: int
    in_progress: int
    done: int
    failed: int
    uncertain: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is stored under an idempotency key.

    Attributes:
        new: whether it was stored by this call.
        digest: of the request that was first made under the key.
        answer: what that request was answered.
    """

    new: bool
    digest: str
    answer: bytes


@dataclass(frozen=True, slots=True)
class TraceRecord:
    """The trace of one attempt: `unit` is the id of the message or job, `body` as the engine encoded it."""

    unit: str
    attempt: int
    time: float
    body: bytes
