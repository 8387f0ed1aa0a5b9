"""The contract of `Registry`, `Launches`, `Queue` and `EventLog`."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from akrun.backend import (
    ChannelRecord,
    ConflictError,
    Counts,
    DeadLetter,
    EventRecord,
    LaunchState,
    MailingRecord,
    Message,
    MessageState,
    NewMessage,
    NotFoundError,
    Outcome,
    Report,
    StateError,
)
from tests.contract.drawn import Ending, Finish, endings, events, finishes, launch_ids, message_ids
from tests.contract.journal import JournalRules, LeftBehind, left_behind
from tests.contract.machine import GIVEN_UP, OPEN, ModelMessage
from tests.contract.replay import ReplayRules

ALLOWED = {
    (LaunchState.LOADING, LaunchState.STOPPED),
    (LaunchState.READY, LaunchState.SENDING),
    (LaunchState.READY, LaunchState.STOPPED),
    (LaunchState.SENDING, LaunchState.PAUSED),
    (LaunchState.SENDING, LaunchState.FINISHED),
    (LaunchState.SENDING, LaunchState.STOPPED),
    (LaunchState.PAUSED, LaunchState.SENDING),
    (LaunchState.PAUSED, LaunchState.FINISHED),
    (LaunchState.PAUSED, LaunchState.STOPPED),
}


class MessageRules(JournalRules, ReplayRules):
    """Two mailings, three launches, a handful of messages, and every call there is for them."""

    @initialize()
    def mailings(self) -> None:
        self.run(self.backend.register_channel(ChannelRecord(1, "sms", "SMS", b"{}", "0")))
        self.channels["sms"] = 1
        for number in (1, 2):
            self.run(self.backend.register_mailing(MailingRecord(number, "sms", "m", b"{}", "0")))
        self.send("1a")
        self.send("2a")

    @rule(number=st.integers(1, 3), string_id=st.sampled_from(["sms", "push", "chat"]), document=st.binary())
    def register_channel(self, number: int, string_id: str, document: bytes) -> None:
        record = ChannelRecord(number, string_id, "any", document, "0")
        if self.channels.get(string_id, number) != number or (
            string_id not in self.channels and number in self.channels.values()
        ):
            with pytest.raises(ConflictError):
                self.run(self.backend.register_channel(record))
        else:
            self.run(self.backend.register_channel(record))
            self.channels[string_id] = number
            assert self.run(self.backend.channel(string_id)) == record

    @rule(launch=launch_ids, mailing=st.sampled_from([1, 2, "1", "2", 9]))
    def launch(self, launch: str, mailing: int | str) -> None:
        if mailing == 9:
            with pytest.raises(NotFoundError):
                self.run(self.backend.launch(mailing, launch, b"{}"))
        elif str(mailing) != launch[0]:
            if launch in self.states:
                with pytest.raises(ConflictError):
                    self.run(self.backend.launch(mailing, launch, b"{}"))
        else:
            launched = self.run(self.backend.launch(mailing, launch, b"{}"))
            assert launched.state == self.states.setdefault(launch, LaunchState.LOADING)
            assert launched.mailing_id == int(mailing)

    @rule(
        launch=launch_ids,
        profiles=st.lists(st.integers(0, 3)),
        skip=st.sets(st.integers(0, 3), max_size=1),
        body=st.binary(),
    )
    def load(self, launch: str, profiles: list[int], skip: set[int], body: bytes) -> None:
        rows = [
            NewMessage(f"{launch}/{p}", f"p{p}", body, "no phone" if p in skip else None) for p in profiles
        ]
        if self.states.get(launch) is not LaunchState.LOADING:
            with pytest.raises(StateError if launch in self.states else NotFoundError):
                self.run(self.backend.load(launch, rows))
            return
        result = self.run(self.backend.load(launch, rows))
        unique = list(dict.fromkeys(profiles))
        self.states[launch] = LaunchState.READY
        assert (result.loaded, result.duplicates) == (len(unique), len(profiles) - len(unique))
        assert result.skipped == len(skip & set(unique))
        for ordinal, p in enumerate(unique):
            state = MessageState.SKIPPED if p in skip else MessageState.PENDING
            self.messages[f"{launch}/{p}"] = ModelMessage(launch, f"p{p}", body, ordinal)
            self.messages[f"{launch}/{p}"].state = state

    @rule(launch=launch_ids, state=st.sampled_from([*LaunchState, *[LaunchState.SENDING] * 6]))
    def move(self, launch: str, state: LaunchState) -> None:
        present = self.states.get(launch)
        open_messages = any(m.launch == launch and m.state in OPEN for m in self.messages.values())
        if present is None:
            with pytest.raises(NotFoundError):
                self.run(self.backend.set_launch_state(launch, state))
        elif present is not state and (
            (present, state) not in ALLOWED or (state is LaunchState.FINISHED and open_messages)
        ):
            with pytest.raises(StateError):
                self.run(self.backend.set_launch_state(launch, state))
        else:
            assert self.run(self.backend.set_launch_state(launch, state)).state is state
            self.states[launch] = state

    @rule(launch=launch_ids)
    def send(self, launch: str) -> None:
        """The usual way from nothing to sending."""
        self.launch(launch, int(launch[0]))
        if self.states[launch] is LaunchState.LOADING:
            self.load(launch, [3, 1, 1, 0, 2, 4], {4}, b"\x00\xff")
        if self.states[launch] in {LaunchState.READY, LaunchState.PAUSED}:
            self.move(launch, LaunchState.SENDING)

    @rule(launch=launch_ids, started=st.booleans())
    def begin_and_hand_back(self, launch: str, *, started: bool) -> None:
        """A worker that takes some and hands them back: what uses attempts up, or does not."""
        self.lease(launch, 2)
        self.release([f"{launch}/{number}" for number in range(5)], started=started)

    @rule(launch=launch_ids, limit=st.integers(0, 6))
    def lease(self, launch: str, limit: int) -> None:
        state = self.states.get(launch)
        if state in {None, LaunchState.LOADING, LaunchState.READY}:
            with pytest.raises(NotFoundError if state is None else StateError):
                self.run(self.backend.lease(launch, limit))
            return
        leased = self.run(self.backend.lease(launch, limit))
        expected = self._expected_lease(launch, limit) if state is LaunchState.SENDING else []
        assert leased == expected

    def _expected_lease(self, launch: str, limit: int) -> list[Message]:
        expected: list[Message] = []
        pending = [
            (m.ordinal, name, m)
            for name, m in self.messages.items()
            if m.launch == launch and m.state is MessageState.PENDING
        ]
        for ordinal, name, message in sorted(pending, key=lambda entry: entry[0]):
            if len(expected) == limit:
                break
            if self.lease_unit(name, DeadLetter(name, "message", None, b"", GIVEN_UP, 0, 0.0)):
                place = name, launch, ordinal, message.profile
                expected.append(Message(*place, message.payload, message.attempts, self.entries(name)))
        return expected

    @rule(name=message_ids, finish=finishes)
    def finish(self, name: str, finish: Finish) -> None:
        trace = None if finish.trace is None else replace(finish.trace, unit=name)
        finish = replace(finish, trace=trace)
        finishing = self.backend.finish(
            name, finish.outcome, finish.events, finish.dead, finish.jobs, finish.trace
        )
        if name not in self.messages:
            with pytest.raises(NotFoundError):
                self.run(finishing)
            return
        dead = None if finish.dead is None else replace(finish.dead, message_id=name)
        assert self.run(finishing) is self.finish_unit(name, finish, dead)

    @rule(launch=launch_ids, which=st.integers(0, 3), left=left_behind, from_start=st.booleans())
    def fail_and_replay(self, launch: str, which: int, left: LeftBehind, *, from_start: bool) -> None:
        """The way from a lease to a dead letter, back, and to the next lease."""
        self.lease(launch, 2)
        names = [name for name, unit in self.messages.items() if unit.state is MessageState.IN_PROGRESS]
        if not names:
            return
        name = names[which % len(names)]
        self.record_entries(name, left.entries)
        self.finish(name, left.finish)
        self.replay(len(self.dead) - 1, from_start=from_start)
        self.lease(self.messages[name].launch, 6)

    @rule(launch=launch_ids, states=st.lists(endings, min_size=2, max_size=2))
    def finish_twice_at_once(self, launch: str, states: list[Ending]) -> None:
        """Two outcomes race for one message: exactly one is recorded, and it is the one that was told so."""
        name = f"{launch}/0"
        if name not in self.messages:
            return
        outcomes = [Outcome(state, None, None, 1.0) for state in states]

        async def race() -> list[bool]:
            return await asyncio.gather(*(self.backend.finish(name, outcome) for outcome in outcomes))

        recorded = self.run(race())
        if self.messages[name].state in OPEN:
            assert sorted(recorded) == [False, True]
            first = outcomes[recorded.index(True)]
            self.finish_unit(name, Finish(first, [], None, [], None), None)
        else:
            assert recorded == [False, False]

    @rule(names=st.lists(message_ids, max_size=12), started=st.booleans())
    def release(self, names: list[str], *, started: bool) -> None:
        handed_back = self.run(self.backend.release(names, started=started))
        assert handed_back == self.hand_back(names, started=started)

    @rule(facts=st.lists(events, max_size=4))
    def record(self, facts: list[EventRecord]) -> None:
        assert self.run(self.backend.record_events(facts)) == self.remember(facts)

    @rule(launch=launch_ids)
    def report(self, launch: str) -> None:
        if launch not in self.states:
            with pytest.raises(NotFoundError):
                self.run(self.backend.report(launch_id=launch))
            return
        mailing = int(launch[0])
        of_launch = [event for event in self.events.values() if event.launch_id == launch]
        of_mailing = [event for event in self.events.values() if event.mailing_id == mailing]
        self._check_report(self.run(self.backend.report(launch_id=launch)), of_launch)
        self._check_report(self.run(self.backend.report(mailing_id=mailing)), of_mailing)

    @staticmethod
    def _check_report(report: Report, mine: list[EventRecord]) -> None:
        kinds = {(e.channel_id, e.event_type, e.action_type) for e in mine}
        assert {(s.channel_id, s.event_type, s.action_type) for s in report.events} == kinds
        for summary in report.events:
            kind = (summary.event_type, summary.action_type)
            same = [event for event in mine if (event.event_type, event.action_type) == kind]
            assert summary.count == len(same)
            assert summary.messages == len({event.send_message_id for event in same})
            assert summary.first == min(event.time for event in same)
            assert summary.last == max(event.time for event in same)
            assert summary.reasons == Counter(e.reason for e in same if e.reason is not None)

    @rule(profile=st.integers(0, 3))
    def history(self, profile: int) -> None:
        found = self.run(self.backend.history(f"p{profile}"))
        mine = [event for event in self.events.values() if event.profile_id == f"p{profile}"]
        assert sorted(map(repr, found)) == sorted(map(repr, mine))
        assert [event.time for event in found] == sorted(event.time for event in mine)

    @rule(name=message_ids)
    def message(self, name: str) -> None:
        status = self.run(self.backend.message(name))
        model = self.messages.get(name)
        if model is None or status is None:
            assert model is None
            assert status is None
            return
        assert (status.state, status.attempts, status.ordinal) == (model.state, model.attempts, model.ordinal)
        self.check_outcome(status.outcome, model)

    @invariant()
    def counts_are_exact(self) -> None:
        for launch in self.states:
            states = Counter(m.state for m in self.messages.values() if m.launch == launch)
            expected = Counts(total=states.total(), **{state.value: states[state] for state in MessageState})
            assert self.run(self.backend.counts(launch)) == expected

    @invariant()
    def unknown_events_are_counted_apart(self) -> None:
        assert self.run(self.backend.report()).unknown == len(self.unknown)
