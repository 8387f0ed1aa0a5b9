"""Paths inside an element, and the order and equality of elements."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from aktmpl.errors import Fault, nearest, type_name
from aktmpl.functions.function import ArgumentFault, described
from aktmpl.limits import Limits

_SEGMENT = re.compile(r"%(-?[0-9]{1,18})|(\w+)")
_LONGEST = Limits().segments

MISSING = object()
"""What a path that leads nowhere gives."""


@lru_cache(maxsize=512)
def path_keys(path: str) -> tuple[str | int, ...]:
    """Keys and indexes of a path as templates write it, without a root: `address.lines.%0`.

    A text that is no such path (with a space, say) is the name of one field.
    """
    keys: list[str | int] = []
    for segment in path.split("."):
        match = _SEGMENT.fullmatch(segment)
        if match is None:
            return (path,)
        keys.append(int(match[1]) if match[1] else match[2])
    if len(keys) > _LONGEST:
        raise Fault("E503", f"a path of {len(keys)} segments; the limit is {_LONGEST}")
    return tuple(keys)


def found(element: Any, path: str | None) -> Any:
    """What is at the path in the element, or `MISSING`; the element itself without a path."""
    if path is None:
        return element
    for key in path_keys(path):
        if not _has(element, key):
            return MISSING
        element = element[key]
    return element


def _has(element: Any, key: str | int) -> bool:
    if isinstance(key, str):
        return element.__class__ is dict and key in element
    return element.__class__ is list and -len(element) <= key < len(element)


def read(element: Any, path: str, position: int) -> Any:
    """What is at the path in the element; a fault (E301) says which element lacks it."""
    value = found(element, path)
    if value is MISSING:
        hint = nearest(path, element) if isinstance(element, dict) else None
        hint = hint or "give a fallback, or leave such elements out with `where`"
        raise ArgumentFault("path", f"leads nowhere in element %{position}: no `{path[:80]}`", hint, "E301")
    return value


def identity(value: Any, depth: int = Limits().depth) -> Any:
    """A hashable key: equal for values that are equal without conversion (1 and 1.0 are, 1 and '1' not)."""
    kind = value.__class__
    if depth == 0:
        raise Fault("E502", f"a value nested more than {Limits().depth} deep")
    if kind is list:
        return "list", tuple(identity(item, depth - 1) for item in value)
    if kind is dict:
        return "object", frozenset((key, identity(item, depth - 1)) for key, item in value.items())
    return "number" if kind in (int, float) else type_name(value), value


def sort_key(parameter: str) -> Callable[[Any], tuple[bool, Any]]:
    """The key by which values sort: all numbers, all strings or all bools, and null after the others."""
    kinds: set[str] = set()

    def key(value: Any) -> tuple[bool, Any]:
        if value is None:
            return True, 0
        kind = "number" if value.__class__ in (int, float) else type_name(value)
        if kind not in ("number", "string", "bool"):
            raise ArgumentFault(parameter, f"have no order: one is {described(value)}")
        kinds.add(kind)
        if len(kinds) > 1:
            names = " and ".join(f"{each}s" for each in sorted(kinds))
            raise ArgumentFault(parameter, f"have no order: there are {names}")
        return False, value

    return key
