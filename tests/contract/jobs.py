"""The contract of `Jobs`."""

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from akrun.backend import (
    DeadLetter,
    EventRecord,
    MessageState,
    NewJob,
    NotFoundError,
    Outcome,
    QueuedJob,
    RecordError,
)
from tests.contract.machine import (
    MAX_ATTEMPTS,
    Ending,
    Machine,
    ModelJob,
    endings,
    events,
    job_ids,
    message_ids,
    new_jobs,
    pipelines,
)


class JobRules(Machine):
    """A handful of jobs, and every call there is for them."""

    @rule(jobs=st.lists(new_jobs, max_size=4))
    def enqueue(self, jobs: list[NewJob]) -> None:
        assert self.run(self.backend.enqueue(jobs)) == self._remember_jobs(jobs)

    @rule(jobs=st.lists(new_jobs, min_size=1, max_size=2), due=st.sampled_from([float("nan"), float("inf")]))
    def enqueue_without_a_time(self, jobs: list[NewJob], due: float) -> None:
        with pytest.raises(RecordError):
            self.run(self.backend.enqueue([*jobs, replace(jobs[0], due=due)]))

    @rule(limit=st.integers(0, 4), only=st.none() | st.sets(pipelines))
    def lease_jobs(self, limit: int, only: set[str] | None) -> None:
        leased = self.run(self.backend.lease_jobs(self.now, limit, only))
        assert leased == self._expected_jobs(limit, only)

    def _expected_jobs(self, limit: int, only: set[str] | None) -> list[QueuedJob]:
        expected: list[QueuedJob] = []
        for job in sorted(self._pending(only), key=lambda job: job.new.due):  # stable: then by insertion
            if len(expected) == limit or job.new.due > self.now:
                break
            if job.attempts == MAX_ATTEMPTS:
                job.state = MessageState.FAILED
                self.dead.append(job.new.origin_message)
            else:
                job.state = MessageState.IN_PROGRESS
                job.attempts += 1
                new = job.new
                fields = new.id, new.channel, new.pipeline, new.pipe, new.payload, new.due, new.origin_message
                expected.append(QueuedJob(*fields, job.attempts))
        return expected

    def _pending(self, only: set[str] | None) -> list[ModelJob]:
        pending = [job for job in self.jobs.values() if job.state is MessageState.PENDING]
        return [job for job in pending if only is None or job.new.pipeline in only]

    @rule(started=st.lists(st.booleans(), min_size=1, max_size=MAX_ATTEMPTS + 1))
    def begin_jobs_and_hand_them_back(self, started: list[bool]) -> None:
        """Workers that take them and hand them back: what uses attempts up, or does not."""
        for each in started:
            self.lease_jobs(9, None)
            self.release_jobs(list(self.jobs), started=each)

    @rule(names=st.lists(job_ids, min_size=2, max_size=12), started=st.booleans())
    def release_jobs(self, names: list[str], *, started: bool) -> None:
        leased = [
            self.jobs[name]
            for name in dict.fromkeys(names)
            if name in self.jobs and self.jobs[name].state is MessageState.IN_PROGRESS
        ]
        assert self.run(self.backend.release_jobs(names, started=started)) == len(leased)
        for job in leased:
            job.state = MessageState.PENDING
            job.attempts -= 0 if started else 1

    @rule(
        name=job_ids,
        state=endings,
        facts=st.lists(events, max_size=2),
        jobs=st.lists(new_jobs, max_size=2),
        message=st.none() | message_ids,
    )
    def finish_job(
        self, name: str, state: Ending, facts: list[EventRecord], jobs: list[NewJob], message: str | None
    ) -> None:
        error = {"kind": "http"} if state is MessageState.FAILED else None
        outcome = Outcome(state, 4, error, 1.0)
        dead = DeadLetter(message, "schedule", 4, b"{}", error, 1, 1.0) if error else None
        finishing = self.backend.finish_job(name, outcome, facts, dead, jobs)
        job = self.jobs.get(name)
        if job is None or state is MessageState.SKIPPED:
            with pytest.raises(RecordError if state is MessageState.SKIPPED else NotFoundError):
                self.run(finishing)
            return
        fresh = job.state in {MessageState.PENDING, MessageState.IN_PROGRESS}
        assert self.run(finishing) is fresh
        if fresh:
            job.state = state
            self._remember(facts)
            self._remember_jobs(jobs)
            if dead:
                self.dead.append(message or job.new.origin_message)
                [letter] = self.run(self.backend.dead_letters(limit=1000))[-1:]
                assert (letter.job_id, letter.channel) == (name, job.new.channel)

    @rule(only=st.none() | st.sets(pipelines, max_size=2))
    def next_due(self, only: set[str] | None) -> None:
        due = min((job.new.due for job in self._pending(only)), default=None)
        assert self.run(self.backend.next_due(only)) == due
