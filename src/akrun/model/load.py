"""Channel and mailing files read into models, with every fault of a file listed at once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from akrun.errors import Fault, FileFaults
from akrun.model import codes
from akrun.model.base import Model
from akrun.model.channel import Channel
from akrun.model.explain import faults_of
from akrun.model.located import LocatedDocument, read_with_faults
from akrun.model.mailing import VALUE_OBJECTS, Mailing
from akrun.model.positions import to_pointer
from akrun.model.values import Form, ValueFault
from aktmpl.source import Source, Span

_M = TypeVar("_M", bound=Model)


def load_channel_file(path: str | Path) -> tuple[Channel, LocatedDocument]:
    """Read a channel from a `.json`, `.yaml` or `.yml` file.

    Pipe types, their parameters and templates are looked at when the channel is compiled, not here.

    Raises:
        FileFaults: All faults of the file.
    """
    document, faults = read_with_faults(path)
    channel, more = _validated(Channel, document, "C2")
    if channel is None or faults:
        raise FileFaults([*faults, *more])
    return channel, document


def load_mailing_file(
    path: str | Path, channel: Channel, given: Mapping[str, Any] | None = None
) -> tuple[Mailing, LocatedDocument]:
    """Read a mailing, check its values against the channel's fields and fill in their defaults.

    Args:
        path: The mailing's file.
        channel: The channel it is for.
        given: Values that take the place of the file's, by dotted path such as `sender.api_key`.

    Raises:
        FileFaults: All faults of the file.
    """
    document, syntax = read_with_faults(path)
    document = replace(document, value=_overlaid(document.value, given or {}))
    forms = [Form(name, channel.fields.of(name), channel) for name in VALUE_OBJECTS]
    given = {form.name: _object(document.value, form.name) for form in forms}
    secrets = [
        to_pointer((form.name, *path)) for form in forms for path in form.secrets(given[form.name] or {})
    ]
    masked = document.masked(secrets)
    mailing, structure = _validated(Mailing, masked, "C3")
    values: dict[str, dict[str, Any]] = {}
    faults = [*(replace(fault, source=masked.source) for fault in syntax), *structure]
    for form in forms:
        written = given[form.name]
        if written is not None:
            values[form.name], found = form.fill(written)
            faults.extend(_value_faults(form.name, found, masked, given or {}))
    if mailing is None or faults:
        raise FileFaults(faults)
    return mailing.model_copy(update=values), document


def _object(value: Any, name: str) -> dict[str, Any] | None:
    """The values for one object as they are written; None where there is something else."""
    given = value.get(name, {}) if isinstance(value, dict) else None
    return given if isinstance(given, dict) else None


def _validated(
    model: type[_M], document: LocatedDocument, family: str
) -> tuple[_M | None, tuple[Fault, ...]]:
    try:
        return model.model_validate(document.value), ()
    except ValidationError as error:
        return None, faults_of(error, document, family)


def _overlaid(value: Any, given: Mapping[str, Any]) -> Any:
    """The file's value with the given values in it; what is no object on their way is replaced by one."""
    if not isinstance(value, dict):
        return value
    overlaid = dict(value)
    for path, item in given.items():
        target = overlaid
        *steps, last = path.split(".")
        for step in steps:
            inner = target.get(step)
            target[step] = target = dict(inner) if isinstance(inner, dict) else {}
        target[last] = item
    return overlaid


def _value_faults(
    name: str, found: tuple[ValueFault, ...], document: LocatedDocument, given: Mapping[str, Any]
) -> Iterator[Fault]:
    by_rule = {"required": codes.VALUE_MISSING, "unknown": codes.VALUE_UNKNOWN}
    for fault in found:
        code = by_rule.get(fault.rule, codes.VALUE_RULE)
        path = ".".join(map(str, (name, *fault.at)))
        if path in given:  # its place is not in the file, and its value may be a secret
            yield Fault(code, fault.message, fault.hint, Source(path, "--set"), Span(0, len(path)))
            continue
        pointer = to_pointer((name, *fault.at))
        span = document.span(pointer, key=True) if fault.on_key else document.first_line(pointer)
        yield Fault(code, fault.message, fault.hint, document.source, span)
