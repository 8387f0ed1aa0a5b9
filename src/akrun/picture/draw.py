"""The elements of one panel: frames, ways, nodes, labels."""

from collections.abc import Iterator
from html import escape

from akrun.graph import SCHEDULE
from akrun.picture.diagram import Node
from akrun.picture.face import (
    BADGE,
    CODE,
    INSET,
    MARK,
    SLANT,
    TEXT_AT,
    TILE,
    Face,
    Line,
    badge_width,
)
from akrun.picture.icons import ICONS, OTHER
from akrun.picture.layout import Point, Route
from akrun.picture.legend import way_class
from akrun.picture.panel import Frame, Panel
from akrun.picture.text import cut, width

_HEAD = 8.0
"""Length of an arrow's head."""


def draw_panel(panel: Panel, prefix: str | None) -> Iterator[str]:
    """SVG elements; ids of panels that they link to begin with `prefix`, without one there are no links."""
    for frame in panel.frames:
        yield '<g class="frame">'
        yield (
            f'<rect x="{frame.corner.x:.1f}" y="{frame.corner.y:.1f}" width="{frame.width:.1f}" '
            f'height="{frame.height:.1f}" rx="10"/>'
        )
        yield _frame_title(frame)
        yield "</g>"
    for index, route in panel.routes.items():
        yield _way(panel, index, route)
    for index, route in panel.routes.items():
        if panel.labels[index].width:
            yield from _label(panel, index, route.label)
    for node in panel.diagram.nodes:
        yield from _node(panel, node, prefix)


def _frame_title(frame: Frame) -> str:
    """At the left of the way in, or at its right where that has more room."""
    left, right = frame.gate - 22, frame.width - frame.gate - 22
    title = frame.group.title
    at_left = width(title, CODE) <= left or left >= right
    x = frame.corner.x + (12 if at_left else frame.gate + 10)
    return _text(x, frame.corner.y + 19, cut(title, CODE, max(left, right)), CODE.size, "mono")


def _way(panel: Panel, index: int, route: Route) -> str:
    way = panel.diagram.ways[index]
    mark = panel.way_marks.get(index)
    classes = f"way {way_class(panel, index)}{'' if mark is None else ' ' + mark.tone}"
    data = [f"M{route.start.x:.1f} {route.start.y:.1f}"]
    data += [_curve(curve) for curve in route.curves[:-1]]
    last = route.curves[-1]
    tip = last.end
    neck = Point(tip.x, tip.y - _HEAD + 1)
    data.append(_curve((last.first, last.second if last.second != tip else neck, neck)))
    title = escape(f"{way.source} → {way.target}" if not way.label else way.label)
    return (
        f'<g class="{classes}" data-source="{way.source}" data-target="{way.target}"><title>{title}</title>'
        f'<path d="{"".join(data)}"/><polygon class="head" points="{tip.x:.1f},{tip.y:.1f} '
        f'{tip.x - 4.2:.1f},{tip.y - _HEAD:.1f} {tip.x + 4.2:.1f},{tip.y - _HEAD:.1f}"/></g>'
    )


def _curve(curve: tuple[Point, Point, Point]) -> str:
    first, second, end = curve
    return f"C{first.x:.1f} {first.y:.1f} {second.x:.1f} {second.y:.1f} {end.x:.1f} {end.y:.1f}"


def _label(panel: Panel, index: int, middle: Point) -> Iterator[str]:
    way, face, mark = panel.diagram.ways[index], panel.labels[index], panel.way_marks.get(index)
    x, y = middle.x - face.width / 2, middle.y - face.height / 2
    yield f'<g class="label {way.kind}{"" if mark is None else " " + mark.tone}">'
    badge = badge_width(face.badge) + 4 if face.badge else 0.0
    if face.lines:
        yield f"<title>{escape(way.label)}</title>"
        kind = "chip" if way.kind == "out" else "bare"
        yield (
            f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{face.width - badge:.1f}" '
            f'height="{face.height:.1f}" rx="6"/>'
        )
        top = y + (face.height - 14 * len(face.lines)) / 2
        for row, line in enumerate(face.lines):
            yield _text(x + 7, top + 14 * row + 11, line.text, line.font.size, line.kind)
    if face.badge:
        yield _badge(x + face.width - badge + 4, middle.y - 9, face.badge)
    yield "</g>"


def _node(panel: Panel, node: Node, prefix: str | None) -> Iterator[str]:
    face, at, mark = panel.faces[node.id], panel.places[node.id], panel.marks.get(node.id)
    kind = "failed-end" if node.kind == "failed" else node.kind
    classes = [kind, *(["io"] if node.io else []), *([mark.tone] if mark is not None else [])]
    place = f"translate({at.x:.1f} {at.y:.1f})"
    yield f'<g class="{" ".join(classes)}" data-node="{node.id}" transform="{place}">'
    yield f"<title>{escape(_tip(node))}</title>"
    if node.kind == "pipe":
        yield from _pipe(node, face)
    elif node.kind == "start":
        yield f'<rect class="box" width="{face.width:.1f}" height="28" rx="14"/>'
        yield '<path class="glyph" d="M14 9l9 5-9 5z"/>'
        yield _text(30, 18.5, node.title, 13, "", weight=700)
    elif node.kind in ("end", "failed"):
        yield from _mark(node)
    else:
        yield from _target(node, face, prefix)
    yield "</g>"


