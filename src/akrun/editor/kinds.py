"""The kinds of files that the server knows, told by their names and by their keys."""

from pathlib import PurePath
from typing import Any, Final, Literal, TypeAlias

from akrun.model.channel import Channel
from akrun.model.mailing import Mailing
from akrun.testkit.load import is_test
from akrun.testkit.matchers import TAGS

FileKind: TypeAlias = Literal["channel", "mailing", "test"]

_COMMON: Final = ("schema_", "name", "id")
_CHANNEL: Final = Channel.model_fields.keys() - {*_COMMON, "kind", "lint"}
"""Keys that hardly any other file has; a document with two of them is taken for a channel."""
_MAILING: Final = Mailing.model_fields.keys() - {*_COMMON, "account"}


def kind_of(name: str, value: Any = None, *, was_read: bool = True) -> FileKind | None:
    """What a file is; None for one that is none of ours.

    Args:
        name: of the file.
        value: what it holds.
        was_read: whether it could be read; one that never could says what it is by its name only.
    """
    file = PurePath(name)
    if is_test(file.name.lower()):
        return "test"
    stem = file.stem.lower()
    if not was_read:
        return "mailing" if "mailing" in stem else "channel" if "channel" in stem else None
    if not isinstance(value, dict):
        return None
    if len(_CHANNEL & value.keys()) > 1:
        return "channel"
    is_mailing = len(_MAILING & value.keys()) > 1 or ("mailing" in stem and {"id", "name"} & value.keys())
    return "mailing" if is_mailing else None


def tags_of(name: str) -> frozenset[str]:
    """The tags of YAML that a file of this name may have."""
    return TAGS if is_test(PurePath(name).name.lower()) else frozenset()
