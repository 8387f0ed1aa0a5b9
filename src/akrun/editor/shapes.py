"""What may stand at a path of a file, and what it means, by the JSON Schema of files of its kind."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from akrun.editor.kinds import FileKind
from akrun.editor.place import Path
from akrun.pipes import REGISTRY
from akrun.pipes.json_schema import channel_schema, mailing_schema
from akrun.pipes.reference import type_words
from akrun.testkit.schema import case_schema

Shape = Mapping[str, Any]
"""A JSON Schema without references at its top."""
Members = Sequence[Mapping[str, Any]]
"""The scalars of the object at each length of a path."""

_SCHEMAS: Final[Mapping[FileKind, Callable[[], Shape]]] = {
    "channel": channel_schema,
    "mailing": mailing_schema,
    "test": case_schema,
}


@dataclass(frozen=True, slots=True)
class Member:
    """A key that an object may have.

    Attributes:
        name: the key.
        words: the type of its value, for people.
        meaning: what it is for.
        required: whether the object must have it.
    """

    name: str
    words: str
    meaning: str
    required: bool = False


class Shapes:
    """What files of one kind look like."""

    def __init__(self, schema: Shape) -> None:
        self._schema = schema

    def at(self, path: Path, members: Members) -> list[Shape]:
        """Every shape that the value at a path may have.

        Args:
            path: from the top of the file.
            members: what tells alternatives apart: the scalars of the objects on the way.
        """
        found = [*self._alternatives(self._schema, _at(members, 0))]
        for depth, step in enumerate(path):
            inner = [each for shape in found for each in _inside(shape, step)]
            found = [each for shape in inner for each in self._alternatives(shape, _at(members, depth + 1))]
        return found

    def members_of(self, path: Path, members: Members) -> dict[str, Member]:
        """The keys that the object at a path may have."""
        found: dict[str, Member] = {}
        for shape in self.at(path, members):
            required = shape.get("required", ())
            for name, each in shape.get("properties", {}).items():
                if name not in found:
                    found[name] = Member(
                        name, self._words(each), each.get("description", ""), name in required
                    )
        return found

    def values_of(self, path: Path, members: Members) -> dict[Any, str]:
        """The values that are possible at a path, if they are few, with what each means."""
        found: dict[Any, str] = {}
        for shape in self.at(path, members):
            for value in shape.get("enum", [shape["const"]] if "const" in shape else ()):
                named = path[-1:] == ("type",) and value in REGISTRY
                found.setdefault(value, REGISTRY[value].summary if named else "")
            if shape.get("type") == "boolean":
                found |= {True: "", False: ""}
        return found

    def _alternatives(self, shape: Shape, members: Mapping[str, Any]) -> Iterator[Shape]:
        """A shape's alternatives; only those of the object's `type`, if that is among them."""
        flat = [*self._flat(shape)]
        kind = members.get("type")
        told = [each for each in flat if kind in _kinds(each)]
        yield from told or flat

    def _flat(self, shape: Shape) -> Iterator[Shape]:
        """What a shape is, one after the other, without references: of kinds that `if` tells apart, each."""
        about = {key: each for key, each in shape.items() if key == "description"}
        if "$ref" in shape:
            target = self._schema["$defs"][shape["$ref"].rpartition("/")[2]]
            own = {key: each for key, each in shape.items() if key != "$ref"}
            yield from self._flat({**target, **own})
        elif "anyOf" in shape:
            for each in shape["anyOf"]:
                yield from self._flat({**each, **about})
        elif "if" in shape:
            for each in (shape[word] for word in ("then", "else") if word in shape):
                yield from self._flat({**each, **about})
        elif _tells_kinds(shape):
            for each in shape["allOf"]:
                yield from self._flat(each["then"])
        else:
            yield shape

    def _words(self, shape: Shape) -> str:
        """The type of a value in the words of a person; that it may be null goes without saying."""
        found = dict.fromkeys(self._word(each) for each in self._flat(shape))
        return " or ".join(each for each in found if each)

    def _word(self, shape: Shape) -> str:
        kinds = shape.get("type", "string" if "enum" in shape or "const" in shape else None)
        listed = [kinds] if isinstance(kinds, str) or kinds is None else kinds
        return " or ".join(self._kind_words(each, shape) for each in listed if each != "null")

    def _kind_words(self, kind: str | None, shape: Shape) -> str:
        if kind != "array":
            return type_words({"type": kind}, {})
        return f"list of {self._words(shape['items'])}" if shape.get("items") else "list"


@cache
def shapes_of(kind: FileKind) -> Shapes:
    """The shapes of files of a kind."""
    return Shapes(_SCHEMAS[kind]())


def _tells_kinds(shape: Shape) -> bool:
    return all("$ref" in each.get("then", ()) for each in shape.get("allOf", [{}]))


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


def _kinds(shape: Shape) -> Sequence[Any]:
    kind: Shape = shape.get("properties", {}).get("type", {})
    found: Sequence[Any] = kind.get("enum", [kind["const"]] if "const" in kind else ())
    return found
