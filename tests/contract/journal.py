"""The contract of `Journal`."""

import asyncio
from dataclasses import dataclass, replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from akrun.backend import DeadLetter, JournalEntry, MessageState, NotFoundError
from tests.contract.drawn import Finish, bodies, finishes, job_ids, letters, message_ids
from tests.contract.machine import Machine

entries = st.builds(
    JournalEntry,
    event=st.sampled_from(["", "/1", "/2"]),  # appended to the unit's id
    unit=st.just("?"),
    checkpoint=st.none() | bodies,
    intent=st.none() | st.integers(0, 9),
    resent=st.integers(0, 2),
    replays=st.integers(0, 2),
)


@dataclass(frozen=True)
class LeftBehind:
    """What an attempt leaves that ends with a dead letter."""

    entries: list[JournalEntry]
    finish: Finish


def _dead(finish: Finish, letter: DeadLetter, *, uncertain: bool) -> Finish:
    outcome = replace(finish.outcome, state=MessageState.UNCERTAIN if uncertain else MessageState.FAILED)
    return replace(finish, outcome=outcome, dead=letter)


left_behind = st.builds(
    LeftBehind,
    entries=st.lists(entries, max_size=3),
    finish=st.builds(_dead, finishes, letters, uncertain=st.booleans()),
)


class JournalRules(Machine):
    """Entries of messages and jobs in every state, and what is asked of traces."""

    @rule(which=st.integers(0, 9), entry=entries)
    def record_of_what_is_in_progress(self, which: int, entry: JournalEntry) -> None:
        names = [name for name, unit in self.units.items() if unit.state is MessageState.IN_PROGRESS]
        if names:
            self.record_entry(names[which % len(names)], entry)

    @rule(name=message_ids | job_ids, entry=entries)
    def record_entry(self, name: str, entry: JournalEntry) -> None:
        entry = replace(entry, unit=name, event=name + entry.event)
        if self._running(name):
            self.run(self.backend.record(entry))
            self.journal[name, entry.event] = entry
        else:
            with pytest.raises(NotFoundError):
                self.run(self.backend.record(entry))

    def record_entries(self, name: str, given: list[JournalEntry]) -> None:
        for entry in given:
            self.record_entry(name, entry)

    @rule(names=st.lists(message_ids | job_ids, max_size=6), entry=entries)
    def record_at_once(self, names: list[str], entry: JournalEntry) -> None:
        """Those that may not record do not keep the others from it."""
        asked = [replace(entry, unit=name, event=name + entry.event) for name in names]

        async def all_of_them() -> list[BaseException | None]:
            recording = (self.backend.record(each) for each in asked)
            return await asyncio.gather(*recording, return_exceptions=True)

        for each, answer in zip(asked, self.run(all_of_them()), strict=True):
            assert isinstance(answer, NotFoundError) is not self._running(each.unit)
            if answer is None:
                self.journal[each.unit, each.event] = each

    def _running(self, name: str) -> bool:
        return name in self.units and self.units[name].state is MessageState.IN_PROGRESS

    @rule(name=message_ids | job_ids)
    def look_at_traces(self, name: str) -> None:
        expected = [trace for trace in self.traces if trace.unit == name]
        assert self.run(self.backend.traces(name)) == expected

    @rule(before=st.integers(0, 25))
    def forget_traces(self, before: int) -> None:
        kept = [trace for trace in self.traces if trace.time >= before]
        assert self.run(self.backend.forget_traces(before)) == len(self.traces) - len(kept)
        self.traces = kept
