"""What is open at an offset of a channel's text, be it finished or half typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aktmpl.source import Span

Path = tuple[str | int, ...]
"""Keys and indexes from the top of the file."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an offset is.

    Attributes:
        path: of the value there; for a key, of the object that it belongs to.
        role: whether a key or a value stands or may stand there.
        before: the scalar's characters before the offset, decoded; empty where none has begun.
        span: the scalar in the file, without quotes; empty where none has begun.
        quote: the quote that it stands in, or nothing.
        members: the keys and scalars of the object at each length of `path`, None in place of an object or
            list; as far as they are known, and also of what follows, where that is near.
        objects: of these, whether each is an object rather than a list.
    """

    path: Path
    role: Literal["key", "value"]
    before: str
    span: Span
    quote: str
    members: tuple[Mapping[str, Any], ...]
    objects: tuple[bool, ...]

    def member(self, depth: int, key: str) -> Any:
        """A scalar of the object that lies `depth` steps from the top."""
        return self.members[depth].get(key) if depth < len(self.members) else None


def pipe_depth(path: Path) -> int | None:
    """How many steps of a path lead to a pipe; None where it leads to none.

    Example:
        >>> pipe_depth(("pipelines", "message", 0, "params", "url"))
        3
    """
    depth = pipeline_depth(path)
    return None if depth is None or len(path) <= depth or not isinstance(path[depth], int) else depth + 1


def pipeline_depth(path: Path) -> int | None:
    """How many steps of a path lead to a pipeline; None where it leads to none."""
    if len(path) >= 2 and path[0] == "pipelines":
        return 2
    if len(path) >= 5 and (path[0], path[2], path[4]) == ("entities", "operations", "pipeline"):
        return 5
    return None
