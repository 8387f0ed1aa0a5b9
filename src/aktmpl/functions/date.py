"""Functions of dates and times, which are ISO 8601 text in the language's values.

A date is read in any form of ISO 8601 that has a calendar date; without an offset it is in UTC, without a
time it is midnight. What these functions give has an offset, `Z` for UTC, and a fraction of the second
only if there is one. A zone is an IANA name such as `Europe/Moscow`, or an offset such as `+03:00`.
"""

from typing import Literal

from aktmpl.functions import moments
from aktmpl.functions.derive import family
from aktmpl.functions.function import Context, Example
from aktmpl.functions.strftime import formatted, parsed

date_function = family("date")


@date_function(
    Example("now() > '2020-01-01'", result=True),
    Example("now('Asia/Tokyo') | ends_with('+09:00')", result=True),
    pure=False,
)
def now(zone: str = "UTC", *, context: Context) -> str:
    """The time now in the zone, to the second."""
    time = context.clock().astimezone(moments.zone(zone)).replace(microsecond=0)
    return moments.written(time)


@date_function(
    Example("'2024-05-01 12:00' | parse_date", "2024-05-01T12:00:00Z"),
    Example("parse_date('01.05.2024', '%d.%m.%Y', zone='Europe/Moscow')", "2024-05-01T00:00:00+03:00"),
    Example("parse_date(1714564800)", "2024-05-01T12:00:00Z"),
    Example("parse_date('1 May 2024 3:05 PM', '%d %b %Y %I:%M %p')", "2024-05-01T15:05:00Z"),
    Example("parse_date('tomorrow')", error="E410"),
)
def parse_date(value: str | float, format: str | None = None, zone: str = "UTC") -> str:  # noqa: A002
    """The date that a text, or a number of seconds since 1970, means.

    Without a format the text is ISO 8601; with one it is what `format_date` would write. A text without
    an offset is local time in the zone; a text with one, and a number, are shown in their own and in UTC.
    """
    if not isinstance(value, str):
        return moments.written(moments.from_timestamp(value, "value"))
    if format is None:
        return moments.written(moments.read(value, "value", moments.zone(zone)))
    return moments.written(parsed(value, format, moments.zone(zone)))


@date_function(
    Example("'2024-05-01T12:30:00Z' | format_date('%d.%m.%Y %H:%M')", "01.05.2024 12:30"),
    Example("format_date('2024-05-01T12:30:00Z', '%-d %B, %H:%M', zone='Europe/Moscow')", "1 May, 15:30"),
    Example("format_date('2024-05-01', '%-d %B', locale='ru')", "1 мая"),
    Example("format_date('2024-05-01', '%Q')", error="E410"),
)
def format_date(date: str, format: str, zone: str | None = None, locale: str = "en") -> str:  # noqa: A002
    """The date as text, shown in the zone if one is given.

    The format has the usual codes: `%Y %y` year, `%m` month, `%d` day, `%j` day of the year, `%H %I`
    hour (of 24, of 12), `%M` minute, `%S` second, `%f` microseconds, `%p` AM or PM, `%B %b` name of the
    month, `%A %a` name of the day, `%u` day of the week (1 is Monday), `%V` week (ISO), `%z %:z` offset,
    `%s` seconds since 1970, `%F` for `%Y-%m-%d`, `%T` for `%H:%M:%S`, `%%` a percent sign. `%-d` leaves
    out leading zeros. Names in other languages than English need `pip install 'akrun[i18n]'`.
    """
    time = moments.read(date, "date")
    return formatted(time if zone is None else time.astimezone(moments.zone(zone)), format, locale)


@date_function(
    Example("'2024-01-31T10:00:00Z' | add_time(1, 'months')", "2024-02-29T10:00:00Z"),
    Example("add_time('2024-05-01', -90, 'minutes')", "2024-04-30T22:30:00Z"),
    Example("add_time('2024-05-01', 1000000, 'years')", error="E410"),
)
def add_time(
    date: str,
    amount: int,
    unit: Literal["seconds", "minutes", "hours", "days", "weeks", "months", "years"],
) -> str:
    """The date so much later, or earlier if the amount is negative.

    Months and years keep the day, or take the last one of a shorter month. The offset stays.
    """
    return moments.written(moments.later(moments.read(date, "date"), amount, unit))


@date_function(
    Example("timestamp('1970-01-02')", 86400),
    Example("'2024-05-01T12:00:00.250Z' | timestamp('milliseconds')", 1714564800250),
)
def timestamp(date: str, unit: Literal["seconds", "milliseconds"] = "seconds") -> int:
    """How many whole seconds, or milliseconds, the date is after the beginning of 1970 in UTC."""
    micro = moments.microseconds(moments.read(date, "date"))
    return micro // (1_000_000 if unit == "seconds" else 1_000)


@date_function(
    Example("'2024-05-01T12:00:00Z' | to_timezone('Europe/Moscow')", "2024-05-01T15:00:00+03:00"),
    Example("to_timezone('2024-07-01T12:00:00Z', 'America/New_York')", "2024-07-01T08:00:00-04:00"),
    Example("to_timezone('2024-05-01', 'Mars/Olympus')", error="E410"),
)
def to_timezone(date: str, zone: str) -> str:
    """The same moment as clocks in the zone show it."""
    return moments.written(moments.read(date, "date").astimezone(moments.zone(zone)))
