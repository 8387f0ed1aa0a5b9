"""Completion in mailings and test files: keys, and what the channel has of fields, operations and pipes."""

from collections.abc import Iterator, Mapping
from typing import Any

from akrun.editor.documents import Document
from akrun.editor.exits import mapping, pipelines
from akrun.editor.kinds import FileKind
from akrun.editor.mentions import mailing_path
from akrun.editor.place import Path, Place
from akrun.editor.proposals import Completion, keys, values
from akrun.editor.shapes import Member, Members, shapes_of
from akrun.editor.symbols import layouts
from akrun.editor.words import pipe_words
from akrun.model.base import objects
from akrun.model.fields import raw_data_fields
from akrun.model.mailing import VALUE_OBJECTS
from akrun.testkit.format.expect import ITEMS

_Fields = Mapping[tuple[str, ...], Mapping[str, Any]]


def complete_outside(document: Document, kind: FileKind, place: Place) -> list[Completion]:
    """What can stand at a place of a mailing or test file."""
    channel = document.channel_value
    if place.role == "key":
        return [*keys(document, place, members_outside(kind, place.path, place.members, channel))]
    return [*values(document, place, _possible(kind, place, channel))]


def members_outside(kind: FileKind, path: Path, members: Members, channel: Any) -> Mapping[str, Member]:
    """The keys that the object at a path of a mailing or test file may have.

    Args:
        kind: of the file.
        path: of the object.
        members: the scalars of the objects on the way.
        channel: the channel's value.
    """
    form = _form(path, kind, channel)
    if form is not None:
        return _of_fields(*form)
    if kind == "test" and path[-1:] == ("set",):
        return {
            ".".join((owner, *name)): _member(".".join((owner, *name)), field)
            for owner in VALUE_OBJECTS
            for name, field in _fields(channel, ("fields", owner)).items()
        }
    inner = mailing_path(path, kind)
    if kind == "test" and inner is not None:
        return shapes_of("mailing").members_of(inner, members[len(path) - len(inner) :])
    item = _item(path) if kind == "test" else None
    if item is not None:
        return {name: Member(name, "", "") for name in ITEMS[item]}
    return shapes_of(kind).members_of(path, members)


def _item(path: Path) -> str | None:
    """The list of what came of which an item is at a path."""
    for depth in (2, 3):
        if path[-1:] and isinstance(path[-1], int) and len(path) > depth and path[-depth - 1] == "expect":
            return str(path[-depth]) if path[-depth] in ITEMS else None
    return None


def _form(path: Path, kind: FileKind, channel: Any) -> tuple[_Fields, tuple[str, ...]] | None:
    """The fields whose values stand in the object at a path, and the segments that lead there."""
    inner = mailing_path(path, kind)
    if inner and inner[0] in VALUE_OBJECTS:
        return _fields(channel, ("fields", str(inner[0]))), tuple(map(str, inner[1:]))
    if kind == "test" and "subscription" in path and path[0] == "cases":
        at = path.index("subscription")
        return _fields(channel, ("fields", "subscription")), tuple(map(str, path[at + 1 :]))
    return None


def _fields(channel: Any, layout: Path) -> _Fields:
    """The fields of a layout as they are written, by the segments of their names."""
    content = next((each for at, each in layouts(mapping(channel)) if at == layout), None)
    named = (each for _, each in raw_data_fields(content) if isinstance(each.get("name"), str))
    return {tuple(each["name"].split(".")): each for each in named}


def _of_fields(fields: _Fields, above: tuple[str, ...]) -> dict[str, Member]:
    """The keys below some segments: fields, and objects in which fields lie."""
    found: dict[str, Member] = {}
    for name, field in fields.items():
        if len(name) > len(above) and name[: len(above)] == above:
            key = name[len(above)]
            whole = len(name) == len(above) + 1
            found.setdefault(key, _member(key, field) if whole else Member(key, "object", ""))
    return found


def _member(name: str, field: Mapping[str, Any]) -> Member:
    said = [str(field[key]) for key in ("label", "help") if isinstance(field.get(key), str)]
    return Member(name, str(field.get("type")), "\n\n".join(said), field.get("required") is True)


def _possible(kind: FileKind, place: Place, channel: Any) -> Mapping[Any, tuple[str, str]]:
    """The values that can stand at a place: a few words on each, and more."""
    written = mapping(channel)
    if place.path[-1:] == ("campaign_type",):
        listed = written.get("campaign_types")
        offered = listed if isinstance(listed, list) else ["regular"]
        return {each: ("", "") for each in offered if isinstance(each, str)}
    if kind == "test" and place.path[-1:] == ("operation",):
        return dict.fromkeys(_operations(written), ("", ""))
    if kind == "test" and (place.path[-1:] == ("pipe",) or place.path[-2:-1] == ("path",)):
        return dict(_pipes(written))
    form = _form(place.path[:-1], kind, channel) if place.path else None
    if form is not None:
        return dict(_of_field(form[0].get((*form[1], str(place.path[-1])), {})))
    found = shapes_of(kind).values_of(place.path, place.members)
    return {value: (meaning, "") for value, meaning in found.items()}


def _operations(channel: Mapping[str, Any]) -> Iterator[str]:
    for _, entity in objects(channel.get("entities")):
        for operation in mapping(entity.get("operations")):
            yield f"{entity.get('shortname')}.{operation}"


def _pipes(channel: Mapping[str, Any]) -> Iterator[tuple[int, tuple[str, str]]]:
    for at, pipes in pipelines(channel):
        for _, pipe in pipes:
            if type(pipe.get("id")) is int:
                yield pipe["id"], (f"{at[-1]}: {pipe_words(pipe)}", "")


def _of_field(field: Mapping[str, Any]) -> Iterator[tuple[Any, tuple[str, str]]]:
    """The values of a field that has few."""
    if field.get("type") == "bool":
        yield from ((value, ("", "")) for value in (True, False))
    options = field.get("options")
    for each in options if isinstance(options, list) else ():
        if isinstance(each, dict):
            yield each.get("value"), (str(each.get("label", "")), "")
        elif isinstance(each, str | int):
            yield each, ("", "")
