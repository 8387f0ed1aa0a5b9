"""Values of a channel's fields in a request's body: checked as a mailing's are, without secrets."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from akrun.engine.compile import secret_fields
from akrun.errors import Fault, FileFaults
from akrun.mailing.constants import about
from akrun.model import Channel, Form, LocatedDocument, Schedule, codes, data_fields
from akrun.model.base import Model
from akrun.model.load import value_faults
from akrun.model.mailing import VALUE_OBJECTS
from akrun.model.positions import to_pointer
from akrun.model.secret_refs import is_reference
from akrun.model.values import part

_CURE = "give it to the server by --set"

Values = Mapping[str, Any]


class ConstantRoots(Model):
    """The values that a body may bring besides what it is about, by object."""

    template: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Values of the channel's template fields: the message."""
    campaign: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Values of the channel's campaign fields."""
    resource: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Values of the channel's resource fields."""
    sender: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Values of the channel's sender fields; those that are left out are the server's."""
    account: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Values of the channel's account fields."""


def constants_in(
    channel: Channel, document: LocatedDocument, values: Values, *, partial: bool = False
) -> tuple[dict[str, Any], list[Fault]]:
    """The constant roots for one body: its values over those that the process was given.

    Args:
        channel: The channel.
        document: The body, as `ConstantRoots` or more.
        values: What the process was given.
        partial: Whether required fields may have no value.

    Returns:
        The roots, secrets of the process included, and every fault of what the body brings.
    """
    faults: list[Fault] = []
    roots: dict[str, Any] = {}
    document = document.masked(_secrets_in(channel, document.value))
    for name in VALUE_OBJECTS:
        form = Form(name, channel.fields.of(name), channel, partial=partial)
        written = document.value.get(name, {})
        brought = list(form.secrets(written))
        faults += [_secret(document, (name, *at)) for at in brought]
        roots[name], found = form.fill(over(values.get(name, {}), written))
        secret = {tuple(field.name.split(".")) for field in form.fields if field.secret}
        told = (replace(each, hint=_CURE) if each.at in secret else each for each in found)
        faults += value_faults(name, tuple(each for each in told if each.at not in brought), document, {})
    return {**roots, "camp_schedule": _NO_SCHEDULE, "channel": about(channel)}, faults


def without_secrets(channel: Channel, roots: Values) -> dict[str, Any]:
    """The constant roots as they are kept: the channel's secret fields are left out."""
    kept = over({}, roots)
    for root, path in secret_fields(channel):
        *steps, last = path.split(".")
        parent = part(kept, (root, *steps))
        if root in VALUE_OBJECTS and isinstance(parent, dict):
            parent.pop(last, None)
    return kept


def references_in(channel: Channel, document: LocatedDocument) -> list[Fault]:
    """References to secrets in a mailing: a client must not read the server's environment and files."""
    message = "a reference to a secret is not taken from a request"
    return [
        document.fault(codes.REQUEST_SECRET, message, pointer, f"send the secret itself, or {_CURE}")
        for pointer in _secrets_in(channel, document.value)
        if is_reference(document.part(pointer))
    ]


def defaults_for(channel: Channel, document: LocatedDocument, values: Values) -> dict[str, Any]:
    """What the process was given and a mailing's document leaves out, by dotted path."""
    given: dict[str, Any] = {}
    for name in VALUE_OBJECTS:
        for field in data_fields(channel.fields.of(name)):
            steps = field.name.split(".")
            value = part(values.get(name), tuple(steps))
            if value is not None and part(document.value, (name, *steps)) is None:
                given[f"{name}.{field.name}"] = value
    return given


def over(base: Values, values: Values) -> dict[str, Any]:
    """A copy of both objects in one; `values` go before, part by part where both are objects."""
    both = {key: over(each, {}) if isinstance(each, Mapping) else each for key, each in base.items()}
    for key, value in values.items():
        known = both.get(key)
        inner = known if isinstance(known, Mapping) else {}
        both[key] = over(inner, value) if isinstance(value, Mapping) else value
    return both


def require(faults: list[Fault]) -> None:
    """Raises FileFaults when there are faults."""
    if faults:
        raise FileFaults(faults)


_NO_SCHEDULE = Schedule().to_scope()


def _secrets_in(channel: Channel, value: Any) -> Iterator[str]:
    """Pointers to the secrets of a body or mailing, as it is written."""
    for name in (*VALUE_OBJECTS, "subscription"):
        written = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(written, Mapping):
            for at in Form(name, channel.fields.of(name), channel).secrets(written):
                yield to_pointer((name, *at))


def _secret(document: LocatedDocument, at: tuple[str, ...]) -> Fault:
    message = f"`{'.'.join(at)}` is a secret, which no request brings"
    return document.fault(codes.REQUEST_SECRET, message, to_pointer(at), _CURE)
