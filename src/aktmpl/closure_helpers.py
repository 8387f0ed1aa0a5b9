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


def refuse() -> Any:
    """Give up inside an expression."""
    raise Refused


def any_item(value: Any, key: Any) -> Any:
    """A field of an object or an element of a list, whichever the key asks for."""
    if key.__class__ is str and value.__class__ is dict:
        return value[key]
    if key.__class__ is int and value.__class__ is list:
        return value[key]
    if key.__class__ is not str and key.__class__ is not int:
        raise Refused
    raise TypeError


def bounded(text: str, limit: int) -> str:
    """The text, of at most `limit` characters."""
    if len(text) > limit:
        raise Refused
    return text


def distinct_object(pairs: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """An object whose keys all differ."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Refused
    return made


def interleaved(first: str, row: list[str], last: str, values: list[str]) -> str:
    """One row of constants and values for each element, joined.

    Args:
        first: What stands before the first row's first value.
        row: What stands before each value, each with a place for the value behind it; the first of them
            from the second row on.
        last: What stands behind the last row's last value.
        values: Of all rows, one after another.
    """
    if not values:
        return ""
    pieces = row * (2 * len(values) // len(row))
    pieces[0] = first
    pieces[1::2] = values
    pieces.append(last)
    return "".join(pieces)
