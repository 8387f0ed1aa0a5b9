"""The cluster backend: NATS JetStream, for any number of processes on any machines."""

from types import TracebackType
from typing import Self

from akrun.backend.cluster.accepted import ClusterAccepted
from akrun.backend.cluster.audience import ClusterAudience
from akrun.backend.cluster.connection import ClusterOptions
from akrun.backend.cluster.controls import ClusterControls
from akrun.backend.cluster.events import ClusterEventLog
from akrun.backend.cluster.jobs import ClusterJobs
from akrun.backend.cluster.journal import ClusterJournal
from akrun.backend.cluster.members import ClusterMembers
from akrun.backend.cluster.migration import ClusterMigration
from akrun.backend.cluster.queue import ClusterQueue
from akrun.backend.cluster.replay import ClusterReplay
from akrun.backend.cluster.sharing import ClusterSharing
from akrun.backend.cluster.store import ClusterStore
from akrun.backend.cluster.traces import ClusterTraces
from akrun.backend.cluster.writer import WriterStatistics

__all__ = ["Cluster", "ClusterOptions", "WriterStatistics"]


class Cluster(
    ClusterMembers,
    ClusterQueue,
    ClusterJobs,
    ClusterJournal,
    ClusterAudience,
    ClusterAccepted,
    ClusterTraces,
    ClusterControls,
    ClusterReplay,
    ClusterEventLog,
    ClusterStore,
    ClusterSharing,
    ClusterMigration,
):
    """The `Backend` protocol over NATS JetStream; see `Core` and `ClusterOptions` for what it takes.

    ```python
    async with Cluster(ClusterOptions(servers=("nats://127.0.0.1:4222",), replicas=1)) as backend:
        await backend.register_channel(channel)
    ```
    """

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
