"""The record of a launch."""

from dataclasses import dataclass
from typing import Any

from akrun.backend.cluster.codec import pack, unpack
from akrun.backend.cluster.core import Draft, Record
from akrun.backend.cluster.subjects import Subjects
from akrun.backend.records import Launch, LaunchState


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRecord:
    """A launch as it is stored.

    Attributes:
        number: its place among all launches, by their beginning.
        total: messages in its audience; 0 until it is loaded.
        loading: the call that loads it; a call that finds another one's name here was superseded.
        loading_from: the sequence after which the messages of the first load begin; None before it.
    """

    mailing_id: int | str
    launch_id: str
    number: int
    state: LaunchState
    constants: bytes
    created: float
    total: int = 0
    started: float | None = None
    finished: float | None = None
    audience_digest: str = ""
    loading: str | None = None
    loading_from: int | None = None

    def subject(self, subjects: Subjects) -> str:
        """Where it is stored."""
        return subjects.launch(str(self.mailing_id), self.launch_id)

    def encode(self) -> bytes:
        """Its record."""
        head: list[Any] = [
            self.mailing_id,
            self.launch_id,
            self.number,
            self.state,
            self.created,
            self.total,
            self.started,
            self.finished,
            self.audience_digest,
            self.loading,
            self.loading_from,
        ]
        return pack(head, self.constants)

    def launch(self) -> Launch:
        """What the protocol tells of it."""
        return Launch(
            self.mailing_id,
            self.launch_id,
            self.state,
            self.constants,
            self.total,
            self.created,
            self.started,
            self.finished,
            self.audience_digest,
        )


def decode(record: Record) -> LaunchRecord:
    """The launch of a record."""
    head, [constants] = unpack(record.body)
    mailing_id, launch_id, number, state, created, total, *rest = head
    started, finished, audience_digest, loading, loading_from = rest
    return LaunchRecord(
        mailing_id=mailing_id,
        launch_id=launch_id,
        number=number,
        state=LaunchState(state),
        constants=constants or b"",
        created=created,
        total=total,
        started=started,
        finished=finished,
        audience_digest=audience_digest,
        loading=loading,
        loading_from=loading_from,
    )


def next_number(draft: Draft, guard: str) -> int:
    """Rewrite a guard, so that of two who add to its set at once one must look again; gives a new number."""
    held = draft.get(guard)
    number = 1 if held is None else int(held.body) + 1
    draft.put(guard, b"%d" % number)
    return number
