"""A diagram with a place for everything in it; branches are laid out first and placed as one box."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from akrun.picture.diagram import Diagram, Group, Way
from akrun.picture.face import Face, label_face, node_face
from akrun.picture.layout import Box, Curve, Link, Point, Route, arrange
from akrun.picture.overlay import Mark, Overlay

_GATE = "gate"
_SIDE = 16.0
_HEAD = 30.0
_NEARLY = 40.0


@dataclass(frozen=True, slots=True)
class Frame:
    """The place of a branch; `gate` is where the way in crosses its upper side, from its left one."""

    group: Group
    corner: Point
    width: float
    height: float
    gate: float


@dataclass(slots=True)
class Panel:
    """A diagram, laid out; its left upper corner is at 0, 0.

    Attributes:
        places: the left upper corners of nodes, by id.
        routes: of the ways, by their places in the diagram.
        faces, labels: what nodes and ways look like.
        marks, way_marks: what is said of them.
        frames: of branches, outer ones first.
    """

    diagram: Diagram
    width: float = 0.0
    height: float = 0.0
    places: dict[str, Point] = field(default_factory=dict)
    routes: dict[int, Route] = field(default_factory=dict)
    faces: dict[str, Face] = field(default_factory=dict)
    labels: dict[int, Face] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    way_marks: dict[int, Mark] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)


def panel_of(diagram: Diagram, overlay: Overlay | None = None) -> Panel:
    """Lay out a diagram."""
    panel = Panel(diagram)
    panel.marks, panel.way_marks = marks_of(diagram, overlay)
    for node in diagram.nodes:
        panel.faces[node.id] = node_face(node, panel.marks.get(node.id))
    for index, way in enumerate(diagram.ways):
        panel.labels[index] = label_face(way, panel.way_marks.get(index))
    part = _laid_out(panel, [node.id for node in diagram.nodes], diagram.groups, None)
    panel.width, panel.height = part.width, part.height
    panel.places, panel.routes, panel.frames = part.places, part.routes, part.frames
    return panel


def marks_of(diagram: Diagram, overlay: Overlay | None) -> tuple[dict[str, Mark], dict[int, Mark]]:
    """What is said of nodes, by id, and of ways, by their places in the diagram.

    What is no pipe and no exit has the tone of the pipe it belongs to.
    """
    nodes: dict[str, Mark] = {}
    ways: dict[int, Mark] = {}
    pipes = {node.id: node.pipe for node in diagram.nodes}
    if overlay is None:
        return nodes, ways
    for node, pipe in pipes.items():
        mark = None if pipe is None else overlay.pipe(diagram.name, pipe)
        if mark is not None:
            nodes[node] = mark
    for index, way in enumerate(diagram.ways):
        pipe = pipes[way.source]
        if pipe is not None and way.exit:
            mark = overlay.exit(diagram.name, pipe, way.exit)
        else:  # that of a start, or one to a target
            mark = _plain(nodes.get(way.target if pipe is None else way.source))
        if mark is not None:
            ways[index] = mark
            other = way.source if pipe is None else way.target
            if pipes[other] is None:
                nodes[other] = Mark(mark.tone)
    return nodes, ways


def _plain(mark: Mark | None) -> Mark | None:
    if mark is None:
        return None
    return Mark("taken" if mark.tone in ("failed", "faulty") else mark.tone)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a diagram, laid out; `gate` is where ways enter a branch, from its left side."""

    width: float
    height: float
    places: dict[str, Point]
    routes: dict[int, Route]
    frames: list[Frame]
    gate: float = 0.0
    way_in: Route | None = None


