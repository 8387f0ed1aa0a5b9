"""Where the parts of a document stand in its text, and the pointers that name the parts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aktmpl.source import Span

MAX_DEPTH = 64
"""Deepest nesting of lists and objects in a file; the language's own limit for documents."""


class Node:
    """One value of a document: its place, its key's place, and the nodes of its parts.

    Nodes form a tree instead of a table by pointer, so that the whole takes space linear in the text.
    """

    __slots__ = ("key", "parts", "span")

    def __init__(self, span: Span, parts: "Mapping[str, Node] | Sequence[Node] | None" = None) -> None:
        self.span = span
        self.parts = parts
        self.key: Span | None = None

    def part(self, step: str | int) -> "Node | None":
        """The node of one key or index, or None when there is none."""
        if isinstance(self.parts, Mapping):
            return self.parts.get(str(step))
        if self.parts is None:
            return None
        text = str(step)
        if not (text.isascii() and text.isdigit()) or len(text) > len(str(len(self.parts))):
            return None
        return self.parts[int(text)] if int(text) < len(self.parts) else None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault found while a text is read, before it is known which file the text is."""

    code: str
    message: str
    span: Span
    hint: str | None = None


class BrokenTextError(Exception):
    """Reading cannot go on; never leaves the package."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text holds: its JSON value, the tree of places, and faults that did not stop the reading."""

    value: Any
    root: Node
    troubles: tuple[Trouble, ...]


def to_pointer(steps: Iterable[str | int]) -> str:
    """The RFC 6901 pointer of a path of keys and indexes.

    Example:
        >>> to_pointer(["pipelines", "message", 0, "a/b"])
        '/pipelines/message/0/a~1b'
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def from_pointer(pointer: str) -> tuple[str, ...]:
    """The keys and indexes (as text) of an RFC 6901 pointer.

    Raises:
        ValueError: The text is no pointer.
    """
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise ValueError(f"not a JSON pointer: {pointer!r}")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))
