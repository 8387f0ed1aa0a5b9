"""Prometheus' metrics out of definitions and numbers."""

from collections.abc import Iterable, Sequence

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from akrun.observe.definitions import Definition

Labels = Sequence[str]


def samples(definition: Definition, values: Iterable[tuple[Labels, float]]) -> Metric:
    """A counter or a gauge with its values by the values of its labels."""
    made = CounterMetricFamily if definition.kind == "counter" else GaugeMetricFamily
    metric = made(definition.name, definition.help, labels=definition.labels)
    for labels, value in values:
        metric.add_metric(labels, value)
    return metric


def single(definition: Definition, value: float) -> Metric:
    """A counter or a gauge without labels."""
    return samples(definition, [((), value)])


def histogram(
    definition: Definition,
    bounds: Sequence[float],
    values: Iterable[tuple[Labels, Sequence[int], float]],
) -> Metric:
    """A histogram.

    Args:
        definition: of it.
        bounds: upper bounds of the classes, but for the last, which has none.
        values: by labels, the observations in each class, and the sum of what was observed.
    """
    metric = HistogramMetricFamily(definition.name, definition.help, labels=definition.labels)
    names = [*(str(float(bound)) for bound in bounds), "+Inf"]
    for labels, classes, total in values:
        below = 0
        buckets = []
        for name, count in zip(names, classes, strict=True):
            below += count
            buckets.append((name, below))
        metric.add_metric(labels, buckets, total)
    return metric
