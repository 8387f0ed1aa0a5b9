"""The engines that keep the contract.

An engine joins by one line in `ENGINES`: a function from an empty directory and a clock to an unopened
backend that gives a message or job `MAX_ATTEMPTS` attempts and tells time by that clock. Opening the same
directory again must find what the last one left.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from akrun.backend import Backend, Embedded
from akrun.backend.cluster import Cluster, ClusterOptions
from akrun.backend.cluster.streams import wanted
from tests.nats_server import prefix_of, shared

Engine = Callable[[Path, Callable[[], float]], Backend]

MAX_ATTEMPTS = 2


def _embedded(directory: Path, clock: Callable[[], float]) -> Backend:
    return Embedded(directory / "akrun.db", durability="normal", max_attempts=MAX_ATTEMPTS, clock=clock)


class _Swept(Cluster):
    """On the server of all tests; when it is opened, streams of directories that are gone go too."""

    made: ClassVar[dict[str, Path]] = {}

    async def open(self) -> None:
        await super().open()
        self.made[self._options.prefix] = self._options.data
        for prefix in [prefix for prefix, directory in self.made.items() if not directory.exists()]:
            del self.made[prefix]
            for config in wanted(replace(self._options, prefix=prefix)):
                await self._js.delete_stream(str(config.name))


def _cluster(directory: Path, clock: Callable[[], float]) -> Backend:
    options = ClusterOptions(
        servers=(shared().url,),
        prefix=prefix_of(directory),
        replicas=1,
        max_attempts=MAX_ATTEMPTS,
        data=directory,
    )
    return _Swept(options, clock=clock)


EXAMPLES = {"embedded": 25, "cluster": 8}
"""Runs of a state machine: over a network each step takes longer."""

ENGINES: dict[str, Engine] = {"embedded": _embedded, "cluster": _cluster}
