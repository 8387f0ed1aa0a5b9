"""What lies in the backend, and how its writer does."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict

from prometheus_client.metrics_core import Metric

from akrun.backend import Backend
from akrun.backend.embedded.writer import WriterStatistics
from akrun.engine.clock import Clock
from akrun.observe.definitions import COMMITS, DEAD_LETTERS, JOBS, LAG, LARGEST_COMMIT, MESSAGES, OPERATIONS
from akrun.observe.family import samples, single
from akrun.observe.metrics import Source


def backend_source(backend: Backend, clock: Clock) -> Source:
    """Messages and jobs by state, and how far the worker is behind."""

    async def read() -> list[Metric]:
        jobs = await backend.job_counts()
        due = await backend.next_due()
        lag = 0.0 if due is None else max(clock.now().timestamp() - due, 0.0)
        return [
            samples(MESSAGES, (await _messages(backend)).items()),
            samples(JOBS, (((state,), count) for state, count in asdict(jobs).items())),
            single(DEAD_LETTERS, await backend.count_dead_letters()),
            single(LAG, lag),
        ]

    return read


def writer_source(statistics: Callable[[], WriterStatistics]) -> Source:
    """Transactions of the embedded backend's writer."""

    async def read() -> list[Metric]:
        found = statistics()
        return [
            single(COMMITS, found.commits),
            single(OPERATIONS, found.jobs),
            single(LARGEST_COMMIT, found.largest),
        ]

    return read


async def _messages(backend: Backend) -> Counter[tuple[str, str]]:
    """By channel and state; a mailing counts with its latest launch, so that ended ones do not pile up."""
    found: Counter[tuple[str, str]] = Counter()
    for mailing in await backend.mailings():
        launch = await backend.latest_launch(mailing.id)
        if launch is not None:
            counts = asdict(await backend.counts(launch.launch_id))
            del counts["total"]
            found.update({(mailing.channel, state): count for state, count in counts.items()})
    return found
