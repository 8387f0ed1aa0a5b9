"""Coverage: which pipes the cases entered, and which of their exits they took."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from akrun.engine.trace import TraceStep
from akrun.model.channel import Channel
from akrun.model.entities import OPERATIONS
from akrun.model.pipelines import PIPELINES
from akrun.model.pipes import PipeModel
from akrun.pipes import REGISTRY
from akrun.testkit.world import Run

Counts = dict[tuple[str, int, str], int]
"""(pipeline, pipe, exit) → how often; exits are named as in traces: `success`, `error`, `out <pipe>`."""


def counts_of(runs: Iterable[Run]) -> Counts:
    """What the runs of a case took."""
    counts: Counts = {}
    for each in runs:
        if each.trace is not None:
            _count(each.pipeline, each.trace.steps, counts)
    return counts


def _count(pipeline: str, steps: Iterable[TraceStep], counts: Counts) -> None:
    for step in steps:
        _add(counts, (pipeline, step.pipe, step.exit))
        for branch in step.branches:
            if branch:
                _add(counts, (pipeline, step.pipe, f"out {branch[0].pipe}"))
            _count(pipeline, branch, counts)


def _add(counts: Counts, key: tuple[str, int, str]) -> None:
    counts[key] = counts.get(key, 0) + 1


@dataclass(slots=True)
class Coverage:
    """What the cases of one channel covered.

    Attributes:
        name: of the channel, as it is shown.
        path: its file.
        pipes: by pipeline, operations as `category.create`.
        counts: of all cases together.
    """

    name: str
    path: Path
    pipes: Mapping[str, tuple[PipeModel, ...]] = field(repr=False)
    counts: Counts = field(default_factory=dict, repr=False)

    def add(self, counts: Counts) -> None:
        """Add what a case took."""
        for key, count in counts.items():
            self.counts[key] = self.counts.get(key, 0) + count

    def entered(self, pipeline: str, pipe: PipeModel) -> int:
        """How often a pipe was entered."""
        return sum(
            count
            for (name, number, way), count in self.counts.items()
            if (name, number) == (pipeline, pipe.id) and not _is_branch(pipe, way)
        )

    def taken(self, pipeline: str, pipe: int, way: str) -> int:
        """How often an exit was taken."""
        return self.counts.get((pipeline, pipe, way), 0)

    def of_pipeline(self, pipeline: str) -> dict[tuple[int, str], int]:
        """(pipe, exit) → how often, of one pipeline; exits that were not taken are there with 0."""
        found = {(pipe.id, way): 0 for pipe in self.pipes[pipeline] for way, _ in exits_of(pipe)}
        return found | {
            (pipe, way): count for (name, pipe, way), count in self.counts.items() if name == pipeline
        }

    def missed(self) -> list[tuple[str, int, str]]:
        """Pipeline, pipe and exit of all that was not taken; the exit is empty for a pipe never entered."""
        found = []
        for name, pipes in self.pipes.items():
            for pipe in pipes:
                if not self.entered(name, pipe):
                    found.append((name, pipe.id, ""))
                else:
                    ways = [way for way, _ in exits_of(pipe)]
                    found += [(name, pipe.id, way) for way in ways if not self.taken(name, pipe.id, way)]
        return found

    def totals(self) -> "Totals":
        """How much there is, and how much of it was covered."""
        totals = Totals()
        for name, pipes in self.pipes.items():
            for pipe in pipes:
                ways = [way for way, _ in exits_of(pipe)]
                totals.pipes += 1
                totals.entered += bool(self.entered(name, pipe))
                totals.exits += len(ways)
                totals.taken += sum(bool(self.taken(name, pipe.id, way)) for way in ways)
        return totals


@dataclass(slots=True)
class Totals:
    """Pipes and exits, all and covered."""

    pipes: int = 0
    entered: int = 0
    exits: int = 0
    taken: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            self.pipes + other.pipes, self.entered + other.entered,
            self.exits + other.exits, self.taken + other.taken,
        )  # fmt: skip


def exits_of(pipe: PipeModel) -> list[tuple[str, int]]:
    """The exits of a pipe that lead somewhere, as traces name them, with the pipe that follows."""
    spec = REGISTRY[pipe.type]
    own = [] if spec.exits is None else spec.exits(spec.params.model_validate(pipe.params))
    found = [(f"out {target}", target) for target in dict.fromkeys(target for target, _ in own)]
    if pipe.outs.success is not None:
        found.append(("success", pipe.outs.success))
    if pipe.outs.error is not None:
        found.append(("error", pipe.outs.error))
    return found


def _is_branch(pipe: PipeModel, way: str) -> bool:
    return REGISTRY[pipe.type].branching and way.startswith("out ")


def pipes_of(channel: Channel) -> dict[str, tuple[PipeModel, ...]]:
    """The pipes of all pipelines, operations as `category.create`."""
    pipelines = channel.pipelines
    found = {name: pipelines.of(name) for name in PIPELINES} if pipelines is not None else {}
    for entity in channel.entities:
        for name in OPERATIONS:
            operation = entity.operations.of(name)
            if operation is not None:
                found[f"{entity.shortname}.{name}"] = operation.pipeline
    return {name: pipes for name, pipes in found.items() if pipes}
