"""A channel: how a message reaches a subscriber through an external service."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from akrun.model import codes
from akrun.model.base import FileModel, Finding, objects, repeated
from akrun.model.entities import OPERATIONS, Entity
from akrun.model.events import Event, Identifier
from akrun.model.fields import OBJECTS, Fields, raw_data_fields
from akrun.model.listener import Listener
from akrun.model.pipelines import Pipelines
from akrun.model.suppressions import Lint
from aktmpl.errors import nearest

Kind = Literal["built_in", "system", "custom"]
"""Driven by a module of the product, shipped as settings with it, or written by a user."""
Communication = Literal["direct", "indirect"]
"""One message for each profile, or one content for a whole mailing."""


class Channel(FileModel):
    """A channel, as one file describes it."""

    name: StrictStr = Field(min_length=1)
    """Shown to people."""
    id: StrictInt = Field(ge=0)
    """Unique number; stored in events, never changed after creation."""
    string_id: Identifier
    """Unique name; stored in events and addresses, never changed after creation."""
    kind: Kind = "custom"
    """Where the channel comes from."""
    communication: Communication
    """Direct: one message per profile. Indirect: one content per mailing."""
    moderation: StrictBool = False
    """Whether mailings pass the `moderate` pipeline first; indirect channels only."""
    campaign_types: tuple[Identifier, ...] = Field(default=("regular",), min_length=1)
    """Kinds of mailing in which the channel is offered: regular, trigger, placement, …."""
    module: Identifier | None = None
    """The built-in module that drives the channel, in place of pipelines."""
    pipelines: Pipelines | None = None
    """The pipelines that drive the channel."""
    fields: Fields = Fields()
    """The values that people and the host give, by object."""
    events: tuple[Event, ...] = ()
    """What can happen to a message."""
    entities: tuple[Entity, ...] = ()
    """Objects at the service that are made or loaded before a mailing."""
    listener: Listener | None = None
    """The address for the service's callbacks."""
    lint: Lint = Lint()
    """What `akrun lint` allows in this channel."""

    def entity(self, shortname: str) -> Entity | None:
        """The entity of that short name, if there is one."""
        return next((entity for entity in self.entities if entity.shortname == shortname), None)

    @classmethod
    def rules(cls, raw: Mapping[str, Any]) -> Iterator[Finding]:
        """See `Model.rules`."""
        yield from _communication_rules(raw)
        yield from _drive_rules(raw)
        yield from _moderation_rules(raw)
        yield from _event_rules(raw.get("events"))
        yield from _entity_rules(raw)


def _communication_rules(raw: Mapping[str, Any]) -> Iterator[Finding]:
    needed = {"direct": "subscription", "indirect": "resource"}.get(str(raw.get("communication")))
    fields = raw.get("fields", {})
    if needed and isinstance(fields, dict) and not any(raw_data_fields(fields.get(needed))):
        kind = raw["communication"]
        hint = f'add one to "fields": {{"{needed}": […]}}'
        yield Finding(codes.CONTRADICTION, f"a channel with {kind} communication needs a {needed} field",
                      ("communication",), hint)  # fmt: skip


def _drive_rules(raw: Mapping[str, Any]) -> Iterator[Finding]:
    given = [key for key in ("module", "pipelines") if raw.get(key) is not None]
    if not given:
        yield Finding(codes.CONTRADICTION, "a channel needs `pipelines` (or a built-in `module`)")
    elif len(given) == 2:
        message = "a channel has either a `module` or `pipelines`"
        yield Finding(codes.CONTRADICTION, message, ("module",), "remove one of the two", on_key=True)


def _moderation_rules(raw: Mapping[str, Any]) -> Iterator[Finding]:
    pipelines = raw.get("pipelines")
    has_pipeline = isinstance(pipelines, dict) and bool(pipelines.get("moderate"))
    if raw.get("moderation") is True:
        if raw.get("communication") == "direct":
            message = "moderation is for channels with indirect communication only"
            yield Finding(codes.CONTRADICTION, message, ("moderation",), on_key=True)
        elif isinstance(pipelines, dict) and not has_pipeline:
            message = "a channel with moderation needs the `moderate` pipeline"
            yield Finding(codes.CONTRADICTION, message, ("moderation",), on_key=True)
    elif has_pipeline:
        message = "the `moderate` pipeline is used only in a channel with moderation"
        yield Finding(
            codes.CONTRADICTION, message, ("pipelines", "moderate"), 'add "moderation": true', on_key=True
        )


def _event_rules(events: Any) -> Iterator[Finding]:
    for key in ("id", "string_id"):
        for index, value in repeated(events, key):
            message = f"the event {key} `{value}` is taken by an earlier event"
            yield Finding(codes.EVENT, message, ("events", index, key))


def _entity_rules(raw: Mapping[str, Any]) -> Iterator[Finding]:
    entities = raw.get("entities")
    for index, value in repeated(entities, "shortname"):
        message = f"the shortname `{value}` is taken by an earlier entity"
        yield Finding(codes.ENTITY, message, ("entities", index, "shortname"))
    known = [str(entity.get("shortname")) for _, entity in objects(entities)]
    for at, layout in _layouts(raw):
        for place, element in raw_data_fields(layout):
            named = element.get("entity")
            if element.get("type") == "entity" and isinstance(named, str) and named not in known:
                message = f"the channel has no entity `{named[:80]}`"
                yield Finding(codes.ENTITY, message, (*at, *place, "entity"), nearest(named, known))


def _layouts(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Path and content of every layout of a channel as it is written."""
    fields = raw.get("fields")
    if isinstance(fields, dict):
        for name in OBJECTS:
            yield ("fields", name), fields.get(name)
    for index, entity in objects(raw.get("entities")):
        yield ("entities", index, "fields"), entity.get("fields")
        operations = entity.get("operations")
        if not isinstance(operations, dict):
            continue
        for name in OPERATIONS:
            operation = operations.get(name)
            if isinstance(operation, dict):
                yield ("entities", index, "operations", name, "input"), operation.get("input")
