"""JSON Schema (2020-12 and earlier) read as a type, as far as types can say what it says."""

from collections.abc import Mapping
from typing import Any

from aktmpl.errors import type_name
from aktmpl.schema import ANY, KINDS, NUMBER, Field, Type, kind, list_of, object_of, one_of, union

_DEEPEST = 32
"""A schema that refers to itself is followed this far; below it, anything goes."""

_KINDS: dict[str, Type] = {
    "null": kind("null"), "boolean": kind("bool"), "integer": kind("int"), "number": NUMBER,
    "string": kind("string"), "array": kind("list"), "object": kind("object"),
}  # fmt: skip
_SCALARS = frozenset(KINDS[:5])


def read_json_schema(schema: Mapping[str, Any]) -> Type:
    """The type that a JSON Schema means.

    A keyword that is not known leaves its part unknown; it never makes the type narrower than the schema.
    """
    return _Reader(schema).type(schema, _DEEPEST)


class _Reader:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root

    def type(self, schema: Any, depth: int) -> Type:
        if not isinstance(schema, Mapping) or depth == 0:
            return ANY
        if isinstance(reference := schema.get("$ref"), str):
            return self.type(self.referred(reference), depth - 1)
        for choice in ("anyOf", "oneOf"):
            if isinstance(schema.get(choice), list):
                return union(self.type(each, depth - 1) for each in schema[choice])
        values = [schema["const"]] if "const" in schema else schema.get("enum")
        if isinstance(values, list):
            scalar = all(type_name(value) in _SCALARS for value in values)
            return one_of(values) if scalar else kind(*map(type_name, values))
        names = schema.get("type", [])
        names = [names] if isinstance(names, str) else names
        if not names and ("properties" in schema or "required" in schema):
            names = ["object"]
        return union(self.named(name, schema, depth) for name in names) if names else ANY

    def named(self, name: str, schema: Mapping[str, Any], depth: int) -> Type:
        if name == "array" and "items" in schema and "prefixItems" not in schema:
            return list_of(self.type(schema["items"], depth - 1))
        if name != "object":
            return _KINDS.get(name, ANY)
        required = schema.get("required", [])
        fields = {
            key: Field(self.type(value, depth - 1), optional=key not in required)
            for key, value in schema.get("properties", {}).items()
        }
        for key in required:
            fields.setdefault(key, Field(ANY))
        is_open = schema.get("additionalProperties", True) is not False or "patternProperties" in schema
        return object_of(fields, is_open=is_open)

    def referred(self, reference: str) -> Any:
        """What a local `$ref` points to; None for one that leads elsewhere."""
        if not reference.startswith("#"):
            return None
        here: Any = self.root
        for step in reference[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            here = here.get(key) if isinstance(here, Mapping) else None
        return here
