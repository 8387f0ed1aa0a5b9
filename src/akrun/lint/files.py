"""The files that lint looks at: those it is told, and the channels in a folder."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from akrun.errors import AkrunError, FileFaults
from akrun.model.located import parse_located, read_text

SUFFIXES = (".json", ".yaml", ".yml")
STDIN = "-"

_MARKS = frozenset({"string_id", "communication", "pipelines", "module", "fields", "events", "listener"})
"""Keys of channels; a document with two of them is taken for one."""
_SKIPPED = frozenset({"node_modules", "__pycache__", "build", "dist"})


class UnusableInputError(AkrunError):
    """There is nothing that could be looked at."""


@dataclass(frozen=True, slots=True)
class Input:
    """A channel's text as it was read.

    Attributes:
        name: what findings call it.
        text: without a byte order mark.
        is_json: whether it is JSON; YAML otherwise.
        path: where it came from; None for standard input.
    """

    name: str
    text: str
    is_json: bool
    path: Path | None


def inputs(paths: Iterable[str], stdin: bytes = b"") -> list[Input]:
    """The channels that paths name: files, all channels in and below folders, `-` for standard input.

    Raises:
        UnusableInputError: a path leads nowhere, a file is no JSON or YAML by its name or cannot be read as
            text, or a folder has no channel in it.
    """
    found: dict[str, Input] = {}
    for path in paths:
        for each in _of_path(path, stdin):
            found.setdefault(each.name, each)
    return list(found.values())


def _of_path(path: str, stdin: bytes) -> Iterator[Input]:
    if path == STDIN:
        try:
            text = stdin.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UnusableInputError("<stdin>: the text is not UTF-8") from error
        yield Input("<stdin>", text, text.lstrip()[:1] in ("{", "["), None)
        return
    place = Path(path)
    if not place.is_dir():
        yield _read(place)
        return
    channels = [*_channels(place)]
    if not channels:
        raise UnusableInputError(f"{path}: there is no channel in this folder")
    yield from channels


def _channels(folder: Path) -> Iterator[Input]:
    for place in sorted(folder.rglob("*")):
        below = place.relative_to(folder).parts
        hidden = any(part.startswith(".") or part in _SKIPPED for part in below)
        hidden = hidden or place.stem.endswith(".test")  # cases for `akrun test`
        if hidden or place.suffix.lower() not in SUFFIXES or not place.is_file():
            continue
        found = _read(place)
        if _is_channel(found):
            yield found


def _read(place: Path) -> Input:
    if place.suffix.lower() not in SUFFIXES:
        raise UnusableInputError(f"{place}: a channel's name ends in {', '.join(SUFFIXES)}")
    try:
        text = read_text(place)
    except FileFaults as error:
        raise UnusableInputError(error.frames()) from error
    return Input(str(place), text, place.suffix.lower() == ".json", place)


def _is_channel(each: Input) -> bool:
    """Whether a file in a folder is meant as a channel; one that cannot be read says so by its name."""
    try:
        value = parse_located(each.text, each.name, is_json=each.is_json)[0].value
    except FileFaults:
        return "channel" in Path(each.name).stem.lower()
    return isinstance(value, dict) and len(_MARKS & value.keys()) > 1
