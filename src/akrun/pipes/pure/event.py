"""`event`: registers an event of a message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import StrictStr, WithJsonSchema

from akrun.backend.records import EventRecord
from akrun.engine.event import Event
from akrun.errors import PipeFailure
from akrun.model.base import Model
from akrun.model.channel import Channel
from akrun.pipes.convert import integer, object_of, one_of, text_of, unix_time, word
from akrun.pipes.examples import PipeExample
from akrun.pipes.spec import EVENT_PIPELINES, CompiledPipe, Parameter, PipeContext, PipeSpec
from aktmpl import DocumentTemplate
from aktmpl.errors import shown

OWN_TYPES = ("send", "deliv", "sbounce", "hbounce", "complain", "undeliv", "reply", "custom")
"""Types of events that a channel defines actions for."""
PLATFORM_TYPES = ("stop", "moderate_pass", "moderate_error")
"""Types that need no action: they steer a mailing."""

_MESSAGE_ID = re.compile(r"[A-Za-z0-9._:~=+/-]{1,200}")


IdOrTemplate = Annotated[Any, WithJsonSchema({"type": ["integer", "string"]})]


class EventFields(Model):
    """What is registered."""

    send_message_id: Any
    """The message the event tells of: 1 to 200 Latin letters, digits and `._:~=+/-`."""
    time: Any = None
    """When it happened: seconds since 1970 or ISO 8601; default: now."""
    reason: Any = None
    """The provider's reason, in words."""
    data: Any = None
    """Anything else worth keeping, as JSON."""
    key: Any = None
    """Tells repeated events of one kind apart; the same (message, type, action, key) is one event."""


class EventParams(Model):
    """Parameters of `event`."""

    event_type: Annotated[StrictStr, word(*OWN_TYPES, *PLATFORM_TYPES)]
    """`stop`, `moderate_pass`, `moderate_error`, `send`, `deliv`, `sbounce`, `hbounce`, `complain`,
    `undeliv`, `reply` or `custom`."""
    channel_id: IdOrTemplate = None
    """The id of this channel; may be left out for `stop` and `moderate_*`."""
    action_type: IdOrTemplate = None
    """The id of one of the channel's events, of this type; may be left out for `stop` and `moderate_*`."""
    event: EventFields
    """The event."""


@dataclass(frozen=True, slots=True)
class EventPipe(CompiledPipe):
    """A compiled `event`; `actions` maps the channel's event ids to their types."""

    own_id: int
    actions: Mapping[int, str]
    event_type: Parameter[str]
    channel_id: Parameter[int] | None
    action_type: Parameter[int] | None
    event: DocumentTemplate

    def run(self, event: Event) -> None:
        """Add the record to the event's effects."""
        scope = event.scope
        kind = self.event_type.get(scope)
        channel = None if self.channel_id is None else self.channel_id.get(scope)
        action = None if self.action_type is None else self.action_type.get(scope)
        wrong = check_action(self.own_id, self.actions, kind, channel, action)
        if wrong is not None:
            raise _failure(wrong[0], wrong[1])
        fields = object_of(self.event.render(scope), "event")
        time, reason = fields.get("time"), fields.get("reason")
        masker = event.services.masker
        event.effects.append(
            EventRecord(
                send_message_id=message_id(fields["send_message_id"]),
                channel_id=self.own_id,
                event_type=kind,
                action_type=action,
                key=text_of(fields.get("key"), "event.key"),
                time=event.services.clock.now().timestamp() if time is None else _time(time),
                # What a service says may repeat a secret that it was sent.
                reason=masker.value(None if reason is None else text_of(reason, "event.reason")),
                data=masker.value(fields.get("data")),
            )
        )


