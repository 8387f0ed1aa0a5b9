"""What a channel's file says about the roots: types and defaults of its fields.

Only `fields` is read, and leniently: to judge a channel file is the work of `akrun`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aktmpl.cli.data_file import DataFault, read_value
from aktmpl.schema import ANY, BOOL, INT, STRING, Field, Schema, Type, kind, object_of, one_of

_TYPES: dict[str, Type] = {
    "int": INT, "bool": BOOL, "string": STRING, "text": STRING, "html": STRING, "color": STRING,
    "json": ANY, "file": kind("object"), "entity": kind("object"),
}  # fmt: skip
_SHOWN_ONLY = ("message", "header", "divider")


@dataclass(frozen=True, slots=True)
class ChannelFields:
    """The fields of a channel.

    Attributes:
        schema: Types of the objects that have fields; an object without any is unknown.
        defaults: A scope of the fields' defaults.
    """

    schema: Schema
    defaults: dict[str, Any]


def read_channel(name: str) -> ChannelFields:
    """The fields of a channel's JSON or YAML file.

    Raises:
        DataFault: The file cannot be read, or has no `fields`.
    """
    value = read_value(name)
    fields = value.get("fields") if isinstance(value, dict) else None
    if not isinstance(fields, dict):
        raise DataFault(f"{name} is no channel: it has no object `fields`")
    types: dict[str, Type] = {}
    defaults: dict[str, Any] = {}
    for root, layout in fields.items():
        elements = list(_elements(layout))
        if elements:
            types[root] = _object(elements)
            defaults[root] = _defaults(elements)
    return ChannelFields(Schema(types), defaults)


def _elements(layout: Any) -> Iterator[Mapping[str, Any]]:
    """The data fields of a layout: rows of one element or of several."""
    for row in layout if isinstance(layout, list) else ():
        for element in row if isinstance(row, list) else [row]:
            if isinstance(element, dict) and element.get("type") not in _SHOWN_ONLY and "name" in element:
                yield element


def _object(elements: list[Mapping[str, Any]]) -> Type:
    """The object of the fields; a dot in a field's name leads into an object within."""
    inner: dict[str, list[Mapping[str, Any]]] = {}
    fields: dict[str, Field] = {}
    for element in elements:
        name, _, rest = str(element["name"]).partition(".")
        if rest:
            inner.setdefault(name, []).append({**element, "name": rest})
        else:
            optional = not element.get("required") and element.get("default") is None
            fields[name] = Field(_type(element), optional)
    for name, members in inner.items():
        made = _object(members)
        fields[name] = Field(made, optional=all(each.optional for each in made.fields.values()))
    return object_of(fields)


def _type(element: Mapping[str, Any]) -> Type:
    if element["type"] != "enum":
        return _TYPES.get(element["type"], ANY)
    options = element.get("options", [])
    values = [option.get("value") if isinstance(option, dict) else option for option in options]
    return one_of(values) if values else ANY


def _defaults(elements: list[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for element in elements:
        if element.get("default") is None:
            continue
        *above, last = str(element["name"]).split(".")
        here = found
        for name in above:
            here = here.setdefault(name, {})
        here[last] = element["default"]
    return found
