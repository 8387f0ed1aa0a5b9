"""Channels: whether they compile, and whether their secrets are where they say."""

from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from akrun.doctor.channels import ChannelText, channel_texts
from akrun.doctor.finding import Finding, fail, of_fault, ok, warn
from akrun.doctor.modes import readable_by_others
from akrun.doctor.scope import Scope
from akrun.doctor.threads import in_thread
from akrun.engine.compile import compile_channel
from akrun.errors import Fault, FileFaults
from akrun.model.channel import Channel
from akrun.model.explain import faults_of
from akrun.model.secret_refs import SecretError, is_reference, resolve
from aktmpl import TemplateError


async def check(scope: Scope) -> AsyncIterator[Finding]:
    """Look at the channels that were named, and at those that were used."""
    texts = await channel_texts(scope)
    if not texts:
        yield ok(
            "channels", "none to look at", "name channel files to have them looked at: akrun doctor CHANNEL…"
        )
    for text in texts:
        for finding in await in_thread(list, _looked_at(text, scope)):
            yield finding


def _looked_at(text: ChannelText, scope: Scope) -> Iterator[Finding]:
    if text.faults is not None:
        yield from _faults(text.faults.faults)
    if text.document is None:
        return
    try:
        channel = Channel.model_validate(text.document.value)
        compile_channel(channel, text.document, scope.defaults)
    except ValidationError as error:
        yield from _faults(faults_of(error, text.document, "C2"))
        return
    except FileFaults as error:
        yield from _faults(error.faults)
        return
    yield ok(text.name, f"`{channel.string_id}` compiles")
    yield from _secrets(channel, text)


def _faults(faults: Iterable[Fault | TemplateError]) -> Iterator[Finding]:
    return (of_fault(fault, "correct the channel") for fault in faults)


def _secrets(channel: Channel, text: ChannelText) -> Iterator[Finding]:
    """The listener's references to secrets."""
    listener = channel.listener
    if listener is None:
        return
    references = {
        "listener.secret_header": None if listener.secret_header is None else listener.secret_header.value,
        "listener.signature": None if listener.signature is None else listener.signature.secret,
    }
    for place, reference in references.items():
        if not is_reference(reference):
            continue
        subject = f"{text.name}, {place}"
        if text.folder is None and reference.startswith("file:"):
            yield ok(subject, f"{reference} is seen from the channel's file, which is not known here")
            continue
        try:
            resolve(reference, text.folder or Path())
        except SecretError as error:
            yield fail(subject, str(error), f"give `akrun serve` what {reference} stands for")
            continue
        yield ok(subject, f"{reference} is there")
        file = (text.folder or Path()) / reference.removeprefix("file:")
        if reference.startswith("file:") and readable_by_others(file):
            yield warn(str(file), "others can read this secret", f"chmod 600 {file}")
