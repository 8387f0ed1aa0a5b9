"""Formats of dates: the codes of `strftime` that mean the same everywhere, written and read.

Python's own functions leave some codes to the platform and all names to the process's locale; these
give the same on every machine.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from aktmpl.functions import moments
from aktmpl.functions.function import ArgumentFault, described
from aktmpl.functions.optional import library

_CODE = re.compile(r"%([-:]?)(.?)", re.DOTALL)
_LONGEST = 1_000
"""The longest format, and the longest text read with one."""

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SHORTHANDS = {"F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y"}

_NUMBERS: dict[str, Callable[[datetime], str]] = {
    "Y": lambda time: f"{time.year:04}",
    "y": lambda time: f"{time.year % 100:02}",
    "m": lambda time: f"{time.month:02}",
    "d": lambda time: f"{time.day:02}",
    "H": lambda time: f"{time.hour:02}",
    "I": lambda time: f"{(time.hour - 1) % 12 + 1:02}",
    "M": lambda time: f"{time.minute:02}",
    "S": lambda time: f"{time.second:02}",
    "f": lambda time: f"{time.microsecond:06}",
    "j": lambda time: f"{time.timetuple().tm_yday:03}",
    "u": lambda time: str(time.isoweekday()),
    "V": lambda time: f"{time.isocalendar().week:02}",
    "G": lambda time: f"{time.isocalendar().year:04}",
    "s": lambda time: str(moments.microseconds(time) // 1_000_000),
}
_NAMES = {"B": ("months", "wide"), "b": ("months", "abbreviated"), "A": ("days", "wide"),
          "a": ("days", "abbreviated"), "p": ("periods", "")}  # fmt: skip


def formatted(time: datetime, pattern: str, locale: str) -> str:
    """The time in the pattern's form."""
    _refuse_long(pattern, "format")

    def text(match: re.Match[str]) -> str:
        flag, code = match.groups()
        if code in _NUMBERS and flag != ":":
            number = _NUMBERS[code](time)
            return number.lstrip("0") or "0" if flag else number
        if code == "z" and flag != "-":
            return _offset(time, flag)
        if code == "%" and not flag:
            return "%"
        if code in _NAMES and not flag:
            return _name(time, code, locale)
        raise _unknown(match[0])

    return _CODE.sub(text, _expanded(pattern))


def _expanded(pattern: str) -> str:
    return _CODE.sub(lambda match: _SHORTHANDS.get(match[0][1:], match[0]), pattern)


def _offset(time: datetime, colon: str) -> str:
    minutes = (time.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}{colon}{rest:02}"


def _name(time: datetime, code: str, locale: str) -> str:
    kind, width = _NAMES[code]
    if locale.partition("_")[0].partition("-")[0].lower() == "en":
        if kind == "periods":
            return "PM" if time.hour >= 12 else "AM"
        name = _MONTHS[time.month - 1] if kind == "months" else _DAYS[time.weekday()]
        return name if width == "wide" else name[:3]
    data = _locale(locale)
    if kind == "periods":
        periods = data.day_periods["format"]["abbreviated"]
        return str(periods["pm" if time.hour >= 12 else "am"])
    names = getattr(data, kind)["format"][width]
    return str(names[time.month if kind == "months" else time.weekday()])


@lru_cache(maxsize=64)
def _locale(name: str) -> Any:
    babel = library("babel", "i18n", "format_date")
    try:
        return babel.Locale.parse(name.replace("-", "_"))
    except (ValueError, TypeError, babel.UnknownLocaleError):
        raise ArgumentFault("locale", f"is no known language: {described(name)}") from None


# --------------------------------------------------------------------------------------------- reading

_READ = {
    "Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "I": r"\d{1,2}",
    "M": r"\d{1,2}", "S": r"\d{1,2}", "f": r"\d{1,6}", "p": r"[AaPp][Mm]", "z": r"Z|[+-]\d\d:?\d\d",
    "s": r"-?\d{1,12}", "B": r"[A-Za-z]{3,9}", "b": r"[A-Za-z]{3}",
    "A": r"[A-Za-z]{3,9}", "a": r"[A-Za-z]{3}",
}  # fmt: skip


def parsed(text: str, pattern: str, zone: tzinfo) -> datetime:
    """The time that a text of the pattern's form means; local time in the zone unless it has an offset."""
    _refuse_long(pattern, "format")
    match = _reader(pattern).fullmatch(text.strip()) if len(text) <= _LONGEST else None
    time = _time(match.groupdict(), zone) if match else None
    if time is None:
        raise ArgumentFault("value", f"is no date of the form '{pattern[:80]}': {described(text)}")
    return time


@lru_cache(maxsize=256)
def _reader(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression. Each code stands once and has a bounded width, so it is fast."""
    pieces: list[str] = []
    seen: set[str] = set()
    end = 0
    expanded = _expanded(pattern)
    for match in _CODE.finditer(expanded):
        pieces.append(_literal(expanded[end : match.start()]))
        end = match.end()
        code = match[2]
        if match[0] == "%%":
            pieces.append("%")
        elif code not in _READ:
            raise _unknown(match[0])
        elif code in seen:
            raise ArgumentFault("format", f"has `%{code}` twice")
        else:
            seen.add(code)
            pieces.append(f"(?P<{code}>{_READ[code]})")
    pieces.append(_literal(expanded[end:]))
    return re.compile("".join(pieces))


def _literal(text: str) -> str:
    """Text as it stands, a run of white space for any other."""
    return r"\s+".join(map(re.escape, re.split(r"\s+", text)))


def _time(found: dict[str, str], zone: tzinfo) -> datetime | None:
    """The fields as a time, if they are one."""
    if "s" in found:
        return moments.from_timestamp(int(found["s"]), "value")
    numbers = {code: int(text) for code, text in found.items() if text.isdecimal()}
    year = numbers.get("Y", 1970) if "y" not in numbers else _century(numbers["y"])
    micro = int(found.get("f", "0").ljust(6, "0"))
    try:
        time = datetime(
            year,
            _month(found),
            numbers.get("d", 1),
            _hour(numbers, found.get("p", "am").lower()),
            numbers.get("M", 0),
            numbers.get("S", 0),
            micro,
            moments.zone(found["z"]) if "z" in found else zone,
        )
        time.astimezone(UTC)  # fails at the first and last hours of the calendar
    except (ValueError, OverflowError):
        return None
    return time


def _month(found: dict[str, str]) -> int:
    if "B" in found:
        return [name.lower() for name in _MONTHS].index(found["B"].lower()) + 1
    if "b" in found:
        return [name[:3].lower() for name in _MONTHS].index(found["b"].lower()) + 1
    return int(found.get("m", "1"))


def _hour(numbers: dict[str, int], half: str) -> int:
    if "I" not in numbers:
        return numbers.get("H", 0)
    if not 1 <= numbers["I"] <= 12:
        raise ValueError
    return numbers["I"] % 12 + (12 if half == "pm" else 0)


def _century(year: int) -> int:
    """The year of two digits: 69 to 99 are 19xx, as POSIX has it."""
    return year + (1900 if year >= 69 else 2000)


def _refuse_long(text: str, parameter: str) -> None:
    if len(text) > _LONGEST:
        raise ArgumentFault(parameter, f"has more than {_LONGEST:,} characters")


def _unknown(code: str) -> ArgumentFault:
    hint = "the codes are listed with `format_date`; a percent sign is `%%`"
    return ArgumentFault("format", f"has the code `{code}`, which means nothing here", hint)
