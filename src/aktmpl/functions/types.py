"""The types of parameters and results, read from Python annotations."""

import inspect
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from aktmpl.errors import type_name

NAMES = ("null", "bool", "int", "float", "string", "bytes", "list", "object")
"""Every type of the language, as `type_of` and errors name them."""

_CLASSES: dict[str, type] = {
    "null": type(None), "bool": bool, "int": int, "float": float,
    "string": str, "bytes": bytes, "list": list, "object": dict,
}  # fmt: skip

_BY_CLASS: dict[Any, tuple[str, ...]] = {
    None: ("null",),
    type(None): ("null",),
    bool: ("bool",),
    int: ("int",),
    float: ("int", "float"),  # as Python's own type checkers read it
    str: ("string",),
    bytes: ("bytes",),
    list: ("list",),
    Sequence: ("list",),
    dict: ("object",),
    Mapping: ("object",),
}


@dataclass(frozen=True, slots=True)
class ValueType:
    """Which values a parameter takes or a function gives.

    Attributes:
        names: Types of the language; none means any value.
        choices: The only values, if they are few.
    """

    names: tuple[str, ...] = ()
    choices: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if self.choices:
            return " | ".join(f"'{choice}'" for choice in self.choices)
        if not self.names:
            return "any"
        names = list(self.names)
        if "int" in names and "float" in names:
            names[names.index("int")] = "number"
            names.remove("float")
        return " | ".join(names)

    @property
    def classes(self) -> frozenset[type] | None:
        """Python classes whose values surely are of this type; None when those of any class are."""
        if self.choices:
            return frozenset()
        return frozenset(_CLASSES[name] for name in self.names) if self.names else None

    def accepts(self, value: object) -> bool:
        """Whether a value is of this type."""
        if self.choices:
            return any(value.__class__ is choice.__class__ and value == choice for choice in self.choices)
        return not self.names or type_name(value) in self.names

    def meets(self, other: "ValueType") -> bool:
        """Whether some value may be of both types; choices count as their types."""
        return not self.names or not other.names or not set(self.names).isdisjoint(other.names)


ANY = ValueType()


def value_type(annotation: Any) -> ValueType:
    """The type that a Python annotation means.

    `str`, `int`, `bool`, `bytes`, `list`, `dict` and `None` are what they say, `float` takes both kinds
    of number, unions take either, `Literal` lists the values, `Any` and no annotation take anything.

    Raises:
        TypeError: The annotation is none of these.
    """
    if annotation in (Any, object, inspect.Parameter.empty):
        return ANY
    origin = get_origin(annotation) or annotation
    if origin is Annotated:
        return value_type(get_args(annotation)[0])
    if origin is Literal:
        choices = get_args(annotation)
        return ValueType(_distinct(type_name(choice) for choice in choices), choices)
    if origin in (Union, types.UnionType):
        parts = [value_type(part) for part in get_args(annotation)]
        if ANY in parts:
            return ANY
        return ValueType(_distinct(name for part in parts for name in part.names))
    if origin not in _BY_CLASS:
        raise TypeError(f"{annotation!r} is no type of templates: they have {', '.join(NAMES)}")
    return ValueType(_BY_CLASS[origin])


def _distinct(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
