"""What is laid over a picture: the way of one message, what tests covered, or what a process counted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Tone = Literal["taken", "failed", "faulty", "dim", "covered", "missed"]
"""On the way, ended there with an error, failed for some, off the way; covered by a test, covered by none."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What is said of a pipe or an exit; `text` is a few characters, or empty."""

    tone: Tone
    text: str = ""


@dataclass(frozen=True, slots=True)
class Overlay:
    """Marks by pipeline and pipe, and by pipeline, pipe and exit (`success`, `error`, `out <pipe>`).

    Attributes:
        caption: says what the picture shows.
        names: the pipelines that it speaks of; the others are drawn as without it.
        aside: the tone of what has no mark in these pipelines; None draws it as without an overlay.
    """

    caption: str
    names: frozenset[str]
    pipes: Mapping[tuple[str, int], Mark] = field(default_factory=dict)
    exits: Mapping[tuple[str, int, str], Mark] = field(default_factory=dict)
    aside: Tone | None = None

    def pipe(self, pipeline: str, pipe: int) -> Mark | None:
        """The mark of a pipe."""
        return self.pipes.get((pipeline, pipe)) or self._aside(pipeline)

    def exit(self, pipeline: str, pipe: int, way: str) -> Mark | None:
        """The mark of an exit."""
        return self.exits.get((pipeline, pipe, way)) or self._aside(pipeline)

    def _aside(self, pipeline: str) -> Mark | None:
        return None if self.aside is None or pipeline not in self.names else Mark(self.aside)


def trace_overlay(pipeline: str, trace: Mapping[str, Any], caption: str) -> Overlay:
    """The way of one event: its steps numbered, with their times.

    Args:
        pipeline: the one it ran through.
        trace: as `akrun.engine.trace_record.trace_to_dict` gives it.
        caption: says whose way it is.
    """
    steps: dict[int, list[tuple[int, float]]] = {}
    exits: dict[tuple[str, int, str], list[int]] = {}
    failed: set[int] = set()
    for number, step in enumerate(_flat(trace["steps"]), 1):
        pipe = step["pipe"]
        steps.setdefault(pipe, []).append((number, step["elapsed"]))
        for branch in step.get("branches") or ():
            if branch:
                exits.setdefault((pipeline, pipe, f"out {branch[0]['pipe']}"), []).append(number)
        if not step["exit"] or (step["exit"] == "error" and step["next"] is None):
            failed.add(pipe)
        if step["exit"]:
            exits.setdefault((pipeline, pipe, step["exit"]), []).append(number)
    pipes = {
        (pipeline, pipe): Mark("failed" if pipe in failed else "taken", _walked(taken))
        for pipe, taken in steps.items()
    }
    marks = {key: Mark("taken", "" if len(taken) == 1 else f"{len(taken)}x") for key, taken in exits.items()}
    return Overlay(caption, frozenset([pipeline]), pipes, marks, aside="dim")


def coverage_overlay(counts: Mapping[tuple[str, int, str], int], names: Iterable[str]) -> Overlay:
    """What tests took: exits with how often, those never taken as missed.

    Args:
        counts: (pipeline, pipe, exit) → how often.
        names: the pipelines that were looked at.
    """
    names = frozenset(names)
    exits = {key: Mark("covered", f"{count:,}") for key, count in counts.items() if count}
    pipes = {(name, pipe): Mark("covered") for name, pipe, _ in exits}
    return Overlay("covered by tests: green; never taken: red", names, pipes, exits, aside="missed")


def counts_overlay(counts: Mapping[tuple[str, int, str], int], caption: str) -> Overlay:
    """What a process counted: every exit with how often it was taken.

    Args:
        counts: (pipeline, pipe, exit) → how often.
        caption: says whose counts they are.
    """
    exits = {key: Mark("taken", f"{count:,}") for key, count in counts.items() if count}
    failed = {
        (name, pipe): Mark("faulty", f"{count:,} failed")
        for (name, pipe, way), count in counts.items()
        if way == "error" and count
    }
    return Overlay(caption, frozenset(name for name, _, _ in counts), failed, exits)


def _flat(steps: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The steps and those of their branches, each before its branches."""
    for step in steps:
        yield step
        for branch in step.get("branches") or ():
            yield from _flat(branch)


def _walked(taken: Sequence[tuple[int, float]]) -> str:
    """`3 · 120 ms`; of a pipe that was entered often, how often and how long together."""
    seconds = sum(elapsed for _, elapsed in taken)
    numbers = ", ".join(str(number) for number, _ in taken) if len(taken) <= 3 else f"{len(taken)}x"
    return f"{numbers} · {duration(seconds)}"


def duration(seconds: float) -> str:
    """A time with two or three digits: `850 µs`, `12 ms`, `1.4 s`."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.{0 if seconds >= 0.01 else 1}f} ms"
    return f"{seconds:.1f} s"
