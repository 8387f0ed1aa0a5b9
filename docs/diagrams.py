"""Mermaid's diagrams in the site, drawn when it is built: nothing is fetched when they are looked at.

Code hosts draw the same blocks themselves. Here they are laid out from top to bottom as channels are by
`akrun graph`; what the pages use of flowcharts and state diagrams is known, anything else ends the build.
"""

import re
from collections.abc import Iterator
from html import escape, unescape
from typing import Any, Final, NamedTuple

from mkdocs.config.defaults import MkDocsConfig
from pymdownx.superfences import SuperFencesException

from akrun.picture.layout import Box, Link, Route, arrange
from akrun.picture.text import Font, width

_NODE: Final = re.compile(r"(\w+)(\[/.*?/\]|\(\(.*?\)\)|\[.*?\]|\{.*?\})?")
_ARROW: Final = re.compile(r'\s*(?:(<?)-->(?:\|"?(.*?)"?\|)?|--\s+(.+?)\s+-->)\s*')
_CHANGE: Final = re.compile(r"(\[\*\]|\w+) --> (\[\*\]|\w+)(?:: (.+))?$")
_FONT: Final = Font(14)
_SMALL: Final = Font(12)
_LINE: Final = 18
_EDGE: Final = 4
_TIP: Final = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto-start-reverse"><path d="M0 0L8 4L0 8z"/></marker></defs>'
)
_SPOT: Final = 14
"""The size of the spots at which states begin and end."""


class _Arrow(NamedTuple):
    source: str
    target: str
    label: str = ""
    both: bool = False


class _Drawing:
    """What a diagram shows: the lines of text of its nodes by id, and its arrows."""

    def __init__(self) -> None:
        self.nodes: dict[str, list[str]] = {}
        self.arrows: list[_Arrow] = []

    def node(self, name: str, shape: str | None = None) -> str:
        """Note a node, with its text when that is said."""
        if shape is not None:
            self.nodes[name] = unescape(shape.strip('[](){}/"').replace("<br>", "\n")).split("\n")
        self.nodes.setdefault(name, [name.replace("_", " ")])
        return name


def on_config(config: MkDocsConfig, **_: Any) -> MkDocsConfig:
    """Draw blocks of the language `mermaid`."""
    fences = config.mdx_configs.setdefault("pymdownx.superfences", {}).setdefault("custom_fences", [])
    fences.append({"name": "mermaid", "class": "diagram", "format": _formatted})
    return config


def _formatted(source: str, *_: Any, **__: Any) -> str:
    return drawn(source)


def drawn(source: str) -> str:
    """A diagram as SVG.

    Raises:
        SuperFencesException: it has something that is not known here.
    """
    kind, *lines = (line.strip() for line in source.strip().splitlines())
    reader = _READERS.get(kind)
    if reader is None:
        raise SuperFencesException(f"no such diagram is drawn: {kind}")
    return _svg(reader(lines))


def _flowchart(lines: list[str]) -> _Drawing:
    """Nodes with texts and arrows between them; the frames of subgraphs are left out."""
    drawing = _Drawing()
    for line in lines:
        if line == "end" or line.startswith("subgraph "):
            continue
        node = _NODE.match(line)
        while node is not None:
            source = drawing.node(node[1], node[2])
            if node.end() == len(line):
                break
            arrow = _ARROW.match(line, node.end())
            node = arrow and _NODE.match(line, arrow.end())
            if arrow and node:
                drawing.arrows.append(_Arrow(source, node[1], arrow[2] or arrow[3] or "", bool(arrow[1])))
        if node is None:
            raise SuperFencesException(f"this line of a flowchart is not known: {line}")
    return drawing


