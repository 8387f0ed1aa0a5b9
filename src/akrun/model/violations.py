"""A rule of a field that a value breaks."""

from dataclasses import dataclass
from typing import Any

from akrun.model.explain import words_for


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    Attributes:
        rule: The rule's name, such as `type`, `min`, `pattern`, `required`.
        message: What the value must be; reads on from the field's name.
        at: The path to the wrong part, from the value (or the object) that was checked.
        hint: How to mend it.
        on_key: Whether the key at `at` is wrong rather than its value.
        detail: What the message says of the value, such as `, has 9`; left out where the value is secret.
    """

    rule: str
    message: str
    at: tuple[str | int, ...] = ()
    hint: str | None = None
    on_key: bool = False
    detail: str = ""


def wrong_type(expected: str, value: Any, at: tuple[str | int, ...] = ()) -> Violation:
    """The violation of a value that has another type than its field."""
    return Violation("type", f"must be {expected}, not {words_for(value)}", at)
