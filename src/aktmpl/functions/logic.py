"""Functions of presence and type. `default` and `coalesce` are `??` as a filter and as a call."""

from typing import Any

from aktmpl.errors import type_name
from aktmpl.functions.derive import function
from aktmpl.functions.function import Example


@function(
    category="logic",
    since="0.1",
    examples=[
        Example("in.name | default('friend')", "friend", scope={"in": {}}),
        Example("default(in.name, 'friend')", "Ann", scope={"in": {"name": "Ann"}}),
        Example("in.name | default('friend')", "", scope={"in": {"name": ""}}),
    ],
)
def default(value: Any, fallback: Any) -> Any:
    """The value, or the fallback if it is missing or null: `value ?? fallback`."""
    return fallback if value is None else value


@function(
    category="logic",
    since="0.1",
    examples=[
        Example("coalesce(in.nick, in.name, 'friend')", "Ann", scope={"in": {"nick": None, "name": "Ann"}}),
        Example("coalesce(in.nick, 'friend')", "friend", scope={"in": {}}),
        Example("coalesce(in.a, in.b)", error="E301", scope={"in": {}}),
    ],
)
def coalesce(value: Any, *more: Any) -> Any:
    """The first argument that is neither missing nor null, or else the last: `a ?? b ?? c`."""
    return next((each for each in (value, *more) if each is not None), None)


@function(
    category="logic",
    since="0.1",
    examples=[
        Example("type_of(1.5)", "float"),
        Example("in | type_of", "object", scope={"in": {}}),
        Example("type_of(null)", "null"),
    ],
)
def type_of(value: Any) -> str:
    """The name of the value's type: null, bool, int, float, string, bytes, list or object."""
    return type_name(value)
