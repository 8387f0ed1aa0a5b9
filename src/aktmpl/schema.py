"""Types of roots and fields: what a host knows about the data before there is any.

A type says which kinds of value are possible and, as far as that is known, what is inside lists and
objects. What is not known is `ANY`; it never causes a finding.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Self

from aktmpl.errors import nearest, shown, type_name

KINDS = ("null", "bool", "int", "float", "string", "bytes", "list", "object")
"""The kinds of value, as errors name them."""

_MOST_VALUES = 32
"""A longer list of possible values is not kept: it says hardly more than the kind."""
_DEEPEST = 64
_OPEN = "..."


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object.

    Attributes:
        type: What its values are.
        optional: It may be missing. A field that may be null instead has null among its type's kinds.
    """

    type: "Type"
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Type:
    """A set of values.

    Attributes:
        kinds: The kinds that are possible; none for the type of what cannot be.
        item: What elements of a list are; None when that is not known.
        fields: The known fields of an object.
        open: Whether an object may have other fields.
        values: All possible values, if they are few and known; only for scalars.
    """

    kinds: frozenset[str]
    item: "Type | None" = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    open: bool = True
    values: tuple[Any, ...] | None = None

    def __or__(self, other: "Type") -> "Type":
        """The type of what is of one of two types."""
        if self is other or not other.kinds:
            return self
        if not self.kinds:
            return other
        kinds = self.kinds | other.kinds
        fields, is_open = _either_object(self, other)
        return Type(kinds, _either_item(self, other), fields, is_open, _either_value(self, other))

    def __str__(self) -> str:
        if self.is_unknown:
            return "any" if "null" in self.kinds else "any but null"
        if self.values is not None:
            return " | ".join(shown(value) for value in self.values)
        names = [kind for kind in KINDS if kind in self.kinds]
        if "int" in names and "float" in names:
            names = ["number" if name == "int" else name for name in names if name != "float"]
        return " | ".join(map(self._described, names)) or "never"

    def _described(self, kind: str) -> str:
        if kind == "list" and self.item is not None and not self.item.is_unknown:
            inner = str(self.item)
            return f"list of ({inner})" if " | " in inner else f"list of {inner}"
        if kind == "object" and self.fields:
            names = [f"{name}?" if each.optional else name for name, each in self.fields.items()]
            return f"object {{{', '.join([*names, _OPEN] if self.open else names)}}}"
        return kind

    @property
    def is_unknown(self) -> bool:
        """Whether it tells nothing, except perhaps that the value is not null."""
        return len(self.kinds) >= len(KINDS) - 1 and self.kinds | {"null"} == ANY.kinds

    @property
    def element(self) -> "Type":
        """What elements of a list are."""
        return self.item or ANY

    def member(self, name: str) -> Field | None:
        """A field of an object; None when an object of this type has no such field."""
        known = self.fields.get(name)
        if known is None and self.open:
            return Field(ANY, optional=True)
        return known

    def without(self, *kinds: str) -> "Type":
        """The type of the values of other kinds."""
        left = self.kinds.difference(kinds)
        if left == self.kinds:
            return self
        values = self.values
        if values is not None:
            values = tuple(value for value in values if type_name(value) in left)
        return replace(self, kinds=left, values=values)

    def only(self, *kinds: str) -> "Type":
        """The type of the values of these kinds."""
        return self.without(*self.kinds.difference(kinds))


def _either_item(a: Type, b: Type) -> Type | None:
    if "list" not in a.kinds or "list" not in b.kinds:
        return a.item if "list" in a.kinds else b.item
    return None if a.item is None or b.item is None else a.item | b.item


def _either_object(a: Type, b: Type) -> tuple[Mapping[str, Field], bool]:
    if "object" not in a.kinds or "object" not in b.kinds:
        one = a if "object" in a.kinds else b
        return one.fields, one.open
    fields = {}
    for name in {**a.fields, **b.fields}:
        sides = [each for each in (a.member(name), b.member(name)) if each is not None]
        optional = len(sides) == 1 or any(each.optional for each in sides)
        fields[name] = Field(union(each.type for each in sides), optional)
    return fields, a.open or b.open


def _either_value(a: Type, b: Type) -> tuple[Any, ...] | None:
    if a.values is None or b.values is None:
        return None
    values = list(a.values)
    for value in b.values:
        if not any(type(value) is type(known) and value == known for known in values):
            values.append(value)
    return tuple(values) if len(values) <= _MOST_VALUES else None


def union(types: Iterable[Type]) -> Type:
    """The type of what is of one of the types; of none, the type of what cannot be."""
    return reduce(lambda a, b: a | b, types, NEVER)


def kind(*names: str) -> Type:
    """The type of all values of the named kinds."""
    return Type(frozenset(names))


