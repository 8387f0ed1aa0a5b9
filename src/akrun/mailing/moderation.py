"""Moderation: a mailing's content is shown to the service first, and sent only when that has passed it."""

import hashlib
from dataclasses import replace
from typing import Final

from akrun.backend import (
    Backend,
    Control,
    ControlKind,
    ControlState,
    EventRecord,
    NewControl,
    NewJob,
    QueuedJob,
)
from akrun.engine.clock import Clock
from akrun.engine.payload import encode_payload
from akrun.engine.run import Result
from akrun.mailing.constants import without_secrets
from akrun.mailing.ids import control_id, message_id
from akrun.mailing.job import Job, JobError
from akrun.mailing.register import mailing_record, register

PASS: Final = "moderate_pass"  # noqa: S105 - a type of event
ERROR: Final = "moderate_error"
_FAILED: Final = "failed"


async def submit_to_moderation(backend: Backend, job: Job, clock: Clock, *, anew: bool = False) -> Control:
    """Register the mailing and ask for its moderation: the `moderate` pipeline is due at once.

    The same content is asked about once: an undecided or passed submission of it is given back.

    Args:
        backend: Where it is kept.
        job: A mailing of a channel with moderation.
        clock: The time.
        anew: Ask again even so.
    """
    await register(backend, job)
    latest, ordinal = await _latest(backend, job)
    asked = latest is not None and latest.state is not ControlState.REFUSED
    if latest is not None and asked and not anew and latest.content == content_digest(job):
        return latest
    launch = control_id(job.channel, job.mailing, ControlKind.MODERATE, ordinal)
    message = message_id(launch, "")
    origin = {
        "send_message_id": message,
        "launch_id": launch,
        "a_id": job.mailing.a_id,
        "c_id": job.mailing.id,
    }
    new = NewControl(
        launch,
        job.mailing.id,
        ControlKind.MODERATE,
        launch,
        message,
        without_secrets(job.channel, job.constants),
        content_digest(job),
    )
    asking = NewJob(
        launch,
        job.channel.string_id,
        ControlKind.MODERATE,
        None,
        encode_payload(origin),
        clock.now().timestamp(),
        message,
    )
    return await backend.begin_control(new, [asking])


async def require_approval(backend: Backend, job: Job) -> None:
    """Do nothing where the mailing may be launched.

    Raises:
        JobError: It has to pass moderation first; says where it stands.
    """
    if not job.channel.moderation:
        return
    latest, _ = await _latest(backend, job)
    name = f"mailing {job.mailing.id}"
    if latest is None:
        raise JobError(f"{name} has to pass moderation first: `akrun mailing submit` hands it in")
    if latest.state is ControlState.OPEN:
        raise JobError(f"{name} is in moderation; `akrun mailing show` tells when it is decided")
    if latest.state is ControlState.REFUSED:
        raise JobError(f"{name} did not pass moderation ({latest.reason}); change it and submit it again")
    if latest.content != content_digest(job):
        raise JobError(f"{name} has changed since it passed moderation: submit it again")


def content_digest(job: Job) -> str:
    """A digest of what moderation is about: the mailing without its secrets, and the channel."""
    return hashlib.sha256(job.document + b"\0" + mailing_record(job).document).hexdigest()


def refused_when_failed(job: QueuedJob, result: Result, channel_id: int, now: float) -> Result:
    """A `moderate` run that failed decides as well: nothing would ever come of it."""
    if job.pipeline != ControlKind.MODERATE or result.state != "failed" or job.origin_message is None:
        return result
    error = result.error or {}
    reason = f"its run failed in pipe {error.get('pipe')}: {error.get('message')}"
    event = EventRecord(job.origin_message, channel_id, ERROR, None, _FAILED, now, reason)
    return replace(result, effects=[*result.effects, event])


async def _latest(backend: Backend, job: Job) -> tuple[Control | None, int]:
    """The mailing's latest submission, and the number of the next."""
    controls = await backend.controls(mailing_id=job.mailing.id)
    found = [each for each in controls if each.kind is ControlKind.MODERATE]
    return (found[-1] if found else None), len(found) + 1
