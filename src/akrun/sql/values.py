"""What a driver gives back as template values: what JSON has, and bytes."""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final


def from_driver(value: Any) -> Any:
    """The template value of a column's value.

    Whole decimals become integers; others become floats where that loses no digit, and text where it
    does. Dates and times are ISO 8601, with their offset if they have a zone; intervals are seconds.
    Numbers that JSON lacks (NaN, infinity), UUIDs, network addresses, ranges and the like are text.
    """
    convert = _CONVERTERS.get(value.__class__)
    if convert is not None:
        return convert(value)
    for kind, convert in _CONVERTERS.items():
        if isinstance(value, kind):
            return convert(value)
    if isinstance(value, Mapping):
        return {str(key): from_driver(each) for key, each in value.items()}
    return str(value)


def _same(value: Any) -> Any:
    return value


def _float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decimal(value: Decimal) -> int | float | str:
    if not value.is_finite():
        return _float(float(value))
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= 0:
        return int(value)
    near = float(value)
    return near if Decimal(repr(near)) == value else format(value, "f")


def _seconds(value: timedelta) -> int | float:
    seconds = value.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def _list(value: Any) -> list[Any]:
    return [from_driver(each) for each in value]


_CONVERTERS: Final[dict[type, Callable[[Any], Any]]] = {
    type(None): _same,
    bool: _same,
    Enum: lambda value: from_driver(value.value),
    int: int,
    str: str,
    float: _float,
    bytes: _same,
    bytearray: bytes,
    memoryview: bytes,
    Decimal: _decimal,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _seconds,
    list: _list,
    tuple: _list,
    set: _list,
    frozenset: _list,
}
"""The order matters: a bool is an int, a datetime is a date."""
