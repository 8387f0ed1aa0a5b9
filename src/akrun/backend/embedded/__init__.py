"""The embedded backend: one SQLite file, one writing process, no server and no set-up."""

from types import TracebackType
from typing import Self

from akrun.backend.embedded.accepted import EmbeddedAccepted
from akrun.backend.embedded.audience import EmbeddedAudience
from akrun.backend.embedded.connection import Durability
from akrun.backend.embedded.controls import EmbeddedControls
from akrun.backend.embedded.dead import EmbeddedDeadLetters
from akrun.backend.embedded.events import EmbeddedEventLog
from akrun.backend.embedded.jobs import EmbeddedJobs
from akrun.backend.embedded.journal import EmbeddedJournal
from akrun.backend.embedded.launches import EmbeddedLaunches
from akrun.backend.embedded.members import EmbeddedMembers
from akrun.backend.embedded.queue import EmbeddedQueue
from akrun.backend.embedded.registry import EmbeddedRegistry
from akrun.backend.embedded.replay import EmbeddedReplay
from akrun.backend.embedded.sharing import EmbeddedSharing
from akrun.backend.embedded.store import EmbeddedStore
from akrun.backend.embedded.traces import EmbeddedTraces
from akrun.backend.embedded.writer import WriterStatistics

__all__ = ["Durability", "Embedded", "WriterStatistics"]


class Embedded(
    EmbeddedRegistry,
    EmbeddedLaunches,
    EmbeddedAudience,
    EmbeddedQueue,
    EmbeddedJobs,
    EmbeddedAccepted,
    EmbeddedJournal,
    EmbeddedTraces,
    EmbeddedControls,
    EmbeddedStore,
    EmbeddedEventLog,
    EmbeddedDeadLetters,
    EmbeddedReplay,
    EmbeddedSharing,
    EmbeddedMembers,
):
    """The `Backend` protocol over an SQLite file; see `Core` for what it takes.

    ```python
    async with Embedded("akrun.db") as backend:
        await backend.register_channel(channel)
    async with Embedded("akrun.db", read_only=True) as backend:  # also while another process sends
        print(await backend.report(mailing_id=7))
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
