"""Whether a value is of a type."""

from typing import Any

from aktmpl.errors import type_name
from aktmpl.schema import Type


def fits(value: Any, of: Type) -> bool:
    """Whether the type counts the value in, with all that is inside it."""
    if type_name(value) not in of.kinds:
        return False
    if of.values is not None and not any(type(each) is type(value) and each == value for each in of.values):
        return False
    if isinstance(value, list):
        return all(fits(each, of.element) for each in value)
    if isinstance(value, dict):
        surely = {name for name, field in of.fields.items() if not field.optional}
        inside = all(fits(each, member.type) for key, each in value.items() if (member := of.member(key)))
        known = of.open or value.keys() <= of.fields.keys()
        return surely <= value.keys() and inside and known
    return True
