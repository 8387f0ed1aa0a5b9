"""Metrics of a process in Prometheus' text form.

What happens is counted where it happens, in plain numbers; they are read when somebody asks. Nothing is
global to the Python process: each `Metrics` has a registry of its own.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from akrun.observe.definitions import BUILD
from akrun.observe.family import samples

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
"""Of what `Metrics.render` gives."""

Source = Callable[[], Awaitable[Iterable[Metric]]]
"""Reads some numbers, and gives them as metrics."""


class Metrics:
    """The metrics of some sources, and of the Python process itself.

    ```python
    metrics = Metrics(pipe_source(lambda: channels), backend_source(backend, clock))
    text = await metrics.render()
    ```
    """

    def __init__(self, *sources: Source) -> None:
        self._sources = list(sources)
        self._collected = _Collected()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self._collected)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def add(self, source: Source) -> None:
        """One more source."""
        self._sources.append(source)

    async def render(self) -> bytes:
        """All metrics of this moment, of the type `CONTENT_TYPE`.

        Raises:
            BackendError: The backend does not answer.
        """
        metrics = [samples(BUILD, [((version("akrun"),), 1)])]
        for source in self._sources:
            metrics += await source()
        self._collected.metrics = metrics
        return generate_latest(self._registry)


class _Collected(Collector):
    """Hands the registry what was read before: reading needs to wait, which the registry cannot."""

    def __init__(self) -> None:
        self.metrics: list[Metric] = []

    def collect(self) -> Iterator[Metric]:
        yield from self.metrics
