"""The second step: the order within each rank, with few crossings."""

from bisect import bisect_right, insort
from itertools import pairwise

from akrun.picture.layout.parts import Layers

_SWEEPS = 16

Sides = list[list[int]]
"""Of each vertex, its neighbours in the rank above, or in the one below."""


def put_in_order(layers: Layers) -> None:
    """Set the order: from a depth-first one, by the means of the neighbours' places; the best one met."""
    above, below = neighbours(layers)
    order = _first(layers, above, below)
    best, fewest = order, _crossings(order, below)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        order = _swept(order, above if downwards else below, downwards=downwards)
        _swap_neighbours(order, above, below)
        crossings = _crossings(order, below)
        if crossings < fewest:
            best, fewest = [list(rank) for rank in order], crossings
    layers.order = best


def neighbours(layers: Layers) -> tuple[Sides, Sides]:
    """The neighbours above and below, in the order of the links."""
    above: Sides = [[] for _ in layers.ranks]
    below: Sides = [[] for _ in layers.ranks]
    for chain in layers.chains:
        for upper, lower in chain.pieces():
            below[upper].append(lower)
            above[lower].append(upper)
    return above, below


def _first(layers: Layers, above: Sides, below: Sides) -> list[list[int]]:
    """Depth first: what belongs together stands together, in the order of boxes and links."""
    order: list[list[int]] = [[] for _ in range(max(layers.ranks, default=-1) + 1)]
    seen: set[int] = set()
    for start in range(len(layers.ranks)):
        left = [start]
        while left:
            vertex = left.pop()
            if vertex not in seen:
                seen.add(vertex)
                order[layers.ranks[vertex]].append(vertex)
                left += [*reversed(above[vertex]), *reversed(below[vertex])]
    return order


def _swept(order: list[list[int]], side: Sides, *, downwards: bool) -> list[list[int]]:
    swept = [list(rank) for rank in order]
    for index in range(len(swept)) if downwards else reversed(range(len(swept))):
        beside = index - 1 if downwards else index + 1
        if 0 <= beside < len(swept):
            place = {vertex: at for at, vertex in enumerate(swept[beside])}
            swept[index] = _by_means(swept[index], side, place)
    return swept


def _by_means(rank: list[int], side: Sides, place: dict[int, int]) -> list[int]:
    """The rank sorted by the means of its vertices' neighbours; those without any stay where they are."""
    means = {
        vertex: sum(place[each] for each in side[vertex]) / len(side[vertex])
        for vertex in rank
        if side[vertex]
    }
    moving = iter(sorted(means, key=lambda vertex: means[vertex]))
    return [next(moving) if vertex in means else vertex for vertex in rank]


def _swap_neighbours(order: list[list[int]], above: Sides, below: Sides) -> None:
    """Swap vertices beside each other while that takes crossings away."""
    for index, rank in enumerate(order):
        upper = {v: at for at, v in enumerate(order[index - 1])} if index else {}
        lower = {v: at for at, v in enumerate(order[index + 1])} if index + 1 < len(order) else {}
        better = True
        while better:
            better = False
            for at in range(len(rank) - 1):
                left, right = rank[at], rank[at + 1]
                gain = 0
                for side, place in ((above, upper), (below, lower)):
                    first, second = ([place[each] for each in side[vertex]] for vertex in (left, right))
                    gain += _inverted(first, second) - _inverted(second, first)
                if gain > 0:
                    rank[at], rank[at + 1] = right, left
                    better = True


def _inverted(first: list[int], second: list[int]) -> int:
    """Pairs of places of which the one of `first` is beyond that of `second`."""
    return sum(a > b for a in first for b in second)


def _crossings(order: list[list[int]], below: Sides) -> int:
    crossings = 0
    for rank, lower in pairwise(order):
        place = {vertex: at for at, vertex in enumerate(lower)}
        ends: list[int] = []
        for vertex in rank:
            targets = sorted(place[each] for each in below[vertex])
            crossings += sum(len(ends) - bisect_right(ends, target) for target in targets)
            for target in targets:
                insort(ends, target)
    return crossings
