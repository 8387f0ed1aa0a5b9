"""The way through a pipeline, and expectations of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

ANY: Final = ("…", "...")
"""Stand for any number of pipes."""


def path_fits(wanted: Sequence[Any], path: Sequence[Any], labels: Mapping[int, str]) -> bool:
    """Whether a way is as wanted.

    Args:
        wanted: ids or labels of pipes; `…` for any number of them; a list for a branch of the pipe before it.
            Branches that are not named may be anything.
        path: ids of pipes, and lists for branches.
        labels: of pipes.
    """
    if not any(isinstance(each, list) for each in wanted):
        path = [each for each in path if not isinstance(each, list)]
    return _fits(tuple(wanted), tuple(path), labels)


def _fits(wanted: tuple[Any, ...], path: tuple[Any, ...], labels: Mapping[int, str]) -> bool:
    if not wanted:
        return not path
    if isinstance(wanted[0], str) and wanted[0] in ANY:
        return any(_fits(wanted[1:], path[start:], labels) for start in range(len(path) + 1))
    if not path:
        return False
    return _is(wanted[0], path[0], labels) and _fits(wanted[1:], path[1:], labels)


def _is(wanted: Any, pipe: Any, labels: Mapping[int, str]) -> bool:
    if isinstance(wanted, list) or isinstance(pipe, list):
        return isinstance(wanted, list) and isinstance(pipe, list) and path_fits(wanted, pipe, labels)
    return wanted in (pipe, labels.get(pipe))


def shown_path(path: Sequence[Any], labels: Mapping[int, str]) -> str:
    """A way for people: `1 → 3 → 5 (Accepted)`, branches in brackets."""
    parts = []
    for each in path:
        if isinstance(each, list):
            parts.append(f"[{shown_path(each, labels)}]")
        else:
            parts.append(f"{each} ({labels[each]})" if each in labels else str(each))
    return " → ".join(parts) or "nothing"
