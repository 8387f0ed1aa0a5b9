"""Where mailings and test files name a channel's fields, pipes, entities and their fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from akrun.editor.exits import mapping
from akrun.editor.place import Path
from akrun.editor.snapshot import Snapshot
from akrun.editor.symbols import Symbol, fields_of
from akrun.model.base import objects
from akrun.model.mailing import VALUE_OBJECTS
from akrun.model.pipelines import PIPELINES
from akrun.testkit.format.cases import ENTRIES
from aktmpl.source import Span

_ENTERS: Final[Mapping[str, str]] = {
    "send": "message", "profile": "message", "profiles": "message", "audience": "message",
    "callback": "listener", "schedule": "schedule", "moderate": "moderate", "stop": "stop",
}  # fmt: skip
"""The pipeline that an entry of a case leads into."""
_LISTED: Final = ("exactly", "any_order", "contains", "never")
_WITH_PIPES: Final = ("requests", "log", "dead_letters", "runs")


@dataclass(frozen=True, slots=True)
class Mention:
    """A place outside a channel that names something of it.

    Attributes:
        symbol: what is named.
        path: of the value that names it, or that the key is of which does.
        name: as it is written there: of a field, its last segment, or all of it with dots.
        on_key: whether the key names it.
        start: where in the text the name begins.
    """

    symbol: Symbol
    path: Path
    name: str
    on_key: bool = False
    start: int = 0

    def span(self, snapshot: Snapshot) -> Span | None:
        """Where the name stands in the file; None where escapes or folding hide it."""
        found = snapshot.span(self.path, key=self.on_key)
        span = Span(found.start + self.start, found.start + self.start + len(self.name))
        return span if snapshot.text[span.start : span.end] == self.name else None


def mentions(snapshot: Snapshot, channel: Any) -> Iterator[Mention]:
    """Every place of a mailing or test file that names a part of a channel.

    Args:
        snapshot: the file.
        channel: the channel's value.
    """
    value = mapping(snapshot.value)
    if snapshot.kind == "mailing":
        yield from _of_mailing(value, (), channel)
    elif snapshot.kind == "test":
        yield from _of_setup(mapping(value.get("defaults")), ("defaults",), channel)
        for index, case in objects(value.get("cases")):
            yield from _of_case(case, ("cases", index), channel)


def mailing_path(path: Path, kind: str) -> Path | None:
    """The path within the mailing that a path of a file leads into; None where it leads into none."""
    if kind == "mailing":
        return path
    depth = {"defaults": 1, "cases": 2}.get(str(path[0]) if path else "", 0)
    return path[depth + 1 :] if depth and path[depth : depth + 1] == ("mailing",) else None


def _of_mailing(mailing: Mapping[str, Any], at: Path, channel: Any) -> Iterator[Mention]:
    for name in VALUE_OBJECTS:
        yield from _of_values(mapping(mailing.get(name)), (*at, name), ("fields", name), channel)


def _of_values(values: Mapping[str, Any], at: Path, layout: Path, channel: Any) -> Iterator[Mention]:
    """The fields of an object by its keys, which are nested as the names' dots say."""
    fields = fields_of(channel, layout)

    def walk(part: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[Mention]:
        for key, value in part.items():
            name = (*above, key)
            if name in fields:
                yield Mention(Symbol("field", layout, ".".join(name)), (*at, *name), key, on_key=True)
                entity = fields[name]
                if entity is not None:
                    inner = ("entities", entity, "fields")
                    yield from _of_values(mapping(value), (*at, *name), inner, channel)
            elif isinstance(value, dict):
                yield from walk(value, name)

    yield from walk(values, ())


def _of_setup(setup: Mapping[str, Any], at: Path, channel: Any) -> Iterator[Mention]:
    yield from _of_mailing(mapping(setup.get("mailing")), (*at, "mailing"), channel)
    for key in mapping(setup.get("set")):
        owner, _, name = key.partition(".")
        layout = ("fields", owner)
        if tuple(name.split(".")) in fields_of(channel, layout):
            symbol = Symbol("field", layout, name)
            yield Mention(symbol, (*at, "set", key), name, on_key=True, start=len(owner) + 1)


def _of_case(case: Mapping[str, Any], at: Path, channel: Any) -> Iterator[Mention]:
    yield from _of_setup(case, at, channel)
    yield from _of_entry(case, at, channel)
    steps = [*objects(case.get("steps"))]
    for index, step in steps:
        yield from _of_entry(step, (*at, "steps", index), channel)
    entered = {_pipeline(each, channel) for _, each in steps} or {_pipeline(case, channel)}
    into = entered.pop() if len(entered) == 1 else None
    yield from _of_expectation(mapping(case.get("expect")), (*at, "expect"), into)


def _of_entry(entry: Mapping[str, Any], at: Path, channel: Any) -> Iterator[Mention]:
    subscription = ("fields", "subscription")
    yield from _of_values(mapping(entry.get("subscription")), (*at, "subscription"), subscription, channel)
    for index, row in objects(entry.get("profiles")):
        path = (*at, "profiles", index, "subscription")
        yield from _of_values(mapping(row.get("subscription")), path, subscription, channel)
    pipe = mapping(entry.get("schedule")).get("pipe")
    if type(pipe) is int:
        yield Mention(Symbol("pipe", ("pipelines", "schedule"), pipe), (*at, "schedule", "pipe"), str(pipe))
    into = _pipeline(entry, channel)
    if into is not None and into[0] == "entities":
        name = str(entry["operation"]).partition(".")[0]
        yield Mention(Symbol("entity", ("entities",), name), (*at, "operation"), name)
        layout = (*into[:-1], "input")
        yield from _of_values(mapping(entry.get("input")), (*at, "input"), layout, channel)
    if at[-2] == "steps":
        yield from _of_expectation(mapping(entry.get("expect")), (*at, "expect"), into)


def _pipeline(entry: Mapping[str, Any], channel: Any) -> Path | None:
    """The path of the pipeline that an entry leads into."""
    kind = next((each for each in ENTRIES if entry.get(each) not in (None, False)), None)
    if kind == "operation":
        shortname, _, operation = str(entry[kind]).partition(".")
        for index, entity in objects(mapping(channel).get("entities")):
            if entity.get("shortname") == shortname:
                return ("entities", index, "operations", operation, "pipeline")
    pipeline = _ENTERS.get(kind or "")
    return None if pipeline is None else ("pipelines", pipeline)


def _of_expectation(expect: Mapping[str, Any], at: Path, into: Path | None) -> Iterator[Mention]:
    """The pipes that an expectation names by their ids.

    Args:
        expect: the expectation.
        at: its path.
        into: the pipeline that was entered; None where there are several.
    """
    if into is not None:
        yield from _of_way(expect.get("path"), (*at, "path"), into)
        yield from _of_pipe(mapping(expect.get("error")), (*at, "error"), into)
    for name in (*_WITH_PIPES, "handed_over"):
        for path, item in _items(expect.get(name), (*at, name)):
            default = ("pipelines", "schedule") if name == "handed_over" else into
            named = item.get("pipeline")
            pipeline = ("pipelines", named) if named in PIPELINES else default
            if pipeline is not None:
                yield from _of_pipe(item, path, pipeline)
                yield from _of_way(item.get("path"), (*path, "path"), pipeline)


def _items(listed: Any, at: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The objects of a list expectation, whichever way it is written."""
    for index, item in objects(listed):
        yield (*at, index), item
    for key in _LISTED:
        for index, item in objects(mapping(listed).get(key)):
            yield (*at, key, index), item


def _of_pipe(item: Mapping[str, Any], at: Path, pipeline: Path) -> Iterator[Mention]:
    if type(item.get("pipe")) is int:
        yield Mention(Symbol("pipe", pipeline, item["pipe"]), (*at, "pipe"), str(item["pipe"]))


def _of_way(way: Any, at: Path, pipeline: Path) -> Iterator[Mention]:
    for index, each in enumerate(way if isinstance(way, list) else ()):
        if type(each) is int:
            yield Mention(Symbol("pipe", pipeline, each), (*at, index), str(each))
        else:
            yield from _of_way(each, (*at, index), pipeline)
