"""Functions of numbers: conversion, rounding, extremes, formatting."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aktmpl import values
from aktmpl.errors import shown
from aktmpl.functions.derive import family
from aktmpl.functions.function import ArgumentFault, Context, Example, described, too_long

if TYPE_CHECKING:
    from decimal import Decimal

_MOST_DIGITS = 400
"""No float has digits further from its point than this."""


number_function = family("number")


@number_function(
    Example("'42' | int", 42),
    Example("int(-3.9)", -3),
    Example("int('3.9')", 3),
    Example("int(true)", 1),
    Example("int(in.n)", error="E410", scope={"in": {"n": "many"}}),
)
def int_(value: str | float | bool) -> int:  # noqa: FBT001 - a value of the language, not a switch
    """The value as an integer: a fraction is cut off, true is 1 and false is 0."""
    return int(_number(value))


@number_function(Example("'2.5' | float", 2.5), Example("float(3)", 3.0), Example("float('-1e3')", -1000.0))
def float_(value: str | float | bool) -> float:  # noqa: FBT001 - a value of the language, not a switch
    """The value as a number with a fraction."""
    try:
        return float(_number(value))
    except OverflowError:
        raise ArgumentFault("value", "is out of range", code="E409") from None


def _number(value: str | float) -> int | float:
    if not isinstance(value, str):
        return value
    number = values.number_of(value.strip())
    if number is None:
        raise ArgumentFault("value", f"is no number: {described(value)}")
    return values.arithmetic("+", number, 0)  # type: ignore[no-any-return]  # also refuses infinity


@number_function(
    Example("2.5 | round", 3),
    Example("round(2.675, 2)", 2.68),
    Example("round(-0.5)", -1),
    Example("round(1234, digits=-2)", 1200),
)
def round_(value: float, digits: int = 0) -> float:
    """The number rounded to so many decimal digits, halves away from zero; an integer without digits."""
    if isinstance(value, int) and digits >= 0:
        return value
    rounded = _rounded(value, digits)
    return int(rounded) if digits <= 0 else float(rounded)


def _rounded(value: float, digits: int) -> "Decimal":
    """The value as it is written in decimal, rounded at a digit."""
    from decimal import ROUND_HALF_UP, Context, Decimal  # noqa: PLC0415 - few templates round

    exact = Decimal(repr(value))
    if digits >= _MOST_DIGITS:
        return exact
    if -digits > exact.adjusted() + 1:
        return Decimal(0)
    precision = max(exact.adjusted(), 0) + max(digits, 0) + 2
    return exact.quantize(Decimal(1).scaleb(-digits, Context(precision)), ROUND_HALF_UP, Context(precision))


@number_function(Example("2.7 | floor", 2), Example("floor(-2.1)", -3))
def floor(value: float) -> int:
    """The greatest integer that is not above the number."""
    return math.floor(value)


@number_function(Example("2.1 | ceil", 3), Example("ceil(-2.7)", -2))
def ceil(value: float) -> int:
    """The smallest integer that is not below the number."""
    return math.ceil(value)


@number_function(Example("abs(-5)", 5), Example("-2.5 | abs", 2.5))
def abs_(value: float) -> float:
    """The number without its sign."""
    return abs(value)


@number_function(
    Example("min(3, 1, 2)", 1),
    Example("in.prices | min", 4.5, scope={"in": {"prices": [10, 4.5]}}),
    Example("min([]) ?? 'none'", "none"),
    Example("min(1, 'a')", error="E410"),
)
def min_(*values: Any) -> Any:
    """The smallest of the arguments, or of the elements of one list; null when there are none.

    They are all numbers or all strings; strings are compared by code point.
    """
    return _extreme(values, min)


@number_function(
    Example("max(3, 1, 2)", 3),
    Example("in.prices | max", 10, scope={"in": {"prices": [10, 4.5]}}),
    Example("max('a', 'б')", "б"),
)
def max_(*values: Any) -> Any:
    """The greatest of the arguments, or of the elements of one list; null when there are none.

    They are all numbers or all strings; strings are compared by code point.
    """
    return _extreme(values, max)


def _extreme(given: tuple[Any, ...], choose: Callable[[Any], Any]) -> Any:
    items = given[0] if len(given) == 1 and isinstance(given[0], list) else given
    if not items:
        return None
    kinds = {_kind(item) for item in items}
    if len(kinds) > 1:
        raise ArgumentFault("values", f"are all numbers or all strings, not {' and '.join(sorted(kinds))}")
    return choose(items)


def _kind(item: Any) -> str:
    if item.__class__ is str:
        return "strings"
    if item.__class__ in (int, float):
        return "numbers"
    raise ArgumentFault("values", f"are numbers or strings, not {described(item)}")


@number_function(
    Example("[1, 2, 3.5] | sum", 6.5),
    Example("sum([])", 0),
    Example("sum(in.items | map('price'))", 30, scope={"in": {"items": [{"price": 10}, {"price": 20}]}}),
)
def sum_(items: list[Any]) -> float:
    """The sum of a list of numbers; 0 for an empty one."""
    total: int | float = 0
    for item in items:
        if item.__class__ not in (int, float):
            raise ArgumentFault("items", f"are numbers, not {described(item)}")
        total = values.arithmetic("+", total, item)
    return total


@number_function(
    Example("1234567.891 | format_number(2)", "1,234,567.89"),
    Example("format_number(1234.5, 2, group=' ', point=',')", "1 234,50"),
    Example("format_number(-1234567)", "-1,234,567"),
    Example("format_number(1, 1000000000)", error="E506"),
)
def format_number(
    value: float, digits: int | None = None, group: str = ",", point: str = ".", *, context: Context
) -> str:
    """The number with its thousands grouped and so many digits after the point, or as many as it has."""
    if digits is not None and digits < 0:
        raise ArgumentFault("digits", f"is not negative, but it is {shown(digits)}")
    if digits is not None and digits > context.limits.string:
        raise too_long(context.limits)
    exact = values.text_form(value) if digits is None else format(_rounded(value, digits), "f")
    if "e" in exact:
        exact = format(_rounded(value, _MOST_DIGITS), "f")
    sign, exact = ("-", exact[1:]) if exact.startswith("-") else ("", exact)
    whole, _, fraction = exact.partition(".")
    fraction = fraction if digits is None else fraction.ljust(digits, "0")[:digits]
    if len(group) * (len(whole) // 3) + len(whole) + len(point) + len(fraction) >= context.limits.string:
        raise too_long(context.limits)
    grouped = group.join(
        whole[max(end - 3, 0) : end] for end in range((len(whole) - 1) % 3 + 1, len(whole) + 1, 3)
    )
    negative = sign if any(digit in "123456789" for digit in whole + fraction) else ""
    return negative + grouped + (point + fraction if fraction else "")
