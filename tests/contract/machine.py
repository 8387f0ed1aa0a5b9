"""What the parts of the contract share: the engine under test, its clock, and the model beside it."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from akrun.backend import (
    DeadLetter,
    EventRecord,
    JobCounts,
    JournalEntry,
    LaunchState,
    MessageState,
    NewJob,
    Outcome,
    TraceRecord,
)
from tests.contract.drawn import Finish
from tests.contract.engines import MAX_ATTEMPTS, Engine

T = TypeVar("T")

OPEN = frozenset({MessageState.PENDING, MessageState.IN_PROGRESS})


@dataclass(kw_only=True)
class Unit:
    """What the model knows of a message or job."""

    state: MessageState = MessageState.PENDING
    attempts: int = 0
    outcome: Outcome | None = None


@dataclass
class ModelMessage(Unit):
    """What the model knows of a message."""

    launch: str
    profile: str
    payload: bytes
    ordinal: int


@dataclass
class ModelJob(Unit):
    """What the model knows of a job."""

    new: NewJob

    def let_go_of_payload(self) -> None:
        """Only what follows from a message reads its payload once there is nothing to run any more."""
        if self.new.pipeline != "message":
            self.new = replace(self.new, payload=b"")


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
        self.unknown: set[tuple[object, ...]] = set()
        self.dead: list[DeadLetter] = []
        self.journal: dict[tuple[str, str], JournalEntry] = {}
        self.traces: list[TraceRecord] = []

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
        for unit in self.units.values():
            if unit.state is MessageState.IN_PROGRESS:
                unit.state = MessageState.PENDING

    @property
    def units(self) -> Mapping[str, Unit]:
        """Messages and jobs by their ids, which differ."""
        return {**self.messages, **self.jobs}

    @invariant()
    def job_counts_are_exact(self) -> None:
        states = Counter(job.state for job in self.jobs.values())
        names = ("pending", "in_progress", "done", "failed", "uncertain")
        expected = JobCounts(*(states[MessageState(name)] for name in names))
        assert self.run(self.backend.job_counts()) == expected

    @invariant()
    def dead_letters_are_kept(self) -> None:
        letters = self.run(self.backend.dead_letters(limit=1000))
        assert [letter.id for letter in letters] == sorted(letter.id for letter in letters)
        assert [_model_of(letter) for letter in letters] == self.dead

    def check_outcome(self, outcome: Outcome | None, unit: Unit) -> None:
        if outcome is not None and outcome.error is not None and outcome.error["kind"] == "max_attempts":
            outcome = replace(outcome, error=GIVEN_UP)
        if unit.state is MessageState.SKIPPED and unit.outcome is None:  # with a reason, when it was loaded
            assert outcome is not None
            assert outcome.state is MessageState.SKIPPED
        else:
            assert outcome == unit.outcome

    def lease_unit(self, name: str, letter: DeadLetter) -> bool:
        """Begin a pending unit's next attempt; without one left it becomes this letter: then False."""
        unit = self.units[name]
        if unit.attempts < MAX_ATTEMPTS:
            unit.state = MessageState.IN_PROGRESS
            unit.attempts += 1
            return True
        entries = self.entries(name)
        own = self.journal.get((name, name))
        checkpoint = own.checkpoint if own is not None else None
        unit.state = MessageState.FAILED
        resent = sum(entry.resent for entry in entries)
        unit.outcome = Outcome(MessageState.FAILED, None, letter.error, self.now, resent)
        self.dead.append(replace(letter, input=checkpoint or b"", attempts=unit.attempts, time=self.now))
        return False

    def finish_unit(self, name: str, finish: Finish, dead: DeadLetter | None) -> bool:
        """Give a unit its outcome, with this dead letter; False when it has one."""
        unit = self.units[name]
        if unit.state not in OPEN:
            return False
        unit.state, unit.outcome = finish.outcome.state, finish.outcome
        if isinstance(unit, ModelJob) and unit.state is MessageState.DONE:
            unit.let_go_of_payload()
        self.remember_jobs(finish.jobs)
        self.remember(finish.events)
        if finish.trace is not None:
            self.traces.append(finish.trace)
        if dead is not None:
            self.dead.append(dead)
        else:
            self.forget_journal(name)
        return True

    def hand_back(self, names: list[str], *, started: bool) -> int:
        """Make leased units pending again; returns how many there were."""
        found = {name: self.units[name] for name in names if name in self.units}
        leased = [unit for unit in found.values() if unit.state is MessageState.IN_PROGRESS]
        for unit in leased:
            unit.state = MessageState.PENDING
            unit.attempts -= 0 if started else 1
        return len(leased)

    def entries(self, name: str) -> tuple[JournalEntry, ...]:
        """What the journal has of a unit, by event."""
        return tuple(self.journal[key] for key in sorted(self.journal) if key[0] == name)

    def forget_journal(self, name: str) -> None:
        for entry in self.entries(name):
            del self.journal[name, entry.event]

    def remember(self, facts: list[EventRecord]) -> int:
        """Keep events; returns how many were new."""
        before = len(self.events)
        for event in facts:
            identity = (event.send_message_id, event.event_type, event.action_type, event.key)
            if identity in self.events:
                continue
            self.events[identity] = event
            if (message := self.messages.get(event.send_message_id)) is not None:
                self.events[identity] = replace(
                    event,
                    profile_id=message.profile,
                    mailing_id=int(message.launch[0]),
                    launch_id=message.launch,
                )
            elif (job := self.jobs.get(event.send_message_id)) and job.new.pipeline == "message":
                self.events[identity] = replace(event, profile_id=job.new.profile_id)
            else:
                self.unknown.add(identity)
        return len(self.events) - before

    def remember_jobs(self, jobs: list[NewJob]) -> int:
        """Keep jobs; returns how many were new."""
        before = len(self.jobs)
        for job in jobs:
            self.jobs.setdefault(job.id, ModelJob(job))
        return len(self.jobs) - before


def _model_of(letter: DeadLetter) -> DeadLetter:
    """A letter without its id, and without the words of an error that each engine puts in its own."""
    error = letter.error
    return replace(letter, id=0, error=GIVEN_UP if error["kind"] == "max_attempts" else error)


GIVEN_UP = {"kind": "max_attempts"}
