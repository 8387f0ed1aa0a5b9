"""The keeper: decides what has become of mailings, and runs those whose time has come."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from akrun.backend import Backend, Counts, Launch, LaunchState, MailingRecord, QueuedJob, StateError
from akrun.backend.launch_states import ENDS
from akrun.engine.clock import Clock, first_of
from akrun.engine.host import Host
from akrun.engine.log import LogRecord
from akrun.engine.payload import decode_payload
from akrun.engine.secrets import secrets_in
from akrun.engine.worker import MESSAGE, merged
from akrun.errors import AkrunError, PipeFailure
from akrun.exact_json import decode
from akrun.mailing.constants import about, with_secrets, without_secrets
from akrun.mailing.job import Job, JobError, constants_of
from akrun.mailing.launch import open_launch
from akrun.mailing.life import MailingStatus, pause_launch, settle, status, statuses
from akrun.mailing.moderation import submit_to_moderation
from akrun.mailing.register import mailing_record
from akrun.mailing.run import End, MailingRun
from akrun.mailing.stop import BY_SCHEDULE, is_asked, stop_launch
from akrun.model import Mailing, MailingState

DAY: Final = 86_400.0
PERIOD: Final = 10.0
"""Seconds between two looks at all mailings, when nothing else wakes the keeper."""

_TERMS: Final = 3
"""Periods for which a process claims what it does for all of them."""

_HELD: Final = (MailingState.PAUSED, MailingState.STOPPED, MailingState.FINISHED)

OF_ONE: Final = ("profile", "subscription")
"""The roots that are of one recipient."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How many seconds idempotency keys and traces are kept."""

    keys: float = 7 * DAY
    traces: float = 7 * DAY


