"""The exits of pipes as they are written, also of pipes whose parameters are not right yet."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from akrun.editor.place import Path, pipe_depth
from akrun.model.base import objects
from akrun.model.entities import OPERATIONS
from akrun.model.pipelines import PIPELINES
from akrun.model.pipes import ALIASES
from akrun.pipes.pure.scheduled import PIPELINE

EXITS: Final[Mapping[str, tuple[str | None, ...]]] = {
    "foreach": ("pipeline",),
    "selector": ("outs", None, "out"),
    "store_get": ("not_found",),
}
"""Where the parameters of a kind of pipe name exits; None is any index."""
_HAND_OVER = ("scheduled", ("pipe_id",))
_OUTS = (("outs", "success"), ("outs", "error"))


def mapping(value: Any) -> Mapping[str, Any]:
    """An object of a file; an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def pipelines(value: Any) -> Iterator[tuple[Path, list[tuple[int, Mapping[str, Any]]]]]:
    """The path of each pipeline of a channel's value, and its pipes with their indexes."""
    written = mapping(value)
    found = mapping(written.get("pipelines"))
    for name in PIPELINES:
        if name in found:
            yield ("pipelines", name), [*objects(found[name])]
    for index, entity in objects(written.get("entities")):
        operations = mapping(entity.get("operations"))
        for name in OPERATIONS:
            if name in operations:
                at = ("entities", index, "operations", name, "pipeline")
                yield at, [*objects(mapping(operations[name]).get("pipeline"))]


def leads_into(path: Path, pipe_type: Any) -> Path | None:
    """The pipeline whose pipes the value at a path names; None for a value that names no pipe.

    Args:
        path: of the value.
        pipe_type: the type of the pipe that it stands in, whatever is written there.
    """
    depth = pipe_depth(path)
    if depth is None:
        return None
    inside = path[depth:]
    kind = ALIASES.get(pipe_type, pipe_type) if isinstance(pipe_type, str) else None
    if inside in _OUTS or (inside[:1] == ("params",) and _fits(inside[1:], EXITS.get(kind or ""))):
        return path[: depth - 1]
    if kind == _HAND_OVER[0] and inside == ("params", *_HAND_OVER[1]):
        return ("pipelines", PIPELINE)
    return None


def exits(pipe: Mapping[str, Any], at: Path) -> Iterator[tuple[Path, int, Path]]:
    """The exits of a pipe: where each is written, the id that it names, and the pipeline of that."""
    kind = pipe.get("type")
    for path, value in _numbers(pipe, at):
        into = leads_into(path, kind)
        if into is not None:
            yield path, value, into


def _numbers(value: Any, path: Path) -> Iterator[tuple[Path, int]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _numbers(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _numbers(each, (*path, index))
    elif type(value) is int:
        yield path, value


def _fits(path: Path, pattern: tuple[str | None, ...] | None) -> bool:
    if pattern is None or len(path) != len(pattern):
        return False
    return all(
        step == wanted or (wanted is None and isinstance(step, int))
        for step, wanted in zip(path, pattern, strict=True)
    )
