"""What may stand at a path of a channel's file, and what it means, by the JSON Schema of channels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from akrun.editor.place import Path
from akrun.pipes import REGISTRY
from akrun.pipes.json_schema import channel_schema
from akrun.pipes.reference import type_words

Shape = Mapping[str, Any]
"""A JSON Schema without references at its top."""
Members = Sequence[Mapping[str, Any]]
"""The scalars of the object at each length of a path."""


@dataclass(frozen=True, slots=True)
class Member:
    """A key that an object may have.

    Attributes:
        name: the key.
        shape: of its value.
        required: whether the object must have it.
    """

    name: str
    shape: Shape
    required: bool

    @property
    def words(self) -> str:
        """The type of its value."""
        return type_words(self.shape, schema()["$defs"])

    @property
    def meaning(self) -> str:
        """What it is for."""
        return " ".join(self.shape.get("description", "").split())


@cache
def schema() -> dict[str, Any]:
    """The schema of channel files."""
    return channel_schema()


def shapes(path: Path, members: Members) -> list[Shape]:
    """Every shape that the value at a path may have.

    Args:
        path: from the top of the file.
        members: what tells alternatives apart: the scalars of the objects on the way.
    """
    found = [*_alternatives(schema(), _at(members, 0))]
    for depth, step in enumerate(path):
        inner = [each for shape in found for each in _inside(shape, step)]
        found = [each for shape in inner for each in _alternatives(shape, _at(members, depth + 1))]
    return found


def members_of(path: Path, members: Members) -> dict[str, Member]:
    """The keys that the object at a path may have."""
    found: dict[str, Member] = {}
    for shape in shapes(path, members):
        required = shape.get("required", ())
        for name, each in shape.get("properties", {}).items():
            found.setdefault(name, Member(name, each, name in required))
    return found


def values_of(path: Path, members: Members) -> dict[Any, str]:
    """The values that are possible at a path, if they are few, with what each means."""
    found: dict[Any, str] = {}
    for shape in shapes(path, members):
        named = path[-1:] == ("type",) and "description" in shape
        for value in shape.get("enum", [shape["const"]] if "const" in shape else ()):
            meaning = REGISTRY[value].summary if value in REGISTRY else ""
            found.setdefault(value, meaning if named else "")
        if shape.get("type") == "boolean":
            found |= {True: "", False: ""}
    return found


def is_list(path: Path, members: Members) -> bool:
    """Whether a list stands at a path, and nothing else can."""
    found = shapes(path, members)
    return bool(found) and all(each.get("type") == "array" for each in found)


def _at(members: Members, depth: int) -> Mapping[str, Any]:
    return members[depth] if depth < len(members) else {}


def _inside(shape: Shape, step: str | int) -> Iterator[Shape]:
    if isinstance(step, int):
        if isinstance(shape.get("items"), dict):
            yield shape["items"]
    elif step in shape.get("properties", {}):
        yield shape["properties"][step]
    elif isinstance(shape.get("additionalProperties"), dict):
        yield shape["additionalProperties"]


def _alternatives(shape: Shape, members: Mapping[str, Any]) -> Iterator[Shape]:
    """A shape's alternatives without references; only those of the object's `type`, if that is among them."""
    flat = [*_flat(shape)]
    kind = members.get("type")
    told = [each for each in flat if kind in _kinds(each)]
    yield from told or flat


def _flat(shape: Shape) -> Iterator[Shape]:
    if "$ref" in shape:
        target = schema()["$defs"][shape["$ref"].rpartition("/")[2]]
        own = {key: each for key, each in shape.items() if key != "$ref"}
        yield from _flat({**target, **own})
    elif "anyOf" in shape or "oneOf" in shape:
        own = {key: each for key, each in shape.items() if key == "description"}
        for each in (*shape.get("anyOf", ()), *shape.get("oneOf", ())):
            yield from _flat({**each, **own})
    else:
        yield shape


def _kinds(shape: Shape) -> Sequence[Any]:
    kind: Shape = shape.get("properties", {}).get("type", {})
    found: Sequence[Any] = kind.get("enum", [kind["const"]] if "const" in kind else ())
    return found