def check_action(
    own_id: int, actions: Mapping[int, str], kind: str | None, channel: int | None, action: int | None
) -> tuple[str, str] | None:
    """The parameter that is wrong and why, or None; a `kind` of None is one that is not known yet."""
    if channel is not None and channel != own_id:
        return "channel_id", f"channel {channel} is not this channel, which is {own_id}"
    if action is not None and action not in actions:
        return "action_type", f"the channel has no event {action}"
    if kind is None or kind in PLATFORM_TYPES:
        return None
    if channel is None:
        return "channel_id", f"an event of type {kind} needs channel_id"
    if action is None:
        return "action_type", f"an event of type {kind} needs action_type"
    if actions[action] != kind:
        return "action_type", f"the channel's event {action} is of type {actions[action]}, not {kind}"
    return None


def message_id(value: Any) -> str:
    """The id of a message, checked; raises PipeFailure of kind `event`."""
    text = text_of(value, "event.send_message_id")
    if not _MESSAGE_ID.fullmatch(text):
        raise _failure("send_message_id", f"{shown(value)} is no message id")
    return text


def _time(value: Any) -> float:
    try:
        return unix_time(value)
    except ValueError as exc:
        raise _failure("time", str(exc)) from exc


def _failure(name: str, message: str) -> PipeFailure:
    return PipeFailure("event", f"{name}: {message}", kind="event")


def compile_event(params: EventParams, context: PipeContext) -> EventPipe:
    """Check what is constant already: types, that all that is needed is there, whose action it is."""
    actions = _actions(context.channel)
    kind = context.parameter(params.event_type, one_of(*PLATFORM_TYPES, *OWN_TYPES), "event_type")
    channel = (
        None if params.channel_id is None else context.parameter(params.channel_id, integer, "channel_id")
    )
    action = (
        None if params.action_type is None else context.parameter(params.action_type, integer, "action_type")
    )
    known_kind = kind.constant
    if known_kind in OWN_TYPES:
        for name in ("channel_id", "action_type"):
            if getattr(params, name) is None:
                context.fault(f"an event of type {known_kind} needs `{name}`")
    if all(each.constant is not None for each in (channel, action) if each is not None):
        wrong = check_action(
            context.channel.id,
            actions,
            known_kind if channel is not None and action is not None else None,
            None if channel is None else channel.constant,
            None if action is None else action.constant,
        )
        if wrong is not None:
            context.fault(wrong[1], wrong[0])
    written = params.event.model_dump(exclude_unset=True)
    return EventPipe(context.channel.id, actions, kind, channel, action, context.document(written, "event"))


def _actions(channel: Channel) -> dict[int, str]:
    return {event.id: str(event.event_type) for event in channel.events}


SPEC = PipeSpec(
    name="event",
    summary="Registers an event of a message, together with the outcome of the event at hand.",
    params=EventParams,
    compile=compile_event,
    pure=True,
    aliases=("eventer",),
    pipelines=EVENT_PIPELINES,
    examples=(
        PipeExample(
            title="Sent; event 1 of channel 7 is of the type `send`",
            params={
                "event_type": "send",
                "channel_id": 7,
                "action_type": 1,
                "event": {"send_message_id": "$origin.send_message_id"},
            },
            effects=(
                {
                    "send_message_id": "6f1c2b1e-8d1f-5a43-9b3c-1f6f5f0f7d10",
                    "event_type": "send",
                    "action_type": 1,
                },
            ),
        ),
        PipeExample(
            title="From a callback, with the service's time and reason",
            params={
                "event_type": "undeliv",
                "channel_id": 7,
                "action_type": 2,
                "event": {
                    "send_message_id": "$in.data.id",
                    "time": "$#in.data.at",
                    "reason": "$in.data.reason",
                },
            },
            before={"data": {"id": "m-1", "at": "2026-01-31T09:00:00Z", "reason": "absent"}},
            effects=(
                {
                    "send_message_id": "m-1",
                    "event_type": "undeliv",
                    "action_type": 2,
                    "time": 1769850000.0,
                    "reason": "absent",
                },
            ),
        ),
        PipeExample(
            title="The moderators' decision needs no action",
            params={
                "event_type": "moderate_pass",
                "event": {"send_message_id": "$origin.send_message_id"},
            },
            effects=({"event_type": "moderate_pass", "action_type": None},),
        ),
    ),
)
