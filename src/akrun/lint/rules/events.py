"""L303, L304: events that are declared and never registered, or registered as what they are not."""

from collections.abc import Iterator
from typing import Any

from akrun.lint.finding import Complaint
from akrun.lint.rule import Rule, Sample, pipe, pipes
from akrun.lint.subject import Pipe, Subject
from akrun.pipes.pure.event import OWN_TYPES, EventPipe


def _event_pipes(subject: Subject) -> Iterator[tuple[Pipe, EventPipe]]:
    for each in subject.pipes:
        if isinstance(each.compiled, EventPipe):
            yield each, each.compiled


def _unregistered(subject: Subject) -> Iterator[Complaint]:
    registered: set[int] = set()
    for _, compiled in _event_pipes(subject):
        if compiled.action_type is not None:
            if compiled.action_type.constant is None:
                return  # it may be any of them
            registered.add(compiled.action_type.constant)
    for index, event in enumerate(subject.channel.events):
        if event.id not in registered:
            message = f"no `event` pipe registers the event {event.id}, `{event.string_id}`"
            yield subject.at(("events", index, "id"), message, "register it where it happens, or remove it")


def _mismatched(subject: Subject) -> Iterator[Complaint]:
    for each, compiled in _event_pipes(subject):
        action = None if compiled.action_type is None else compiled.action_type.constant
        kind = compiled.event_type.constant
        if action is None or compiled.channel_id is None or compiled.channel_id.constant is not None:
            continue  # with a constant channel it is a fault already
        at = (*each.at, "params", "action_type")
        found = compiled.actions.get(action)
        if found is None:
            listed = ", ".join(map(str, compiled.actions)) or "none"
            yield subject.at(at, f"the channel has no event {action}", f"its events: {listed}")
        elif kind in OWN_TYPES and found != kind:
            fitting = [str(number) for number, other in compiled.actions.items() if other == kind]
            hint = f"events of type {kind}: {', '.join(fitting) or 'none'}"
            yield subject.at(at, f"the channel's event {action} is of type {found}, not {kind}", hint)


_SEND: dict[str, Any] = {
    "event_type": "send",
    "action_type": 1,
    "event": {"send_message_id": "$origin.send_message_id"},
}
_LOST: dict[str, Any] = {
    "event_type": "undeliv",
    "action_type": 2,
    "event": {"send_message_id": "$origin.send_message_id"},
}
_EVENTS = [{"id": 1, "string_id": "sent", "name": "Sent", "event_type": "send"}]

UNREGISTERED = Rule(
    id="L303",
    severity="warning",
    title="An event that nothing registers",
    explanation="The event is offered in reports and segments, and can never happen.",
    cure="Register it where it happens, or remove it.",
    bad=pipes(pipe(1, "event", channel_id=7, **_SEND)),
    good=Sample({"events": _EVENTS, "pipelines": {"message": [pipe(1, "event", channel_id=7, **_SEND)]}}),
    check=_unregistered,
    whole=True,
)

MISMATCHED = Rule(
    id="L304",
    severity="error",
    title="An event of another type",
    explanation=(
        "The `event_type` of an `event` pipe must be that of the channel's event that `action_type` names. "
        'With `channel_id: "$channel.id"` that shows only when the pipe runs, and fails.'
    ),
    cure="Name the event of that type.",
    bad=pipes(pipe(1, "event", channel_id="$channel.id", **{**_LOST, "action_type": 1})),
    good=pipes(pipe(1, "event", channel_id="$channel.id", **_LOST)),
    check=_mismatched,
)
