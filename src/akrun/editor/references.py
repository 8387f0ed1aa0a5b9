"""Find references: every place of a file that names the pipe, field, event or entity at an offset."""

from akrun.editor.documents import Document
from aktmpl.source import Span


def references(document: Document, offset: int, *, declaration: bool = True) -> list[Span]:
    """Where what is named at an offset is named; with `declaration`, also where it has its name from."""
    snapshot = document.snapshot
    if snapshot is None or not document.is_channel:
        return []
    found = snapshot.occurrence(document.then(offset))
    if found is None:
        return []
    named = [
        snapshot.of_occurrence(each)
        for each in snapshot.occurrences
        if each.symbol == found[0].symbol and (declaration or not each.declares)
    ]
    return [document.now(span) for span in sorted(set(named))]
