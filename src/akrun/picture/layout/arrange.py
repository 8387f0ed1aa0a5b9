"""The steps together, and the last of them: the curves of the links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from akrun.picture.layout.order import put_in_order
from akrun.picture.layout.parts import Box, Chain, Curve, Layers, Link, Point, Route
from akrun.picture.layout.place import places_of
from akrun.picture.layout.ranks import layers_of

_GAP = 17.0
"""Between ranks; more where links go far to the side."""
_MOST_GAP = 40.0
_PORTS_APART = 18.0
_CORNER = 16.0
"""No link begins or ends nearer to a box's corner."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is.

    Attributes:
        boxes: the left upper corner of each, by id.
        routes: of the links, in order.
    """

    boxes: Mapping[str, Point]
    routes: tuple[Route, ...]
    width: float
    height: float


def arrange(boxes: Sequence[Box], links: Sequence[Link]) -> Layout:
    """Lay out boxes and links from top to bottom, the left upper corner at 0, 0.

    Boxes do not overlap; links begin and end at their boxes and go through no other one.
    """
    layers = layers_of(boxes, links)
    put_in_order(layers)
    middles = places_of(layers)
    ports = _Ports(boxes, layers, middles)
    tops, bottoms = _ranks(layers, ports)
    curves = _Curves(layers, ports, tops, bottoms)
    corners = {
        box.id: Point(middles[v] - box.width / 2, tops[layers.ranks[v]]) for v, box in enumerate(boxes)
    }
    width = max((middles[v] + layers.widths[v] / 2 for v in range(len(middles))), default=0.0)
    routes = tuple(curves.route(chain) for chain in layers.chains)
    return Layout(corners, routes, width, bottoms[-1] if bottoms else 0.0)


class _Ports:
    """Where links touch boxes: `leaves` and `enters` have the x of each chain by its number."""

    def __init__(self, boxes: Sequence[Box], layers: Layers, middles: Sequence[float]) -> None:
        self.layers = layers
        self.middles = middles
        leaving: list[list[tuple[float, int]]] = [[] for _ in boxes]
        entering: list[list[tuple[float, int]]] = [[] for _ in boxes]
        for index, chain in enumerate(layers.chains):
            first, last = chain.inner[0], chain.inner[-1]
            if chain.back:
                first, last = last, first
            leaving[chain.source].append((middles[first], index))
            entering[chain.target].append((middles[last], index))
        self.leaves: dict[int, float] = {}
        self.enters: dict[int, float] = {}
        for vertex, box in enumerate(boxes):
            self.leaves |= self._spread(vertex, leaving[vertex])
            if box.gate is None:
                self.enters |= self._spread(vertex, entering[vertex])
            else:
                self.enters |= {index: middles[vertex] + box.gate for _, index in entering[vertex]}

    def _spread(self, vertex: int, wanted: list[tuple[float, int]]) -> dict[int, float]:
        """Straight below or above where links come from, as far as the box goes, and not too near."""
        middle, half = self.middles[vertex], self.layers.widths[vertex] / 2
        left, right = middle - half + min(_CORNER, half), middle + half - min(_CORNER, half)
        gap = min(_PORTS_APART, (right - left) / max(len(wanted) - 1, 1))
        wanted = sorted(wanted)
        places: list[float] = []
        for place, _ in wanted:
            least = places[-1] + gap if places else left
            places.append(max(min(place, right), least))
        most = right
        for at in reversed(range(len(places))):
            places[at] = min(places[at], most)
            most = places[at] - gap
        return {index: place for (_, index), place in zip(wanted, places, strict=True)}


def _ranks(layers: Layers, ports: _Ports) -> tuple[list[float], list[float]]:
    """The upper and the lower end of each rank."""
    count = max(layers.ranks, default=-1) + 1
    heights = [0.0] * count
    for vertex, rank in enumerate(layers.ranks):
        heights[rank] = max(heights[rank], layers.heights[vertex])
    gaps = [_GAP] * count
    for index, chain in enumerate(layers.chains):
        for upper, lower in chain.pieces():
            aside = abs(_end(ports, index, chain, upper, lower) - _end(ports, index, chain, lower, upper))
            rank = layers.ranks[upper]
            gaps[rank] = max(gaps[rank], min(_GAP + aside / 10, _MOST_GAP))
    tops: list[float] = []
    bottoms: list[float] = []
    y = 0.0
    for height, gap in zip(heights, gaps, strict=True):
        tops.append(y)
        bottoms.append(y + height)
        y += height + gap
    return tops, bottoms


def _end(ports: _Ports, index: int, chain: Chain, vertex: int, other: int) -> float:
    """Where a piece touches a vertex; a box that is both ends of its link is told by the other vertex."""
    if vertex >= ports.layers.real:
        return ports.middles[vertex]
    last = chain.inner[-1] if chain.back else chain.inner[0]
    leaves = vertex == chain.source and (chain.source != chain.target or other == last)
    return (ports.leaves if leaves else ports.enters)[index]


class _Curves:
    def __init__(
        self, layers: Layers, ports: _Ports, tops: Sequence[float], bottoms: Sequence[float]
    ) -> None:
        self._layers = layers
        self._ports = ports
        self._tops = tops
        self._bottoms = bottoms
        self._numbers = {id(chain): index for index, chain in enumerate(layers.chains)}

    def route(self, chain: Chain) -> Route:
        layers, ports = self._layers, self._ports
        index = self._numbers[id(chain)]
        out, into = ports.leaves[index], ports.enters[index]
        rank = layers.ranks[chain.source]
        start = Point(out, self._tops[rank] + layers.heights[chain.source])
        pen = _Pen(start)
        pen.line(Point(out, self._bottoms[rank]))
        end = Point(into, self._tops[layers.ranks[chain.target]])
        inner = chain.inner[::-1] if chain.back else chain.inner
        if chain.back:
            self._around(pen, inner, end)
        else:
            for vertex in inner:
                x, at = ports.middles[vertex], layers.ranks[vertex]
                pen.bend(Point(x, self._tops[at]))
                pen.line(Point(x, self._bottoms[at]))
            pen.bend(end)
        at = layers.ranks[chain.labelled]
        label = Point(ports.middles[chain.labelled], (self._tops[at] + self._bottoms[at]) / 2)
        return Route(start, tuple(pen.curves), label)

    def _around(self, pen: "_Pen", inner: Sequence[int], end: Point) -> None:
        """Turn below the source, up beside, turn above the target."""
        middles, ranks = self._ports.middles, self._layers.ranks
        lowest, *between, highest = inner
        x = middles[between[0]]
        turn = self._bottoms[ranks[lowest]]
        pen.turn(Point(x, self._bottoms[ranks[between[0]]]), turn)
        for vertex in between:
            at = ranks[vertex]
            pen.bend(Point(middles[vertex], self._bottoms[at]))
            pen.line(Point(middles[vertex], self._tops[at]))
        pen.turn(end, self._tops[ranks[highest]])


class _Pen:
    """Draws curves that leave and arrive vertically."""

    def __init__(self, start: Point) -> None:
        self._at = start
        self.curves: list[Curve] = []

    def line(self, end: Point) -> None:
        if end != self._at:
            self.curves.append(Curve(self._at, end, end))
            self._at = end

    def bend(self, end: Point) -> None:
        if end.x == self._at.x:
            self.line(end)
            return
        middle = (self._at.y + end.y) / 2
        self.curves.append(Curve(Point(self._at.x, middle), Point(end.x, middle), end))
        self._at = end

    def turn(self, end: Point, y: float) -> None:
        """To a place at about the same height and back in the other direction, by way of `y`."""
        self.curves.append(Curve(Point(self._at.x, y), Point(end.x, y), end))
        self._at = end
