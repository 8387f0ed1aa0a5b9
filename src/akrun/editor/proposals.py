"""What completion proposes, and how that is written at its place in JSON and YAML."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from akrun.editor.documents import Document
from akrun.editor.place import Place
from akrun.editor.shapes import Member
from aktmpl.source import Span

Kind: TypeAlias = Literal["root", "field", "function", "parameter", "key", "value", "pipe"]


@dataclass(frozen=True, slots=True)
class Completion:
    """One way to go on.

    Attributes:
        label: what is shown.
        text: what takes the place of `span`.
        span: in the file.
        kind: what it is.
        detail: its type, or a few words.
        doc: more about it, in Markdown.
    """

    label: str
    text: str
    span: Span
    kind: Kind
    detail: str = ""
    doc: str = ""


def keys(document: Document, place: Place, members: Mapping[str, Member]) -> Iterator[Completion]:
    """The keys of an object that it does not have yet."""
    given = place.members[len(place.path)] if len(place.path) < len(place.members) else {}
    for name, member in members.items():
        if name in given and name != place.before:
            continue
        text, span = _key(document, place, name)
        detail = member.words + (", required" if member.required else "")
        yield Completion(name, text, span, "key", detail, member.meaning)


def values(document: Document, place: Place, possible: Mapping[Any, tuple[str, str]]) -> Iterator[Completion]:
    """Values, each with a few words on it, and more."""
    if place.quote == "|":
        return
    for value, (meaning, doc) in possible.items():
        shown = value if isinstance(value, str) else json.dumps(value)
        quoted = isinstance(value, str) and document.is_json and not place.quote
        text = json.dumps(value, ensure_ascii=False) if quoted else shown
        yield Completion(shown, text, place.span, "value", meaning, doc)


def _key(document: Document, place: Place, name: str) -> tuple[str, Span]:
    """What is written for a key, and in place of what: with quotes, and with the colon if there is none."""
    text, span = name, place.span
    if place.quote:
        end = span.end + (document.text[span.end : span.end + 1] == place.quote)
        span = Span(span.start - 1, end)
        text = place.quote + name + place.quote
    elif document.is_json:
        text = f'"{name}"'
    after = document.text[span.end : span.end + 20].lstrip(" ")
    return text if after.startswith(":") else f"{text}: ", span
