"""The contract of `Jobs`."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from akrun.backend import (
    Accepted,
    DeadLetter,
    JobStatus,
    MessageState,
    NewJob,
    NotFoundError,
    QueuedJob,
    RecordError,
)
from tests.contract.drawn import Finish, bodies, channels, finishes, job_ids, new_jobs
from tests.contract.engines import MAX_ATTEMPTS
from tests.contract.journal import JournalRules, LeftBehind, left_behind
from tests.contract.machine import GIVEN_UP, ModelJob
from tests.contract.replay import ReplayRules

keys = st.sampled_from(["", "k", "\x00", "ключ"])
digests = st.sampled_from(["one", "two"])


class JobRules(JournalRules, ReplayRules):
    """A handful of jobs, and every call there is for them."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: dict[str, tuple[Accepted, float]] = {}

    @rule(jobs=st.lists(new_jobs, max_size=4))
    def enqueue(self, jobs: list[NewJob]) -> None:
        assert self.run(self.backend.enqueue(jobs)) == self.remember_jobs(jobs)

    @rule(jobs=st.lists(new_jobs, min_size=1, max_size=2), due=st.sampled_from([float("nan"), float("inf")]))
    def enqueue_without_a_time(self, jobs: list[NewJob], due: float) -> None:
        with pytest.raises(RecordError):
            self.run(self.backend.enqueue([*jobs, replace(jobs[0], due=due)]))

    @rule(key=keys, digest=digests, answer=bodies, jobs=st.lists(new_jobs, max_size=2))
    def accept(self, key: str, digest: str, answer: bytes, jobs: list[NewJob]) -> None:
        assert self.run(self.backend.accept(key, digest, answer, jobs)) == self._accepted(
            key, digest, answer, jobs
        )

    @rule(key=keys, answers=st.lists(bodies, min_size=2, max_size=3), jobs=st.lists(new_jobs, max_size=2))
    def accept_at_once(self, key: str, answers: list[bytes], jobs: list[NewJob]) -> None:
        """Of several that come under one key at once, one is stored, and all are told which."""

        async def race() -> list[Accepted]:
            asking = (self.backend.accept(key, "one", answer, jobs) for answer in answers)
            return await asyncio.gather(*asking)

        told = self.run(race())
        first = next((index for index, each in enumerate(told) if each.new), 0)
        expected = self._accepted(key, "one", answers[first], jobs)
        assert told[first] == expected
        assert told[:first] + told[first + 1 :] == [replace(expected, new=False)] * (len(answers) - 1)

    @rule(key=keys, job=new_jobs)
    def accept_without_a_time(self, key: str, job: NewJob) -> None:
        with pytest.raises(RecordError):
            self.run(self.backend.accept(key, "one", b"", [job, replace(job, due=float("nan"))]))

    def _accepted(self, key: str, digest: str, answer: bytes, jobs: list[NewJob]) -> Accepted:
        if key in self.accepted:
            return self.accepted[key][0]
        self.accepted[key] = (Accepted(new=False, digest=digest, answer=answer), self.now)
        self.remember_jobs(jobs)
        return Accepted(new=True, digest=digest, answer=answer)

    @rule(key=keys)
    def look_up_accepted(self, key: str) -> None:
        expected = self.accepted[key][0] if key in self.accepted else None
        assert self.run(self.backend.accepted(key)) == expected

    @rule(ago=st.integers(0, 5))
    def forget_accepted(self, ago: int) -> None:
        before = self.now - ago
        kept = {key: known for key, known in self.accepted.items() if known[1] >= before}
        assert self.run(self.backend.forget_accepted(before)) == len(self.accepted) - len(kept)
        self.accepted = kept

    @rule(limit=st.integers(0, 4), only=st.none() | st.sets(channels))
    def lease_jobs(self, limit: int, only: set[str] | None) -> None:
        leased = self.run(self.backend.lease_jobs(self.now, limit, only))
        assert leased == self._expected_jobs(limit, only)

    def _expected_jobs(self, limit: int, only: set[str] | None) -> list[QueuedJob]:
        expected: list[QueuedJob] = []
        for job in sorted(self._pending(only), key=lambda job: job.new.due):  # stable: then by insertion
            new = job.new
            if len(expected) == limit or new.due > self.now:
                break
            about = {"job_id": new.id, "channel": new.channel}
            letter = DeadLetter(new.origin_message, new.pipeline, None, b"", GIVEN_UP, 0, 0.0, 0, **about)
            if self.lease_unit(new.id, letter):
                fields = new.id, new.channel, new.pipeline, new.pipe, new.payload, new.due, new.origin_message
                expected.append(QueuedJob(*fields, job.attempts, self.entries(new.id)))
        return expected

    def _pending(self, only: set[str] | None) -> list[ModelJob]:
        pending = [job for job in self.jobs.values() if job.state is MessageState.PENDING]
        return [job for job in pending if only is None or job.new.channel in only]

    @rule(started=st.lists(st.booleans(), min_size=1, max_size=MAX_ATTEMPTS + 1))
    def begin_jobs_and_hand_them_back(self, started: list[bool]) -> None:
        """Workers that take them and hand them back: what uses attempts up, or does not."""
        for each in started:
            self.lease_jobs(9, None)
            self.release_jobs(list(self.jobs), started=each)

    @rule(names=st.lists(job_ids, min_size=2, max_size=12), started=st.booleans())
    def release_jobs(self, names: list[str], *, started: bool) -> None:
        handed_back = self.run(self.backend.release_jobs(names, started=started))
        assert handed_back == self.hand_back(names, started=started)

    @rule(name=job_ids, finish=finishes)
    def finish_job(self, name: str, finish: Finish) -> None:
        trace = None if finish.trace is None else replace(finish.trace, unit=name)
        finish = replace(finish, trace=trace)
        finishing = self.backend.finish_job(
            name, finish.outcome, finish.events, finish.dead, finish.jobs, finish.trace
        )
        job = self.jobs.get(name)
        skipped = finish.outcome.state is MessageState.SKIPPED
        if job is None or skipped:
            with pytest.raises(RecordError if skipped else NotFoundError):
                self.run(finishing)
            return
        dead = finish.dead
        if dead is not None:
            message_id = job.new.origin_message if dead.message_id is None else dead.message_id
            dead = replace(dead, message_id=message_id, job_id=name, channel=job.new.channel)
        assert self.run(finishing) is self.finish_unit(name, finish, dead)

    @rule(which=st.integers(0, 3), left=left_behind, from_start=st.booleans())
    def fail_and_replay(self, which: int, left: LeftBehind, *, from_start: bool) -> None:
        """The way from a lease to a dead letter, back, and to the next lease."""
        self.lease_jobs(9, None)
        names = [name for name, job in self.jobs.items() if job.state is MessageState.IN_PROGRESS]
        if not names:
            return
        name = names[which % len(names)]
        self.record_entries(name, left.entries)
        self.finish_job(name, left.finish)
        self.replay(len(self.dead) - 1, from_start=from_start)
        self.lease_jobs(9, None)

    @rule(only=st.none() | st.sets(channels))
    def next_due(self, only: set[str] | None) -> None:
        due = min((job.new.due for job in self._pending(only)), default=None)
        assert self.run(self.backend.next_due(only)) == due

    @rule(name=job_ids)
    def job(self, name: str) -> None:
        status = self.run(self.backend.job(name))
        model = self.jobs.get(name)
        if model is None:
            assert status is None
            return
        assert status is not None
        new = model.new
        place = new.id, new.channel, new.pipeline, new.pipe, new.due, new.origin_message, new.profile_id
        expected = JobStatus(*place, model.state, model.attempts, None, new.payload)
        assert replace(status, outcome=None) == expected
        self.check_outcome(status.outcome, model)

    @rule()
    def report_of_everything(self) -> None:
        """It has the events of messages that are jobs; those of other jobs name no message that there is."""
        report = self.run(self.backend.report())
        assert report.unknown == len(self.unknown)
        assert sum(summary.count for summary in report.events) == len(self.events) - len(self.unknown)

    @rule(profile=st.sampled_from(["p0", "p9"]))
    def history_of_messages_that_are_jobs(self, profile: str) -> None:
        found = self.run(self.backend.history(profile))
        mine = [event for event in self.events.values() if event.profile_id == profile]
        assert sorted(map(repr, found)) == sorted(map(repr, mine))
