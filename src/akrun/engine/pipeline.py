"""A compiled pipeline: steps that hold their pipes and refer to their successors directly."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from akrun.engine.stats import StepStats
from akrun.pipes.spec import IoPipe, PurePipe

DEFAULT_MAX_STEPS = 1000


@dataclass(slots=True, eq=False)
class Step:
    """A compiled pipe at its place in the graph.

    Attributes:
        id: of the pipe.
        type: of the pipe, by its own name.
        pure: the pipe if it runs as a plain call; exactly one of `pure` and `io` is set.
        io: the pipe if it waits.
        workers: bounds how many events are in this pipe at once; kept over specialisation.
        stats: what it did so far; kept over specialisation.
        success, error: the next step; None ends the event, as done or as failed.
        exits: the pipe's other exits, by the id of the step they lead to.
    """

    id: int
    type: str
    label: str | None
    pure: PurePipe | None
    io: IoPipe | None
    workers: asyncio.Semaphore
    stats: StepStats = field(default_factory=StepStats, repr=False)
    success: "Step | None" = field(default=None, repr=False)
    error: "Step | None" = field(default=None, repr=False)
    exits: dict[int, "Step"] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """A pipeline, ready to run events; immutable and safe to share between tasks of one event loop.

    Attributes:
        name: `message`, `schedule`, …
        channel_id: the channel it belongs to.
        steps: by pipe id, in the order of the file; the first is the entry.
        max_steps: most pipes that one event may enter.
    """

    name: str
    channel_id: int
    steps: Mapping[int, Step]
    max_steps: int = DEFAULT_MAX_STEPS

    @property
    def entry(self) -> Step:
        """The first step."""
        return next(iter(self.steps.values()))

    def specialize(self, constants: Mapping[str, Any]) -> "Pipeline":
        """The same pipeline with known roots (`sender`, `template`, …) folded into its templates."""
        steps = {}
        for step in self.steps.values():
            steps[step.id] = Step(
                id=step.id,
                type=step.type,
                label=step.label,
                pure=None if step.pure is None else step.pure.specialize(constants),
                io=None if step.io is None else step.io.specialize(constants),
                workers=step.workers,
                stats=step.stats,
            )
        for step in self.steps.values():
            copy = steps[step.id]
            copy.success = None if step.success is None else steps[step.success.id]
            copy.error = None if step.error is None else steps[step.error.id]
            copy.exits = {way: steps[way] for way in step.exits}
        return Pipeline(self.name, self.channel_id, steps, self.max_steps)
