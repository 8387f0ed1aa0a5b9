"""What is laid out, and what the steps of the layout hand to each other."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple


class Point(NamedTuple):
    """A place; `y` grows downwards."""

    x: float
    y: float


class Curve(NamedTuple):
    """A cubic curve from where the one before ended, by its two control points, to `end`."""

    first: Point
    second: Point
    end: Point


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle to be placed.

    Attributes:
        id: unique.
        gate: where links enter, seen from the middle of its upper side; None: wherever is nearest.
    """

    id: str
    width: float
    height: float
    gate: float | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A directed link between boxes.

    Attributes:
        source, target: ids of boxes, which may be the same.
        label: width and height of a label on the link; zeros for none.
        straight: whether it is kept straight before others.
    """

    source: str
    target: str
    label: tuple[float, float] = (0.0, 0.0)
    straight: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """The way of a link: from the lower side of its source to the upper side of its target.

    Attributes:
        start: the first point; `curves` lead on from it.
        label: the middle of its label; meaningful where it has one.
    """

    start: Point
    curves: tuple[Curve, ...]
    label: Point

    @property
    def end(self) -> Point:
        """The last point."""
        return self.curves[-1].end


@dataclass(slots=True)
class Chain:
    """A link as vertices, one in each rank that it passes.

    Attributes:
        inner: the vertices without those of its boxes, from top to bottom.
        labelled: that of `inner` which is as large as the label.
        back: whether the link closes a loop: then it leads from the last of `inner` to the first.
    """

    link: Link
    source: int
    target: int
    inner: list[int]
    labelled: int
    back: bool

    def pieces(self) -> list[tuple[int, int]]:
        """The pairs of vertices that follow each other, the upper one first."""
        first, last = (self.target, self.source) if self.back else (self.source, self.target)
        middle = list(pairwise(self.inner))
        if self.back:  # turns above its target and below its source
            return [(self.inner[0], first), *middle, (last, self.inner[-1])]
        return [(first, self.inner[0]), *middle, (self.inner[-1], last)]


@dataclass(slots=True)
class Layers:
    """The vertices: boxes first, in their order, then bends of links.

    Attributes:
        ranks, widths, heights: of each vertex.
        real: how many vertices are boxes.
        chains: of each link, in order.
        order: the vertices of each rank, from left to right.
    """

    ranks: list[int]
    widths: list[float]
    heights: list[float]
    real: int
    chains: list[Chain]
    order: list[list[int]] = field(default_factory=list)

    def bend(self, vertex: int) -> bool:
        """Whether the vertex is a bend without a label."""
        return vertex >= self.real and not self.widths[vertex]
