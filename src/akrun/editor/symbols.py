"""What a channel's file names: pipes, fields, events and entities, and every place that names one of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from akrun.editor.exits import exits, mapping, pipelines
from akrun.editor.place import Path, pipe_depth, pipeline_depth
from akrun.editor.templates import Leaf, Read
from akrun.model.base import objects
from akrun.model.fields import OBJECTS, raw_data_fields
from akrun.model.pipes import ALIASES
from aktmpl.source import Span

Kind: TypeAlias = Literal["pipe", "field", "event", "entity"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """Something that has a name.

    Attributes:
        kind: what it is.
        scope: the path of what it is named in: a pipeline, a layout, `events`, `entities`.
        name: an id, or a name; of a field, with its dots.
    """

    kind: Kind
    scope: Path
    name: str | int


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A place where a symbol is named.

    Attributes:
        symbol: what is named.
        path: of the value that names it, or in which a template does.
        declares: whether this is where the symbol has its name from.
        leaf: the template, if it is one.
        spans: in the template, where each segment of a field's name stands.
    """

    symbol: Symbol
    path: Path
    declares: bool = False
    leaf: Leaf | None = None
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class _Field:
    """A declared field: where its name is written, and the entity that its value has the structure of."""

    path: Path
    entity: str | None


_Fields: TypeAlias = Mapping[Path, Mapping[tuple[str, ...], _Field]]
"""The fields of each layout by the segments of their names."""


def occurrences(value: Any, leaves: Iterable[Leaf]) -> Iterator[Occurrence]:
    """Every place of a channel's value that names something."""
    written = mapping(value)
    yield from _of_pipes(written)
    yield from _of_events(written)
    yield from _of_entities(written)
    fields = {layout: _declared(each) for layout, each in layouts(written)}
    for layout, named in fields.items():
        for name, each in named.items():
            yield Occurrence(Symbol("field", layout, ".".join(name)), (*layout, *each.path), declares=True)
    entities = {str(each.get("shortname")): index for index, each in objects(written.get("entities"))}
    for leaf in leaves:
        for read in leaf.uses.reads:
            yield from _of_read(leaf, read, fields, entities)


def layouts(written: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The path and content of every layout."""
    fields = mapping(written.get("fields"))
    for name in OBJECTS:
        yield ("fields", name), fields.get(name)
    for index, entity in objects(written.get("entities")):
        yield ("entities", index, "fields"), entity.get("fields")
        for name, each in mapping(entity.get("operations")).items():
            yield ("entities", index, "operations", name, "input"), mapping(each).get("input")


def fields_of(value: Any, layout: Path) -> dict[tuple[str, ...], int | None]:
    """The fields of a layout by the segments of their names, with the index of the entity that each holds."""
    written = mapping(value)
    entities = {str(each.get("shortname")): index for index, each in objects(written.get("entities"))}
    content = next((each for at, each in layouts(written) if at == layout), None)
    return {name: entities.get(each.entity or "") for name, each in _declared(content).items()}


def layout_of(root: str, path: Path) -> Path:
    """The layout whose fields a root has in a template at a path."""
    if root in ("in", "origin") and pipeline_depth(path) == 5:
        return (*path[:4], "input")
    return ("fields", root)


def _declared(layout: Any) -> dict[tuple[str, ...], _Field]:
    found: dict[tuple[str, ...], _Field] = {}
    for at, element in raw_data_fields(layout):
        name = element.get("name")
        if isinstance(name, str):
            entity = element.get("entity") if element.get("type") == "entity" else None
            place = _Field((*at, "name"), entity if isinstance(entity, str) else None)
            found.setdefault(tuple(name.split(".")), place)
    return found


def _of_read(leaf: Leaf, read: Read, fields: _Fields, entities: Mapping[str, int]) -> Iterator[Occurrence]:
    """The field that a path leads to, and those of the entity that lies there."""
    if read.root == "item" and leaf.in_expansion:
        return
    layout, names = layout_of(read.root, leaf.path), read.names
    while names and layout in fields:
        found = next((n for n in range(1, len(names) + 1) if _key(names[:n]) in fields[layout]), None)
        if found is None:
            return
        key = _key(names[:found])
        spans = tuple(span for _, span in names[:found])
        yield Occurrence(Symbol("field", layout, ".".join(key)), leaf.path, leaf=leaf, spans=spans)
        entity = fields[layout][key].entity
        if entity is None or entity not in entities:
            return
        layout, names = ("entities", entities[entity], "fields"), names[found:]


def _key(names: tuple[tuple[str, Span], ...]) -> tuple[str, ...]:
    return tuple(name for name, _ in names)


def _of_pipes(written: Mapping[str, Any]) -> Iterator[Occurrence]:
    for at, pipes in pipelines(written):
        for index, pipe in pipes:
            pipe_id = pipe.get("id")
            if type(pipe_id) is int:
                yield Occurrence(Symbol("pipe", at, pipe_id), (*at, index, "id"), declares=True)
            for path, target, into in exits(pipe, (*at, index)):
                yield Occurrence(Symbol("pipe", into, target), path)


def names_event(path: Path, pipe_type: Any) -> bool:
    """Whether a value names one of the channel's events."""
    depth = pipe_depth(path)
    kind = ALIASES.get(pipe_type, pipe_type) if isinstance(pipe_type, str) else None
    return kind == "event" and depth is not None and path[depth:] == ("params", "action_type")


def _of_events(written: Mapping[str, Any]) -> Iterator[Occurrence]:
    for index, event in objects(written.get("events")):
        if type(event.get("id")) is int:
            yield Occurrence(
                Symbol("event", ("events",), event["id"]), ("events", index, "id"), declares=True
            )
    for at, pipes in pipelines(written):
        for index, pipe in pipes:
            named = mapping(pipe.get("params")).get("action_type")
            path = (*at, index, "params", "action_type")
            if type(named) is int and names_event(path, pipe.get("type")):
                yield Occurrence(Symbol("event", ("events",), named), path)


def _of_entities(written: Mapping[str, Any]) -> Iterator[Occurrence]:
    for index, entity in objects(written.get("entities")):
        name = entity.get("shortname")
        if isinstance(name, str):
            path = ("entities", index, "shortname")
            yield Occurrence(Symbol("entity", ("entities",), name), path, declares=True)
        for key in ("primary", "preview"):
            if isinstance(entity.get(key), str):
                symbol = Symbol("field", ("entities", index, "fields"), entity[key])
                yield Occurrence(symbol, ("entities", index, key))
    for layout, each in layouts(written):
        for at, element in raw_data_fields(each):
            if element.get("type") == "entity" and isinstance(element.get("entity"), str):
                yield Occurrence(Symbol("entity", ("entities",), element["entity"]), (*layout, *at, "entity"))
