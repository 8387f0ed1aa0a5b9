"""A pipeline as what is drawn: pipes, marks of beginning and end, targets, and the ways between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from akrun.graph import SCHEDULE, Edge, Graph, graphs_of
from akrun.model.channel import Channel
from akrun.model.pipes import PipeModel
from akrun.picture.describe import detail, event_of
from akrun.picture.text import printable
from akrun.pipes import REGISTRY
from akrun.pipes.spec import OPERATION

NodeKind = Literal["start", "pipe", "end", "failed", "schedule", "store", "sql"]
"""`end` and `failed` are where events end; the last three are what a pipe hands something to or asks."""
WayKind = Literal["enter", "success", "error", "out", "branch", "aside"]
"""`enter` leads from a start, `aside` to what a pipe uses; the others are exits."""

_ABOUT: Final[Mapping[str, str]] = {
    "message": "once for every profile",
    "schedule": "what was handed over, when it is due",
    "listener": "every callback of the service",
    "moderate": "when a mailing is handed in",
    "stop": "when a placement is stopped",
    OPERATION: "when somebody asks for it",
}


@dataclass(frozen=True, slots=True)
class Node:
    """Something with a place of its own.

    Attributes:
        id: unique in the diagram: `p3` is pipe 3.
        pipe: of a pipe.
        title: the type of a pipe; the text of anything else.
        lines: label and detail of a pipe, where it has them.
        event: name and colour of the event that a pipe registers.
        io: whether the pipe waits for something outside.
    """

    id: str
    kind: NodeKind
    title: str
    pipe: int | None = None
    label: str = ""
    detail: str = ""
    event: tuple[str, str] | None = None
    io: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A way between two nodes.

    Attributes:
        label: the condition under which it is taken, where there is one.
        exit: as traces and metrics name it: `success`, `error`, `out <pipe>`; empty for what is no exit.
    """

    source: str
    target: str
    kind: WayKind
    label: str = ""
    exit: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The branch of a `foreach`: everything in it is entered from there only.

    Attributes:
        pipe: the `foreach`.
        entry: the node at which the branch begins.
        nodes: ids of its nodes, with those of groups within it.
    """

    pipe: int
    title: str
    entry: str
    nodes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Diagram:
    """One pipeline.

    Attributes:
        name: `message`, …, or of an operation, such as `category.list`.
        about: when it runs.
        groups: outer ones before those within them.
    """

    name: str
    about: str
    nodes: tuple[Node, ...]
    ways: tuple[Way, ...]
    groups: tuple[Group, ...] = ()

    def node(self, node_id: str) -> Node:
        """The node of that id."""
        return next(node for node in self.nodes if node.id == node_id)


def diagrams_of(channel: Channel) -> list[Diagram]:
    """The diagrams of a channel's pipelines and operations, in the order of the model."""
    return [diagram_of(graph, channel) for graph in graphs_of(channel)]


def diagram_of(graph: Graph, channel: Channel | None = None) -> Diagram:
    """The diagram of one pipeline.

    Args:
        graph: the pipeline.
        channel: its channel, which has the names of events and of the pipes in `schedule`.
    """
    about = _ABOUT[graph.kind]
    if graph.kind == "message" and channel is not None and channel.communication == "indirect":
        about = "once for a mailing"
    maker = _Maker(graph, channel)
    maker.make()
    return Diagram(graph.name, about, tuple(maker.nodes), tuple(maker.ways), _groups(graph, maker))