ANY = kind(*KINDS)
NEVER = kind()
NULL, BOOL, INT, FLOAT, STRING, BYTES = map(kind, KINDS[:6])
NUMBER = kind("int", "float")


def list_of(item: Type) -> Type:
    """A list of such elements."""
    return Type(frozenset({"list"}), item)


def object_of(fields: Mapping[str, Field | Type], *, is_open: bool = False) -> Type:
    """An object with these fields, and with others only if it is open."""
    made = {name: each if isinstance(each, Field) else Field(each) for name, each in fields.items()}
    return Type(frozenset({"object"}), None, made, is_open)


def one_of(values: Sequence[Any]) -> Type:
    """One of some scalars."""
    listed = tuple(values) if len(values) <= _MOST_VALUES else None
    return Type(frozenset(map(type_name, values)), values=listed)


def type_of(value: Any, depth: int = _DEEPEST) -> Type:
    """The narrowest type of a value, short of saying which scalar it is."""
    name = type_name(value)
    if name not in KINDS or depth == 0:
        return ANY
    if isinstance(value, list):
        return list_of(union(type_of(item, depth - 1) for item in value))
    if isinstance(value, dict):
        return object_of({str(key): type_of(item, depth - 1) for key, item in value.items()})
    return kind(name)


def read_type(notation: Any) -> Type:
    """The type that a piece of Python notation means.

    A string names kinds, joined by `|`, among them `any` and `number`; a dict is an object, whose keys
    end in `?` for fields that may be missing and may hold `"...": ...` for other fields; a list of one
    type is a list of such; a tuple is a choice of types; a `Type` is itself.

    Raises:
        ValueError: For anything else.
    """
    if isinstance(notation, Type):
        return notation
    if isinstance(notation, str):
        return union(_named(name.strip()) for name in notation.split("|"))
    if isinstance(notation, Mapping):
        return object_of(dict(_fields(notation)), is_open=_OPEN in notation)
    if isinstance(notation, tuple):
        return union(map(read_type, notation))
    if isinstance(notation, list) and len(notation) <= 1:
        return list_of(read_type(notation[0]) if notation else ANY)
    raise ValueError(f"{notation!r} is no type: a type is a string, a dict, a tuple or a list of one type")


def _named(name: str) -> Type:
    names = {"any": ANY, "number": NUMBER, **{each: kind(each) for each in KINDS}}
    if name not in names:
        hint = nearest(name, names) or f"there are {', '.join(names)}"
        raise ValueError(f"{name!r} is no type; {hint}")
    return names[name]


def _fields(notation: Mapping[str, Any]) -> Iterator[tuple[str, Field]]:
    for key, value in notation.items():
        if key == _OPEN:
            continue
        optional = key.endswith("?")
        yield key.removesuffix("?"), Field(read_type(value), optional)


class Schema:
    """Types of the roots of a scope.

    Attributes:
        scope: The type of a whole scope: an object whose fields are the roots.

    Example:
        >>> schema = Schema({"profile": {"name?": "string | null", "age": "int", "tags": ["string"]}})
        >>> str(schema.root("profile"))
        'object {name?, age, tags}'
    """

    def __init__(self, roots: Mapping[str, Any] | None = None) -> None:
        """Read types from Python notation, by root; see `read_type`."""
        self.scope = object_of(dict(_fields(roots or {})))

    def __repr__(self) -> str:
        return f"<Schema {', '.join(f'{name}: {each.type}' for name, each in self.scope.fields.items())}>"

    def root(self, name: str) -> Type:
        """The type of a root; anything when the schema does not know it."""
        known = self.scope.fields.get(name)
        return known.type if known else ANY

    @classmethod
    def of(cls, scope: Type) -> Self:
        """The schema of scopes of a type."""
        made = cls()
        made.scope = scope
        return made

    @classmethod
    def from_data(cls, *scopes: Mapping[str, Any]) -> Self:
        """The schema that takes sample scopes for the whole truth.

        Fields that only some of the samples have may be missing; a field that none has is unknown.
        """
        return cls.of(union(type_of(dict(scope)) for scope in scopes) if scopes else object_of({}))

    @classmethod
    def from_json_schema(cls, schema: Mapping[str, Any]) -> Self:
        """The schema that a JSON Schema of the whole scope means, as far as types can say it.

        `type`, `properties`, `required`, `additionalProperties`, `items`, `enum`, `const`, `anyOf`,
        `oneOf` and local `$ref` count; what other keywords would say remains unknown.
        """
        from aktmpl.json_schema import read_json_schema  # noqa: PLC0415 - few hosts have one

        return cls.of(read_json_schema(schema))

    def updated(self, other: "Schema") -> "Schema":
        """This schema with the roots of another in place of its own of that name."""
        fields = {**self.scope.fields, **other.scope.fields}
        return Schema.of(replace(self.scope, fields=fields))
