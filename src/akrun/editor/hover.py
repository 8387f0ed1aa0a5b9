"""Hover: the type of a path and what its field is for, functions, kinds of pipes, keys."""

from dataclasses import dataclass
from typing import Any

from akrun.editor.complete_outside import members_outside
from akrun.editor.documents import Document
from akrun.editor.outside import declaration, mention_at
from akrun.editor.place import pipe_depth
from akrun.editor.reading import Reading, call, reading
from akrun.editor.shapes import shapes_of
from akrun.editor.snapshot import Snapshot
from akrun.editor.symbols import Occurrence
from akrun.editor.templates import holds_templates
from akrun.editor.types import functions
from akrun.editor.words import function_text, said, spec_text, symbol_text, type_text
from akrun.pipes import REGISTRY
from aktmpl.schema import ANY
from aktmpl.source import Span


@dataclass(frozen=True, slots=True)
class Hover:
    """What is shown, in Markdown, and of which part of the file."""

    text: str
    span: Span


def hover(document: Document, offset: int) -> Hover | None:
    """What is to be said of the part of a file at an offset."""
    snapshot = document.snapshot
    if snapshot is None or snapshot.kind is None:
        return None
    at = document.then(offset)
    if snapshot.kind == "channel":
        found = (
            _of_template(document, snapshot, at)
            or _of_symbol(snapshot, at)
            or _of_file(document, snapshot, at)
        )
    else:
        found = _of_mention(document, offset) or _of_key(document, snapshot, at)
    return None if found is None else Hover(found.text, document.now(found.span))


def _of_template(document: Document, snapshot: Snapshot, at: int) -> Hover | None:
    called = call(snapshot, at)
    if called is not None and called[0] in functions():
        return Hover(function_text(functions()[called[0]]), called[1])
    read = reading(snapshot, at)
    if read is None or (read.root == "item" and read.leaf.in_expansion):
        return None
    text = _typed(document, snapshot, read)
    about = snapshot.occurrence(at)
    if about is not None:
        text += _declared(snapshot, about[0])
    return Hover(text, read.span)


def _typed(document: Document, snapshot: Snapshot, read: Reading) -> str:
    depth = pipe_depth(read.leaf.path)
    pipe_id = None if depth is None else snapshot.part((*read.leaf.path[:depth], "id"))
    here, optional = document.known().schema(read.leaf.path, pipe_id).root(read.root), False
    for name in read.names:
        member = here.member(name)
        here, optional = (ANY, True) if member is None else (member.type, member.optional)
    return type_text(".".join(("$" + read.root, *read.names)), here, optional=optional)


def _declared(snapshot: Snapshot, occurrence: Occurrence) -> str:
    """What the declaration of a field says to people."""
    declared = next(
        (e for e in snapshot.occurrences if e.declares and e.symbol == occurrence.symbol), occurrence
    )
    element = snapshot.part(declared.path[:-1])
    if not declared.declares or not isinstance(element, dict):
        return ""
    return said(element)


def _of_symbol(snapshot: Snapshot, at: int) -> Hover | None:
    found = snapshot.occurrence(at)
    if found is None or found[0].leaf is not None:
        return None
    occurrence, span = found
    declared = next((e for e in snapshot.occurrences if e.declares and e.symbol == occurrence.symbol), None)
    about = None if declared is None else snapshot.part(declared.path[:-1])
    if not isinstance(about, dict):
        return None
    return Hover(symbol_text(occurrence.symbol, about), span)


def _of_file(document: Document, snapshot: Snapshot, at: int) -> Hover | None:
    """A key's meaning, or that of a kind of pipe."""
    path, is_key = snapshot.at(at)
    value = snapshot.part(path)
    depth = pipe_depth(path)
    if not is_key and depth is not None and path[depth:] == ("type",) and value in _kinds(value):
        return Hover(spec_text(REGISTRY[value]), snapshot.span(path))
    return None if holds_templates(path[:-1]) else _of_key(document, snapshot, at)


def _of_mention(document: Document, offset: int) -> Hover | None:
    """What a mailing or test file names of its channel."""
    named = mention_at(document, offset)
    declared = None if named is None else declaration(document.channel, named[0].symbol)
    if named is None or declared is None or declared.document.snapshot is None:
        return None
    about = declared.document.snapshot.part(declared.path[:-1])
    symbol = named[0].symbol
    if symbol.kind != "field":
        return Hover(symbol_text(symbol, about), named[1])
    return Hover(f"`{symbol.name}`: {about.get('type')}{said(about)}", named[1])


def _of_key(document: Document, snapshot: Snapshot, at: int) -> Hover | None:
    """A key's meaning."""
    path, is_key = snapshot.at(at)
    if not is_key or not path or snapshot.kind is None:
        return None
    found = (snapshot.part(path[:length]) for length in range(len(path)))
    members = [each if isinstance(each, dict) else {} for each in found]
    if snapshot.kind == "channel":
        member = shapes_of("channel").members_of(path[:-1], members).get(str(path[-1]))
    else:
        known = members_outside(snapshot.kind, path[:-1], members, document.channel_value)
        member = known.get(str(path[-1]))
    if member is None:
        return None
    required = ", required" if member.required else ""
    text = f"`{member.name}`: {member.words}{required}\n\n{member.meaning}"
    return Hover(text, snapshot.span(path, key=True))


def _kinds(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) and value in REGISTRY else ()
