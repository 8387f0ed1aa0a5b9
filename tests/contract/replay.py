"""The contract of replaying and dropping dead letters."""

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from akrun.backend import (
    DeadLetter,
    JournalEntry,
    LaunchState,
    MessageState,
    NotFoundError,
    RecordError,
    StateError,
)
from tests.contract.machine import Machine


class ReplayRules(Machine):
    """Every dead letter that comes up, replayed or dropped."""

    @rule(which=st.integers(0, 3), from_start=st.booleans())
    def replay(self, which: int, *, from_start: bool) -> None:
        if (letter := self._letter(which)) is None:
            with pytest.raises(NotFoundError):
                self.run(self.backend.replay(10**9, self.now, from_start=from_start))
            return
        name = unit_of(letter)
        if self._can_be_replayed(name):
            assert self.run(self.backend.replay(letter.id, self.now, from_start=from_start)) == letter
            self._revive(name, letter, from_start=from_start)
            del self.dead[which]
        else:
            with pytest.raises(StateError) as caught:
                self.run(self.backend.replay(letter.id, self.now, from_start=from_start))
            assert caught.value.cure

    @rule(which=st.integers(0, 3), now=st.sampled_from([float("nan"), float("inf")]))
    def replay_at_no_time(self, which: int, now: float) -> None:
        letter = self._letter(which)
        with pytest.raises(RecordError):
            self.run(self.backend.replay(letter.id if letter else 1, now))

    @rule(which=st.integers(0, 3))
    def drop(self, which: int) -> None:
        if (letter := self._letter(which)) is None:
            with pytest.raises(NotFoundError):
                self.run(self.backend.drop(10**9))
            return
        assert self.run(self.backend.drop(letter.id)) == letter
        assert self.run(self.backend.dead_letter(letter.id)) is None
        with pytest.raises(NotFoundError):
            self.run(self.backend.drop(letter.id))
        self.forget_journal(unit_of(letter))
        if (job := self.jobs.get(unit_of(letter))) is not None:
            job.let_go_of_payload()
        del self.dead[which]

    def _letter(self, which: int) -> DeadLetter | None:
        return next(iter(self.run(self.backend.dead_letters(limit=1000))[which:]), None)

    def _can_be_replayed(self, name: str) -> bool:
        if self.units[name].state not in {MessageState.FAILED, MessageState.UNCERTAIN}:
            return False
        message = self.messages.get(name)
        return message is None or self.states[message.launch] is not LaunchState.STOPPED

    def _revive(self, name: str, letter: DeadLetter, *, from_start: bool) -> None:
        unit = self.units[name]
        unit.state, unit.attempts, unit.outcome = MessageState.PENDING, 0, None
        if (job := self.jobs.get(name)) is not None:
            job.new = replace(job.new, due=self.now)
        if (message := self.messages.get(name)) is not None:
            if self.states[message.launch] is LaunchState.FINISHED:
                self.states[message.launch] = LaunchState.SENDING
            launch = self.run(self.backend.find_launch(message.launch))
            assert launch is not None
            assert (launch.state, launch.finished) == (self.states[message.launch], None)
        for entry in self.entries(name):
            self.journal[name, entry.event] = replace(
                entry,
                intent=None,
                resent=entry.resent + (entry.intent is not None),
                checkpoint=None if from_start else entry.checkpoint,
            )
        own = self.journal.get((name, name), JournalEntry(name, name, None, None))
        checkpoint = own.checkpoint if from_start or not letter.input else letter.input
        self.journal[name, name] = replace(own, checkpoint=checkpoint, replays=own.replays + 1)


def unit_of(letter: DeadLetter) -> str:
    """The message or job that a letter is of."""
    name = letter.message_id if letter.job_id is None else letter.job_id
    assert name is not None
    return name
