"""The rules of files between several keys, as far as a JSON Schema can state them.

`errorMessage` is not of the standard: editors show it in place of words of their own.
"""

from typing import Any, Final

from akrun.model.fields import SHOWN_ONLY

_FIELD_NAME: Final = r"^[^\u0000-/:-@\[-\^`{-\u007f]+(?:\.[^\u0000-/:-@\[-\^`{-\u007f]+)*$"
"""A field's name. `\\w` is ASCII in editors, so everything else of ASCII is excluded instead."""


def _has(**about: dict[str, Any]) -> dict[str, Any]:
    """An object with these keys."""
    return {"properties": about, "required": [*about]}


def _null(message: str) -> dict[str, Any]:
    """What must not be given: null is as good as nothing."""
    return {"type": "null", "errorMessage": message}


_STORING: Final = {"type": "object", **_has(type={"not": {"enum": [*SHOWN_ONLY]}})}
_FIELDS: Final = {
    "type": "array",
    "contains": {"if": {"type": "array"}, "then": {"contains": _STORING}, "else": _STORING},
}
"""A layout with a field that stores something."""


def _with_field(name: str, communication: str) -> dict[str, Any]:
    return {
        "if": _has(communication={"const": communication}),
        "then": _has(fields={"type": "object", **_has(**{name: _FIELDS})}),
    }


_MODERATED: Final = _has(moderation={"const": True})
_UNMODERATED: Final = {"properties": {"moderate": {"type": "array", "maxItems": 0}}}

CHANNEL: Final[list[dict[str, Any]]] = [
    _with_field("subscription", "direct"),
    _with_field("resource", "indirect"),
    {
        "if": _has(module={"type": "string"}),
        "then": {"properties": {"pipelines": _null("a channel has either a `module` or `pipelines`")}},
        "else": _has(pipelines={"type": "object"}),
    },
    {
        "if": _MODERATED,
        "then": _has(
            communication={
                "const": "indirect",
                "errorMessage": "moderation is for channels with indirect communication only",
            }
        ),
        "else": {"properties": {"pipelines": _UNMODERATED}},
    },
    {
        "if": {"allOf": [_MODERATED, _has(pipelines={"type": "object"})]},
        "then": {"properties": {"pipelines": _has(moderate={"type": "array", "minItems": 1})}},
    },
]
"""Of a channel: what its communication needs, what drives it, and moderation."""

AUDIENCE: Final[list[dict[str, Any]]] = [
    {
        "if": _has(query={"type": "string"}),
        "then": {
            "properties": {
                "file": _null("an audience is either a `file` or a `query`"),
                "connector_id": {"type": ["string", "integer"]},
            },
            "required": ["connector_id"],
        },
        "else": {
            "properties": {
                "file": {"type": "string"},
                "connector_id": _null("`query` and `connector_id` go together"),
            },
            "required": ["file"],
        },
    }
]
"""Of an audience: a file, or a query with its connector."""


def constrain(schema: dict[str, Any]) -> None:
    """Add the conditions to a schema that pydantic made of a channel or a mailing."""
    definitions: dict[str, Any] = schema.get("$defs", {})
    if schema["title"] == "Channel":
        schema["allOf"] = CHANNEL
    if "Audience" in definitions:
        definitions["Audience"]["allOf"] = AUDIENCE
    if "Listener" in definitions:
        definitions["Listener"]["properties"]["methods"]["uniqueItems"] = True
    for definition in definitions.values():
        properties = definition.get("properties", {})
        if "name" in properties and "secret" in properties:
            properties["name"]["pattern"] = _FIELD_NAME
