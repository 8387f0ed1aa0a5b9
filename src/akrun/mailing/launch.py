"""Launching: the audience is stored durably first; a launch cut short is taken up where it was."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from akrun.backend import (
    AudienceDigest,
    Backend,
    ChannelRecord,
    Launch,
    LaunchState,
    LoadResult,
    MailingRecord,
    NewMessage,
)
from akrun.engine.compile import secret_fields
from akrun.engine.secrets import MASK
from akrun.mailing.ids import launch_id, message_id
from akrun.mailing.job import Job, JobError, payload

ENDED = (LaunchState.FINISHED, LaunchState.STOPPED)


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


async def open_launch(backend: Backend, job: Job, *, relaunch: bool = False) -> Opened:
    """Register channel and mailing, and open the mailing's launch.

    A launch that has not ended is resumed: its audience is the one stored when it began. One that has
    ended is given back as it is.

    Args:
        backend: Where it is kept.
        job: What is launched.
        relaunch: Begin a new launch when the latest one has ended.

    Raises:
        JobError: The audience differs from that of the launch to resume.
        BackendError: See there.
    """
    await backend.register_channel(_channel_record(job))
    await backend.register_mailing(_mailing_record(job))
    launches = await backend.launches(job.mailing.id)
    latest = launches[-1] if launches else None
    if latest is not None and latest.state in ENDED and not relaunch:
        return Opened(latest, None)
    if latest is not None and latest.state not in (*ENDED, LaunchState.LOADING):
        _check_same_audience(job, latest)
        return Opened(latest, None)
    begun = latest is not None and latest.state is LaunchState.LOADING
    name = launch_id(job.channel, job.mailing, len(launches) + (0 if begun else 1))
    launch = await backend.launch(job.mailing.id, name, _without_secrets(job, job.constants))
    loaded = await backend.load(launch.launch_id, _messages(job, launch.launch_id))
    return Opened(loaded.launch, loaded)


def _messages(job: Job, launch: str) -> Iterator[NewMessage]:
    for row in job.audience_rows():
        name = message_id(launch, row.profile_id)
        yield NewMessage(name, row.profile_id, payload(row), row.skip_reason)


def _check_same_audience(job: Job, launch: Launch) -> None:
    digest = AudienceDigest()
    for message in _messages(job, launch.launch_id):
        digest.update(message)
    if digest.hexdigest() != launch.audience_digest:
        raise JobError(
            f"{job.audience} is not the audience that the unfinished launch began with ({launch.total:,} "
            "messages): finish that launch with its own file, or send under another mailing id"
        )


def _channel_record(job: Job) -> ChannelRecord:
    channel = job.channel
    digest = hashlib.sha256(job.document).hexdigest()
    return ChannelRecord(channel.id, channel.string_id, channel.name, job.document, digest)


def _mailing_record(job: Job) -> MailingRecord:
    document = _without_secrets(job, job.mailing.model_dump(mode="json"))
    digest = hashlib.sha256(document).hexdigest()
    return MailingRecord(job.mailing.id, job.channel.string_id, job.mailing.name, document, digest)


def _without_secrets(job: Job, values: Any) -> bytes:
    """JSON of a mailing's values as they may lie on a disk: the channel's secret fields are masked."""
    copy = orjson.loads(orjson.dumps(dict(values)))
    for root, path in secret_fields(job.channel):
        parent = copy.get(root)
        *steps, last = path.split(".")
        for step in steps:
            parent = parent.get(step) if isinstance(parent, dict) else None
        if isinstance(parent, dict) and parent.get(last) is not None:
            parent[last] = MASK
    return orjson.dumps(copy)
