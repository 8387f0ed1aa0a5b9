"""Running a launch: messages are leased, sent by the channel's pipeline, and finished one by one."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from akrun.backend import (
    Backend,
    Counts,
    Launch,
    LaunchState,
    LeaseError,
    Message,
    StateError,
)
from akrun.engine.clock import Clock, first_of
from akrun.engine.ending import Ending, Unit, log_lost_lease, settle
from akrun.engine.event import Services
from akrun.engine.journal import UnitJournal
from akrun.engine.run import Result, run
from akrun.exact_json import decode
from akrun.mailing.job import PIPELINE, Job
from akrun.net.ratelimit import Bucket, RateLimit, RateLimits

FEWEST_TO_JUDGE = 20
"""Outcomes before the share of failures can pause a mailing."""

_LARGEST_BATCH = 512
_PATIENCE = 1.0
"""Seconds between two looks for messages while all that are left are with other processes."""
_LONGEST_SLEEP = 30.0
"""Seconds after which the wall clock is looked at again: it may have been set, or the machine have slept."""


class End(StrEnum):
    """Why a run ended."""

    FINISHED = "finished"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"
    RUNNING = "running"
    """All is sent, and the placement runs on until it is stopped."""


@dataclass(slots=True)
class _Tried:
    """Outcomes of this run alone: what failed before it was begun again does not pause it."""

    done: int = 0
    failed: int = 0

    def count(self, result: Result) -> None:
        if result.state == "done":
            self.done += 1
        else:
            self.failed += 1

    def too_many_failed(self, threshold: float | None) -> bool:
        tried = self.done + self.failed
        return threshold is not None and tried >= FEWEST_TO_JUDGE and self.failed > threshold * tried


class MailingRun:
    """One process's part in sending a launch."""

    def __init__(
        self,
        backend: Backend,
        launch: Launch,
        job: Job,
        services: Services,
        *,
        pauses: bool = True,
    ) -> None:
        """Make a run of a launch.

        Args:
            backend: Where the launch is.
            launch: The launch.
            job: The mailing.
            services: What its pipes use.
            pauses: Whether an interrupt leaves the launch paused, until somebody goes on with it; otherwise
                it stays `sending`, and another process may go on.
        """
        self._backend = backend
        self._pauses = pauses
        self._launch_id = launch.launch_id
        self._state = launch.state
        self._job = job
        self._services = services.keeping(backend)
        self._pipeline = job.compiled.pipeline(PIPELINE, job.constants)
        self._tried = _Tried()
        self._leased: dict[str, bool] = {}  # message id → whether its run has begun
        self._end: End | None = None
        self._left = False
        self._ending = asyncio.Event()
        self._stops_at = job.mailing.schedule.stops_at
        options = job.mailing.options
        self._workers = options.concurrency
        self._bucket: Bucket | None = None
        if options.rate:
            name = f"mailing|{launch.launch_id}"
            self._bucket = RateLimits(services.clock, services.reserve).bucket(name, RateLimit(options.rate))

    async def counts(self) -> Counts:
        """The launch's messages by state, earlier runs included; exact at the moment of the call."""
        return await self._backend.counts(self._launch_id)

    @property
    def channel(self) -> str:
        """The string id of the channel that it sends by."""
        return self._job.channel.string_id

    @property
    def under_way(self) -> int:
        """Messages in the middle of their pipeline."""
        return sum(self._leased.values())

    def stop(self, end: End = End.INTERRUPTED) -> None:
        """Take no more messages; those that are being sent are sent to their end.

        The first reason counts, but for an interrupt, in place of which any other does.
        """
        if self._end is None or self._end is End.INTERRUPTED:
            self._end = end
        self._ending.set()

    async def run(self) -> End:
        """Send until every message has an outcome, or something stops it.

        When it is cancelled, messages in the middle of their pipeline are handed back without an outcome;
        the next run sends them.

        Raises:
            BackendError: An outcome could not be recorded; what was recorded stays.
        """
        if self._state is not LaunchState.SENDING and not await self._move(LaunchState.SENDING):
            return End.STOPPED
        if self._stops_at is not None and self._stops_at <= self._services.clock.now():
            self.stop(End.STOPPED)
        queue: asyncio.Queue[Message | None] = asyncio.Queue(self._workers)
        beside = [asyncio.create_task(self._stop_in_time()), asyncio.create_task(self._leave_at_once())]
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._lease(queue))
                for _ in range(self._workers):
                    tasks.create_task(self._work(queue))
        except ExceptionGroup as group:  # the first error says why; the others are its consequences
            raise group.exceptions[0] from None
        except asyncio.CancelledError:
            await self._hand_back()
            self.stop()
            await self._leave()
            raise
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)  # what failed is tried again at the end
        await self._hand_back()  # those that were leased and not begun when it was stopped
        return await self._ended()

    async def _stop_in_time(self) -> None:
        """Stop at the mailing's stop time."""
        if self._stops_at is not None:
            await sleep_until(self._stops_at, self._services.clock)
            self.stop(End.STOPPED)

    async def _leave_at_once(self) -> None:
        """Say that it ends as soon as that is decided: other processes that send the launch stop as well.

        A placement is left when its one message is at its end: only then it is known what it has come to.
        """
        await self._ending.wait()
        if not self._job.is_placement:
            await self._leave()

    async def _lease(self, queue: asyncio.Queue[Message | None]) -> None:
        """Keep the workers supplied, then send each of them home."""
        while self._end is None:
            batch = await self._take()
            if not batch:
                if not await self._others_send():
                    break
                await first_of(self._services.clock.sleep(_PATIENCE), self._ending.wait())
                continue
            for message in batch:
                if not await self._may_send():
                    break
                await queue.put(message)
        for _ in range(self._workers):
            await queue.put(None)

    async def _others_send(self) -> bool:
        """Whether other processes have messages of the launch, which may come back to be sent here."""
        if not self._backend.shared:
            return False
        launch = await self._backend.find_launch(self._launch_id)
        if launch is None or launch.state is not LaunchState.SENDING:
            return False
        counts = await self.counts()
        return counts.pending + counts.in_progress > len(self._leased)

    async def _take(self) -> list[Message]:
        """Lease messages and note them, also when cancelled meanwhile: nothing stays leased unknown."""
        limit = min(_LARGEST_BATCH, 2 * self._workers)
        leasing = asyncio.ensure_future(self._backend.lease(self._launch_id, limit))
        try:
            return await asyncio.shield(leasing)
        finally:
            self._leased |= {message.id: False for message in await leasing}

    async def _may_send(self) -> bool:
        """Wait for the mailing's rate; False when it ends meanwhile."""
        if self._bucket is not None and self._end is None:
            await first_of(self._bucket.acquire(), self._ending.wait())
        return self._end is None

    async def _work(self, queue: asyncio.Queue[Message | None]) -> None:
        while (message := await queue.get()) is not None:
            if self._end is None:
                self._leased[message.id] = True
                await self._send(message)

    async def _send(self, message: Message) -> None:
        event = self._job.event(
            message.launch_id, message.profile_id, decode(message.payload), self._services, message.id
        )
        event.journal = UnitJournal(message.id, self._backend, message.journal)
        event.begin_trace()
        unit = Unit(message.id, PIPELINE, message.attempts, message.id)
        try:
            result = await run(self._pipeline, event)
        except LeaseError:
            log_lost_lease(event, unit)
            self._leased.pop(message.id, None)
            return
        recorded, result = await settle(unit, event, result, self._record)
        self._leased.pop(message.id, None)
        if recorded:
            self._tried.count(result)
        if self._tried.too_many_failed(self._job.mailing.options.pause_threshold):
            self.stop(End.PAUSED)

    async def _record(self, message_id: str, end: Ending) -> bool:
        return await self._backend.finish(
            message_id, end.outcome, end.events, end.dead, end.jobs, trace=end.trace
        )

    async def _hand_back(self) -> None:
        """Return leased messages to pending; the attempt counts for those whose run has begun."""
        for begun in (False, True):
            ids = [name for name, state in self._leased.items() if state is begun]
            if ids:
                await self._backend.release(ids, started=begun)
        self._leased.clear()

    async def _ended(self) -> End:
        counts = await self.counts()
        if counts.pending == 0 and counts.in_progress == 0:
            if self._job.is_placement and counts.done:
                return End.RUNNING
            if await self._move(LaunchState.FINISHED):
                return End.FINISHED
        await self._leave()
        if self._end is not None:
            return self._end
        launch = await self._backend.find_launch(self._launch_id)  # it was moved, so nothing could be leased
        return End.PAUSED if launch is not None and launch.state is LaunchState.PAUSED else End.STOPPED

    async def _leave(self) -> None:
        """Put the launch into the state that the end of this run means, if any; once."""
        state = LaunchState.STOPPED if self._end is End.STOPPED else LaunchState.PAUSED
        if self._left or self._end is None or (self._end is End.INTERRUPTED and not self._pauses):
            return
        await self._move(state)
        self._left = True

    async def _move(self, state: LaunchState) -> bool:
        """Move the launch on; False if somebody else has moved it to where no way leads on to that state."""
        try:
            await self._backend.set_launch_state(self._launch_id, state)
        except StateError:
            return False
        return True


async def sleep_until(moment: datetime, clock: Clock) -> None:
    """Wait until the wall clock shows `moment`, an aware time."""
    while (left := (moment - clock.now()).total_seconds()) > 0:
        await clock.sleep(min(left, _LONGEST_SLEEP))
