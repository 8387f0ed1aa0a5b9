"""The JSON Schema of what a single message of a channel may be."""

from collections.abc import Mapping
from typing import Any, Final

from akrun.model import Channel, DataField, data_fields
from akrun.model.elements import (
    BoolField,
    ColorField,
    EntityField,
    EnumField,
    FileField,
    IntField,
    JsonField,
)
from akrun.model.mailing import VALUE_OBJECTS
from akrun.model.values import part

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_TYPES: Final[Mapping[type[DataField], dict[str, Any]]] = {
    BoolField: {"type": "boolean"},
    ColorField: {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"},
    EntityField: {"type": "object"},
    FileField: {"type": "object"},
    IntField: {"type": "integer"},
    JsonField: {},
}


def message_schema(channel: Channel, values: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a single message's body.

    Args:
        channel: The channel.
        values: What the process was given: fields that need not be there.
    """
    properties: dict[str, Any] = {name: _object(channel, name, values.get(name)) for name in VALUE_OBJECTS}
    required = [name for name in VALUE_OBJECTS if properties[name].get("required")]
    if channel.communication == "direct":
        profile = {"id": {"type": ["string", "integer"], "minLength": 1}}
        properties["profile"] = {"type": "object", "properties": profile, "required": ["id"]}
        properties["subscription"] = _object(channel, "subscription", None)
        required += ["profile", "subscription"]
    properties["a_id"] = {"type": "integer", "minimum": 0, "default": 1}
    return {
        "$schema": DIALECT,
        "title": f"A message of {channel.string_id}",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _object(channel: Channel, name: str, values: Any) -> dict[str, Any]:
    """The schema of one object; secrets are not taken, but for the subscription's."""
    schema: dict[str, Any] = _empty()
    for field in data_fields(channel.fields.of(name)):
        steps = field.name.split(".")
        if field.secret and name != "subscription":
            continue
        needed = field.required and field.default is None and part(values, tuple(steps)) is None
        here = schema
        for step in steps[:-1]:
            if needed and step not in here.setdefault("required", []):
                here["required"].append(step)
            here = here["properties"].setdefault(step, _empty())
        here["properties"][steps[-1]] = _of(field)
        if needed:
            here.setdefault("required", []).append(steps[-1])
    return schema


def _empty() -> dict[str, Any]:
    return {"type": "object", "properties": {}, "additionalProperties": False}


def _of(field: DataField) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": field.label} if field.label else {}
    if field.help:
        schema["description"] = field.help
    if field.default is not None:
        schema["default"] = field.default
    if isinstance(field, EnumField):
        return {**schema, "enum": list(field.values)}
    schema |= _TYPES.get(type(field), {"type": "string"})
    for key, name in (
        ("minimum", "min"),
        ("maximum", "max"),
        ("minLength", "min_length"),
        ("maxLength", "max_length"),
    ):
        if (bound := getattr(field, name, None)) is not None:
            schema[key] = bound
    if (pattern := getattr(field, "pattern", None)) is not None:
        schema["pattern"] = f"^(?:{pattern})$"
    return schema
