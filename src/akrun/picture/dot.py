"""A channel in DOT, the language of Graphviz."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from akrun.picture.diagram import Diagram, Group, Node, Way
from akrun.picture.overlay import Mark, Overlay
from akrun.picture.panel import marks_of
from akrun.picture.style import TONE_COLOURS, WAY_COLOURS

_SHAPES: Final = {"start": "oval", "end": "doublecircle", "failed": "doublecircle", "schedule": "cds",
                  "store": "cylinder", "sql": "cylinder"}  # fmt: skip


def dot(diagrams: Sequence[Diagram], name: str = "pipeline", overlay: Overlay | None = None) -> str:
    """The graph: one cluster for every pipeline, with what is laid over it."""
    lines = [
        f"digraph {_quoted(name)} {{",
        '  graph [rankdir=TB, fontname="Helvetica", color="#dbe2e9", charset="UTF-8"];',
        '  node [shape=box, style="rounded,filled", fillcolor="#ffffff", color="#b9c5d1"];',
        '  node [fontname="Helvetica", fontsize=12];',
        '  edge [fontname="Helvetica", fontsize=10];',
    ]
    for number, diagram in enumerate(diagrams):
        lines += _diagram(diagram, f"g{number}_", number, overlay)
    return "\n".join([*lines, "}", ""])


def _diagram(diagram: Diagram, prefix: str, number: int, overlay: Overlay | None) -> Iterator[str]:
    nodes, ways = marks_of(diagram, overlay)
    yield f"  subgraph {_quoted(f'cluster_{number}')} {{"
    yield f"    label={_quoted(f'{diagram.name}: {diagram.about}')};"
    yield from _nodes(diagram, diagram.groups, {node.id for node in diagram.nodes}, prefix, nodes)
    yield "  }"
    for index, way in enumerate(diagram.ways):
        yield f"  {_way(way, prefix, ways.get(index))}"


def _nodes(
    diagram: Diagram, groups: Sequence[Group], inside: set[str], prefix: str, marks: dict[str, Mark]
) -> Iterator[str]:
    """The nodes of a part, those of branches in clusters of their own."""
    outer = [group for group in groups if not any(group.nodes < other.nodes for other in groups)]
    for group in outer:
        yield f"    subgraph {_quoted(f'cluster_{prefix}{group.pipe}')} {{"
        yield f'    label={_quoted(group.title)}; style="dashed,rounded"; color="{WAY_COLOURS["branch"]}";'
        within = [other for other in groups if other.nodes < group.nodes]
        yield from _nodes(diagram, within, set(group.nodes), prefix, marks)
        yield "    }"
        inside -= group.nodes
    for node in diagram.nodes:
        if node.id in inside:
            yield f"    {_node(node, prefix, marks.get(node.id))}"


def _node(node: Node, prefix: str, mark: Mark | None) -> str:
    parts = [node.title if node.pipe is None else f"{node.pipe} {node.title}", node.label]
    if node.event is not None:
        parts.append(node.event[0])
    parts += [node.detail, "" if mark is None else mark.text]
    attributes = {"label": _lines(parts, 36)}
    if node.kind in ("end", "failed"):
        attributes |= {"label": "", "width": "0.2", "tooltip": node.title}
    shape = "hexagon" if node.title == "selector" else _SHAPES.get(node.kind)
    if shape is not None:
        attributes["shape"] = shape
    if node.io:
        attributes |= {"fillcolor": "#eaf3fe", "color": "#7fb0e6"}
    if mark is not None:
        attributes["color"] = TONE_COLOURS[mark.tone]
        attributes["penwidth"] = "2"
    return f"{_quoted(prefix + node.id)} [{_attributes(attributes)}];"


def _way(way: Way, prefix: str, mark: Mark | None) -> str:
    text = _lines([way.label, "" if mark is None else mark.text], 26)
    attributes = {"color": WAY_COLOURS[way.kind]}
    if text:
        attributes |= {"label": text, "fontcolor": WAY_COLOURS[way.kind]}
    if way.kind in ("error", "aside"):
        attributes["style"] = "dashed" if way.kind == "error" else "dotted"
    if mark is not None:
        attributes["penwidth"] = "1" if mark.tone == "dim" else "2.5"
        if mark.tone in ("covered", "missed", "dim"):
            attributes["color"] = TONE_COLOURS[mark.tone]
    return f"{_quoted(prefix + way.source)} -> {_quoted(prefix + way.target)} [{_attributes(attributes)}];"


def _lines(parts: Sequence[str], longest: int) -> str:
    return "\n".join(line for part in parts for line in textwrap.wrap(part, longest))


def _attributes(attributes: dict[str, str]) -> str:
    return ", ".join(f"{name}={_quoted(value)}" for name, value in attributes.items())


def _quoted(text: str) -> str:
    """A quoted name: a backslash stands for itself, a line's end for a centred line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
