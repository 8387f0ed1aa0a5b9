"""Go to definition: the pipe that an exit names, the field that a reference names, the pipe that set it."""

from collections.abc import Iterator

from akrun.editor.documents import Document
from akrun.editor.place import Path, pipe_depth
from akrun.editor.reading import Reading, reading
from akrun.editor.snapshot import Snapshot
from akrun.editor.types import Types
from aktmpl.source import Span


def definition(document: Document, offset: int) -> list[Span]:
    """Where what is named at an offset has its name from."""
    snapshot = document.snapshot
    if snapshot is None or not document.is_channel:
        return []
    at = document.then(offset)
    found = snapshot.occurrence(at)
    if found is not None:
        named = [
            snapshot.of_occurrence(each)
            for each in snapshot.occurrences
            if each.declares and each.symbol == found[0].symbol
        ]
        if named:
            return [document.now(span) for span in named]
    read = reading(snapshot, at)
    if read is None:
        return []
    return [document.now(span) for span in _of_read(document, snapshot, read)]


def _of_read(document: Document, snapshot: Snapshot, read: Reading) -> Iterator[Span]:
    if read.root == "in" and read.names and document.types is not None:
        for path in setters(document.types, read):
            yield snapshot.span((*path, "id"))
    elif snapshot.part(("fields", read.root)) is not None:
        yield snapshot.span(("fields", read.root), key=True)


def setters(types: Types, read: Reading) -> list[Path]:
    """The paths of the pipes that set the field of `$in` that is read, and lead to where it is read."""
    depth = pipe_depth(read.leaf.path)
    if depth is None:
        return []
    at = read.leaf.path[:depth]
    here = next((pipe_id for (_, pipe_id), each in types.pipes.items() if each.at == at), None)
    return [
        each.at
        for (pipeline, _), each in types.pipes.items()
        if pipeline == at[:-1] and here in each.ahead and (each.anything or read.names[0] in each.sets)
    ]