class Keeper:
    """Runs the mailings of a process's channels, one run for each that is being sent.

    Where processes share the backend, all of them send; what one of them is to do, such as opening a launch,
    is done by the first that claims it and has what it takes.

    What is ready is sent when its start time comes; what was being sent when a process ended goes on; what a
    person paused stays so. A mailing needs no files: all of it is stored, but for its secrets.

    Args:
        backend: Where everything is kept.
        hosts: The channels of this process by string id.
        values: By channel, the constant roots that this process was given; their secrets serve all mailings.
        clock: The time.
        period: See `PERIOD`.
        kept: How long things are kept.
    """

    def __init__(  # noqa: PLR0913 - one keyword per part
        self,
        backend: Backend,
        hosts: Mapping[str, Host],
        values: Mapping[str, Mapping[str, Any]],
        clock: Clock,
        *,
        period: float = PERIOD,
        kept: Kept = Kept(),
    ) -> None:
        self._backend = backend
        self._hosts = hosts
        self._values = values
        self._clock = clock
        self._period = period
        self._term = _TERMS * period
        self._kept = kept
        self._given: dict[str, Mapping[str, Any]] = {}  # constants of mailings submitted to this process
        self._runs: dict[str, tuple[MailingRun, asyncio.Task[End]]] = {}
        self._said: set[tuple[str, str]] = set()
        self._states: dict[str, MailingState] = {}  # as they were told last
        self._awake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look at all mailings now: something has happened to one."""
        self._awake.set()

    def stop(self) -> None:
        """Begin nothing more, and let messages under way come to their end; then `run` ends."""
        self._stopping = True
        for run, _ in self._runs.values():
            run.stop()
        self._awake.set()

    def renew(self, channel: str) -> None:
        """Go on with a channel's mailings on its present version, once what they have under way has ended."""
        for run, _ in self._runs.values():
            if run.channel == channel:
                run.stop()
        self.wake()

    async def run(self) -> None:
        """Keep mailings going until `stop`; they go on when a process serves them again.

        Raises:
            BackendError: An outcome could not be recorded.
        """
        try:
            while not self._stopping:
                self._awake.clear()
                await self._look()
                await self._rest()
            await self._wait_for_runs()
        finally:
            await self._break_off()

    async def roots(self, job: QueuedJob) -> Mapping[str, Any]:
        """The constant roots of a job: of the mailing it goes back to, or those the process was given.

        Raises:
            PipeFailure: The mailing needs a secret that the process was not given.
        """
        message = job.origin_message
        if message is None:
            return self._values_of(job.channel)
        known = await self._backend.message(message)
        launch = None if known is None else await self._backend.find_launch(known.launch_id)
        kept = launch or await self._backend.control_of(message)
        if kept is None:
            return await self._values_of_single(job.channel, message)
        return self._constants(job.channel, kept.mailing_id, kept.constants)

    @property
    def running(self) -> list[str]:
        """The ids of the mailings that this process sends now."""
        return [name for name, (_, task) in self._runs.items() if not task.done()]

    async def draft(self, job: Job) -> MailingStatus:
        """Register a mailing, or what it has become; it is sent when it is submitted.

        Raises:
            BackendError: See there.
        """
        self._given[str(job.mailing.id)] = job.constants
        await self._backend.register_mailing(mailing_record(job))
        return await status(self._backend, job.mailing.id)

    async def job(self, mailing_id: int | str) -> Job:
        """A registered mailing as it can be submitted, but for its audience.

        Raises:
            AkrunError: There is no such mailing, its channel is not served here, or a secret is missing.
        """
        found = await status(self._backend, mailing_id)
        self._require_served(found.mailing)
        job = await self._job(found.mailing, {})
        constants = without_secrets(job.channel, constants_of(job.channel, job.mailing))
        return replace(job, constants=self._stored(found.mailing, constants))

    async def submit(self, job: Job, *, relaunch: bool = False) -> MailingStatus:
        """Take on a mailing: it is moderated if need be, and sent when its start time comes.

        Raises:
            JobError: It cannot be launched; says why.
            BackendError: See there.
        """
        self._given[str(job.mailing.id)] = job.constants
        if job.channel.moderation:
            await submit_to_moderation(self._backend, job, self._clock)
        else:
            await open_launch(self._backend, job, self._clock.now(), relaunch=relaunch)
        self.wake()
        return await status(self._backend, job.mailing.id)

    async def pause(self, mailing_id: int | str) -> MailingStatus:
        """Pause a mailing; messages under way come to their end first.

        Raises:
            AkrunError: It is not being sent.
        """
        if (running := self._runs.get(str(mailing_id))) is not None:
            running[0].stop(End.PAUSED)
            await asyncio.wait([running[1]])
        else:
            await pause_launch(self._backend, mailing_id)
        return await status(self._backend, mailing_id)

    async def resume(self, mailing_id: int | str) -> MailingStatus:
        """Go on with a paused mailing.

        Raises:
            AkrunError: It is not paused.
        """
        found = await status(self._backend, mailing_id)
        if found.state is not MailingState.PAUSED or found.launch is None:
            raise AkrunError(f"mailing {mailing_id} is {found.state}; only a paused one can be resumed")
        await self._backend.set_launch_state(found.launch.launch_id, LaunchState.SENDING)
        self.wake()
        return await status(self._backend, mailing_id)

    async def stop_mailing(self, mailing_id: int | str, reason: str) -> MailingStatus:
        """Stop a mailing for good; a placement when its service has confirmed it.

        Raises:
            AkrunError: There is nothing to stop, or its channel is not served here.
        """
        found = await status(self._backend, mailing_id)
        if (running := self._runs.get(str(mailing_id))) is not None:
            running[0].stop(End.STOPPED)
            await asyncio.wait([running[1]])
            latest = await self._backend.latest_launch(mailing_id)
            if latest is not None and latest.state in ENDS:
                return await status(self._backend, mailing_id)
        self._require_served(found.mailing)
        job = await self._job(found.mailing, {})
        await stop_launch(self._backend, job, self._clock, reason)
        self.wake()
        return await status(self._backend, mailing_id)

    async def _look(self) -> None:
        """Settle what is decided, let go of what is too old, and begin what is due."""
        with suppress(StateError):  # another process moved a launch meanwhile: the next look sees where to
            await settle(self._backend)
        if await self._backend.claim("tidying", self._term):
            await self._tidy()
        found_now = await statuses(self._backend)
        for found in found_now:
            self._tell_change(found)
            if found.mailing.channel not in self._hosts:
                continue
            if (running := self._runs.get(str(found.mailing.id))) is not None:
                if found.state in _HELD:  # by another process
                    running[0].stop()
                continue
            try:
                await self._consider(found)
            except StateError:
                self.wake()  # another process moved it meanwhile
            except (JobError, PipeFailure) as error:
                self._complain(found.mailing, str(error))
        await self._go_on_with_older(found_now)

    async def _tidy(self) -> None:
        now = self._clock.now().timestamp()
        await self._backend.store_purge(now)
        await self._backend.forget_accepted(now - self._kept.keys)
        await self._backend.forget_traces(now - self._kept.traces)

    async def _go_on_with_older(self, found: Sequence[MailingStatus]) -> None:
        """Send what was replayed of launches that are not their mailing's latest."""
        latest = {each.launch.launch_id for each in found if each.launch is not None}
        mailings = {str(each.mailing.id): each.mailing for each in found}
        for launch in await self._backend.launches_in(LaunchState.SENDING):
            record = mailings.get(str(launch.mailing_id))
            older = launch.launch_id not in latest and launch.launch_id not in self._runs
            if older and record is not None and record.channel in self._hosts:
                try:
                    job = await self._job(record, self._stored(record, launch.constants))
                except PipeFailure as error:
                    self._complain(record, str(error))
                    continue
                counts = await self._backend.counts(launch.launch_id)
                if not _runs_on(job, launch, counts):
                    self._begin(job, launch, launch.launch_id)

    async def _consider(self, found: MailingStatus) -> None:
        """Take the step that a mailing is due for, unless another process does."""
        launch = found.launch
        if found.to_be_launched and found.submission is not None:
            job = await self._job(found.mailing, self._stored(found.mailing, found.submission.constants))
            if self._is_time(job.mailing.schedule.starts_at) and await self._claim(found.mailing.id):
                opened = await open_launch(self._backend, job, self._clock.now(), relaunch=True)
                self._begin(job, opened.launch)
        elif launch is not None and launch.state in (LaunchState.READY, LaunchState.SENDING):
            job = await self._job(found.mailing, self._stored(found.mailing, launch.constants))
            if _runs_on(job, launch, found.counts):
                await self._stop_in_time(job, launch)
            elif launch.state is LaunchState.SENDING or (
                self._is_time(job.mailing.schedule.starts_at) and await self._claim(found.mailing.id)
            ):
                self._begin(job, launch)

    async def _claim(self, mailing_id: int | str) -> bool:
        """Whether this process takes a mailing's next step."""
        return await self._backend.claim(f"mailing|{mailing_id}", self._term)

    async def _stop_in_time(self, job: Job, launch: Launch) -> None:
        stops_at = job.mailing.schedule.stops_at
        if stops_at is None or not self._is_time(stops_at) or await is_asked(self._backend, launch):
            return
        if await self._claim(job.mailing.id):
            await stop_launch(self._backend, job, self._clock, BY_SCHEDULE)

    def _begin(self, job: Job, launch: Launch, name: str | None = None) -> None:
        """Run a launch, under the mailing's id or another name."""
        if self._stopping:
            return
        host = self._hosts[job.channel.string_id]
        services = host.services.masking(secrets_in(job.constants, host.compiled.secrets))
        run = MailingRun(self._backend, launch, job, services, pauses=False)
        task = asyncio.create_task(run.run())
        self._runs[name or str(job.mailing.id)] = run, task
        task.add_done_callback(lambda _: self.wake())

    async def _rest(self) -> None:
        """Wait for a call, or the period's end; take note of runs that have ended."""
        await first_of(self._clock.sleep(self._period), self._awake.wait(), self._backend.stirred("mailings"))
        self._forget_ended()

    def _forget_ended(self) -> None:
        for name, (_, task) in list(self._runs.items()):
            if task.done():
                del self._runs[name]
                task.result()

    async def _wait_for_runs(self) -> None:
        if self._runs:
            await asyncio.wait([task for _, task in self._runs.values()])
        self._forget_ended()

    async def _break_off(self) -> None:
        tasks = [task for _, task in self._runs.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)  # the first failure is raised already

    async def _job(self, record: MailingRecord, constants: Mapping[str, Any]) -> Job:
        """A mailing as it is stored, without an audience: that is stored with its launch."""
        host = self._hosts[record.channel]
        channel = await self._backend.channel(record.channel)
        assert channel is not None
        mailing = Mailing.model_validate(decode(record.document))
        return Job(host.compiled, mailing, None, 1, channel.document, constants)

    def _require_served(self, record: MailingRecord) -> None:
        if record.channel not in self._hosts:
            raise AkrunError(f"the channel {record.channel} is not served here")

    def _stored(self, record: MailingRecord, constants: bytes) -> dict[str, Any]:
        return self._constants(record.channel, record.id, constants)

    def _constants(self, channel: str, mailing_id: int | str, stored: bytes) -> dict[str, Any]:
        values = self._given.get(str(mailing_id)) or self._values_of(channel)
        return with_secrets(self._hosts[channel].compiled, stored, values)

    async def _values_of_single(self, channel: str, message: str) -> Mapping[str, Any]:
        """The constant roots of a message of no mailing: the process's, and what came with it."""
        values = self._values_of(channel)
        found = await self._backend.job(message)
        if found is None or found.pipeline != MESSAGE or not found.payload:
            return values
        own = decode_payload(found.payload)["roots"]
        return merged(values, {name: each for name, each in own.items() if name not in OF_ONE})

    def _values_of(self, channel: str) -> Mapping[str, Any]:
        return {"channel": about(self._hosts[channel].compiled.channel), **self._values.get(channel, {})}

    def _is_time(self, moment: datetime | None) -> bool:
        return moment is None or moment <= self._clock.now()

    def _tell_change(self, found: MailingStatus) -> None:
        """Log that a mailing's state is another one than at the last look."""
        name, before = str(found.mailing.id), self._states.get(str(found.mailing.id))
        if found.state is before or found.mailing.channel not in self._hosts:
            return
        self._states[name] = found.state
        host = self._hosts[found.mailing.channel]
        number = host.compiled.channel.id
        text = host.services.masker.text(f"mailing {name} is {found.state}")
        fields = {"mailing_id": name, "state": found.state.value, "before": before and before.value}
        now = self._clock.now().timestamp()
        host.services.log(LogRecord("info", f"{number}|mailing", text, number, 0, now, fields=fields))

    def _complain(self, record: MailingRecord, message: str) -> None:
        """Log why a mailing stands still, once for each reason."""
        if (str(record.id), message) in self._said:
            return
        self._said.add((str(record.id), message))
        host = self._hosts[record.channel]
        number = host.compiled.channel.id
        stands = "is not sent here" if self._backend.shared else "stands still"
        text = host.services.masker.text(f"mailing {record.id} {stands}: {message}")
        now = self._clock.now().timestamp()
        host.services.log(LogRecord("error", f"{number}|mailing", text, number, 0, now))


def _runs_on(job: Job, launch: Launch, counts: Counts | None) -> bool:
    """Whether it is a placement all of which is sent: it runs until it is stopped."""
    return job.is_placement and counts is not None and counts.done == launch.total
