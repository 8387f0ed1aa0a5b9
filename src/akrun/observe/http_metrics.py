"""What the HTTP client sent, and where it is held back."""

from prometheus_client.metrics_core import Metric

from akrun.net.client import HttpClient
from akrun.observe.definitions import (
    BREAKER_FAILURES,
    BREAKER_STATE,
    HTTP_CONNECTIONS,
    HTTP_FAILURES,
    HTTP_REQUESTS,
    HTTP_SECONDS,
    HTTP_WAITING,
)
from akrun.observe.family import samples, single
from akrun.observe.metrics import Source

_STATES = ("closed", "open", "half open")


def http_source(client: HttpClient) -> Source:
    """Requests by origin, which the client bounds in number; connections; circuit breakers."""

    async def read() -> list[Metric]:
        origins = client.stats.origins.items()
        connections = client.connections
        busy = connections.open - connections.idle
        breakers = client.breakers.states()
        return [
            samples(
                HTTP_REQUESTS,
                (((name, kind), count) for name, each in origins for kind, count in each.answers.items()),
            ),
            samples(
                HTTP_FAILURES,
                (((name, kind), count) for name, each in origins for kind, count in each.failures.items()),
            ),
            samples(HTTP_SECONDS, (((name,), each.seconds) for name, each in origins)),
            samples(HTTP_CONNECTIONS, [(("busy",), busy), (("idle",), connections.idle)]),
            single(HTTP_WAITING, connections.waiting),
            samples(
                BREAKER_STATE,
                (
                    ((each.origin, state.replace(" ", "_")), each.state == state)
                    for each in breakers
                    for state in _STATES
                ),
            ),
            samples(BREAKER_FAILURES, (((each.origin,), each.failures) for each in breakers)),
        ]

    return read
