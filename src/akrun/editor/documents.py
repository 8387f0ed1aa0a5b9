"""An open file: its text as it is typed, and what is known of it from when it could last be read."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any

from akrun.editor.kinds import FileKind, kind_of
from akrun.editor.lines import Lines
from akrun.editor.place import Place
from akrun.editor.scan import scan_json
from akrun.editor.scan_yaml import scan_yaml
from akrun.editor.snapshot import Snapshot
from akrun.editor.types import Types
from akrun.lint import Finding
from aktmpl.source import Span

_CHUNK = 4096


@dataclass(frozen=True)
class Document:
    """A text and what is known of it; a change makes a new one, which knows the same.

    Attributes:
        name: the file's name.
        text: as it is now.
        is_json: whether it is JSON; YAML otherwise.
        encoding: what columns count, as the client asked for.
        snapshot: the last text that could be read.
        types: of the last channel that was whole.
        findings: of the text as it is now; None while it is not looked at.
        channel: of a mailing or test file, the channel that it is for, if there is one.
    """

    name: str
    text: str
    is_json: bool
    encoding: str = "utf-16"
    snapshot: Snapshot | None = None
    types: Types | None = None
    findings: tuple[Finding, ...] | None = None
    channel: "Document | None" = None

    @classmethod
    def opened(cls, name: str, text: str, encoding: str = "utf-16") -> "Document":
        """A file that has been opened; it is JSON or YAML by its name."""
        return cls(name, text, PurePath(name).suffix.lower() not in (".yaml", ".yml"), encoding)

    @classmethod
    def examined(cls, name: str, text: str) -> "Document":
        """A file with all that can be known of it."""
        found = cls.opened(name, text)
        snapshot = Snapshot.of(text, name, is_json=found.is_json)
        types = None if snapshot is None else Types.of(snapshot.located)
        return cls(name, text, found.is_json, snapshot=snapshot, types=types)

    @cached_property
    def lines(self) -> Lines:
        """The text's lines."""
        return Lines(self.text, self.encoding)

    @property
    def texts(self) -> tuple[str, str | None]:
        """All that its findings are of: its text, and its channel's."""
        return self.text, None if self.channel is None else self.channel.text

    @property
    def bare(self) -> "Document":
        """The same without what is known of it."""
        channel = None if self.channel is None else self.channel.bare
        return Document(self.name, self.text, self.is_json, channel=channel)

    @property
    def kind(self) -> FileKind | None:
        """What it is meant as; a file that never could be read says so by its name."""
        return kind_of(self.name, was_read=False) if self.snapshot is None else self.snapshot.kind

    @property
    def is_channel(self) -> bool:
        """Whether it is meant as a channel."""
        return self.kind == "channel"

    @property
    def channel_value(self) -> Any:
        """Of a mailing or test file: the channel's value, None where it is not known."""
        known = self.channel
        return None if known is None or known.snapshot is None else known.snapshot.value

    def place(self, offset: int) -> Place:
        """What is open at an offset."""
        if not self.is_json:
            return scan_yaml(self.text, offset)
        if self.snapshot is None:
            return scan_json(self.text, offset)
        same = self._change[0]
        return scan_json(self.text, offset, *self.snapshot.before(min(offset, same)))

    def current(self) -> Snapshot | None:
        """The text as it is now, read; None for one that cannot be."""
        if self.snapshot is not None and self.snapshot.text == self.text:
            return self.snapshot
        return Snapshot.of(self.text, self.name, is_json=self.is_json)

    def known(self) -> Types:
        """The types of the last channel that was whole, or else what its fields say."""
        return self.types or self._declared

    @cached_property
    def _declared(self) -> Types:
        return Types.declared(None if self.snapshot is None else self.snapshot.value)

    def then(self, offset: int) -> int:
        """The offset in the snapshot's text of an offset of the text as it is now."""
        same, left, _ = self._change
        if offset <= same:
            return offset
        return max(same, offset + left)

    def now(self, span: Span) -> Span:
        """The span in the text as it is now of a span of the snapshot."""
        return Span(self._moved(span.start), self._moved(span.end))

    def _moved(self, offset: int) -> int:
        same, left, end = self._change
        if offset <= same:
            return offset
        return offset - left if offset >= end else max(same, min(offset, end - left))

    @cached_property
    def _change(self) -> tuple[int, int, int]:
        """Characters at the beginning that are the same, how many more the snapshot has, where its end is."""
        old = "" if self.snapshot is None else self.snapshot.text
        new = self.text
        if old == new:
            return len(new), 0, len(new)
        most = min(len(old), len(new))
        same = _common(old, new, most)
        tail = _common(old[::-1], new[::-1], most - same)
        return same, len(old) - len(new), len(old) - tail


def _common(a: str, b: str, most: int) -> int:
    """How many characters at the beginning are the same."""
    at = 0
    while at < most and a[at : at + _CHUNK] == b[at : at + _CHUNK]:
        at += _CHUNK
    at = min(at, most)
    while at < most and a[at] == b[at]:
        at += 1
    return at
