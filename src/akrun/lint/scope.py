"""The types of what templates see: by the fields that the channel declares, and by pipeline."""

from collections.abc import Iterator, Mapping
from typing import Any

from akrun.model.channel import Channel
from akrun.model.elements import (
    BoolField,
    DataField,
    EntityField,
    EnumField,
    FileField,
    IntField,
    JsonField,
)
from akrun.model.fields import OBJECTS, Layout, data_fields
from akrun.pipes.spec import OPERATION
from aktmpl.schema import (
    ANY,
    BOOL,
    BYTES,
    INT,
    NULL,
    STRING,
    Field,
    Type,
    object_of,
    one_of,
)

OPEN = object_of({}, is_open=True)

ERROR = object_of(
    {
        "code": INT | STRING,
        "message": STRING,
        "pipe": INT,
        "kind": STRING,
        "status": INT | NULL,
        "retryable": BOOL,
    }
)
"""`$error`."""

_ABOUT = object_of({"id": INT, "string_id": STRING, "name": STRING})
_SCHEDULE = object_of({"start_time": STRING | NULL, "stop_time": STRING | NULL, "time_zone": STRING})
_MESSAGE = {
    "send_message_id": STRING,
    "launch_id": STRING | NULL,
    "a_id": INT,
    "c_id": INT | STRING | NULL,
}
_FILE = object_of(
    {
        "name": STRING,
        "media_type": STRING,
        "size": Field(INT, optional=True),
        "url": Field(STRING, optional=True),
        "content": Field(STRING, optional=True),
    }
)
_REQUEST = object_of(
    {
        "method": STRING,
        "path": STRING,
        "query": OPEN,
        "headers": OPEN,
        "body": BYTES,
        "form": OPEN,
        "remote": STRING | NULL,
    }
)


def roots_of(channel: Channel) -> dict[str, Type]:
    """The types of the roots that stay the same on an event's way."""
    roots = {name: layout_type(channel.fields.of(name), channel) for name in OBJECTS}
    profile = object_of({"id": INT | STRING}, is_open=True)
    return {**roots, "profile": profile, "channel": _ABOUT, "camp_schedule": _SCHEDULE}


def origin_of(channel: Channel, kind: str, layout: Layout = ()) -> Type:
    """The type of `$origin` of an event that enters a pipeline of this kind by its first pipe.

    Args:
        channel: The channel.
        kind: `message`, `listener`, `moderate`, `stop` or `operation`.
        layout: The operation's input.
    """
    match kind:
        case "message" if channel.communication == "direct":
            return object_of({**_MESSAGE, "profile_id": STRING})
        case "listener":
            return _REQUEST
        case "stop":
            return object_of({**_MESSAGE, "reason": STRING})
        case _ if kind == OPERATION:
            return layout_type(layout, channel)
        case _:
            return object_of(_MESSAGE)


def entering(origin: Type) -> Type:
    """The state of an event that enters a pipeline with this `$origin`."""
    return object_of({"in": origin, "origin": origin})


def layout_type(layout: Layout, channel: Channel, *, partial: bool = False) -> Type:
    """The type of an object with a layout's fields.

    Args:
        layout: The layout.
        channel: Where the entities of entity fields are described.
        partial: Whether required fields may be missing too.
    """
    return _object(_tree(layout), channel, partial=partial)


def _tree(layout: Layout) -> dict[str, Any]:
    """Fields by name, nested as their dotted names say."""
    tree: dict[str, Any] = {}
    for each in data_fields(layout):
        *outer, last = each.name.split(".")
        inner = tree
        for step in outer:
            inner = inner.setdefault(step, {})
        inner[last] = each
    return tree


def _object(tree: Mapping[str, Any], channel: Channel, *, partial: bool) -> Type:
    return object_of(dict(_members(tree, channel, partial=partial)))


def _members(tree: Mapping[str, Any], channel: Channel, *, partial: bool) -> Iterator[tuple[str, Field]]:
    for name, each in tree.items():
        if isinstance(each, DataField):
            yield name, _member(each, channel, partial=partial)
        else:
            inner = _object(each, channel, partial=partial)
            yield name, Field(inner, optional=all(field.optional for field in inner.fields.values()))


def _member(field: DataField, channel: Channel, *, partial: bool) -> Field:
    found = _value_type(field, channel)
    if field.default is not None or (field.required and not partial):
        return Field(found)
    return Field(found | NULL, optional=True)


def _value_type(field: DataField, channel: Channel) -> Type:
    match field:
        case IntField():
            return INT
        case BoolField():
            return BOOL
        case EnumField(values=values):
            return one_of(values)
        case JsonField():
            return ANY.without("null") if field.required else ANY
        case FileField():
            return _FILE
        case EntityField(entity=name) if (entity := channel.entity(name)) is not None:
            if any(isinstance(each, EntityField) for each in data_fields(entity.fields)):
                return OPEN  # entities may lie in each other without an end
            structure = layout_type(entity.fields, channel, partial=True)
            primary = structure.fields.get(entity.primary)
            if primary is None:
                return structure
            present = Field(primary.type.without("null"))
            return object_of({**structure.fields, entity.primary: present})
        case EntityField():
            return OPEN
        case _:
            return STRING
