"""Channel and mailing files read into models, with every fault of a file listed at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from akrun.errors import Fault, FileFaults
from akrun.model import codes
from akrun.model.base import Model
from akrun.model.channel import Channel
from akrun.model.explain import faults_of
from akrun.model.located import LocatedDocument, parse_located, read_with_faults
from akrun.model.mailing import VALUE_OBJECTS, Mailing
from akrun.model.positions import to_pointer
from akrun.model.secret_refs import is_reference
from akrun.model.values import Form, ValueFault, part
from aktmpl.source import Source, Span

_M = TypeVar("_M", bound=Model)


def load_channel_file(path: str | Path) -> tuple[Channel, LocatedDocument]:
    """Read a channel from a `.json`, `.yaml` or `.yml` file.

    Pipe types, their parameters and templates are looked at when the channel is compiled, not here.

    Raises:
        FileFaults: All faults of the file.
    """
    return _channel(*read_with_faults(path))


def load_channel(text: str, name: str, *, is_json: bool = True) -> tuple[Channel, LocatedDocument]:
    """The same for a text that is there already.

    Args:
        text: The channel.
        name: What frames call it.
        is_json: Whether it is JSON; else it is YAML.

    Raises:
        FileFaults: All faults of the text.
    """
    return _channel(*parse_located(text, name, is_json=is_json))


def _channel(document: LocatedDocument, faults: Sequence[Fault]) -> tuple[Channel, LocatedDocument]:
    channel, more = _validated(Channel, document, "C2")
    if channel is None or faults:
        raise FileFaults([*faults, *more])
    return channel, document


def load_mailing_file(
    path: str | Path, channel: Channel, given: Mapping[str, Any] | None = None
) -> tuple[Mailing, LocatedDocument]:
    """Read a mailing, check its values against the channel's fields and fill in their defaults.

    A secret field's value may be a reference, `env:NAME` or `file:PATH` (seen from the mailing's folder, for
    `given` from the current one); the secret takes its place, and keeps the field's rules itself.

    Args:
        path: The mailing's file.
        channel: The channel it is for.
        given: Values that take the place of the file's, by dotted path such as `sender.api_key`.

    Raises:
        FileFaults: All faults of the file.
    """
    document, syntax = read_with_faults(path)
    return load_mailing(document, channel, given, folder=Path(path).parent, syntax=syntax)


def load_mailing(
    document: LocatedDocument,
    channel: Channel,
    given: Mapping[str, Any] | None = None,
    *,
    folder: Path = Path(),
    syntax: tuple[Fault, ...] = (),
) -> tuple[Mailing, LocatedDocument]:
    """The same for a mailing that was read already.

    Args:
        document: The mailing.
        channel: The channel it is for.
        given: Values that take the place of the document's.
        folder: Where references to files of secrets are seen from.
        syntax: Faults that were found when it was read.

    Raises:
        FileFaults: All faults of the document, those found before included.
    """
    document = replace(document, value=_overlaid(document.value, given or {}))
    forms = [Form(name, channel.fields.of(name), channel) for name in VALUE_OBJECTS]
    written = {form.name: _object(document.value, form.name) for form in forms}
    secrets = [
        to_pointer((form.name, *at))
        for form in forms
        for at in form.secrets(written[form.name] or {})
        if not is_reference(part(written[form.name], at))
    ]
    masked = document.masked(secrets)
    mailing, structure = _validated(Mailing, masked, "C3")
    values: dict[str, dict[str, Any]] = {}
    faults = [*(replace(fault, source=masked.source) for fault in syntax), *structure]
    for form in forms:
        object_ = written[form.name]
        if object_ is not None:
            values[form.name], found = _filled(form, object_, folder, given or {})
            faults.extend(value_faults(form.name, found, masked, given or {}))
    if mailing is not None and mailing.campaign_type not in (None, *channel.campaign_types):
        faults.append(_campaign_type_fault(channel, masked))
    if mailing is None or faults:
        raise FileFaults(faults)
    return mailing.model_copy(update=values), document


def load_values(channel: Channel, given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Values without a mailing, as roots of a scope: those given, and the fields' defaults.

    Required fields may be missing: what is done with the values may not need them.

    Args:
        channel: The channel they are for.
        given: Values by dotted path, such as `sender.api_key`; secrets may be references.

    Raises:
        FileFaults: All faults of the values.
    """
    values: dict[str, dict[str, Any]] = {}
    faults: list[Fault] = []
    written = _overlaid({}, given)
    for name in VALUE_OBJECTS:
        form = Form(name, channel.fields.of(name), channel, partial=True)
        values[name], found = _filled(form, written.get(name, {}), Path(), given)
        faults.extend(_given_fault(name, fault) for fault in found)
    if faults:
        raise FileFaults(faults)
    return values


def _campaign_type_fault(channel: Channel, document: LocatedDocument) -> Fault:
    hint = "offered: " + ", ".join(channel.campaign_types)
    message = "the channel is not offered in mailings of this kind"
    return Fault(
        codes.MAILING_WRONG_VALUE, message, hint, document.source, document.first_line("/campaign_type")
    )


def _filled(
    form: Form, written: dict[str, Any], folder: Path, given: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[ValueFault, ...]]:
    """The values with secrets in place of references and defaults where nothing is given, and all faults."""
    resolved, unresolved = form.resolved(
        written, lambda at: Path() if ".".join((form.name, *at)) in given else folder
    )
    filled, found = form.fill(resolved)
    places = {fault.at for fault in unresolved}
    return filled, (*unresolved, *(fault for fault in found if fault.at not in places))


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


def value_faults(
    name: str, found: tuple[ValueFault, ...], document: LocatedDocument, given: Mapping[str, Any]
) -> Iterator[Fault]:
    """Faults of the values of the document's object `name`, at their places; those in `given` have none."""
    for fault in found:
        if ".".join(map(str, (name, *fault.at))) in given:
            yield _given_fault(name, fault)
            continue
        pointer = to_pointer((name, *fault.at))
        span = document.span(pointer, key=True) if fault.on_key else document.first_line(pointer)
        yield Fault(_code(fault), fault.message, fault.hint, document.source, span)


def _given_fault(name: str, fault: ValueFault) -> Fault:
    """The fault of a value from the command line: no file has its place, and it may be a secret."""
    path = ".".join(map(str, (name, *fault.at)))
    return Fault(_code(fault), fault.message, fault.hint, Source(path, "--set"), Span(0, len(path)))


def _code(fault: ValueFault) -> str:
    by_rule = {
        "required": codes.VALUE_MISSING,
        "unknown": codes.VALUE_UNKNOWN,
        "reference": codes.VALUE_REFERENCE,
    }
    return by_rule.get(fault.rule, codes.VALUE_RULE)
