"""Launching: the audience is stored durably first; a launch cut short is taken up where it was."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from akrun.backend import (
    AudienceDigest,
    Backend,
    Launch,
    LaunchState,
    LoadResult,
    NewMessage,
)
from akrun.backend.launch_states import ENDS
from akrun.mailing.constants import without_secrets
from akrun.mailing.ids import launch_id, message_id
from akrun.mailing.job import Job, JobError, payload
from akrun.mailing.moderation import require_approval
from akrun.mailing.register import register
from akrun.sql.audience import QueryAudience


@dataclass(frozen=True, slots=True)
class Opened:
    """A launch that is ready to send, or has ended already.

    Attributes:
        launch: the launch.
        loaded: what was stored just now; None when the launch had its audience already.
    """

    launch: Launch
    loaded: LoadResult | None

    @property
    def resumed(self) -> bool:
        """Whether an earlier call began it."""
        return self.loaded is None


async def open_launch(backend: Backend, job: Job, now: datetime, *, relaunch: bool = False) -> Opened:
    """Register channel and mailing, and open the mailing's launch.

    A launch that has not ended is resumed: its audience is the one stored when it began. One that has
    ended is given back as it is.

    Args:
        backend: Where it is kept.
        job: What is launched.
        now: The time; after the mailing's stop time no launch is begun.
        relaunch: Begin a new launch when the latest one has ended.

    Raises:
        JobError: The audience differs from that of the launch to resume, the stop time is over, or it
            has to pass moderation first.
        BackendError: See there.
    """
    await register(backend, job)
    launches = await backend.launches(job.mailing.id)
    latest = launches[-1] if launches else None
    if latest is not None and latest.state in ENDS and not relaunch:
        return Opened(latest, None)
    if latest is not None and latest.state not in (*ENDS, LaunchState.LOADING):
        _check_same_audience(job, latest)
        return Opened(latest, None)
    _check_in_time(job, now)
    await require_approval(backend, job)
    begun = latest is not None and latest.state is LaunchState.LOADING
    name = launch_id(job.channel, job.mailing, len(launches) + (0 if begun else 1))
    launch = await backend.launch(job.mailing.id, name, without_secrets(job.channel, job.constants))
    loaded = await backend.load(launch.launch_id, _messages(job, launch.launch_id))
    return Opened(loaded.launch, loaded)


def _messages(job: Job, launch: str) -> Iterator[NewMessage]:
    for row in job.audience_rows():
        name = message_id(launch, row.profile_id)
        yield NewMessage(name, row.profile_id, payload(row), row.skip_reason)


def _check_in_time(job: Job, now: datetime) -> None:
    stops_at = job.mailing.schedule.stops_at
    if stops_at is not None and stops_at <= now:
        raise JobError(
            f"the mailing's `stop_time` {job.mailing.schedule.stop_time} is over: nothing would be sent; "
            "put it off in the mailing's `schedule`"
        )


def _check_same_audience(job: Job, launch: Launch) -> None:
    """Refuse a file that is not the launch's. A query may give other rows by now: the stored ones count."""
    if isinstance(job.audience, QueryAudience):
        return
    digest = AudienceDigest()
    for message in _messages(job, launch.launch_id):
        digest.update(message)
    if digest.hexdigest() != launch.audience_digest:
        raise JobError(
            f"{job.audience} is not the audience that the unfinished launch began with ({launch.total:,} "
            "messages): finish that launch with its own file, or send under another mailing id"
        )
