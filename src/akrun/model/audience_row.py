"""One row of an audience, its faults, and the rules that hold for it whatever file it comes from."""

from dataclasses import dataclass
from typing import Any, Final

from akrun.errors import Fault
from akrun.model import codes
from akrun.model.channel import Channel
from akrun.model.explain import words_for
from akrun.model.values import Form, ValueFault
from aktmpl.source import Source, Span

MAX_ROW_BYTES: Final = 1024 * 1024
"""A longer row is refused; a quote that is never closed would otherwise take in the whole file."""


@dataclass(frozen=True, slots=True)
class AudienceRow:
    """One profile that a mailing is for.

    Attributes:
        line: The file's line on which the row begins, from 1.
        profile_id: `profile.id` as text.
        profile: The profile's fields, nested.
        subscription: The subscription's fields, with defaults filled in.
        skip_reason: Why no message can be sent to it: a required subscription field is missing.
    """

    line: int
    profile_id: str
    profile: dict[str, Any]
    subscription: dict[str, Any]
    skip_reason: str | None = None


class RowSource(Source):
    """One row's text, with line numbers of the file it was cut from."""

    def __init__(self, text: str, name: str, first_line: int, first_column: int = 1) -> None:
        super().__init__(text, name)
        object.__setattr__(self, "first_line", first_line)
        object.__setattr__(self, "first_column", first_column)

    first_line: int
    """The file's line on which the text begins."""
    first_column: int
    """The column of that line."""

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column in the file."""
        line, column = super().position(offset)
        return line + self.first_line - 1, column + (self.first_column - 1 if line == 1 else 0)

    def line(self, number: int) -> str:
        """The text of the file's line `number`, blank before the row; it must be one of the row's."""
        text = super().line(number - self.first_line + 1)
        return " " * (self.first_column - 1) + text if number == self.first_line else text


@dataclass(frozen=True, slots=True)
class RowFault:
    """A fault of a row, not yet made ready to be shown."""

    code: str
    message: str
    name: str
    line: int
    text: str
    span: Span
    hint: str | None = None
    column: int = 1

    def located(self) -> Fault:
        """The fault with its place in the file."""
        source = RowSource(self.text, self.name, self.line, self.column)
        return Fault(self.code, self.message, self.hint, source, self.span)


@dataclass(frozen=True, slots=True)
class RowTrouble:
    """A fault of a row's values: `at` leads to the value from the row, as `("subscription", "phone")`."""

    code: str
    message: str
    at: tuple[str | int, ...]
    hint: str | None = None
    on_key: bool = False


class RowReader:
    """Makes rows of profile and subscription values by the rules of one channel."""

    def __init__(self, name: str, channel: Channel) -> None:
        """`name` is what frames call the file."""
        self.name = name
        self.form = Form("subscription", channel.fields.subscription, channel)

    def row(
        self, line: int, profile: dict[str, Any], subscription: dict[str, Any]
    ) -> AudienceRow | list[RowTrouble]:
        """The row, or everything that is wrong with its values."""
        troubles: list[RowTrouble] = []
        profile_id = _profile_id(profile, troubles)
        reason = self.form.missing(subscription)
        filled, faults = self.form.fill(subscription)
        troubles.extend(_trouble(fault) for fault in faults if not _is_absent(fault, subscription))
        if troubles:
            return troubles
        skip = f"the required `{reason}` is missing" if reason else None
        return AudienceRow(line, profile_id, profile, filled, skip)


def _profile_id(profile: dict[str, Any], troubles: list[RowTrouble]) -> str:
    value = profile.get("id")
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None or value == "":
        message, hint = "the profile has no `id`", "each row needs one: a text or a whole number"
        troubles.append(RowTrouble(codes.PROFILE_ID, message, ("profile", "id"), hint))
    else:
        message = f"a profile's `id` must be text or a whole number, not {words_for(value)}"
        troubles.append(RowTrouble(codes.PROFILE_ID, message, ("profile", "id")))
    return ""


def _is_absent(fault: ValueFault, subscription: dict[str, Any]) -> bool:
    """Whether the fault only says that a value is not there, which skips the row instead."""
    value: Any = subscription
    for step in fault.at:
        value = value.get(step) if isinstance(value, dict) else None
    return value is None or (isinstance(value, str) and not value)


def _trouble(fault: ValueFault) -> RowTrouble:
    return RowTrouble(
        codes.SUBSCRIPTION_VALUE, fault.message, ("subscription", *fault.at), fault.hint, fault.on_key
    )
