"""The five pipelines of a channel, and the rules between the pipes of each."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from akrun.model import codes
from akrun.model.base import Finding, Model, objects, repeated
from akrun.model.pipes import PipeModel

PIPELINES: Final = ("message", "schedule", "listener", "moderate", "stop")
"""The names of a channel's pipelines."""

Pipeline = tuple[PipeModel, ...]
"""Pipes; the first is the entry. An empty pipeline is as good as none."""


class Pipelines(Model):
    """The pipelines that drive a channel."""

    message: Pipeline = ()
    """Sends: once for every profile (direct) or once (indirect)."""
    schedule: Pipeline = ()
    """Goes on with events that a `scheduled` pipe handed over, when they are due."""
    listener: Pipeline = ()
    """Takes the requests that arrive at the channel's address."""
    moderate: Pipeline = ()
    """Submits a mailing to moderation, in place of `message`."""
    stop: Pipeline = ()
    """Stops a running placement mailing."""

    def of(self, name: str) -> Pipeline:
        """One of `PIPELINES`."""
        pipeline: Pipeline = getattr(self, name)
        return pipeline

    @classmethod
    def rules(cls, raw: Mapping[str, Any]) -> Iterator[Finding]:
        """See `Model.rules`."""
        for name in PIPELINES:
            yield from pipeline_rules(raw.get(name), (name,))


def pipeline_rules(raw: Any, at: tuple[str | int, ...]) -> Iterator[Finding]:
    """Broken rules between the pipes of a pipeline as it is written; `at` is the path to it."""
    for index, pipe_id in repeated(raw, "id"):
        yield Finding(codes.PIPE_ID, f"the pipe id {pipe_id} is taken by an earlier pipe", (*at, index, "id"))
    ids = [pipe["id"] for _, pipe in objects(raw) if type(pipe.get("id")) is int]
    for index, pipe in objects(raw):
        outs = pipe.get("outs")
        for exit_name in ("success", "error"):
            target = outs.get(exit_name) if isinstance(outs, dict) else None
            if type(target) is int and target not in ids:
                hint = "pipes here: " + ", ".join(map(str, dict.fromkeys(ids)))
                place = (*at, index, "outs", exit_name)
                yield Finding(
                    codes.PIPE_EXIT, f"the exit leads to pipe {target}, which is not here", place, hint
                )
