"""Runs of a mailing as a whole: submitted to moderation, or asked to stop; an event decides each.

A control run is open from the moment it is asked for until its mailing's service has answered, which may be
days later and after many restarts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from akrun.backend.records import EventRecord, NewJob


class ControlKind(StrEnum):
    """What is asked for; also the name of the pipeline that asks the service."""

    MODERATE = "moderate"
    STOP = "stop"


class ControlState(StrEnum):
    """Open, then one of two ends, which never change."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class NewControl:
    """A control run to begin.

    Attributes:
        id: unique for ever.
        mailing_id: the mailing.
        kind: what is asked for.
        launch_id, message_id: what the pipeline's `$origin` names; an event of this message decides.
        constants: the constant roots it runs with, as the caller encoded them.
        content: a digest of what is asked about, for the caller to compare.
    """

    id: str
    mailing_id: int | str
    kind: ControlKind
    launch_id: str
    message_id: str
    constants: bytes
    content: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A control run: what it was begun with, where it stands, and why it was refused."""

    id: str
    mailing_id: int | str
    kind: ControlKind
    launch_id: str
    message_id: str
    constants: bytes
    content: str
    state: ControlState
    begun: float
    decided: float | None
    reason: str | None


class Controls(Protocol):
    """Control runs, and the events that decide them."""

    async def begin_control(self, control: NewControl, jobs: Sequence[NewJob] = ()) -> Control:
        """Begin a control run together with the jobs that carry it out, all or nothing.

        One that was begun before is given back as it is. An open one of the same mailing and kind is refused
        in favour of the new one.

        Raises:
            NotFoundError: no such mailing.
        """
        ...

    async def decide_control(self, control_id: str, *, granted: bool, reason: str | None = None) -> bool:
        """End an open control run; False when it was decided before, and nothing was changed.

        Raises:
            NotFoundError: no such control run.
        """
        ...

    async def controls(
        self, *, mailing_id: int | str | None = None, state: ControlState | None = None
    ) -> list[Control]:
        """Control runs in the order they were begun, of one mailing or in one state if named."""
        ...

    async def control_of(self, message_id: str) -> Control | None:
        """The latest control run of that message, None if there is none."""
        ...

    async def message_events(self, message_id: str) -> list[EventRecord]:
        """The events of one message in the order they were stored."""
        ...
