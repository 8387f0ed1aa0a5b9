"""What became of callbacks."""

from collections.abc import Mapping

from prometheus_client.metrics_core import Metric

from akrun.observe.definitions import LISTENER
from akrun.observe.family import samples
from akrun.observe.metrics import Source


def listener_source(outcomes: Mapping[tuple[str, str], int]) -> Source:
    """Callbacks by channel and outcome, as `akrun.server.listener.ListenerApp.outcomes` counts them."""

    async def read() -> list[Metric]:
        return [samples(LISTENER, outcomes.items())]

    return read
