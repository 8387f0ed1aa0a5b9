"""Ways and loops in a graph of pipes."""

from collections.abc import Mapping, Sequence

Place = tuple[str | int, ...]


def back_edges(ways: Mapping[int, Sequence[tuple[int, Place]]]) -> list[tuple[int, int, Place]]:
    """The exits that close a loop, as (pipe, target, place of the exit); without them the graph has no loop.

    Depth-first search with a stack of its own: an exit to a pipe that is still on the way closes a loop.
    """
    found = []
    finished: set[int] = set()
    for start in ways:
        on_way: dict[int, int] = {start: 0}  # pipe → number of its exits already followed
        while on_way:
            pipe_id, followed = next(reversed(on_way.items()))
            exits = ways.get(pipe_id, ())
            if pipe_id in finished or followed == len(exits):
                finished.add(pipe_id)
                del on_way[pipe_id]
                continue
            on_way[pipe_id] = followed + 1
            target, place = exits[followed]
            if target in on_way:
                found.append((pipe_id, target, place))
            elif target not in finished:
                on_way[target] = 0
    return found


def reached(ways: Mapping[int, Sequence[tuple[int, Place]]], start: int) -> set[int]:
    """The pipes that some way from `start` leads to; `start` itself only where it stands in a loop."""
    found: set[int] = set()
    left = [start]
    while left:
        for target, _ in ways.get(left.pop(), ()):
            if target not in found:
                found.add(target)
                left.append(target)
    return found
