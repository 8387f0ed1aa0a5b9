"""A JSON or YAML file as a value that still knows where each part of it is written."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from akrun.errors import Fault, FileFaults
from akrun.model import codes
from akrun.model.json_positions import read_json, string_offsets
from akrun.model.positions import BrokenTextError, Node, Reading, Trouble, from_pointer
from akrun.model.yaml_origins import scalar_offsets
from akrun.model.yaml_positions import read_yaml
from aktmpl.source import Origin, Source, Span

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""A larger channel or mailing file is refused unread."""

_Offsets = Callable[[str, Span, str], Sequence[int]]


@dataclass(frozen=True)
class LocatedDocument:
    """A file's JSON value with its places.

    Attributes:
        source: The whole text of the file, under the path it was given as.
        value: The JSON value.
        root: The places, as a tree of the value's shape.
    """

    source: Source
    value: Any
    root: Node
    _offsets: _Offsets

    def span(self, pointer: str, *, key: bool = False) -> Span:
        """Where the part that `pointer` (RFC 6901) names is written; with `key`, where its key is.

        A pointer that leads nowhere gives the innermost part on its way that is there, as the place where
        something is missing: for an object or list, only its first character.
        """
        node, found = self._node(pointer)
        if not found:
            return Span(node.span.start, min(node.span.start + 1, node.span.end))
        return node.key if key and node.key is not None else node.span

    def first_line(self, pointer: str) -> Span:
        """As `span`, cut to one line, and to the first character for an object or list that takes several."""
        span = self.span(pointer)
        line_end = self.source.text.find("\n", span.start, span.end)
        if line_end < 0:
            return span
        return (
            Span(span.start, span.start + 1)
            if self._node(pointer)[0].parts is not None
            else Span(span.start, line_end)
        )

    def origin(self, pointer: str, is_key: bool = False) -> Origin | None:  # noqa: FBT001, FBT002 - the shape of `locate` callbacks
        """The place of every character of a text leaf, or of a key; None where there is no text."""
        node, found = self._node(pointer)
        if not found:
            return None
        if is_key:
            text: Any = from_pointer(pointer)[-1] if pointer and node.key is not None else None
            span = node.key
        else:
            text, span = self.part(pointer), node.span
        if not isinstance(text, str) or span is None:
            return None
        return Origin(self.source, self._offsets(self.source.text, span, text), pointer)

    def part(self, pointer: str) -> Any:
        """The value that `pointer` names.

        Raises:
            KeyError: Nothing is there.
        """
        value = self.value
        for step in from_pointer(pointer):
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                raise KeyError(pointer)
        return value

    def fault(
        self, code: str, message: str, pointer: str, hint: str | None = None, *, key: bool = False
    ) -> Fault:
        """A fault at a part of this document."""
        return Fault(code, message, hint, self.source, self.span(pointer, key=key))

    def masked(self, pointers: Iterable[str]) -> "LocatedDocument":
        """The same document with asterisks in the text of the values that `pointers` name, for frames."""
        source = mask(self.source, (self.span(pointer) for pointer in pointers))
        return replace(self, source=source)

    def within(self, pointer: str) -> "LocatedDocument":
        """A part of this document as one of its own; raises KeyError where nothing is."""
        return replace(self, value=self.part(pointer), root=self._node(pointer)[0])

    def _node(self, pointer: str) -> tuple[Node, bool]:
        node = self.root
        for step in from_pointer(pointer):
            part = node.part(step)
            if part is None:
                return node, False
            node = part
        return node, True


def read_located(path: str | Path) -> LocatedDocument:
    """Read a `.json`, `.yaml` or `.yml` file.

    Raises:
        FileFaults: It cannot be read, or it is no document; every fault that can be told is listed.
    """
    document, faults = read_with_faults(path)
    if faults:
        raise FileFaults(faults)
    return document


