"""What the parts of the contract share: the engine under test, its clock, the model, and what is drawn."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from akrun.backend import Backend, EventRecord, JobCounts, LaunchState, MessageState, NewJob, Outcome

T = TypeVar("T")
Engine = Callable[[Path, Callable[[], float]], Backend]
Ending = Literal[MessageState.DONE, MessageState.FAILED, MessageState.SKIPPED]

MAX_ATTEMPTS = 2

text = st.text(max_size=4)  # any Unicode, NUL and beyond the basic plane included
launch_ids = st.sampled_from(["1a", "1b", "2a"])  # the digit is the mailing
message_ids = st.builds("{}/{}".format, launch_ids, st.integers(0, 3))
job_ids = st.integers(1, 9).map("j{}".format)
pipelines = st.sampled_from(["schedule", "listener", "stop"])
new_jobs = st.builds(
    NewJob,
    id=job_ids,
    channel=st.sampled_from(["sms", "chat"]),
    pipeline=pipelines,
    pipe=st.none() | st.integers(0, 9),
    payload=st.binary(max_size=4),
    due=st.integers(0, 20).map(float) | st.floats(0, 20).map(lambda due: round(due, 6)),
    origin_message=st.none() | message_ids,
)
endings = st.sampled_from(["done", "failed", "skipped"]).map(MessageState)
events = st.builds(
    EventRecord,
    send_message_id=message_ids,
    channel_id=st.just(1),
    event_type=st.sampled_from(["send", "undeliv"]),
    action_type=st.sampled_from([None, 0, 7]),
    key=text,
    time=st.floats(0, 1e10),
    reason=st.none() | text,
    data=st.none() | st.dictionaries(text, st.integers(-9, 9) | text, max_size=2),
)


@dataclass
class ModelMessage:
    """What the model knows of a message."""

    launch: str
    profile: str
    payload: bytes
    ordinal: int
    state: MessageState
    attempts: int = 0
    outcome: Outcome | None = None


@dataclass
class ModelJob:
    """What the model knows of a job."""

    new: NewJob
    state: MessageState = MessageState.PENDING
    attempts: int = 0


class Machine(RuleBasedStateMachine):
    """An engine beside a model of it."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.now = 0.0
        self.backend = self.engine(self.directory, lambda: self.now)
        self.run(self.backend.open())
        self.jobs: dict[str, ModelJob] = {}
        self.values: dict[tuple[str, str], tuple[bytes, float]] = {}
        self.channels: dict[str, int] = {}
        self.states: dict[str, LaunchState] = {}
        self.messages: dict[str, ModelMessage] = {}
        self.events: dict[tuple[object, ...], EventRecord] = {}
        self.dead: list[str | None] = []

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(call)

    def teardown(self) -> None:
        self.run(self.backend.close())
        self.runner.close()
        shutil.rmtree(self.directory)

    @rule(seconds=st.sampled_from([0, 1, 2, 3, 8]))
    def time_goes_on(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def reopen(self) -> None:
        self.run(self.backend.close())
        self.backend = self.engine(self.directory, lambda: self.now)
        self.run(self.backend.open())
        for message in self.messages.values():
            if message.state is MessageState.IN_PROGRESS:
                message.state = MessageState.PENDING
        for job in self.jobs.values():
            if job.state is MessageState.IN_PROGRESS:
                job.state = MessageState.PENDING

    @invariant()
    def job_counts_are_exact(self) -> None:
        states = Counter(job.state for job in self.jobs.values())
        pending, in_progress, done, failed = [
            states[MessageState(name)] for name in ("pending", "in_progress", "done", "failed")
        ]
        assert self.run(self.backend.job_counts()) == JobCounts(pending, in_progress, done, failed)

    @invariant()
    def dead_letters_are_kept(self) -> None:
        letters = self.run(self.backend.dead_letters(limit=1000))
        assert [letter.message_id for letter in letters] == self.dead

    def _remember(self, facts: list[EventRecord]) -> int:
        before = len(self.events)
        for event in facts:
            complete = event
            if (message := self.messages.get(event.send_message_id)) is not None:
                owner = int(message.launch[0])
                complete = replace(
                    event, profile_id=message.profile, mailing_id=owner, launch_id=message.launch
                )
            identity = (event.send_message_id, event.event_type, event.action_type, event.key)
            self.events.setdefault(identity, complete)
        return len(self.events) - before

    def _remember_jobs(self, jobs: list[NewJob]) -> int:
        before = len(self.jobs)
        for job in jobs:
            self.jobs.setdefault(job.id, ModelJob(job))
        return len(self.jobs) - before
