"""From template values to what pipes use; a ValueError says what is wrong in the words of the file."""

import math
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pydantic import WithJsonSchema

from akrun.errors import PipeFailure
from akrun.pipes.spec import parameter_failure
from aktmpl.errors import Fault, nearest, shown
from aktmpl.values import text_form


def one_of(*choices: str) -> Callable[[Any], str]:
    """A converter that accepts these words in any case and gives them as written here."""
    by_lower = {choice.lower(): choice for choice in choices}

    def convert(value: Any) -> str:
        found = by_lower.get(value.lower()) if isinstance(value, str) else None
        if found is None:
            hint = nearest(str(value), choices) if isinstance(value, str) else None
            raise ValueError(
                f"{shown(value)} is not one of {', '.join(choices)}" + (f"; {hint}" if hint else "")
            )
        return found

    return convert


def word(*choices: str) -> WithJsonSchema:
    """What a schema says of a text that is one of these words, in any case, or a template."""
    in_any_case = ("".join(f"[{each.lower()}{each.upper()}]" if each.isalpha() else each for each in choice)
                   for choice in choices)  # fmt: skip
    pattern = rf"\$|^(?:{'|'.join(in_any_case)})$"
    options: tuple[dict[str, Any], ...] = ({"enum": [*choices]}, {"pattern": pattern})
    return WithJsonSchema({"anyOf": [{"type": "string", **each} for each in options]})


def positive_number(value: Any) -> float:
    """A number above zero, also from its text."""
    number = finite_number(value)
    if number <= 0:
        raise ValueError(f"{shown(value)} is not above zero")
    return number


def natural_number(value: Any) -> float:
    """A number that is not below zero, also from its text."""
    number = finite_number(value)
    if number < 0:
        raise ValueError(f"{shown(value)} is below zero")
    return number


def finite_number(value: Any) -> float:
    """A number, also from its text; one too large for a float is refused."""
    number = math.nan
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{shown(value)} is not a number")
    return number


def integer(value: Any) -> int:
    """A whole number, also from its text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        return int(value)
    raise ValueError(f"{shown(value)} is not a whole number")


def unix_time(value: Any) -> float:
    """Seconds since the Unix epoch, from a number, its text, or ISO 8601 (UTC where it names no zone)."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if isinstance(value, str):
        try:
            return unix_time(float(value))
        except ValueError:
            pass
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            pass
        else:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    raise ValueError(f"{shown(value)} is neither seconds since 1970 nor an ISO 8601 time")


def text_of(value: Any, name: str) -> str:
    """The text form of a value of parameter `name`; raises PipeFailure where it has none."""
    try:
        return text_form(value)
    except Fault as exc:
        raise parameter_failure(name, exc.message) from exc


def object_of(value: Any, name: str) -> dict[str, Any]:
    """The value itself, if it is an object; raises PipeFailure otherwise."""
    if not isinstance(value, dict):
        raise parameter_failure(name, f"an object is needed, not {shown(value)}")
    return value


def data_failure(code: str, message: str) -> PipeFailure:
    """The failure of a pipe that cannot use what `$in` holds."""
    return PipeFailure(code, message, kind="data")
