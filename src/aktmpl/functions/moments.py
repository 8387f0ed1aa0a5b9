"""Moments: reading and writing ISO 8601, zones, arithmetic."""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from aktmpl.functions.function import ArgumentFault, described

_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 64
"""No date in ISO 8601 has more characters."""


def read(text: str, parameter: str, without_offset: tzinfo = UTC) -> datetime:
    """The moment that ISO 8601 text means; without an offset it is local time in the given zone."""
    try:
        moment = datetime.fromisoformat(text.strip() if len(text) <= _LONGEST else "")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=without_offset)
        moment.astimezone(UTC)  # fails at the first and last hours of the calendar
    except (ValueError, OverflowError):
        hint = "for another notation give its format: `parse_date('%d.%m.%Y')`"
        raise ArgumentFault(parameter, f"is no date in ISO 8601: {described(text)}", hint) from None
    return moment


def written(moment: datetime) -> str:
    """ISO 8601 with an offset, `Z` for UTC."""
    return moment.isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """The time zone of an IANA name or an offset."""
    offset = _OFFSET.fullmatch(name)
    if name in ("UTC", "Z"):
        return UTC
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3])
        if minutes < 24 * 60:
            return timezone(timedelta(minutes=minutes if offset[1] == "+" else -minutes))
    else:
        from zoneinfo import ZoneInfo  # noqa: PLC0415 - few templates need it

        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # unknown names are a KeyError, folders an OSError
            pass
    hint = "zones are named as in `Europe/Moscow`, or are offsets as in `+03:00`"
    raise ArgumentFault("zone", f"is no known time zone: {described(name)}", hint)


def from_timestamp(seconds: float, parameter: str) -> datetime:
    """The moment so many seconds after the beginning of 1970."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise _out_of_range(parameter) from None


def microseconds(moment: datetime) -> int:
    """How many microseconds the moment is after the beginning of 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def later(moment: datetime, amount: int, unit: str) -> datetime:
    """The moment `amount` units later; months keep the day, or take the last of a shorter month."""
    try:
        if unit not in ("months", "years"):
            moved = moment + timedelta(**{unit: amount})
        else:
            months = moment.year * 12 + moment.month - 1 + amount * (12 if unit == "years" else 1)
            year, month = months // 12, months % 12 + 1
            day = min(moment.day, monthrange(year, month)[1]) if 1 <= year <= 9999 else 1
            moved = moment.replace(year=year, month=month, day=day)
        moved.astimezone(UTC)
    except (OverflowError, ValueError):
        raise _out_of_range("amount") from None
    return moved


def _out_of_range(parameter: str) -> ArgumentFault:
    return ArgumentFault(parameter, "leads out of the years 1 to 9999")