def _laid_out(panel: Panel, nodes: Sequence[str], groups: Sequence[Group], entry: str | None) -> _Part:
    outer = [group for group in groups if not any(group.nodes < other.nodes for other in groups)]
    parts = {f"group{group.pipe}": _branch(panel, group, groups) for group in outer}
    home = {node: f"group{group.pipe}" for group in outer for node in group.nodes}
    boxes = _boxes(panel, nodes, home, parts)
    links, indexes = _links(panel, nodes, home)
    if entry is not None:
        boxes.append(Box(_GATE, 0, 0))
        links.append(Link(_GATE, home.get(entry, entry), straight=True))
    layout = arrange(boxes, links)
    places = {node: layout.boxes[node] for node in nodes if node not in home}
    routes = dict(zip(indexes, layout.routes, strict=False))
    frames: list[Frame] = []
    for group in outer:
        name = f"group{group.pipe}"
        part, corner = parts[name], layout.boxes[name]
        box = next(each for each in boxes if each.id == name)
        gate = box.width / 2 + (box.gate or 0.0)
        frames.append(Frame(group, corner, box.width, box.height, gate))
        x, y = corner.x + gate - part.gate, corner.y + _HEAD
        places |= {node: Point(at.x + x, at.y + y) for node, at in part.places.items()}
        routes |= {index: _moved(route, x, y) for index, route in part.routes.items()}
        frames += [replace(each, corner=Point(each.corner.x + x, each.corner.y + y)) for each in part.frames]
        for index, way in enumerate(panel.diagram.ways):
            if way.target == group.entry and way.source not in group.nodes and index in routes:
                assert part.way_in is not None
                routes[index] = _joined(routes[index], _moved(part.way_in, x, y))
    if entry is None:
        return _Part(layout.width, layout.height, places, routes, frames)
    return _Part(
        layout.width, layout.height, places, routes, frames, layout.boxes[_GATE].x, layout.routes[-1]
    )


def _branch(panel: Panel, group: Group, groups: Sequence[Group]) -> _Part:
    nodes = [node.id for node in panel.diagram.nodes if node.id in group.nodes]
    within = [other for other in groups if other.nodes < group.nodes]
    return _laid_out(panel, nodes, within, group.entry)


def _boxes(
    panel: Panel, nodes: Sequence[str], home: Mapping[str, str], parts: Mapping[str, _Part]
) -> list[Box]:
    boxes: list[Box] = []
    seen: set[str] = set()
    for node in nodes:
        name = home.get(node, node)
        if name in seen:
            continue
        seen.add(name)
        if name == node:
            boxes.append(Box(node, panel.faces[node].width, panel.faces[node].height))
        else:
            boxes.append(_branch_box(name, parts[name]))
    return boxes


def _branch_box(name: str, part: _Part) -> Box:
    """Around a branch; where the way in is nearly in the middle, it is put there."""
    aside = part.gate - part.width / 2
    middle = abs(aside) <= _NEARLY
    across = part.width + 2 * _SIDE + (2 * abs(aside) if middle else 0.0)
    return Box(name, across, part.height + _HEAD + _SIDE, 0.0 if middle else aside)


def _links(panel: Panel, nodes: Collection[str], home: Mapping[str, str]) -> tuple[list[Link], list[int]]:
    """The links between boxes, and the ways that they are."""
    links = []
    indexes = []
    inside = set(nodes)
    for index, way in enumerate(panel.diagram.ways):
        if way.source not in inside or way.target not in inside:
            continue
        source, target = home.get(way.source, way.source), home.get(way.target, way.target)
        if source != target or way.source not in home:
            face = panel.labels[index]
            links.append(Link(source, target, (face.width, face.height), straight=_straight(way)))
            indexes.append(index)
    return links, indexes


def _straight(way: Way) -> bool:
    """The main way is straight; where conditions decide there is none."""
    return way.kind == "enter" or (way.kind == "success" and not way.label)


def _moved(route: Route, x: float, y: float) -> Route:
    def move(point: Point) -> Point:
        return Point(point.x + x, point.y + y)

    return Route(
        move(route.start),
        tuple(Curve(move(each.first), move(each.second), move(each.end)) for each in route.curves),
        move(route.label),
    )


def _joined(first: Route, second: Route) -> Route:
    """One after the other, with a straight line between."""
    between = Curve(first.end, second.start, second.start)
    return Route(first.start, (*first.curves, between, *second.curves), first.label)
