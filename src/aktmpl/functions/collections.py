"""Functions of lists and objects.

The language has no functions as values: where others take a lambda, these take the path of a field.
"""

from typing import Any

from aktmpl import values
from aktmpl.errors import Fault, shown
from aktmpl.functions.derive import family
from aktmpl.functions.elements import MISSING, found, identity, read, sort_key
from aktmpl.functions.function import ArgumentFault, Context, Example

_PEOPLE = {
    "in": {
        "people": [
            {"name": "Ann", "age": 31, "active": True, "address": {"city": "Oslo"}},
            {"name": "Bob", "age": 25, "active": False, "address": {"city": "Rome"}},
            {"name": "Eve", "age": 40, "active": True, "address": {"city": "Oslo"}},
        ]
    }
}


collection_function = family("collections")


@collection_function(
    Example("[1, 2, 3] | first", 1), Example("'abc' | first", "a"), Example("first([]) ?? 'none'", "none")
)
def first(items: list[Any] | str) -> Any:
    """The first element, or character; null when there is none."""
    return items[0] if items else None


@collection_function(
    Example("[1, 2, 3] | last", 3), Example("'abc' | last", "c"), Example("last([]) ?? 'none'", "none")
)
def last(items: list[Any] | str) -> Any:
    """The last element, or character; null when there is none."""
    return items[-1] if items else None


@collection_function(Example("keys({a: 1, b: 2})", ["a", "b"]), Example("{} | keys", []))
def keys(value: dict[str, Any]) -> list[Any]:
    """The names of an object's fields, in their order."""
    return list(value)


@collection_function(Example("values({a: 1, b: 2})", [1, 2]), Example("{} | values", []))
def values_(value: dict[str, Any]) -> list[Any]:
    """The values of an object's fields, in their order."""
    return list(value.values())


@collection_function(
    Example("in.people | map('name')", ["Ann", "Bob", "Eve"], scope=_PEOPLE),
    Example("in.people | map('address.city') | unique", ["Oslo", "Rome"], scope=_PEOPLE),
    Example("[{a: 1}, {}] | map('a', 0)", [1, 0]),
    Example("[{a: 1}, {}] | map('a')", error="E301"),
)
def map_(items: list[Any], path: str, *fallback: Any) -> list[Any]:
    """What each element has at the path, such as `'address.city'` or `'phones.%0'`.

    An element without it is an error, unless there is a fallback.
    """
    if not fallback:
        return [read(item, path, position) for position, item in enumerate(items)]
    instead, *more = fallback
    if more:
        raise ArgumentFault("fallback", "is one value")
    return [instead if (value := found(item, path)) is MISSING else value for item in items]


@collection_function(
    Example("in.people | where('active') | map('name')", ["Ann", "Eve"], scope=_PEOPLE),
    Example("in.people | where('address.city', 'Rome') | map('name')", ["Bob"], scope=_PEOPLE),
    Example("[{n: 1}, {n: '1'}, {}] | where('n', 1) | length", 2),
)
def where(items: list[Any], path: str, value: Any = True) -> list[Any]:  # noqa: FBT002 - what it equals
    """The elements that have the value at the path, compared as `=` does."""
    return [item for item in items if _has(item, path, value)]


def _has(item: Any, path: str, value: Any) -> bool:
    there = found(item, path)
    return there is not MISSING and values.equal(there, value)


@collection_function(
    Example("in.people | sort_by('age') | map('name')", ["Bob", "Ann", "Eve"], scope=_PEOPLE),
    Example("in.people | sort_by('name', descending=true) | map('name') | first", "Eve", scope=_PEOPLE),
    Example("sort_by([3, 1, null, 2])", [1, 2, 3, None]),
    Example("sort_by([1, 'a'])", error="E410"),
)
def sort_by(items: list[Any], path: str | None = None, *, descending: bool = False) -> list[Any]:
    """The elements in the order of what they have at the path, or of themselves without a path.

    Those values are all numbers, all strings (compared by code point) or all bools. Elements that are
    equal keep their order; those with null or nothing there come last, whatever the direction.
    """
    key = sort_key("items" if path is None else "path")
    pairs = []
    for item in items:
        value = found(item, path)
        pairs.append((key(None if value is MISSING else value), item))
    there = [pair for pair in pairs if not pair[0][0]]
    there.sort(key=lambda pair: pair[0], reverse=descending)
    return [item for _, item in there] + [item for (absent, _), item in pairs if absent]


@collection_function(
    Example("unique([1, 2, 1, 1.0, '1'])", [1, 2, "1"]),
    Example("in.people | unique('address.city') | map('name')", ["Ann", "Bob"], scope=_PEOPLE),
)
def unique(items: list[Any], path: str | None = None) -> list[Any]:
    """The first of the elements that are equal, or that have equal values at the path.

    Nothing is converted: 1 and 1.0 are equal, 1 and '1' are not. Nothing at the path is equal to null.
    """
    kept: dict[Any, Any] = {}
    for item in items:
        value = found(item, path)
        kept.setdefault(identity(None if value is MISSING else value), item)
    return list(kept.values())


@collection_function(
    Example("flatten([1, [2, [3]], []])", [1, 2, [3]]), Example("[[[1]], [2]] | flatten(2)", [1, 2])
)
def flatten(items: list[Any], depth: int = 1, *, context: Context) -> list[Any]:
    """The list with the elements of its inner lists in their place, so many levels of them."""
    if not 0 <= depth <= context.limits.depth:
        raise ArgumentFault("depth", f"is from 0 to {context.limits.depth}, not {shown(depth)}")
    for _ in range(depth):
        if not any(item.__class__ is list for item in items):
            return list(items)
        if sum(len(item) if item.__class__ is list else 1 for item in items) > context.limits.string:
            raise Fault("E506", f"a list of more than {context.limits.string:,} elements")
        items = [each for item in items for each in (item if item.__class__ is list else [item])]
    return list(items)


@collection_function(
    Example("merge({a: 1, b: 2}, {b: 3})", {"a": 1, "b": 3}),
    Example("in.defaults | merge(in.own)", {"a": 1}, scope={"in": {"defaults": {"a": 0}, "own": {"a": 1}}}),
)
def merge(*objects: dict[str, Any]) -> dict[str, Any]:
    """One object with the fields of all; of fields with the same name the last counts."""
    merged: dict[str, Any] = {}
    for each in objects:
        merged.update(each)
    return merged


@collection_function(Example("reverse([1, 2, 3])", [3, 2, 1]), Example("'abc' | reverse", "cba"))
def reverse(items: list[Any] | str) -> list[Any] | str:
    """The elements, or characters, from the last to the first."""
    return items[::-1]


@collection_function(
    Example("count([1, 2, 3])", 3),
    Example("in.people | count('active')", 2, scope=_PEOPLE),
    Example("in.people | count('address.city', 'Rome')", 1, scope=_PEOPLE),
)
def count(items: list[Any], path: str | None = None, value: Any = True) -> int:  # noqa: FBT002 - as in `where`
    """How many elements there are, or how many have the value at the path, compared as `=` does."""
    return len(items) if path is None else sum(_has(item, path, value) for item in items)
