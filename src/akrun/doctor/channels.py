"""The channels that the doctor looks at: files that were named, and those that the database has."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from akrun.backend import BackendError
from akrun.doctor.scope import Scope
from akrun.errors import FileFaults
from akrun.model.located import LocatedDocument, parse_located, read_with_faults
from akrun.model.secret_refs import is_reference

_SECRETS: Final = ("/listener/secret_header/value", "/listener/signature/secret")


@dataclass(frozen=True, slots=True)
class ChannelText:
    """A channel as it is written.

    Attributes:
        name: its file, or its string id.
        document: what was read; None when it cannot be read.
        faults: why not, or what is wrong with the text.
        folder: where its references to files are seen from; None for a channel of the database.
    """

    name: str
    document: LocatedDocument | None
    faults: FileFaults | None
    folder: Path | None


async def channel_texts(scope: Scope) -> list[ChannelText]:
    """The named files in their order; then the database's channels, unless a file has the same string id."""
    texts = [_of_file(path) for path in scope.files]
    named = {_string_id(each) for each in texts}
    for name, document in await _registered(scope):
        if name not in named:
            located, _ = parse_located(document, name, is_json=document.lstrip().startswith("{"))
            texts.append(ChannelText(name, _masked(located), None, None))
    return texts


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value, each with the nearest key above it."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from strings(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each, key)


def _of_file(path: Path) -> ChannelText:
    try:
        document, faults = read_with_faults(path)
    except FileFaults as error:
        return ChannelText(str(path), None, error, path.parent)
    return ChannelText(str(path), _masked(document), FileFaults(faults) if faults else None, path.parent)


def _masked(document: LocatedDocument) -> LocatedDocument:
    """The document, of which no frame shows a secret that stands in it."""
    secrets = []
    for pointer in _SECRETS:
        with suppress(KeyError):
            if not is_reference(document.part(pointer)):
                secrets.append(pointer)
    return document.masked(secrets)


def _string_id(text: ChannelText) -> Any:
    value = None if text.document is None else text.document.value
    return value.get("string_id") if isinstance(value, dict) else None


async def _registered(scope: Scope) -> list[tuple[str, str]]:
    try:
        unopened = scope.backend
        if unopened is None:
            return []
        async with unopened as backend:
            return [(each.string_id, each.document.decode()) for each in await backend.channels()]
    except BackendError:  # what is wrong with the backend another check says
        return []