@dataclass(slots=True)
class _Maker:
    graph: Graph
    channel: Channel | None
    nodes: list[Node] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    asides: dict[int, list[str]] = field(default_factory=dict)
    """Of a pipe, the ids of its nodes that are no pipes."""

    def make(self) -> None:
        for entry in self.graph.entries:
            start = f"start{entry}"
            self.nodes.append(Node(start, "start", "due" if self.graph.name == SCHEDULE else "start"))
            self.ways.append(Way(start, _id(entry), "enter"))
        in_branch = _branch_pipes(self.graph)
        for pipe in self.graph.pipes.values():
            spec = REGISTRY.get(pipe.type)
            event = event_of(pipe, self.channel)
            text = printable(detail(pipe)).strip()
            label = printable(pipe.label or "")
            io = spec is not None and not spec.pure
            self.nodes.append(Node(_id(pipe.id), "pipe", pipe.type, pipe.id, label, text, event, io))
            self.ways += _exits(pipe, self.graph.ways[pipe.id])
            self._end(pipe, branch=pipe.id in in_branch)
            self._aside(pipe)

    def _end(self, pipe: PipeModel, *, branch: bool) -> None:
        """Mark where the event ends after success."""
        spec = REGISTRY.get(pipe.type)
        if pipe.outs.success in self.graph.pipes:
            return
        final = spec is not None and spec.final
        node = Node(f"end{pipe.id}", "failed" if final else "end", "next" if branch else "end")
        label = "otherwise" if pipe.type == "selector" else ""
        way: WayKind = "error" if final else "success"
        self._beside(pipe, node, Way(_id(pipe.id), node.id, way, label, way))

    def _aside(self, pipe: PipeModel) -> None:
        params = pipe.params
        if pipe.type == "scheduled":
            node = Node(f"to{pipe.id}", "schedule", self._later(params.get("pipe_id")))
        elif pipe.type in ("store_get", "store_set"):
            table = params.get("table")
            node = Node(f"to{pipe.id}", "store", f"store {printable(str(table))}" if table else "store")
        elif pipe.type == "sql_pipe":
            node = Node(f"to{pipe.id}", "sql", printable(str(params.get("connector_id", "database"))))
        else:
            return
        self._beside(pipe, node, Way(_id(pipe.id), node.id, "aside"))

    def _later(self, entry: Any) -> str:
        pipelines = None if self.channel is None else self.channel.pipelines
        for pipe in () if pipelines is None else pipelines.of(SCHEDULE):
            if pipe.id == entry:
                return f"{SCHEDULE} {entry}: {printable(pipe.label or pipe.type)}"
        return f"{SCHEDULE} {printable(str(entry))}"

    def _beside(self, pipe: PipeModel, node: Node, way: Way) -> None:
        self.nodes.append(node)
        self.ways.append(way)
        self.asides.setdefault(pipe.id, []).append(node.id)


def _id(pipe: int) -> str:
    return f"p{pipe}"


def _exits(pipe: PipeModel, edges: list[Edge]) -> Iterator[Way]:
    """The exits that lead to pipes: into branches, by conditions, on success, on error."""
    conditions: dict[int, list[str]] = {}
    for edge in edges:
        if edge.exit in ("out", "branch"):
            conditions.setdefault(edge.target, []).append(_condition(pipe, edge))
    kind: WayKind = "branch" if any(edge.exit == "branch" for edge in edges) else "out"
    for target, texts in conditions.items():
        label = " or ".join(dict.fromkeys(text for text in texts if text))
        yield Way(_id(pipe.id), _id(target), kind, label, f"out {target}")
    for edge in edges:
        if edge.exit == "success":
            label = "otherwise" if conditions and kind == "out" else ""
            yield Way(_id(pipe.id), _id(edge.target), "success", label, "success")
    for edge in edges:
        if edge.exit == "error":
            yield Way(_id(pipe.id), _id(edge.target), "error", "error", "error")


def _condition(pipe: PipeModel, edge: Edge) -> str:
    """When an exit is taken that the parameters name: the query beside it, or the parameter's name."""
    if edge.exit == "branch":
        return "each"
    path = edge.at[edge.at.index("params") + 1 :]
    value: Any = pipe.params
    for key in path[:-1]:
        value = value[key]
    return printable(str(value["query"])) if "query" in value else str(path[-1]).replace("_", " ")


def _branch_pipes(graph: Graph) -> set[int]:
    """The pipes that only branches come to."""
    starts = [edge.target for edge in graph.edges if edge.exit == "branch"]
    return graph.reached(starts) - graph.reached(graph.entries, exits=("success", "error", "out"))


def _groups(graph: Graph, maker: _Maker) -> tuple[Group, ...]:
    """The branches that nothing else leads into; the others are drawn without a frame."""
    found = []
    for branch in graph.edges:
        if branch.exit != "branch":
            continue
        inside = graph.reached([branch.target])
        ways_in = [edge for edge in graph.edges if edge.target in inside and edge.source not in inside]
        if branch.source in inside or inside & set(graph.entries) or ways_in != [branch]:
            continue
        nodes = {_id(pipe) for pipe in inside}
        nodes.update(each for pipe in inside for each in maker.asides.get(pipe, ()))
        pipe = graph.pipes[branch.source]
        title = printable(detail(pipe))
        found.append(Group(branch.source, title, _id(branch.target), frozenset(nodes)))
    return tuple(sorted(found, key=lambda group: -len(group.nodes)))
