"""What a kind of pipe does to `$in`, said before there is data; `akrun lint` follows the data by it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from aktmpl.nodes import AnyNodes
from aktmpl.schema import ANY, Field, Type, object_of

NOTHING = object_of({})
ANYTHING = object_of({}, is_open=True)
"""Any field may be set, to anything."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one pipe needs of `$in` and leaves in it, apart from what its templates read.

    Attributes:
        sets: an object of the fields that it sets when it succeeds; an optional one it may set.
        failed: an object of the fields that it may have set when it fails.
        needs: fields without which it fails.
        bytes_needed: those of them that must be bytes.
    """

    sets: Type = NOTHING
    failed: Type = NOTHING
    needs: tuple[str, ...] = ()
    bytes_needed: bool = False


Typing: TypeAlias = Callable[[AnyNodes], Type]
"""The type of what a template gives at a pipe."""
Effects: TypeAlias = Callable[[Any, Typing], Effect]
"""A compiled pipe's effect."""


def setting(*names: str, **types: Type) -> Type:
    """An object of fields that are set: names whose values may be anything, and others with their type."""
    return object_of({**dict.fromkeys(names, ANY), **types})


def perhaps(sets: Type) -> Type:
    """The same fields, each of which may have been set."""
    return object_of({name: Field(each.type, optional=True) for name, each in sets.fields.items()})
