"""The keeper: decides what has become of mailings, and runs those whose time has come."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from akrun.backend import Backend, Launch, LaunchState, MailingRecord, QueuedJob
from akrun.engine.clock import Clock
from akrun.engine.host import Host
from akrun.engine.log import LogRecord
from akrun.engine.secrets import secrets_in
from akrun.errors import AkrunError, PipeFailure
from akrun.exact_json import decode
from akrun.mailing.constants import about, with_secrets
from akrun.mailing.job import Job, JobError
from akrun.mailing.launch import ENDED, open_launch
from akrun.mailing.life import MailingStatus, pause_launch, settle, status, statuses
from akrun.mailing.moderation import submit_to_moderation
from akrun.mailing.run import End, MailingRun
from akrun.mailing.stop import BY_SCHEDULE, is_asked, stop_launch
from akrun.model import Mailing, MailingState

PERIOD: Final = 10.0
"""Seconds between two looks at all mailings, when nothing else wakes the keeper."""


class Keeper:
    """Runs the mailings of a process's channels, one run for each that is being sent.

    What is ready is sent when its start time comes; what was being sent when a process ended goes on; what a
    person paused stays so. A mailing needs no files: all of it is stored, but for its secrets.

    Args:
        backend: Where everything is kept.
        hosts: The channels of this process by string id.
        values: By channel, the constant roots that this process was given; their secrets serve all mailings.
        clock: The time.
        period: See `PERIOD`.
    """

    def __init__(
        self,
        backend: Backend,
        hosts: Mapping[str, Host],
        values: Mapping[str, Mapping[str, Any]],
        clock: Clock,
        *,
        period: float = PERIOD,
    ) -> None:
        self._backend = backend
        self._hosts = hosts
        self._values = values
        self._clock = clock
        self._period = period
        self._given: dict[str, Mapping[str, Any]] = {}  # constants of mailings submitted to this process
        self._runs: dict[str, tuple[MailingRun, asyncio.Task[End]]] = {}
        self._said: set[tuple[str, str]] = set()
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
            return self._values_of(job.channel)
        return self._constants(job.channel, kept.mailing_id, kept.constants)

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
            if latest is not None and latest.state in ENDED:
                return await status(self._backend, mailing_id)
        if found.mailing.channel not in self._hosts:
            raise AkrunError(f"the channel {found.mailing.channel} is not served here")
        job = await self._job(found.mailing, {})
        await stop_launch(self._backend, job, self._clock, reason)
        self.wake()
        return await status(self._backend, mailing_id)

    async def _look(self) -> None:
        """Settle what is decided, and begin what is due."""
        await settle(self._backend)
        await self._backend.store_purge(self._clock.now().timestamp())
        for found in await statuses(self._backend):
            if found.mailing.channel in self._hosts and str(found.mailing.id) not in self._runs:
                try:
                    await self._consider(found)
                except (JobError, PipeFailure) as error:
                    self._complain(found.mailing, str(error))

    async def _consider(self, found: MailingStatus) -> None:
        launch = found.launch
        if found.to_be_launched and found.submission is not None:
            job = await self._job(found.mailing, self._stored(found.mailing, found.submission.constants))
            if self._is_time(job.mailing.schedule.starts_at):
                opened = await open_launch(self._backend, job, self._clock.now(), relaunch=True)
                self._begin(job, opened.launch)
        elif launch is not None and launch.state in (LaunchState.READY, LaunchState.SENDING):
            job = await self._job(found.mailing, self._stored(found.mailing, launch.constants))
            if job.is_placement and found.counts is not None and found.counts.done == launch.total:
                await self._stop_in_time(job, launch)
            elif launch.state is LaunchState.SENDING or self._is_time(job.mailing.schedule.starts_at):
                self._begin(job, launch)

    async def _stop_in_time(self, job: Job, launch: Launch) -> None:
        stops_at = job.mailing.schedule.stops_at
        if stops_at is not None and self._is_time(stops_at) and not await is_asked(self._backend, launch):
            await stop_launch(self._backend, job, self._clock, BY_SCHEDULE)

    def _begin(self, job: Job, launch: Launch) -> None:
        if self._stopping:
            return
        host = self._hosts[job.channel.string_id]
        services = host.services.masking(secrets_in(job.constants, host.compiled.secrets))
        run = MailingRun(self._backend, launch, job, services)
        task = asyncio.create_task(self._sending(run, launch))
        self._runs[str(job.mailing.id)] = run, task
        task.add_done_callback(lambda _: self.wake())

    async def _sending(self, run: MailingRun, launch: Launch) -> End:
        """Run it; one that this process's end interrupts stays `sending`, which the next process sees."""
        interrupted = True
        try:
            end = await run.run()
            interrupted = end is End.INTERRUPTED
        finally:
            if interrupted:
                await self._backend.set_launch_state(launch.launch_id, LaunchState.SENDING)
        return end

    async def _rest(self) -> None:
        """Wait for a call, or the period's end; take note of runs that have ended."""
        waits = [
            asyncio.ensure_future(self._clock.sleep(self._period)),
            asyncio.ensure_future(self._awake.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
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
        if tasks:
            await asyncio.wait(tasks)

    async def _job(self, record: MailingRecord, constants: Mapping[str, Any]) -> Job:
        """A mailing as it is stored, without an audience: that is stored with its launch."""
        host = self._hosts[record.channel]
        channel = await self._backend.channel(record.channel)
        assert channel is not None
        mailing = Mailing.model_validate(decode(record.document))
        return Job(host.compiled, mailing, None, 1, channel.document, constants)

    def _stored(self, record: MailingRecord, constants: bytes) -> dict[str, Any]:
        return self._constants(record.channel, record.id, constants)

    def _constants(self, channel: str, mailing_id: int | str, stored: bytes) -> dict[str, Any]:
        values = self._given.get(str(mailing_id)) or self._values_of(channel)
        return with_secrets(self._hosts[channel].compiled, stored, values)

    def _values_of(self, channel: str) -> Mapping[str, Any]:
        return {"channel": about(self._hosts[channel].compiled.channel), **self._values.get(channel, {})}

    def _is_time(self, moment: datetime | None) -> bool:
        return moment is None or moment <= self._clock.now()

    def _complain(self, record: MailingRecord, message: str) -> None:
        """Log why a mailing stands still, once for each reason."""
        if (str(record.id), message) in self._said:
            return
        self._said.add((str(record.id), message))
        host = self._hosts[record.channel]
        number = host.compiled.channel.id
        text = host.services.masker.text(f"mailing {record.id} stands still: {message}")
        now = self._clock.now().timestamp()
        host.services.log(LogRecord("error", f"{number}|mailing", text, number, 0, now))
