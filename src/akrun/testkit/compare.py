"""Comparing what a case expects with what came, and bringing both into one shape.

An object fits another one that has its keys, and perhaps more (`!exact` forbids more); a list fits a list of
as many elements; keys that begin with `$.` are JSON paths; other values fit their equals of the same type.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from akrun.testkit.json_path import MISSING, JsonPath
from akrun.testkit.matchers import Matcher, matcher_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """A matcher that did not fit, as it stands in the shown expectation."""

    name: str
    argument: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a value compares with what was wanted.

    Attributes:
        wanted: what was wanted; where a matcher fits, the value that it fits.
        got: the value, of objects only the keys that were wanted.
        first: the path of the first difference; None when there is none.
        equal: places that were compared and fit.
        compared: places that were compared.
    """

    wanted: Any
    got: Any
    first: tuple[str | int, ...] | None
    equal: int
    compared: int

    @property
    def fits(self) -> bool:
        """Whether there is no difference."""
        return self.first is None

    @property
    def likeness(self) -> float:
        """The share of places that fit: 1 for a value that fits, near 0 for one of another kind."""
        return self.equal / self.compared if self.compared else float(self.fits)


def compare(wanted: Any, got: Any, *, exact: bool = False) -> Comparison:
    """Compare a value with what is wanted of it.

    Args:
        wanted: a JSON value with matchers and JSON paths in it.
        got: a JSON value, or MISSING.
        exact: whether objects may have no further keys.
    """
    found = matcher_of(wanted)
    if found is not None:
        return _matched(*found, got, exact=exact)
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        return _objects(wanted, got, exact=exact)
    if isinstance(wanted, list) and isinstance(got, list):
        return _lists(wanted, got, exact=exact)
    return _whole(wanted, got, fits=same(wanted, got))


def fits(wanted: Any, got: Any) -> bool:
    """Whether a value is as wanted."""
    return compare(wanted, got).fits


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal, of equal types: neither `1` and `true` are, nor `1` and `"1"`."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def _whole(wanted: Any, got: Any, *, fits: bool) -> Comparison:
    return Comparison(got if fits else wanted, got, None if fits else (), int(fits), 1)


def _matched(matcher: Matcher, argument: Any, got: Any, *, exact: bool) -> Comparison:
    if matcher.name == "!exact":
        return compare(argument, got, exact=True)
    if matcher.name == "!absent":
        fit = got is MISSING
    else:
        fit = got is not MISSING and matcher.test(argument, got, lambda a, b: compare(a, b, exact=exact).fits)
    return _whole(Wanted(matcher.name, argument), got, fits=fit)


def _objects(wanted: Mapping[str, Any], got: Mapping[str, Any], *, exact: bool) -> Comparison:
    parts: list[tuple[str, Comparison]] = []
    for key, each in wanted.items():
        value = JsonPath.parse(key).find(got) if is_path(key) else got.get(key, MISSING)
        parts.append((key, compare(each, value, exact=exact)))
    named = {key for key in wanted if not is_path(key)}
    if exact and len(named) == len(wanted):
        parts += [(key, _whole(MISSING, value, fits=False)) for key, value in got.items() if key not in named]
    return Comparison(
        {key: each.wanted for key, each in parts if each.wanted is not MISSING},
        {key: each.got for key, each in parts if each.got is not MISSING},
        _first(parts),
        sum(each.equal for _, each in parts),
        sum(each.compared for _, each in parts),
    )


def is_path(key: str) -> bool:
    """Whether a key of a wanted object is a JSON path rather than a name."""
    return key.startswith(("$.", "$["))


def _lists(wanted: Sequence[Any], got: Sequence[Any], *, exact: bool) -> Comparison:
    parts: list[tuple[int, Comparison]] = []
    for index in range(max(len(wanted), len(got))):
        if index >= len(wanted):
            parts.append((index, _whole(MISSING, got[index], fits=False)))
        else:
            value = got[index] if index < len(got) else MISSING
            parts.append((index, compare(wanted[index], value, exact=exact)))
    return Comparison(
        [each.wanted for _, each in parts if each.wanted is not MISSING],
        [each.got for _, each in parts if each.got is not MISSING],
        _first(parts),
        sum(each.equal for _, each in parts),
        sum(each.compared for _, each in parts),
    )


def _first(parts: Sequence[tuple[str | int, Comparison]]) -> tuple[str | int, ...] | None:
    for key, each in parts:
        if each.first is not None:
            return (key, *each.first)
    return None