def _tip(node: Node) -> str:
    parts = [node.title if node.pipe is None else f"{node.pipe} {node.title}", node.label, node.detail]
    if node.event is not None:
        parts.insert(2, node.event[0])
    return "\n".join(part for part in parts if part)


def _pipe(node: Node, face: Face) -> Iterator[str]:
    side = SLANT if node.title == "selector" else 0.0
    if side:
        middle, w, h = face.height / 2, face.width, face.height
        yield (
            f'<path class="box" stroke-linejoin="round" d="M{side} 0H{w - side:.1f}L{w:.1f} {middle:.1f}'
            f'L{w - side:.1f} {h:.1f}H{side}L0 {middle:.1f}z"/>'
        )
    else:
        yield f'<rect class="box" width="{face.width:.1f}" height="{face.height:.1f}" rx="9"/>'
    left = INSET + side
    yield f'<rect class="tile" x="{left}" y="10" width="{TILE}" height="{TILE}" rx="7"/>'
    icon = ICONS.get(node.title, OTHER)
    yield f'<path class="icon" transform="translate({left + 5} 15) scale(0.75)" d="{icon}"/>'
    y = 9.0
    for line in face.lines:
        yield from _line(node, line, TEXT_AT + side, y)
        y += line.height
    yield _text(face.width - INSET - side, 22.5, str(node.pipe), 11, "soft", anchor="end")
    if face.badge:
        across = badge_width(face.badge)
        yield _badge(face.width - INSET - side - across, face.height - 26, face.badge)


def _line(node: Node, line: Line, x: float, y: float) -> Iterator[str]:
    if line.kind == "title":
        yield _text(x, y + 13.5, line.text, line.font.size, "", weight=700)
    elif line.kind == "event" and node.event is not None:
        yield f'<circle cx="{x + 5}" cy="{y + 8.5}" r="4.5" fill="{escape(node.event[1])}"/>'
        yield _text(x + 16, y + 12.5, line.text, line.font.size, "")
    else:
        yield _text(x, y + 12, line.text, line.font.size, "mono" if line.kind == "mono" else "")


def _mark(node: Node) -> Iterator[str]:
    middle = MARK / 2
    yield f'<circle class="box" cx="{middle}" cy="{middle}" r="{middle - 1}"/>'
    if node.kind == "end":
        yield f'<circle class="glyph" cx="{middle}" cy="{middle}" r="5"/>'
    else:
        yield f'<path class="glyph" d="M{middle - 4} {middle - 4}l8 8m0-8l-8 8"/>'


def _target(node: Node, face: Face, prefix: str | None) -> Iterator[str]:
    w, h = face.width, face.height
    if node.kind == "schedule":
        if prefix is not None:
            yield f'<a href="#{escape(prefix)}-{SCHEDULE}">'
        yield f'<rect class="box" width="{w:.1f}" height="{h:.1f}" rx="{min(h / 2, 16):.1f}"/>'
        icon = ICONS["scheduled"]
        yield f'<path class="icon" transform="translate(12 {h / 2 - 8:.1f}) scale(0.66)" d="{icon}"/>'
        for row, line in enumerate(face.lines):
            yield _text(36, 19 + 15 * row, line.text, line.font.size, "")
        if prefix is not None:
            yield "</a>"
        return
    yield (
        f'<path class="box" d="M0.7 7v{h - 14:.1f}a{w / 2 - 0.7:.1f} 6 0 0 0 {w - 1.4:.1f} 0V7'
        f'a{w / 2 - 0.7:.1f} 6 0 0 0-{w - 1.4:.1f} 0a{w / 2 - 0.7:.1f} 6 0 0 0 {w - 1.4:.1f} 0"/>'
    )
    for row, line in enumerate(face.lines):
        yield _text(w / 2, 26 + 15 * row, line.text, line.font.size, "", anchor="middle")


def _badge(x: float, y: float, text: str) -> str:
    across = badge_width(text)
    inner = _text(x + across / 2, y + 13, text, BADGE.size, "", weight=700, anchor="middle")
    return (
        f'<g class="badge"><rect x="{x:.1f}" y="{y:.1f}" width="{across:.1f}" height="18" rx="9"/>{inner}</g>'
    )


def _text(  # noqa: PLR0913, PLR0917 - what a text has
    x: float, y: float, text: str, size: float, kind: str, weight: int = 0, anchor: str = ""
) -> str:
    attributes = [f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"']
    attributes += [f'class="{kind}"'] if kind else []
    attributes += [f'font-weight="{weight}"'] if weight else []
    attributes += [f'text-anchor="{anchor}"'] if anchor else []
    return f"<text {' '.join(attributes)}>{escape(text)}</text>"
