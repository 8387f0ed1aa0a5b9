"""The contract of `Controls`."""

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from akrun.backend import (
    ChannelRecord,
    Control,
    ControlKind,
    ControlState,
    EventRecord,
    MailingRecord,
    NewControl,
    NewJob,
    NotFoundError,
)
from tests.contract.drawn import bodies, events, new_jobs, text
from tests.contract.machine import Machine

control_ids = st.sampled_from(["c1", "c2", "c3", "c4"])
asked_messages = st.sampled_from(["a1", "a2"])
kinds = st.sampled_from(ControlKind)
new_controls = st.builds(
    NewControl,
    id=control_ids,
    mailing_id=st.sampled_from([1, 2, "2"]),
    kind=kinds,
    launch_id=st.sampled_from(["x", "y"]),
    message_id=asked_messages,
    constants=bodies,
    content=text,
)


class ControlRules(Machine):
    """Two mailings, a handful of control runs, and every call there is for them."""

    def __init__(self) -> None:
        super().__init__()
        self.controls: dict[str, Control] = {}

    @initialize()
    def mailings(self) -> None:
        self.run(self.backend.register_channel(ChannelRecord(1, "sms", "SMS", b"{}", "0")))
        for number in (1, 2):
            self.run(self.backend.register_mailing(MailingRecord(number, "sms", "m", b"{}", "0")))

    @rule(new=new_controls, jobs=st.lists(new_jobs, max_size=2))
    def begin(self, new: NewControl, jobs: list[NewJob]) -> None:
        if new.id not in self.controls:
            for control in self.controls.values():
                same = (control.mailing_id, control.kind) == (int(new.mailing_id), new.kind)
                if same and control.state is ControlState.OPEN:
                    self._decide(control.id, ControlState.REFUSED, "asked for anew")
            asked = new.id, int(new.mailing_id), new.kind, new.launch_id, new.message_id, new.constants
            self.controls[new.id] = Control(*asked, new.content, ControlState.OPEN, self.now, None, None)
            self.remember_jobs(jobs)
        assert self.run(self.backend.begin_control(new, jobs)) == self.controls[new.id]

    @rule(new=new_controls, jobs=st.lists(new_jobs, max_size=1))
    def begin_for_an_unknown_mailing(self, new: NewControl, jobs: list[NewJob]) -> None:
        with pytest.raises(NotFoundError):
            self.run(self.backend.begin_control(replace(new, mailing_id=9), jobs))

    @rule(name=control_ids, granted=st.booleans(), reason=st.none() | text)
    def decide(self, name: str, reason: str | None, *, granted: bool) -> None:
        deciding = self.backend.decide_control(name, granted=granted, reason=reason)
        if name not in self.controls:
            with pytest.raises(NotFoundError):
                self.run(deciding)
            return
        fresh = self.controls[name].state is ControlState.OPEN
        assert self.run(deciding) is fresh
        if fresh:
            self._decide(name, ControlState.GRANTED if granted else ControlState.REFUSED, reason)

    def _decide(self, name: str, state: ControlState, reason: str | None) -> None:
        self.controls[name] = replace(self.controls[name], state=state, decided=self.now, reason=reason)

    @rule(
        mailing=st.sampled_from([None, 1, "1", 2, 9]), state=st.none() | st.sampled_from(list(ControlState))
    )
    def look(self, mailing: int | str | None, state: ControlState | None) -> None:
        expected = [
            control
            for control in self.controls.values()
            if (mailing is None or str(control.mailing_id) == str(mailing))
            and (state is None or control.state is state)
        ]
        assert self.run(self.backend.controls(mailing_id=mailing, state=state)) == expected

    @rule(message=asked_messages)
    def control_of(self, message: str) -> None:
        of_message = [control for control in self.controls.values() if control.message_id == message]
        assert self.run(self.backend.control_of(message)) == (of_message[-1] if of_message else None)

    @rule(facts=st.lists(events, max_size=3), message=asked_messages)
    def record_events(self, facts: list[EventRecord], message: str) -> None:
        facts = [replace(event, send_message_id=message) for event in facts]
        assert self.run(self.backend.record_events(facts)) == self.remember(facts)

    @rule(message=asked_messages)
    def message_events(self, message: str) -> None:
        """In the order in which they came; of one that was known by then, with its mailing and launch."""
        found = self.run(self.backend.message_events(message))
        expected = [event for event in self.events.values() if event.send_message_id == message]
        alike = [
            replace(event, mailing_id=mine.mailing_id, launch_id=mine.launch_id)
            for event, mine in zip(found, expected, strict=True)
        ]
        assert alike == expected
        owners = {
            (control.mailing_id, control.launch_id)
            for control in self.controls.values()
            if control.message_id == message
        }
        assert {(event.mailing_id, event.launch_id) for event in found} <= owners | {(None, None)}
        assert self.run(self.backend.report()).events == ()
