"""What the pipes of the channels did."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.metrics_core import Metric

from akrun.engine.compile import CompiledChannel
from akrun.engine.pipeline import Step
from akrun.engine.stats import BUCKETS
from akrun.observe.definitions import PIPE_BUSY, PIPE_DURATION, PIPE_EVENTS, PIPE_RESENT
from akrun.observe.family import histogram, samples
from akrun.observe.metrics import Source


def pipe_source(channels: Callable[[], Iterable[CompiledChannel]]) -> Source:
    """Events by pipe and exit; durations and events at hand of pipes that wait.

    Args:
        channels: Gives the channels as they are served now. A new version counts from zero.
    """

    async def read() -> list[Metric]:
        steps = [found for channel in channels() for found in _steps(channel)]
        waiting = [(labels, step.stats) for labels, step in steps if step.io is not None]
        exits = (
            ((*labels, way), count)
            for labels, step in steps
            for way, count in sorted(step.stats.exits.items())
        )
        durations = ((labels, stats.durations, stats.seconds) for labels, stats in waiting)
        return [
            samples(PIPE_EVENTS, exits),
            histogram(PIPE_DURATION, BUCKETS, durations),
            samples(PIPE_BUSY, ((labels, stats.busy) for labels, stats in waiting)),
            samples(PIPE_RESENT, ((labels, stats.resent) for labels, stats in waiting)),
        ]

    return read


def _steps(channel: CompiledChannel) -> Iterator[tuple[tuple[str, ...], Step]]:
    """Every step of a channel's pipelines and operations, with its labels."""
    pipelines = [*channel.pipelines.values(), *channel.operations.values()]
    for pipeline in pipelines:
        for step in pipeline.steps.values():
            yield (channel.channel.string_id, pipeline.name, str(step.id), step.type), step