def _states(lines: list[str]) -> _Drawing:
    """States and changes; within a state `[*]` is the state itself."""
    drawing = _Drawing()
    within: list[str] = []
    for line in lines:
        if line == "}":
            within.pop()
        elif line.startswith("state ") and line.endswith(" {"):
            within.append(drawing.node(line.split()[1]))
        elif (change := _CHANGE.match(line)) is not None:
            begin, end = (within[-1], within[-1]) if within else ("[*]", "[*] end")
            source = drawing.node(begin if change[1] == "[*]" else change[1])
            target = drawing.node(end if change[2] == "[*]" else change[2])
            drawing.arrows.append(_Arrow(source, target, change[3] or ""))
        else:
            raise SuperFencesException(f"this line of a state diagram is not known: {line}")
    return drawing


_READERS: Final = {"flowchart LR": _flowchart, "flowchart TD": _flowchart, "stateDiagram-v2": _states}


def _svg(drawing: _Drawing) -> str:
    boxes = [_box(name, lines) for name, lines in drawing.nodes.items()]
    labels = [_wrapped(arrow.label) for arrow in drawing.arrows]
    links = [
        Link(arrow.source, arrow.target, _size(label, _SMALL) if label else (0.0, 0.0))
        for arrow, label in zip(drawing.arrows, labels, strict=True)
    ]
    layout = arrange(boxes, links)
    across, down = layout.width + 2 * _EDGE, layout.height + 2 * _EDGE
    box = f"{-_EDGE} {-_EDGE} {across:.0f} {down:.0f}"
    parts = [f'<svg class="diagram" viewBox="{box}" width="{across:.0f}" role="img">{_TIP}']
    for arrow, route in zip(drawing.arrows, layout.routes, strict=True):
        start = ' marker-start="url(#tip)"' if arrow.both else ""
        parts.append(f'<path class="way" d="{_path(route)}" marker-end="url(#tip)"{start}/>')
    for label, route in zip(labels, layout.routes, strict=True):
        parts += _label(label, route.label.x, route.label.y) if label else ()
    for each in boxes:
        parts += _node(each, drawing.nodes[each.id], *layout.boxes[each.id])
    return "".join([*parts, "</svg>"])


def _box(name: str, lines: list[str]) -> Box:
    if name.startswith("[*]"):
        return Box(name, _SPOT, _SPOT)
    across, down = _size(lines, _FONT)
    return Box(name, across + 16, down + 12)


def _node(box: Box, lines: list[str], x: float, y: float) -> Iterator[str]:
    round_off = _SPOT / 2 if box.id.startswith("[*]") else 6
    kind = "spot" if box.id.startswith("[*]") else "node"
    yield f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
    yield f'rx="{round_off}"/>'
    if kind == "node":
        yield from _text(lines, x + box.width / 2, y + box.height / 2, _FONT, "name")


def _label(lines: list[str], x: float, y: float) -> Iterator[str]:
    across, down = _size(lines, _SMALL)
    yield f'<rect class="behind" x="{x - across / 2:.1f}" y="{y - down / 2:.1f}" width="{across:.1f}" '
    yield f'height="{down}"/>'
    yield from _text(lines, x, y, _SMALL, "label")


def _size(lines: list[str], font: Font) -> tuple[float, float]:
    return max(width(line, font) for line in lines) + 8, _LINE * len(lines)


def _text(lines: list[str], x: float, y: float, font: Font, kind: str) -> Iterator[str]:
    """Lines around a middle."""
    for number, line in enumerate(lines):
        down = y + _LINE * (number - (len(lines) - 1) / 2) + font.size * 0.35
        place = f'x="{x:.1f}" y="{down:.1f}" font-size="{font.size:g}"'
        yield f'<text class="{kind}" {place}>{escape(line)}</text>'


def _wrapped(label: str) -> list[str]:
    """A label in lines of some words."""
    lines: list[str] = []
    for word in label.split():
        if lines and len(lines[-1]) + len(word) < 22:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _path(route: Route) -> str:
    curves = (
        f"C{curve.first.x:.1f} {curve.first.y:.1f} {curve.second.x:.1f} {curve.second.y:.1f} "
        f"{curve.end.x:.1f} {curve.end.y:.1f}"
        for curve in route.curves
    )
    return f"M{route.start.x:.1f} {route.start.y:.1f}{''.join(curves)}"
