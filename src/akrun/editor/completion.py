"""Completion: roots, fields, functions and their parameters in templates; keys, types and ids around them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from akrun.editor.complete_outside import complete_outside
from akrun.editor.documents import Document
from akrun.editor.exits import leads_into, pipelines
from akrun.editor.place import Path, Place, pipe_depth, pipeline_depth
from akrun.editor.proposals import Completion, keys, values
from akrun.editor.shapes import shapes_of
from akrun.editor.symbols import names_event
from akrun.editor.templates import holds_templates, template_kind
from akrun.editor.types import Types, functions
from akrun.editor.words import function_text, pipe_words
from akrun.model.base import objects
from akrun.model.fields import raw_data_fields
from akrun.pipes import REGISTRY
from akrun.pipes.spec import OPERATION
from aktmpl.environment import CHANNEL_ROOTS
from aktmpl.errors import TemplateError
from aktmpl.functions.function import Function
from aktmpl.infer import infer
from aktmpl.limits import Limits
from aktmpl.nodes import Template, Typed
from aktmpl.parse import parse_expansion
from aktmpl.repl.complete import in_template
from aktmpl.schema import ANY, Schema, Type
from aktmpl.source import Source, Span


@dataclass(frozen=True, slots=True)
class _Known:
    """The data at a template, as completion of the language asks for it."""

    schema: Schema
    element: Type

    @property
    def roots(self) -> Sequence[str]:
        return CHANNEL_ROOTS

    @property
    def functions(self) -> Mapping[str, Function]:
        return functions()

    def type_of(self, root: str) -> Type:
        return self.element if root == "item" else self.schema.root(root)


def complete(document: Document, offset: int) -> list[Completion]:
    """What can stand at an offset."""
    kind = document.kind
    if kind is None:
        return []
    place = document.place(offset)
    if kind != "channel":
        return complete_outside(document, kind, place)
    if place.role == "key":
        found = [*keys(document, place, shapes_of("channel").members_of(place.path, place.members))]
        if holds_templates(place.path):
            found += _in_template(document, place, offset, "text")
        return found
    return [*values(document, place, _possible(document, place)), *_template_value(document, place, offset)]


# ------------------------------------------------------------------------------------------- templates


def _template_value(document: Document, place: Place, offset: int) -> Iterator[Completion]:
    kind = template_kind(place.path, _pipe_type(place))
    if kind is not None and (place.quote or not document.is_json):
        yield from _in_template(document, place, offset, "query" if kind == "query" else "text")


def _in_template(
    document: Document, place: Place, offset: int, kind: Literal["text", "query"]
) -> Iterator[Completion]:
    depth = pipe_depth(place.path)
    pipe_id = None if depth is None else place.member(depth, "id")
    schema = document.known().schema(place.path, pipe_id)
    known = _Known(schema, _element(place.path, schema))
    for each in in_template(known, place.before, kind):
        span = Span(offset - each.replaced, offset)
        found = Completion(each.text, _escaped(each.text, place), span, "field", each.meaning)
        if each.text in known.functions:
            yield replace(found, kind="function", doc=function_text(known.functions[each.text]))
        elif each.text.endswith("="):
            yield replace(found, kind="parameter")
        else:
            yield replace(found, kind="root" if each.text in CHANNEL_ROOTS else "field")


def _element(path: Path, schema: Schema) -> Type:
    """The type of the elements of the innermost expansion around a path."""
    key = next((step for step in reversed(path) if isinstance(step, str) and step[:2] in ("$$", "$?")), None)
    if key is None:
        return ANY
    start = 2 if key.startswith("$?") else 0
    source = Source(key)
    try:
        over, _ = parse_expansion(source, Limits(), start)
    except TemplateError:
        return ANY
    whole = Template(over.span, (Typed(over.span, over),), source)
    return infer(whole, schema, functions())[0].element


def _escaped(text: str, place: Place) -> str:
    """A text as it stands in the quotes of its place."""
    if place.quote == '"':
        return json.dumps(text, ensure_ascii=False)[1:-1]
    return text.replace("'", "''") if place.quote == "'" else text


# ------------------------------------------------------------------------------------------- values


def _possible(document: Document, place: Place) -> dict[Any, tuple[str, str]]:
    """The values that can stand at a place: a few words on each, and more."""
    kind = _pipe_type(place)
    into = leads_into(place.path, kind)
    if into is not None:
        return {pipe_id: (words, "") for pipe_id, words in _pipes(document, into)}
    if names_event(place.path, kind):
        return {each.id: (each.name, each.event_type) for each in _events(document.known())}
    named = _names(document, place)
    if named:
        return named
    listed = shapes_of("channel").values_of(place.path, place.members)
    found = {value: (meaning, "") for value, meaning in listed.items()}
    depth = pipe_depth(place.path)
    if depth is not None and place.path[depth:] == ("type",):
        pipeline = str(place.path[1]) if pipeline_depth(place.path) == 2 else OPERATION
        return {name: each for name, each in found.items() if pipeline in REGISTRY[name].pipelines}
    return found


def _pipes(document: Document, pipeline: Path) -> Iterator[tuple[int, str]]:
    value = None if document.snapshot is None else document.snapshot.value
    for at, pipes in pipelines(value):
        for _, pipe in pipes if at == pipeline else ():
            if type(pipe.get("id")) is int:
                yield pipe["id"], pipe_words(pipe)


def _events(types: Types) -> Sequence[Any]:
    return types.channel.events if types.whole else ()


def _names(document: Document, place: Place) -> dict[Any, tuple[str, str]]:
    """Names of entities and of their fields, where those are asked for."""
    value = document.snapshot.value if document.snapshot is not None else None
    entities = dict(objects(value.get("entities"))) if isinstance(value, dict) else {}
    last = place.path[-1:]
    if last == ("entity",) and place.member(len(place.path) - 1, "type") == "entity":
        return {
            each["shortname"]: (str(each.get("name", "")), "")
            for each in entities.values()
            if "shortname" in each
        }
    if len(place.path) == 3 and place.path[0] == "entities" and last[0] in ("primary", "preview"):
        layout = entities.get(int(place.path[1]), {}).get("fields")
        return {
            each["name"]: (str(each.get("type")), "") for _, each in raw_data_fields(layout) if "name" in each
        }
    return {}


def _pipe_type(place: Place) -> str | None:
    depth = pipe_depth(place.path)
    kind = None if depth is None else place.member(depth, "type")
    return kind if isinstance(kind, str) else None
