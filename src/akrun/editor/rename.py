"""Rename: the id of a pipe with the exits that name it, or a field with the templates that read it."""

import re
from collections.abc import Iterator

from akrun.editor.documents import Document
from akrun.editor.snapshot import Snapshot
from akrun.editor.symbols import Occurrence, Symbol
from akrun.lint import Edit
from aktmpl.source import Span

_FIELD = re.compile(r"\w+(?:\.\w+)*")
_PIPE = re.compile(r"0|[1-9][0-9]{0,17}")


class CannotRenameError(Exception):
    """Why something cannot be renamed, for people."""


def renamed_span(document: Document, offset: int) -> Span | None:
    """What would be renamed at an offset; None where nothing can be."""
    snapshot = document.current()
    found = None if snapshot is None or not snapshot.is_channel else snapshot.occurrence(offset)
    if snapshot is None or found is None or not _renamable(snapshot, found[0].symbol):
        return None
    return found[1]


def rename(document: Document, offset: int, name: str) -> list[Edit]:
    """The edits that give what is named at an offset another name.

    Raises:
        CannotRenameError: There is nothing to rename, or it cannot have that name.
    """
    snapshot = document.current()
    if snapshot is None:
        raise CannotRenameError("the file has a fault that keeps it from being read")
    found = snapshot.occurrence(offset) if snapshot.is_channel else None
    if found is None or not _renamable(snapshot, found[0].symbol):
        raise CannotRenameError("here is no id of a pipe and no field of the channel")
    symbol = found[0].symbol
    _check(snapshot, symbol, name.strip())
    edits = set()
    for each in snapshot.occurrences:
        if each.symbol == symbol:
            edits |= {*_edits(snapshot, each, name.strip())}
    return sorted(edits, key=lambda edit: edit.span)


def _renamable(snapshot: Snapshot, symbol: Symbol) -> bool:
    if symbol.kind not in ("pipe", "field"):
        return False
    return any(each.declares and each.symbol == symbol for each in snapshot.occurrences)


def _check(snapshot: Snapshot, symbol: Symbol, name: str) -> None:
    """Refuse a name that would break the file."""
    if symbol.kind == "pipe":
        if not _PIPE.fullmatch(name):
            raise CannotRenameError("the id of a pipe is a whole number")
        if int(name) != symbol.name and Symbol("pipe", symbol.scope, int(name)) in _declared(snapshot):
            raise CannotRenameError(f"the pipeline has a pipe {name} already")
        return
    if not _FIELD.fullmatch(name):
        raise CannotRenameError("a field's name is letters, digits and _, with dots between segments")
    for other in _declared(snapshot):
        same = other.kind == "field" and other.scope == symbol.scope and other.name != symbol.name
        if same and f"{other.name}.".startswith(f"{name}."):
            raise CannotRenameError(f"there is a field `{other.name}` already")
        if same and f"{name}.".startswith(f"{other.name}."):
            raise CannotRenameError(f"`{name}` would lie inside the field `{other.name}`")
    if str(symbol.name).rpartition(".")[0] != name.rpartition(".")[0] and _read_around(snapshot, symbol):
        raise CannotRenameError(
            "a template reads the object around the field: only its last segment can change"
        )


def _declared(snapshot: Snapshot) -> set[Symbol]:
    return {each.symbol for each in snapshot.occurrences if each.declares}


def _read_around(snapshot: Snapshot, symbol: Symbol) -> bool:
    """Whether some template reads an object that the field lies in."""
    outer = tuple(str(symbol.name).split("."))[:-1]
    if not outer or symbol.scope[0] != "fields":
        return False
    return any(
        read.root == symbol.scope[1] and read.names and _names(read.names) == outer[: len(read.names)]
        for leaf in snapshot.leaves
        for read in leaf.uses.reads
    )


def _names(names: tuple[tuple[str, Span], ...]) -> tuple[str, ...]:
    return tuple(name for name, _ in names)


def _edits(snapshot: Snapshot, each: Occurrence, name: str) -> Iterator[Edit]:
    if each.leaf is None:
        yield Edit(snapshot.span(each.path), name)
        return
    segments = name.split(".")
    spans = [snapshot.in_leaf(each.leaf, span) for span in each.spans]
    if len(segments) != len(spans):
        yield Edit(spans[0].to(spans[-1]), name)
        return
    for span, segment in zip(spans, segments, strict=True):
        if snapshot.text[span.start : span.end].strip("\"'\\") != segment:
            yield Edit(span, segment)
