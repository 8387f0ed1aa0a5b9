"""The files around a channel: its mailings and tests, read from the disk where they are not open."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from akrun.editor.documents import Document
from akrun.editor.kinds import kind_of
from akrun.editor.snapshot import Snapshot
from akrun.errors import FileFaults
from akrun.model.located import read_text

_SUFFIXES = (".json", ".yaml", ".yml")
_MOST = 200
"""Files of a folder that are looked at; a folder with more is no channel's."""


class Around:
    """Finds files that belong together; what was read stays until the file changes."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[tuple[int, int], Document]] = {}

    def channel_of(self, document: Document, opened: Mapping[str, Document]) -> Document | None:
        """The channel of a mailing or test file: the one that a test names, for a mailing the one beside it.

        Args:
            document: the file.
            opened: the open files by name.
        """
        if document.kind == "test":
            value = None if document.snapshot is None else document.snapshot.value
            named = value.get("channel") if isinstance(value, dict) else None
            if not isinstance(named, str):
                return None
            return self._document(os.path.normpath(Path(document.name).parent / named), opened)
        beside = [each for each in self._beside(document, opened) if each.kind == "channel"]
        return beside[0] if len(beside) == 1 else None

    def users_of(self, channel: Document, opened: Mapping[str, Document]) -> list[Document]:
        """The mailings and test files of a channel that lie beside it."""
        found = [each for each in self._beside(channel, opened) if each.kind in ("mailing", "test")]
        return [each for each in found if self._is_of(each, channel, opened)]

    def _is_of(self, user: Document, channel: Document, opened: Mapping[str, Document]) -> bool:
        found = self.channel_of(user, {**opened, channel.name: channel})
        return found is not None and found.name == channel.name

    def _beside(self, document: Document, opened: Mapping[str, Document]) -> Iterator[Document]:
        """The other files of a document's folder that are files of ours by their names."""
        for name in _listed(Path(document.name).parent):
            if name != document.name:
                found = self._document(name, opened)
                if found is not None:
                    yield found

    def _document(self, name: str, opened: Mapping[str, Document]) -> Document | None:
        """A file as it is open, or as it is on the disk; None for one that is not there."""
        if name in opened:
            return opened[name]
        try:
            about = Path(name).stat()
            stamp = about.st_mtime_ns, about.st_size
            if name not in self._read or self._read[name][0] != stamp:
                self._read[name] = stamp, _with_snapshot(Document.opened(name, read_text(name)))
        except (OSError, ValueError, FileFaults):
            return None
        return self._read[name][1]


def _with_snapshot(document: Document) -> Document:
    snapshot = Snapshot.of(document.text, document.name, is_json=document.is_json)
    return replace(document, snapshot=snapshot)


def _listed(folder: Path) -> list[str]:
    try:
        names = sorted(each.name for each in os.scandir(folder) if each.name.endswith(_SUFFIXES))
    except (OSError, ValueError):
        return []
    if len(names) > _MOST:
        return []
    return [str(folder / name) for name in names if kind_of(name, was_read=False) is not None]
