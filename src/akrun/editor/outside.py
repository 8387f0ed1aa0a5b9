"""What mailings and test files say of a channel: go to definition, find references, rename, across files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from akrun.editor.documents import Document
from akrun.editor.mentions import Mention, mentions
from akrun.editor.place import Path
from akrun.editor.rename import CannotRenameError, rename
from akrun.editor.symbols import Symbol
from akrun.lint import Edit
from aktmpl.source import Span


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a file.

    Attributes:
        document: the file.
        span: in its text as it is now.
        path: of the value there.
    """

    document: Document
    span: Span
    path: Path


def mention_at(document: Document, offset: int) -> tuple[Mention, Span] | None:
    """What a mailing or test file names at an offset, and where in what was last read of it."""
    if document.snapshot is None or document.channel is None:
        return None
    at = document.then(offset)
    for each, span in _mentions(document, document.channel):
        if span is not None and span.start <= at <= span.end:
            return each, span
    return None


def file_at(document: Document, offset: int) -> Place | None:
    """The channel's file, where a test names it."""
    if document.kind != "test" or document.snapshot is None or document.channel is None:
        return None
    if document.snapshot.at(document.then(offset)) != (("channel",), False):
        return None
    return Place(document.channel, Span(0, 0), ())


def declaration(channel: Document | None, symbol: Symbol) -> Place | None:
    """Where a part of a channel has its name from."""
    if channel is None or channel.snapshot is None:
        return None
    for each in channel.snapshot.occurrences:
        if each.declares and each.symbol == symbol:
            span = channel.now(channel.snapshot.of_occurrence(each))
            return Place(channel, span, each.path)
    return None


def uses(symbol: Symbol, channel: Document, users: Iterable[Document]) -> Iterator[Place]:
    """Where mailings and test files name a part of their channel."""
    for user in users:
        for each, span in _mentions(user, channel):
            if each.symbol == symbol and span is not None:
                yield Place(user, user.now(span), each.path)


def rename_everywhere(
    channel: Document, offset: int, name: str, users: Iterable[Document]
) -> list[tuple[Document, list[Edit]]]:
    """The edits that give a part of a channel another name, in its file and in those that use it.

    Args:
        channel: the channel.
        offset: in its text, where the part is named.
        name: the new name.
        users: its mailings and test files.

    Raises:
        CannotRenameError: There is nothing to rename, it cannot have that name, or a file cannot follow.
    """
    name = name.strip()
    found = [(channel, rename(channel, offset, name))]
    snapshot = channel.current()
    at = None if snapshot is None else snapshot.occurrence(offset)
    assert at is not None  # else there would have been nothing to rename
    for user in users:
        edits = [*_edits(user, channel, at[0].symbol, name)]
        if edits:
            found.append((user, sorted(edits, key=lambda edit: edit.span)))
    return found


def _edits(user: Document, channel: Document, symbol: Symbol, name: str) -> Iterator[Edit]:
    user = replace(user, snapshot=user.current())
    if user.snapshot is None:
        raise CannotRenameError(f"{user.name} has a fault that keeps it from being read")
    for each, span in _mentions(user, channel):
        if each.symbol != symbol:
            continue
        if span is None:
            raise CannotRenameError(f"{user.name} writes the name in a way that cannot be edited")
        whole, last = str(symbol.name), name.rpartition(".")
        if each.name == whole:
            nested = each.on_key and "." in name and not each.start
            if nested:
                raise CannotRenameError(f"{user.name} gives it a value: it cannot go into another object")
            yield Edit(span, name)
        elif last[0] == whole.rpartition(".")[0]:
            yield Edit(span, last[2])
        else:
            raise CannotRenameError(f"{user.name} gives it a value: only its last segment can change")


def _mentions(user: Document, channel: Document) -> Iterator[tuple[Mention, Span | None]]:
    snapshot, known = user.snapshot, channel.snapshot
    if snapshot is not None and known is not None:
        for each in mentions(snapshot, known.value):
            yield each, each.span(snapshot)
