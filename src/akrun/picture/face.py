"""What nodes and labels look like before they have a place: their lines of text, and how large they are."""

from dataclasses import dataclass
from typing import Final

from akrun.picture.diagram import Node, Way
from akrun.picture.overlay import Mark
from akrun.picture.text import Font, width, wrapped

TITLE: Final = Font(13, bold=True)
TEXT: Final = Font(12.5)
CODE: Final = Font(11, mono=True)
SMALL: Final = Font(11)
BADGE: Final = Font(10.5, bold=True)

PIPE_WIDTH: Final = 248.0
TILE: Final = 28.0
INSET: Final = 12.0
"""From a box's border to what is in it."""
SLANT: Final = 12.0
"""How far the sides of a selector point outwards."""
TEXT_AT: Final = INSET + TILE + 10
MARK: Final = 22.0
"""Of an end's mark, both sides."""
_ASIDE_ROOM: Final = 170.0
_LABEL_ROOM: Final = 176.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text with the font it is in, and the height it takes."""

    text: str
    font: Font
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Face:
    """A node or a label.

    Attributes:
        lines: from top to bottom.
        badge: the text of its mark.
    """

    width: float
    height: float
    lines: tuple[Line, ...] = ()
    badge: str = ""


def node_face(node: Node, mark: Mark | None) -> Face:
    """The face of a node."""
    badge = "" if mark is None else mark.text
    if node.kind == "pipe":
        return _pipe(node, badge)
    if node.kind in ("end", "failed"):
        return Face(MARK, MARK)
    if node.kind == "start":
        return Face(width(node.title, TITLE) + 44, 28, (Line(node.title, TITLE, 16, "title"),))
    lines = tuple(Line(each, SMALL, 15, "") for each in wrapped(node.title, SMALL, _ASIDE_ROOM, 2))
    icon = 26 if node.kind == "schedule" else 0
    widest = max((width(each.text, SMALL) for each in lines), default=0.0)
    above = 16 if node.kind == "schedule" else 24
    return Face(max(widest, 44) + 24 + icon, 15 * len(lines) + above, lines)


def _pipe(node: Node, badge: str) -> Face:
    side = SLANT if node.title == "selector" else 0.0
    room = PIPE_WIDTH - TEXT_AT - INSET - 2 * side
    lines = [Line(node.title, TITLE, 19, "title")]
    lines += [Line(each, TEXT, 16, "label") for each in wrapped(node.label, TEXT, room, 3)]
    if node.event is not None:
        lines += [Line(each, TEXT, 16, "event") for each in wrapped(node.event[0], TEXT, room - 16, 1)]
    lines += [Line(each, CODE, 15, "mono") for each in wrapped(node.detail, CODE, room, 2)]
    height = max(sum(line.height for line in lines), TILE) + 18 + (21 if badge else 0)
    return Face(PIPE_WIDTH, height, tuple(lines), badge)


def label_face(way: Way, mark: Mark | None) -> Face:
    """The face of what stands on a way; of no size where that is nothing."""
    badge = "" if mark is None else mark.text
    font = CODE if way.kind == "out" else SMALL
    kind = "mono" if way.kind == "out" else ""
    lines = tuple(Line(each, font, 14, kind) for each in wrapped(way.label, font, _LABEL_ROOM, 4))
    if not lines and not badge:
        return Face(0, 0)
    across = max((width(each.text, font) + 14 for each in lines), default=-4.0)
    across += badge_width(badge) + 4 if badge else 0
    return Face(across, max(14 * len(lines) + (8 if lines else 0), 18 if badge else 0), lines, badge)


def badge_width(text: str) -> float:
    """The width of a mark's text with its background."""
    return width(text, BADGE) + 12
