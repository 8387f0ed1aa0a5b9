"""A mailing's life: draft → moderating → ready → sending ⇄ paused → finished | stopped | rejected.

The state follows from two things that are kept anyway, so it cannot contradict them: the mailing's latest
launch, and its latest submission to moderation, whichever is the newer.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from akrun.backend import (
    Backend,
    Control,
    ControlKind,
    ControlState,
    Counts,
    EventRecord,
    Launch,
    LaunchState,
    MailingRecord,
)
from akrun.backend.launch_states import ENDS
from akrun.errors import AkrunError
from akrun.mailing import moderation, stop
from akrun.model import MailingState

_OF_LAUNCH: Final = {
    LaunchState.LOADING: MailingState.DRAFT,
    LaunchState.READY: MailingState.READY,
    LaunchState.SENDING: MailingState.SENDING,
    LaunchState.PAUSED: MailingState.PAUSED,
    LaunchState.FINISHED: MailingState.FINISHED,
    LaunchState.STOPPED: MailingState.STOPPED,
}

_OF_SUBMISSION: Final = {
    ControlState.OPEN: MailingState.MODERATING,
    ControlState.GRANTED: MailingState.READY,
    ControlState.REFUSED: MailingState.REJECTED,
}

DECIDING: Final = frozenset({moderation.PASS, moderation.ERROR, stop.EVENT})
"""Types of events that decide a control run."""


class UnknownMailingError(AkrunError):
    """There is no mailing of that id; the text lists those there are."""


@dataclass(frozen=True, slots=True)
class MailingStatus:
    """Where a mailing stands.

    Attributes:
        launch, counts: of its latest launch; None when it was not launched.
        submission: its latest one to moderation.
        stopping: the open request to stop, of which the service has not confirmed anything yet.
    """

    mailing: MailingRecord
    state: MailingState
    launch: Launch | None
    counts: Counts | None
    submission: Control | None
    stopping: Control | None

    @property
    def reason(self) -> str | None:
        """Why it was rejected."""
        rejected = self.state is MailingState.REJECTED and self.submission is not None
        return self.submission.reason if rejected and self.submission else None

    @property
    def to_be_launched(self) -> bool:
        """Whether it passed moderation and was not launched since."""
        return self.state is MailingState.READY and _is_newer(self.submission, self.launch)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: id, name, channel, state, reason, stopping, launch_id, counts."""
        return {
            "id": self.mailing.id,
            "name": self.mailing.name,
            "channel": self.mailing.channel,
            "state": self.state.value,
            "reason": self.reason,
            "stopping": self.stopping is not None,
            "launch_id": None if self.launch is None else self.launch.launch_id,
            "counts": None if self.counts is None else asdict(self.counts),
        }


async def status(backend: Backend, mailing_id: int | str) -> MailingStatus:
    """Where a mailing stands; raises UnknownMailingError."""
    mailing = await backend.mailing(mailing_id)
    if mailing is None:
        known = ", ".join(str(each.id) for each in await backend.mailings()) or "none yet"
        raise UnknownMailingError(f"there is no mailing {mailing_id}; known: {known}")
    return await _status(backend, mailing)


async def statuses(backend: Backend) -> list[MailingStatus]:
    """Where all mailings stand, in the order of their registration."""
    return [await _status(backend, mailing) for mailing in await backend.mailings()]


async def _status(backend: Backend, mailing: MailingRecord) -> MailingStatus:
    launch = await backend.latest_launch(mailing.id)
    controls = await backend.controls(mailing_id=mailing.id)
    submissions = [each for each in controls if each.kind is ControlKind.MODERATE]
    stops = [each for each in controls if each.kind is ControlKind.STOP and each.state is ControlState.OPEN]
    submission = submissions[-1] if submissions else None
    state = MailingState.DRAFT
    if submission is not None and _is_newer(submission, launch):
        state = _OF_SUBMISSION[submission.state]
    elif launch is not None:
        state = _OF_LAUNCH[launch.state]
    counts = None if launch is None else await backend.counts(launch.launch_id)
    return MailingStatus(mailing, state, launch, counts, submission, stops[-1] if stops else None)


def _is_newer(submission: Control | None, launch: Launch | None) -> bool:
    return submission is not None and (launch is None or submission.begun > launch.created)


async def settle(backend: Backend) -> list[Control]:
    """Decide open control runs by the events that have come; gives those that were decided.

    It looks at what is stored, so it does not matter when an event came, or by which pipeline.
    """
    decided = []
    for control in await backend.controls(state=ControlState.OPEN):
        events = await backend.message_events(control.message_id)
        if control.kind is ControlKind.STOP:
            done = await _confirm(backend, control, events)
        else:
            done = await _judge(backend, control, events)
        if done:
            decided.append(control)
    return decided


async def _judge(backend: Backend, control: Control, events: Sequence[EventRecord]) -> bool:
    """Decide by the first event that does."""
    for event in events:
        if event.event_type == moderation.PASS:
            return await backend.decide_control(control.id, granted=True, reason=event.reason)
        if event.event_type == moderation.ERROR:
            reason = event.reason or "no reason given"
            return await backend.decide_control(control.id, granted=False, reason=reason)
    return False


async def _confirm(backend: Backend, control: Control, events: Sequence[EventRecord]) -> bool:
    found = next((event for event in events if event.event_type == stop.EVENT), None)
    if found is None:
        return False
    launch = await backend.find_launch(control.launch_id)
    if launch is not None and launch.state not in ENDS:
        await backend.set_launch_state(launch.launch_id, LaunchState.STOPPED)
    return await backend.decide_control(control.id, granted=True, reason=found.reason)


async def pause_launch(backend: Backend, mailing_id: int | str) -> None:
    """Pause a mailing that no run in this process is sending.

    Raises:
        UnknownMailingError: there is no such mailing.
        StateError: it is not being sent.
    """
    found = await status(backend, mailing_id)
    if found.launch is None or found.state is not MailingState.SENDING:
        raise AkrunError(f"mailing {mailing_id} is {found.state}; only one that is being sent can be paused")
    await backend.set_launch_state(found.launch.launch_id, LaunchState.PAUSED)
