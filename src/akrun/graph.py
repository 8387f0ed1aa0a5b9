"""A pipeline as a graph: its pipes, the ways between them, and what follows from its shape alone."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from pydantic import ValidationError

from akrun.model.channel import Channel
from akrun.model.entities import OPERATIONS
from akrun.model.pipelines import PIPELINES
from akrun.model.pipes import PipeModel
from akrun.pipes import REGISTRY
from akrun.pipes.pure.scheduled import PIPELINE, ScheduledParams
from akrun.pipes.spec import OPERATION

SCHEDULE: Final = PIPELINE
"""The pipeline that events are handed over to."""

Place = tuple[str | int, ...]
"""A path of keys and indexes in the channel's file."""

Exit = Literal["success", "error", "out", "branch"]
"""The kinds of exits: `outs.success`, `outs.error`, one that the parameters name, one into a branch."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from one pipe to the next.

    Attributes:
        source, target: ids of pipes.
        exit: by which exit.
        at: where the exit is written.
    """

    source: int
    target: int
    exit: Exit
    at: Place


@dataclass(frozen=True)
class Graph:
    """One pipeline.

    Attributes:
        name: `message`, …, or of an operation, such as `category.list`.
        kind: what specs call pipelines like this one: `message`, …, `operation`.
        at: where it is written.
        pipes: by id, in the order of the file.
        places: where each pipe is written.
        edges: in the order of the file; exits to pipes that are not there are left out.
        entries: the pipes at which events enter.
        whole: whether all exits are known; those of faulty parameters are not.
    """

    name: str
    kind: str
    at: Place
    pipes: Mapping[int, PipeModel]
    places: Mapping[int, Place]
    edges: tuple[Edge, ...]
    entries: tuple[int, ...]
    whole: bool

    @cached_property
    def ways(self) -> Mapping[int, list[Edge]]:
        """The edges out of each pipe."""
        found: dict[int, list[Edge]] = {pipe_id: [] for pipe_id in self.pipes}
        for edge in self.edges:
            found[edge.source].append(edge)
        return found

    def reached(self, starts: Iterable[int], *, exits: Collection[Exit] | None = None) -> set[int]:
        """The pipes that events come to from `starts`, these included, by these kinds of exits (by all)."""
        found = set(starts)
        left = list(found)
        while left:
            for edge in self.ways[left.pop()]:
                if edge.target not in found and (exits is None or edge.exit in exits):
                    found.add(edge.target)
                    left.append(edge.target)
        return found

    @cached_property
    def unreached(self) -> list[int]:
        """The pipes that no event comes to, in the order of the file."""
        found = self.reached(self.entries)
        return [pipe_id for pipe_id in self.pipes if pipe_id not in found]


def graphs_of(channel: Channel) -> list[Graph]:
    """The graphs of a channel's pipelines and of its entities' operations, in the order of the model."""
    found = []
    entries = _handed_over(channel)
    for name in PIPELINES:
        pipes = () if channel.pipelines is None else channel.pipelines.of(name)
        if pipes:
            found.append(
                _graph(name, name, ("pipelines", name), pipes, entries if name == SCHEDULE else None)
            )
    for index, entity in enumerate(channel.entities):
        for name in OPERATIONS:
            operation = entity.operations.of(name)
            if operation is not None:
                at = ("entities", index, "operations", name, "pipeline")
                found.append(_graph(f"{entity.shortname}.{name}", OPERATION, at, operation.pipeline, None))
    return found


def _graph(
    name: str, kind: str, at: Place, pipes: Sequence[PipeModel], entries: Collection[int] | None
) -> Graph:
    by_id = {pipe.id: pipe for pipe in pipes}
    places: dict[int, Place] = {pipe.id: (*at, index) for index, pipe in enumerate(pipes)}
    edges: list[Edge] = []
    whole = True
    for pipe in pipes:
        try:
            edges += [edge for edge in _exits(pipe, places[pipe.id]) if edge.target in by_id]
        except ValidationError:
            whole = False
    entered = (pipes[0].id,) if entries is None else tuple(each for each in by_id if each in entries)
    return Graph(name, kind, at, by_id, places, tuple(edges), entered, whole)


def _exits(pipe: PipeModel, at: Place) -> Iterator[Edge]:
    """Every exit; raises ValidationError after those beside the parameters if these are faulty."""
    if pipe.outs.success is not None:
        yield Edge(pipe.id, pipe.outs.success, "success", (*at, "outs", "success"))
    if pipe.outs.error is not None:
        yield Edge(pipe.id, pipe.outs.error, "error", (*at, "outs", "error"))
    spec = REGISTRY.get(pipe.type)
    if spec is not None and spec.exits is not None:
        for target, way in spec.exits(spec.params.model_validate(pipe.params)):
            yield Edge(pipe.id, target, "branch" if spec.branching else "out", (*at, "params", *way))


def _handed_over(channel: Channel) -> set[int]:
    """The pipes of `schedule` at which a `scheduled` pipe lets events enter."""
    found = set()
    for name in PIPELINES:
        for pipe in () if channel.pipelines is None else channel.pipelines.of(name):
            entry: Any = pipe.params.get("pipe_id")
            is_scheduled = pipe.type in REGISTRY and REGISTRY[pipe.type].params is ScheduledParams
            if is_scheduled and type(entry) is int:
                found.add(entry)
    return found


def back_edges(ways: Mapping[int, Sequence[tuple[int, Place]]]) -> list[tuple[int, int, Place]]:
    """The exits that close a loop, as (pipe, target, place of the exit); without them the graph has no loop.

    Depth-first search with a stack of its own: an exit to a pipe that is still on the way closes a loop.
    """
    found = []
    finished: set[int] = set()
    for start in ways:
        on_way: dict[int, int] = {start: 0}  # pipe → number of its exits already followed
        while on_way:
            pipe_id, followed = next(reversed(on_way.items()))
            exits = ways.get(pipe_id, ())
            if pipe_id in finished or followed == len(exits):
                finished.add(pipe_id)
                del on_way[pipe_id]
                continue
            on_way[pipe_id] = followed + 1
            target, place = exits[followed]
            if target in on_way:
                found.append((pipe_id, target, place))
            elif target not in finished:
                on_way[target] = 0
    return found


def reached(ways: Mapping[int, Sequence[tuple[int, Place]]], start: int) -> set[int]:
    """The pipes that some way from `start` leads to; `start` itself only where it stands in a loop."""
    found: set[int] = set()
    left = [start]
    while left:
        for target, _ in ways.get(left.pop(), ()):
            if target not in found:
                found.add(target)
                left.append(target)
    return found
