"""The third step: horizontal places, by aligning vertices in vertical blocks (Brandes and Köpf).

Four alignments (up or down, left or right first) are made as narrow as their blocks allow; the mean of the
two middle ones of them keeps every distance that all four keep.
"""

from collections.abc import Iterator
from itertools import pairwise

from akrun.picture.layout.order import Sides, neighbours
from akrun.picture.layout.parts import Layers

BOXES_APART = 32.0
BENDS_APART = 18.0


def places_of(layers: Layers) -> list[float]:
    """The middle of each vertex, from 0."""
    above, below = neighbours(layers)
    straight = {
        piece for chain in layers.chains if chain.link.straight and not chain.back for piece in chain.pieces()
    }
    conflicts = _conflicts(layers, above, straight)
    found = []
    for upwards in (False, True):
        for mirrored in (False, True):
            order = [rank[::-1] if mirrored else rank for rank in layers.order]
            side, ranks = (below, order[::-1]) if upwards else (above, order)
            pieces = {(lower, upper) for upper, lower in straight} if upwards else straight
            roots = _aligned(ranks, side, conflicts, pieces)
            places = _compact(layers, order, roots)
            found.append([-place for place in places] if mirrored else places)
    return _balanced(layers, found)


def apart(layers: Layers, left: int, right: int) -> float:
    """How far the middles of vertices beside each other are apart, at least."""
    gap = BENDS_APART if layers.bend(left) or layers.bend(right) else BOXES_APART
    return (layers.widths[left] + layers.widths[right]) / 2 + gap


def _conflicts(layers: Layers, above: Sides, straight: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Pieces that cross a stronger one: those between bends come first, then those of straight links."""

    def strength(upper: int, lower: int) -> int:
        return 2 if min(upper, lower) >= layers.real else int((upper, lower) in straight)

    found = set()
    for upper, lower in pairwise(layers.order):
        place = {vertex: at for at, vertex in enumerate(upper)}
        pieces = [
            (place[over], at, strength(over, vertex))
            for at, vertex in enumerate(lower)
            for over in above[vertex]
        ]
        strong = [piece for piece in pieces if piece[2]]
        for one, two, power in pieces:
            if any((a - one) * (b - two) < 0 and other > power for a, b, other in strong):
                found.add((upper[one], lower[two]))
    return found


def _aligned(
    ranks: list[list[int]], side: Sides, conflicts: set[tuple[int, int]], straight: set[tuple[int, int]]
) -> dict[int, int]:
    """The block of each vertex, named after the first vertex in it; straight pieces begin at that side."""
    roots = {vertex: vertex for rank in ranks for vertex in rank}
    promised = {over for over, _ in straight}
    for before, rank in pairwise(ranks):
        place = {vertex: at for at, vertex in enumerate(before)}
        taken = -1
        for vertex in rank:
            for over in _middle(vertex, side, place, straight):
                barred = (over, vertex) in conflicts or (vertex, over) in conflicts
                barred = barred or (over in promised and (over, vertex) not in straight)
                if roots[vertex] == vertex and not barred and place[over] > taken:
                    roots[vertex] = roots[over]
                    taken = place[over]
    return roots


def _middle(vertex: int, side: Sides, place: dict[int, int], straight: set[tuple[int, int]]) -> list[int]:
    """The one or two neighbours in the middle, of those by straight links if there are any."""
    beside = [each for each in side[vertex] if each in place]
    kept = [each for each in beside if (each, vertex) in straight]
    beside = sorted(kept or beside, key=lambda each: place[each])
    return beside[(len(beside) - 1) // 2 : len(beside) // 2 + 1]


def _compact(layers: Layers, order: list[list[int]], roots: dict[int, int]) -> list[float]:
    """Every block as far to the left as those before it allow, then as near to those after it."""
    before: dict[int, dict[int, float]] = {root: {} for root in roots.values()}
    after: dict[int, dict[int, float]] = {root: {} for root in roots.values()}
    for rank in order:
        for left, right in pairwise(rank):
            gap = apart(layers, left, right)
            one, two = roots[left], roots[right]
            before[two][one] = max(before[two].get(one, 0.0), gap)
            after[one][two] = before[two][one]
    places: dict[int, float] = {}
    sequence = list(_sequence(before, after))
    for root in sequence:
        places[root] = max((places[each] + gap for each, gap in before[root].items()), default=0.0)
    for root in reversed(sequence):
        if after[root]:
            places[root] = max(places[root], min(places[each] - gap for each, gap in after[root].items()))
    return [places[roots[vertex]] for vertex in range(len(layers.ranks))]


def _sequence(before: dict[int, dict[int, float]], after: dict[int, dict[int, float]]) -> Iterator[int]:
    """The blocks, each after those to its left."""
    waiting = {root: len(lefts) for root, lefts in before.items()}
    ready = [root for root, lefts in waiting.items() if not lefts]
    while ready:
        root = ready.pop()
        yield root
        for right in after[root]:
            waiting[right] -= 1
            if not waiting[right]:
                ready.append(right)


def _balanced(layers: Layers, found: list[list[float]]) -> list[float]:
    """The four, moved to the sides of the narrowest, as one."""
    vertices = range(len(layers.ranks))
    if not vertices:
        return []
    sides = [
        (
            min(places[v] - layers.widths[v] / 2 for v in vertices),
            max(places[v] + layers.widths[v] / 2 for v in vertices),
        )
        for places in found
    ]
    left, right = min(sides, key=lambda side: side[1] - side[0])
    for index, (places, side) in enumerate(zip(found, sides, strict=True)):
        move = right - side[1] if index % 2 else left - side[0]
        found[index] = [place + move for place in places]
    middle = []
    for vertex in vertices:
        _, low, high, _ = sorted(places[vertex] for places in found)
        middle.append((low + high) / 2)
    edge = min(middle[v] - layers.widths[v] / 2 for v in vertices)
    return [place - edge for place in middle]
