"""The record of a control run."""

from dataclasses import astuple, dataclass

from akrun.backend.cluster.codec import pack, unpack
from akrun.backend.cluster.core import Record
from akrun.backend.cluster.subjects import Subjects
from akrun.backend.controls import Control, ControlKind, ControlState


@dataclass(frozen=True, slots=True)
class ControlRecord:
    """A control run as it is stored: `number` is its place among all, by their beginning."""

    control: Control
    number: int

    def subject(self, subjects: Subjects) -> str:
        """Where it is stored."""
        return subjects.control(self.control.message_id, self.control.id)

    def encode(self) -> bytes:
        """Its record."""
        name, mailing_id, kind, launch_id, message_id, constants, *rest = astuple(self.control)
        return pack([self.number, name, mailing_id, kind, launch_id, message_id, *rest], constants)


def decode(record: Record) -> ControlRecord:
    """The control run of a record."""
    head, [constants] = unpack(record.body)
    number, name, mailing_id, kind, launch_id, message_id, content, state, begun, decided, reason = head
    control = Control(
        name,
        mailing_id,
        ControlKind(kind),
        launch_id,
        message_id,
        constants or b"",
        content,
        ControlState(state),
        begun,
        decided,
        reason,
    )
    return ControlRecord(control, number)
