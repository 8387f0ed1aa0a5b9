"""The key of a picture: the kinds of ways and boxes that are in it."""

from collections.abc import Sequence

from akrun.picture.face import SMALL
from akrun.picture.panel import Panel
from akrun.picture.text import width

_WAYS = {
    "success": "success",
    "error": "error",
    "out": "condition",
    "branch": "each element",
    "aside": "uses",
    "hand": "hands over",
}
_LINE = 26.0
_ROW = 20.0


def legend(panels: Sequence[Panel], x: float, y: float, room: float) -> tuple[list[str], float]:
    """Its elements from this place on in rows of this width, and how high it is."""
    kinds = {way_class(panel, index) for panel in panels for index in panel.routes}
    items = [(kind, text) for kind, text in _WAYS.items() if kind in kinds]
    if any(node.io for panel in panels for node in panel.diagram.nodes):
        items.append(("io", "waits for something outside"))
    parts = []
    at, row = x, y + _ROW / 2
    for kind, text in items:
        across = _LINE + 8 + width(text, SMALL) + 22
        if at > x and at + across > x + room:
            at, row = x, row + _ROW
        if kind == "io":
            parts.append(
                f'<g class="io"><rect class="box" x="{at + 4:.1f}" y="{row - 6:.1f}" width="20" height="12" '
                f'rx="3"/></g>'
            )
        else:
            parts.append(f'<g class="way {kind}"><path d="M{at:.1f} {row:.1f}h{_LINE}"/></g>')
        parts.append(
            f'<text class="soft" x="{at + _LINE + 8:.1f}" y="{row + 4:.1f}" font-size="11">{text}</text>'
        )
        at += across
    return parts, row + _ROW / 2 - y if items else 0.0


def way_class(panel: Panel, index: int) -> str:
    """The class of a way: its kind, with `hand` for what leads to the pipeline `schedule`."""
    way = panel.diagram.ways[index]
    if way.kind == "aside" and panel.diagram.node(way.target).kind == "schedule":
        return "hand"
    return way.kind
