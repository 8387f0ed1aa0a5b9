"""What loading says of mailings and test files; values of secret fields stay where they are."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from akrun.editor.documents import Document
from akrun.editor.exits import mapping
from akrun.errors import Fault, FileFaults
from akrun.model import codes
from akrun.model.base import objects
from akrun.model.channel import Channel
from akrun.model.explain import faults_of
from akrun.model.load import value_faults
from akrun.model.located import LocatedDocument, parse_located
from akrun.model.mailing import VALUE_OBJECTS, Mailing
from akrun.model.positions import to_pointer
from akrun.model.secret_refs import is_reference
from akrun.model.values import Form, part
from akrun.testkit.codes import REFERENCE
from akrun.testkit.load import parse_tests
from aktmpl.errors import TemplateError


def loading_faults(document: Document) -> list[Fault | TemplateError]:
    """Every fault of a mailing or test file that is there before anything is sent."""
    channel = _channel(document.channel)
    if document.kind == "mailing":
        return [*_of_mailing(document, channel)]
    return [*_of_test(document, channel)]


def _channel(document: Document | None) -> Channel | None:
    """The channel, if it fits its model: what is wrong with it is said in its own file."""
    if document is None:
        return None
    try:
        located, _ = parse_located(document.text, document.name, is_json=document.is_json)
        return Channel.model_validate(located.value)
    except (FileFaults, ValidationError):
        return None


def _of_mailing(document: Document, channel: Channel | None) -> Iterator[Fault | TemplateError]:
    try:
        located, faults = parse_located(document.text, document.name, is_json=document.is_json)
    except FileFaults as error:
        yield from error.faults
        return
    yield from faults
    try:
        mailing = Mailing.model_validate(located.value)
    except ValidationError as error:
        yield from faults_of(error, located, "C3")
    else:
        if channel is not None and mailing.campaign_type not in (None, *channel.campaign_types):
            yield located.fault(
                codes.MAILING_WRONG_VALUE,
                "the channel is not offered in mailings of this kind",
                "/campaign_type",
                "offered: " + ", ".join(channel.campaign_types),
            )
    if channel is not None:
        yield from _of_values(channel, located)


def _of_values(channel: Channel, located: LocatedDocument) -> Iterator[Fault | TemplateError]:
    """Faults of the values by the channel's fields; a reference to a secret is not followed."""
    for name in VALUE_OBJECTS:
        form = Form(name, channel.fields.of(name), channel)
        values = mapping(located.value).get(name, {})
        if isinstance(values, dict):
            referring = [at for at in form.secrets(values) if is_reference(part(values, at))]
            found = tuple(each for each in form.fill(values)[1] if each.at not in referring)
            yield from value_faults(name, found, located, {})


def _of_test(document: Document, channel: Channel | None) -> Iterator[Fault | TemplateError]:
    try:
        loaded = parse_tests(document.text, Path(document.name), is_json=document.is_json)
    except FileFaults as error:
        yield from error.faults
        return
    if document.channel is None:
        yield loaded.fault("there is no such file, or it cannot be read", "channel", code=REFERENCE)
    elif channel is not None:
        yield from _of_inline(loaded.document, channel)


def _of_inline(located: LocatedDocument, channel: Channel) -> Iterator[Fault | TemplateError]:
    """Faults of the values of mailings that are written in the test; required ones may come by `set`."""
    value: Mapping[str, Any] = located.value
    cases = (("cases", index, "mailing") for index, _ in objects(value["cases"]))
    places: list[tuple[str | int, ...]] = [("defaults", "mailing"), *cases]
    for place in places:
        try:
            within = located.within(to_pointer(place))
        except KeyError:
            continue
        if isinstance(within.value, dict):
            yield from (each for each in _of_values(channel, within) if each.code != codes.VALUE_MISSING)
