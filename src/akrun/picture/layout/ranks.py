"""The first step: which rank each box is in, and the vertices that links pass in the ranks between.

Boxes are in even ranks, so that there is a rank for labels between any two of them.
"""

from collections.abc import Sequence

from akrun.picture.layout.parts import Box, Chain, Layers, Link


def layers_of(boxes: Sequence[Box], links: Sequence[Link]) -> Layers:
    """The vertices with their ranks; they are not ordered yet."""
    number = {box.id: index for index, box in enumerate(boxes)}
    ends = [(number[link.source], number[link.target]) for link in links]
    backs = _closing(len(boxes), ends)
    ranks = _ranked(len(boxes), [pair for index, pair in enumerate(ends) if index not in backs])
    layers = Layers(ranks, [box.width for box in boxes], [box.height for box in boxes], len(boxes), [])
    for index, (link, (source, target)) in enumerate(zip(links, ends, strict=True)):
        layers.chains.append(_chain(layers, link, source, target, back=index in backs))
    lowest = min(layers.ranks, default=0)
    layers.ranks = [rank - lowest for rank in layers.ranks]
    return layers


def _closing(count: int, ends: Sequence[tuple[int, int]]) -> set[int]:
    """The links that close a loop in a depth-first search; without them there is none."""
    out: list[list[int]] = [[] for _ in range(count)]
    for index, (source, _) in enumerate(ends):
        out[source].append(index)
    found: set[int] = set()
    finished: set[int] = set()
    for start in range(count):
        way = {} if start in finished else {start: iter(out[start])}
        while way:
            vertex, rest = next(reversed(way.items()))
            for index in rest:
                target = ends[index][1]
                if target in way:
                    found.add(index)
                elif target not in finished:
                    way[target] = iter(out[target])
                    break
            else:
                finished.add(vertex)
                del way[vertex]
    return found


def _ranked(count: int, ends: Sequence[tuple[int, int]]) -> list[int]:
    """Each box two ranks below the lowest box that leads to it; those that nothing leads to, just above."""
    out: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for source, target in ends:
        out[source].append(target)
        waiting[target] += 1
    roots = [vertex for vertex in range(count) if not waiting[vertex]]
    ranks = [0] * count
    ready = list(roots)
    while ready:
        vertex = ready.pop()
        for target in out[vertex]:
            ranks[target] = max(ranks[target], ranks[vertex] + 2)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for vertex in roots:
        if out[vertex]:
            ranks[vertex] = min(ranks[target] for target in out[vertex]) - 2
    return ranks


def _chain(layers: Layers, link: Link, source: int, target: int, *, back: bool) -> Chain:
    ranks = layers.ranks
    first, last = ranks[source] + 1, ranks[target] - 1
    if back:
        first, last = last, first
    inner = []
    for rank in range(first, last + 1):
        inner.append(len(ranks))
        ranks.append(rank)
        layers.widths.append(0.0)
        layers.heights.append(0.0)
    labelled = inner[-2] if back else inner[0]  # near the source
    layers.widths[labelled], layers.heights[labelled] = link.label
    return Chain(link, source, target, inner, labelled, back)
