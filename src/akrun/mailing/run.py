"""Running a launch: messages are leased, sent by the channel's pipeline, and finished one by one."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

import orjson

from akrun.backend import (
    Backend,
    Counts,
    DeadLetter,
    Launch,
    LaunchState,
    Message,
    MessageState,
    Outcome,
)
from akrun.engine.event import Services
from akrun.engine.pipeline import Pipeline
from akrun.engine.run import Result, run
from akrun.mailing.dead import encode_input
from akrun.mailing.job import PIPELINE, Job
from akrun.net.ratelimit import RateLimit, TokenBucket

_FEWEST_TO_JUDGE = 20
"""Outcomes before the share of failures can pause a mailing."""

_LARGEST_BATCH = 512


class End(StrEnum):
    """Why a run ended."""

    FINISHED = "finished"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"


@dataclass(slots=True)
class Tally:
    """Messages of the launch that have an outcome, kept while it runs."""

    done: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def settled(self) -> int:
        """All that have an outcome."""
        return self.done + self.failed + self.skipped


class MailingRun:
    """One process's part in sending a launch.

    Attributes:
        tally: what has an outcome by now, earlier runs included; for a progress bar.
        total: messages in the launch.
    """

    def __init__(self, backend: Backend, launch: Launch, job: Job, services: Services) -> None:
        self.tally = Tally()
        self.total = launch.total
        self._backend = backend
        self._launch = launch
        self._job = job
        self._services = services
        self._pipeline: Pipeline = job.compiled.pipeline(PIPELINE, job.constants)
        self._stopping: End | None = None
        self._masker = job.masker
        options = job.mailing.options
        self._bucket = TokenBucket(RateLimit(options.rate), services.clock) if options.rate else None

    def stop(self) -> None:
        """Take no more messages; those that are being sent are sent to their end."""
        self._stopping = self._stopping or End.INTERRUPTED

    async def run(self) -> End:
        """Send until every message has an outcome, or something stops it.

        When it is cancelled, messages in the middle of their pipeline stay leased until the backend is
        opened again; they have no outcome, so the next run sends them.

        Raises:
            BackendError: An outcome could not be recorded; what was recorded stays.
        """
        await self._backend.set_launch_state(self._launch.launch_id, LaunchState.SENDING)
        counts = await self._backend.counts(self._launch.launch_id)
        self.tally = Tally(counts.done, counts.failed, counts.skipped)
        workers = self._job.mailing.options.concurrency
        queue: asyncio.Queue[Message | None] = asyncio.Queue(workers)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._lease(queue, workers))
                for _ in range(workers):
                    tasks.create_task(self._work(queue))
        except* Exception as group:  # the first error says why; the others are its consequences
            raise group.exceptions[0] from None
        return await self._end()

    async def _lease(self, queue: asyncio.Queue[Message | None], workers: int) -> None:
        """Keep the workers supplied, then send each of them home."""
        while self._stopping is None:
            batch = await self._backend.lease(self._launch.launch_id, min(_LARGEST_BATCH, 2 * workers))
            if not batch:
                break
            for position, message in enumerate(batch):
                if self._stopping is not None:
                    await self._backend.release([left.id for left in batch[position:]])
                    break
                await queue.put(message)
        for _ in range(workers):
            await queue.put(None)

    async def _work(self, queue: asyncio.Queue[Message | None]) -> None:
        while (message := await queue.get()) is not None:
            if self._stopping is not None:
                await self._backend.release([message.id])
                continue
            if self._bucket is not None:
                await self._bucket.acquire()
            await self._send(message)

    async def _send(self, message: Message) -> None:
        row = orjson.loads(message.payload)
        event = self._job.event(message.launch_id, message.profile_id, row, self._services)
        result = await run(self._pipeline, event)
        await self._record(message, result)

    async def _record(self, message: Message, result: Result) -> None:
        now = self._services.clock.now().timestamp()
        failed = result.state == "failed"
        dead = None
        if failed:
            dead = DeadLetter(
                message.id,
                PIPELINE,
                result.pipe,
                encode_input(result.data, self._masker),
                result.error or {},
                message.attempts,
                now,
            )
        state = MessageState.FAILED if failed else MessageState.DONE
        outcome = Outcome(state, result.pipe, result.error, now)
        if not await self._backend.finish(message.id, outcome, result.effects, dead):
            return
        if failed:
            self.tally.failed += 1
        else:
            self.tally.done += 1
        self._judge()

    def _judge(self) -> None:
        """Pause when too many messages fail: the fault then is not theirs."""
        threshold = self._job.mailing.options.pause_threshold
        tried = self.tally.done + self.tally.failed
        if threshold is not None and tried >= _FEWEST_TO_JUDGE and self.tally.failed > threshold * tried:
            self._stopping = self._stopping or End.PAUSED

    async def _end(self) -> End:
        counts = await self._backend.counts(self._launch.launch_id)
        if _all_settled(counts):
            await self._backend.set_launch_state(self._launch.launch_id, LaunchState.FINISHED)
            return End.FINISHED
        if self._stopping is None:  # nothing to lease, yet not all settled: another process changed its state
            return End.STOPPED
        await self._backend.set_launch_state(self._launch.launch_id, LaunchState.PAUSED)
        return self._stopping


def _all_settled(counts: Counts) -> bool:
    return counts.pending == 0 and counts.in_progress == 0
