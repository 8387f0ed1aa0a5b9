"""What closures call besides the operations on values: short ways that give up where it gets hard."""

from typing import Any

from aktmpl import values


class Refused(Exception):
    """A closure gives up; the interpreter then gives the value or the error.

    It is raised as a class: an instance kept for all would gather a traceback, and with it the data, at each
    raise.
    """


def is_plain_word(value: Any) -> bool:
    """Whether `= value` is Python's `==`: a string that no number and no bool can equal."""
    return value.__class__ is str and value not in ("true", "false") and values.number_of(value) is None


def list_item(value: Any, index: int) -> Any:
    """An element of a list, and of nothing else: a string has no elements here."""
    if value.__class__ is list:
        return value[index]
    raise TypeError


def any_item(value: Any, key: Any) -> Any:
    """A field of an object or an element of a list, whichever the key asks for."""
    if key.__class__ is str and value.__class__ is dict:
        return value[key]
    if key.__class__ is int and value.__class__ is list:
        return value[key]
    if key.__class__ is not str and key.__class__ is not int:
        raise Refused
    raise TypeError


def bounded_join(pieces: tuple[str, ...], limit: int) -> str:
    """The pieces joined, at most `limit` characters."""
    text = "".join(pieces)
    if len(text) > limit:
        raise Refused
    return text


def distinct_object(pairs: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """An object whose keys all differ."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Refused
    return made