def read_with_faults(path: str | Path) -> tuple[LocatedDocument, tuple[Fault, ...]]:
    """As `read_located`, but faults that leave the value usable (a key given twice) are returned with it.

    Raises:
        FileFaults: There is no value.
    """
    name = str(path)
    suffix = Path(path).suffix.lower()
    if suffix not in (".json", ".yaml", ".yml"):
        message = f"`{suffix or name}` is no format of a channel or mailing"
        raise lone_fault(name, codes.UNKNOWN_FORMAT, message, "name the file .json, .yaml or .yml")
    return parse_located(read_text(path), name, is_json=suffix == ".json")


def parse_located(
    text: str, name: str, *, is_json: bool = True, tags: Collection[str] = ()
) -> tuple[LocatedDocument, tuple[Fault, ...]]:
    """As `read_with_faults`, for a text that is there already.

    Args:
        text: The file's text.
        name: What frames call it.
        is_json: Whether it is JSON; else it is YAML.
        tags: Tags that are read in YAML: `!tag value` is `{"!tag": value}`.
    """
    source = Source(text, name)
    if not text.strip():
        raise lone_fault(name, codes.EMPTY, "the file is empty")
    try:
        reading: Reading = read_json(text) if is_json else read_yaml(text, tags)
    except BrokenTextError as error:
        raise FileFaults([_placed(error.trouble, source)]) from error
    document = LocatedDocument(
        source, reading.value, reading.root, _json_offsets if is_json else scalar_offsets
    )
    return document, tuple(_placed(trouble, source) for trouble in reading.troubles)


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file, without a byte order mark.

    Raises:
        FileFaults: The file is not there, may not be read, is too large or is not UTF-8.
    """
    name = str(path)
    data = _read_bytes(Path(path), name)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise lone_fault(name, codes.NOT_UTF8, "the file is UTF-16", "save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace")
        source = Source(before + error.object[error.start :].decode("utf-8", "replace"), name)
        message = f"the byte 0x{error.object[error.start]:02X} is not UTF-8"
        fault = Fault(
            codes.NOT_UTF8, message, "save the file as UTF-8", source, Span(len(before), len(before) + 1)
        )
        raise FileFaults([fault]) from error


def mask(source: Source, spans: Iterable[Span]) -> Source:
    """The same text with asterisks at `spans`, so that a frame can show the line but not a secret in it."""
    return Source(hide(source.text, spans), source.name, source.pointer, source.origin)


def hide(text: str, spans: Iterable[Span]) -> str:
    """The text with asterisks in place of what stands at `spans`; no other character moves."""
    for span in spans:
        hidden = "".join(char if char.isspace() else "*" for char in text[span.start : span.end])
        text = text[: span.start] + hidden + text[span.end :]
    return text


def lone_fault(name: str, code: str, message: str, hint: str | None = None) -> FileFaults:
    """The error for a file of which no place can be shown."""
    return FileFaults([Fault(code, message, hint, Source("", name), Span(0, 0))])


def unreadable(name: str, error: OSError) -> FileFaults:
    """The error for a file that the operating system does not give."""
    if isinstance(error, FileNotFoundError):
        return lone_fault(name, codes.UNREADABLE, "there is no such file")
    if isinstance(error, IsADirectoryError):
        return lone_fault(name, codes.UNREADABLE, "this is a folder, not a file")
    if isinstance(error, PermissionError):
        return lone_fault(name, codes.UNREADABLE, "the file may not be read", "check its permissions")
    return lone_fault(name, codes.UNREADABLE, f"the file cannot be read: {error.strerror or error}")


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise unreadable(name, error) from error
    if len(data) > MAX_FILE_BYTES:
        raise lone_fault(
            name, codes.TOO_LARGE, f"the file is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB"
        )
    return data


def _json_offsets(text: str, span: Span, _value: str) -> Sequence[int]:
    return string_offsets(text, span)


def _placed(trouble: Trouble, source: Source) -> Fault:
    return Fault(trouble.code, trouble.message, trouble.hint, source, trouble.span)
