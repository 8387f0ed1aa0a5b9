"""Matchers: what an expectation may say of a value instead of the value itself.

In YAML a matcher is a tag, `!regex ^a`; in JSON, and after reading, it is an object of one key,
`{"!regex": "^a"}`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from akrun.testkit.json_path import MISSING
from aktmpl.errors import Fault, shown

MESSAGE: Final = "!message"
"""Stands for the id of a message of the case; takes the profile's id where there are several."""

Matches = Callable[[Any, Any], bool]
"""Whether a wanted value, which may hold matchers, fits another one."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """A kind of matcher.

    Attributes:
        name: with its exclamation mark.
        summary: what it fits, for the documentation.
        test: argument, value, and how inner values are compared → whether it fits.
        check: argument → what is wrong with it, or None.
        schema: JSON Schema of its argument.
    """

    name: str
    summary: str
    test: Callable[[Any, Any, Matches], bool]
    check: Callable[[Any], str | None]
    schema: Mapping[str, Any]


def matcher_of(value: Any) -> tuple[Matcher, Any] | None:
    """The matcher that a value is, with its argument; None for what is none."""
    if isinstance(value, dict) and len(value) == 1:
        ((name, argument),) = value.items()
        if name in MATCHERS:
            return MATCHERS[name], argument
    return None


def regex_of(pattern: str) -> Any:
    """The compiled RE2 pattern; raises ValueError for one that is none."""
    from aktmpl.values import regex  # noqa: PLC0415 - the pattern library is not light

    try:
        return regex(pattern)
    except Fault as error:
        raise ValueError(error.message) from None


def _nothing(argument: Any) -> str | None:
    return None if argument is None else f"it takes nothing, not {shown(argument)}"


def _pattern(argument: Any) -> str | None:
    if not isinstance(argument, str):
        return f"a pattern is text, not {shown(argument)}"
    try:
        regex_of(argument)
    except ValueError as error:
        return str(error)
    return None


def _bounds(argument: Any) -> str | None:
    if argument is None or _is_number(argument):
        return None
    if not isinstance(argument, dict) or not argument or not set(argument) <= {"min", "max"}:
        return "it takes nothing, a number, or an object with `min`, `max` or both"
    return None if all(map(_is_number, argument.values())) else "`min` and `max` are numbers"


def _list(argument: Any) -> str | None:
    return None if isinstance(argument, list) and argument else f"it takes a list, not {shown(argument)}"


def _profile(argument: Any) -> str | None:
    if argument is None or isinstance(argument, str | int):
        return None
    return f"it takes nothing, or the id of a profile, not {shown(argument)}"


def _anything(_: Any) -> str | None:
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _within(bounds: Any, value: Any) -> bool:
    if not _is_number(value):
        return False
    if isinstance(bounds, dict):
        return bool(bounds.get("min", value) <= value <= bounds.get("max", value))
    return bounds is None or bool(value == bounds)


def _is_regex(pattern: Any, value: Any, _: Matches) -> bool:
    return isinstance(value, str) and regex_of(pattern).search(value) is not None


def _is_glob(pattern: Any, value: Any, _: Matches) -> bool:
    return isinstance(value, str) and glob_fits(pattern, value)


def glob_fits(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern in which `*` stands for any characters."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


def _has_length(length: Any, value: Any, fits: Matches) -> bool:
    return isinstance(value, str | list | dict) and fits(length, len(value))


def _contains(wanted: Any, value: Any, fits: Matches) -> bool:
    if isinstance(value, str):
        return (isinstance(wanted, str) or _is_number(wanted)) and str(wanted) in value
    return isinstance(value, list) and any(fits(wanted, each) for each in value)


def _is_unordered(wanted: Any, value: Any, fits: Matches) -> bool:
    return isinstance(value, list) and len(value) == len(wanted) and not unfitting(wanted, value, fits)


def unfitting(wanted: list[Any], values: list[Any], fits: Matches) -> list[int]:
    """Indexes of those `wanted` that get no value of their own, when as many as possible do.

    Augmenting paths (Kuhn's algorithm for maximum bipartite matching): taking the first fit could leave a
    narrow item without the only value that fits it.
    """
    holder: dict[int, int] = {}
    edges = [[place for place, value in enumerate(values) if fits(want, value)] for want in wanted]

    def place(index: int, seen: set[int]) -> bool:
        for at in edges[index]:
            if at not in seen:
                seen.add(at)
                if at not in holder or place(holder[at], seen):
                    holder[at] = index
                    return True
        return False

    return [index for index in range(len(wanted)) if not place(index, set())]


def _is_json(wanted: Any, value: Any, fits: Matches) -> bool:
    try:
        return isinstance(value, str) and fits(wanted, orjson.loads(value))
    except orjson.JSONDecodeError:
        return False


def _is_time(_: Any, value: Any, __: Matches) -> bool:
    return isinstance(value, str) and _parses(datetime.fromisoformat, value)


def _is_uuid(_: Any, value: Any, __: Matches) -> bool:
    return isinstance(value, str) and len(value) == 36 and _parses(UUID, value)


def _parses(read: Callable[[str], Any], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


_NULL: Final = {"type": "null"}
_ANY: Final[Mapping[str, Any]] = {}

_ALL: Final = (
    Matcher("!any", "any value that is there, null included", lambda *_: True, _nothing, _NULL),
    Matcher("!absent", "no value: the key is not there", lambda *_: False, _nothing, _NULL),
    Matcher("!text", "any text that is not empty", lambda _, v, __: isinstance(v, str) and v != "", _nothing,
            _NULL),
    Matcher("!number", "a number, or one between `min` and `max`", lambda a, v, _: _within(a, v), _bounds,
            {"type": ["number", "object", "null"]}),
    Matcher("!bool", "true or false", lambda _, v, __: isinstance(v, bool), _nothing, _NULL),
    Matcher("!regex", "a text in which RE2 finds the pattern", _is_regex, _pattern, {"type": "string"}),
    Matcher("!glob", "a text that fits a pattern in which `*` stands for anything", _is_glob,
            lambda a: None if isinstance(a, str) else "a pattern is text", {"type": "string"}),
    Matcher("!uuid", "a UUID", _is_uuid, _nothing, _NULL),
    Matcher("!time", "a date and time of ISO 8601", _is_time, _nothing, _NULL),
    Matcher("!length", "a text, list or object of this length", _has_length, _anything, _ANY),
    Matcher("!contains", "a text with this part, or a list with such an element", _contains, _anything, _ANY),
    Matcher("!each", "a list, every element of which fits",
            lambda a, v, fits: isinstance(v, list) and all(fits(a, each) for each in v), _anything, _ANY),
    Matcher("!unordered", "a list of these elements, in any order", _is_unordered, _list, {"type": "array"}),
    Matcher("!exact", "an object with these keys and no others, at every depth",
            lambda a, v, fits: fits({"!exact": a}, v), _anything, _ANY),
    Matcher("!json", "a text that is JSON of this value", _is_json, _anything, _ANY),
    Matcher("!one_of", "what fits one of these", lambda a, v, fits: any(fits(each, v) for each in a), _list,
            {"type": "array"}),
    Matcher("!not", "what does not fit this", lambda a, v, fits: not fits(a, v), _anything, _ANY),
)  # fmt: skip

MATCHERS: Final[Mapping[str, Matcher]] = {each.name: each for each in _ALL}
"""By name. `!exact` and `!absent` are the comparison's own: it knows what is there."""

TAGS: Final = frozenset(MATCHERS) | {MESSAGE}
"""All tags that test files may have."""


def fault_of(name: str, argument: Any) -> str | None:
    """What is wrong with a tag's argument; None when nothing is."""
    return _profile(argument) if name == MESSAGE else MATCHERS[name].check(argument)


__all__ = [
    "MATCHERS",
    "MESSAGE",
    "MISSING",
    "TAGS",
    "Matcher",
    "fault_of",
    "glob_fits",
    "matcher_of",
    "unfitting",
]
