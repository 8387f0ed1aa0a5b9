"""JSON Schemas as editors want them: words, titles and examples at every key, kinds told apart by `type`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema: TypeAlias = dict[str, Any]

_ELEMENT: Final = "Element"
_NULL: Final = {"type": "null"}
_ASIDE: Final = frozenset({"if", "then", "else", "default", "examples", "defaultSnippets"})
"""Parts of a schema in which keys are only looked at, or that are no schemas."""
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})
"""Defaults that say no more than that a key may be left out."""


def published(schema: Schema, examples: Mapping[str, Iterable[Any]]) -> Schema:
    """A schema that pydantic made of a model, ready for editors.

    Args:
        schema: what `model_json_schema` gives, with definitions of one's own if need be.
        examples: values to propose, by key (`label`), or by key of one model (`Entity.name`).
    """
    definitions: dict[str, Schema] = schema.setdefault("$defs", {})
    for owner in (schema, *definitions.values()):
        _name_unions(owner, definitions)
        _spell_out(owner)
    for owner in [*_objects(schema)]:
        title = owner.get("title", "")
        for key, about in owner["properties"].items():
            _explain(key, about, _words(owner))
            listed = examples.get(f"{title}.{key}", examples.get(key, ()))
            given = [each for each in listed if _may_be(about, each, definitions)]
            if given and not _is_closed(about):
                about.setdefault("examples", given)
    return {"$schema": DIALECT, **schema}


def told_apart(
    names: Iterable[str], definitions: Mapping[str, Schema], common: Schema | None = None
) -> Schema:
    """The schema of an object that is one of several kinds, by its `type`.

    An editor learns from it which types there are, and then only what the object's own type takes; a fault is
    that of its own type, where `oneOf` would say that it is none of all kinds.

    Args:
        names: of the kinds' definitions, each with an `enum` or `const` of types.
        definitions: the schema's definitions.
        common: properties that all kinds have, to propose before there is a type.
    """
    kinds = {name: definitions[name] for name in names}
    types = [
        (value, position > 0, kind)
        for kind in kinds.values()
        for position, value in enumerate(types_of(kind))
    ]
    types.sort(key=lambda each: each[1])
    about = [
        f"Another name of `{types_of(kind)[0]}`. {_words(kind)}" if alias else _words(kind)
        for _, alias, kind in types
    ]
    kind_of = {
        "title": "Type",
        "description": "What it is.",
        "enum": [value for value, _, _ in types],
        "enumDescriptions": about,
        "markdownEnumDescriptions": about,
    }
    return {
        "type": "object",
        "properties": {"type": kind_of, **(common or {})},
        "required": ["type"],
        "allOf": [
            {
                "if": {"properties": {"type": {"enum": types_of(kind)}}, "required": ["type"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name, kind in kinds.items()
        ],
    }


def types_of(kind: Mapping[str, Any]) -> list[Any]:
    """The types that a kind has in a file, its own name first."""
    of: Mapping[str, Any] = kind.get("properties", {}).get("type", {})
    return [*of.get("enum", [of["const"]] if "const" in of else ())]


def _name_unions(value: Any, definitions: dict[str, Schema]) -> None:
    """Put every union of kinds, which pydantic writes out wherever it is used, among the definitions."""
    if isinstance(value, dict):
        if "discriminator" in value:
            names = [each["$ref"].rpartition("/")[2] for each in value.pop("oneOf")]
            del value["discriminator"]
            definitions.setdefault(_ELEMENT, told_apart(names, definitions))
            value["$ref"] = f"#/$defs/{_ELEMENT}"
        for each in [*value.values()]:
            _name_unions(each, definitions)
    elif isinstance(value, list):
        for each in value:
            _name_unions(each, definitions)


def _spell_out(value: Any) -> None:
    """Say of a value that may be null or a list what it is then: of `anyOf`, nobody learns what is wrong."""
    if isinstance(value, dict):
        told = _told(*value["anyOf"]) if len(value.get("anyOf", ())) == 2 else None
        if told is not None:
            del value["anyOf"]
            value |= told
        for each in [*value.values()]:
            _spell_out(each)
    elif isinstance(value, list):
        for each in value:
            _spell_out(each)


def _told(one: Schema, other: Schema) -> Schema | None:
    """Two schemas as one that tells them apart; None where that would hide the values that they name."""
    if other == {"items": one, "type": "array"}:
        return {"type": ["object", "array"], "if": {"type": "array"}, "then": other, "else": one}
    if other != _NULL or "enum" in one or "const" in one:
        return None
    if "$ref" in one:
        return {"type": ["object", "null"], "if": {"type": "object"}, "then": one}
    return {**one, "type": [one["type"], "null"]} if isinstance(one.get("type"), str) else None


def _objects(value: Any) -> Iterator[Schema]:
    """Every schema of an object with properties, but for those that only tell kinds apart."""
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict):
            yield value
        for key, each in value.items():
            if key not in _ASIDE:
                yield from _objects(each)
    elif isinstance(value, list):
        for each in value:
            yield from _objects(each)


def _explain(key: str, about: Schema, owner: str) -> None:
    """Give a key its title and its words; a default only where it says something."""
    about.setdefault("title", key.lstrip("$!").replace("_", " ").capitalize())
    about["description"] = _words(about) or owner
    about["markdownDescription"] = about["description"]
    if about.get("default") in _NOTHING or isinstance(about.get("default"), dict):
        about.pop("default", None)


def _words(about: Mapping[str, Any]) -> str:
    return " ".join(str(about.get("description", "")).split())


def _is_closed(about: Mapping[str, Any]) -> bool:
    """Whether a schema names its values by itself."""
    options = about.get("anyOf", (about,))
    return any("enum" in each or "const" in each or each.get("type") == "boolean" for each in options)


def _may_be(about: Mapping[str, Any], value: Any, definitions: Mapping[str, Schema]) -> bool:
    """Whether a value is of a type that a schema allows."""
    if "$ref" in about:
        return _may_be(definitions[about["$ref"].rpartition("/")[2]], value, definitions)
    if "anyOf" in about:
        return any(_may_be(each, value, definitions) for each in about["anyOf"] if each != _NULL)
    kinds = about.get("type")
    listed = [kinds] if isinstance(kinds, str) else kinds
    return listed is None or bool({*_kinds(value)} & {*listed})


def _kinds(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, int):
        return "integer", "number"
    names = {float: "number", str: "string", list: "array", dict: "object"}
    return (names[type(value)],)
