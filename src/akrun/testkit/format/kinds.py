"""Kinds of values in test files that may be written in more than one way."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

END: Final = float("inf")
"""The span until no hand-over is left: `end`."""

_SPAN: Final = re.compile(
    r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?"
)
_SECONDS: Final = (86_400, 3_600, 60, 1)


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("kind", "{message}", {"message": message})


def _either(words: str, *kinds: type) -> Any:
    """A validator that takes values of these Python types, and calls them by these words."""

    def check(value: Any) -> Any:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise _wrong(f"this must be {words}")
        return value

    return BeforeValidator(check, json_schema_input_type=_union(kinds))


def _union(kinds: tuple[type, ...]) -> Any:
    union: Any = kinds[0]
    for each in kinds[1:]:
        union |= each
    return union


def seconds_of(value: Any) -> float:
    """The seconds of a span: a number of them, a text such as `90s`, `5m`, `1h30m`, `2d`, or `end`."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < END:
        return float(value)
    if value == "end":
        return END
    found = _SPAN.fullmatch(value) if isinstance(value, str) and value else None
    if found is None:
        raise _wrong("a span is a number of seconds, or a text such as 90s, 5m, 1h30m or 2d")
    return sum(float(part) * each for part, each in zip(found.groups(), _SECONDS, strict=True) if part)


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise _wrong("a moment is written as 2030-01-31T09:00:00+03:00") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _operation(value: Any) -> str:
    if (
        not isinstance(value, str)
        or not all(map(str.isidentifier, value.split(".")))
        or value.count(".") != 1
    ):
        raise _wrong("an operation is named with its entity: category.create")
    return value


OperationName = Annotated[Any, BeforeValidator(_operation, json_schema_input_type=str)]
"""An entity's short name, and one of its operations: `category.create`."""
Span = Annotated[Any, BeforeValidator(seconds_of, json_schema_input_type=float | str)]
"""A span of time; a float of seconds."""
Moment = Annotated[datetime | None, BeforeValidator(_moment, json_schema_input_type=str)]
"""A date and time of ISO 8601; without an offset in UTC."""
FileOrObject = Annotated[Any, _either("a file's path, or an object", str, dict)]
"""A part of the test, or the path of a file that has it."""
FileOrList = Annotated[Any, _either("a file's path, or a list", str, list)]
"""A list, or the path of a file."""
FieldsOrText = Annotated[Any, _either("an object, or text", str, dict)]
"""Fields, or how they are written."""
IdOrFields = Annotated[Any, _either("a profile's fields, or its id", str, int, dict)]
"""A profile, or the id of one."""
FlagOrText = Annotated[Any, _either("true, or text", bool, str)]
"""A flag, or more words than that."""
Identifier = Annotated[Any, _either("text, or a whole number", str, int)]
"""An id."""
