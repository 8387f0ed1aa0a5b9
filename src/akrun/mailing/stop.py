"""Stopping a mailing: what is unsent stays so; a placement is stopped by its service, which confirms it."""

from enum import StrEnum
from typing import Final

from akrun.backend import Backend, ControlKind, Launch, LaunchState, NewControl, NewJob
from akrun.backend.launch_states import ENDS
from akrun.engine.clock import Clock
from akrun.engine.payload import encode_payload
from akrun.errors import AkrunError
from akrun.mailing.ids import control_id, message_id
from akrun.mailing.job import Job

EVENT: Final = "stop"
BY_PERSON: Final = "stopped by a person"
BY_SCHEDULE: Final = "stop time"
"""Values of `$origin.reason`."""


class StopError(AkrunError):
    """There is nothing that could be stopped."""


class Stopping(StrEnum):
    """What a request to stop came to."""

    STOPPED = "stopped"
    ASKED = "asked"
    """The service was asked; the mailing runs until it confirms."""


async def stop_launch(backend: Backend, job: Job, clock: Clock, reason: str) -> Stopping:
    """Stop a mailing's latest launch, which no run in this process is sending.

    A running placement goes through the channel's `stop` pipeline, if it has one.

    Args:
        backend: Where it is kept.
        job: The mailing.
        clock: The time.
        reason: Why; `$origin.reason`.

    Raises:
        StopError: It was not launched, or has ended.
    """
    launch = await backend.latest_launch(job.mailing.id)
    if launch is None or launch.state in ENDS:
        how = "was not launched" if launch is None else f"is {launch.state} already"
        raise StopError(f"mailing {job.mailing.id} {how}")
    counts = await backend.counts(launch.launch_id)
    if job.is_placement and counts.done and ControlKind.STOP in job.compiled.pipelines:
        await _ask(backend, job, launch, clock, reason)
        return Stopping.ASKED
    await backend.set_launch_state(launch.launch_id, LaunchState.STOPPED)
    return Stopping.STOPPED


async def is_asked(backend: Backend, launch: Launch) -> bool:
    """Whether the service was asked to stop this launch, whatever came of it."""
    controls = await backend.controls(mailing_id=launch.mailing_id)
    return any(each.kind is ControlKind.STOP and each.launch_id == launch.launch_id for each in controls)


async def _ask(backend: Backend, job: Job, launch: Launch, clock: Clock, reason: str) -> None:
    controls = await backend.controls(mailing_id=job.mailing.id)
    asked = [each for each in controls if each.kind is ControlKind.STOP]
    name = control_id(job.channel, job.mailing, ControlKind.STOP, len(asked) + 1)
    message = message_id(launch.launch_id, "")
    origin = {
        "send_message_id": message,
        "launch_id": launch.launch_id,
        "a_id": job.mailing.a_id,
        "c_id": job.mailing.id,
        "reason": reason,
    }
    new = NewControl(name, job.mailing.id, ControlKind.STOP, launch.launch_id, message, launch.constants)
    now = clock.now().timestamp()
    asking = NewJob(name, job.channel.string_id, ControlKind.STOP, None, encode_payload(origin), now, message)
    await backend.begin_control(new, [asking])
