"""The mark of a migration: a cluster that is being carried to has only a part of what it will have."""

from typing import ClassVar, Final

import orjson

from akrun.backend.cluster.connection import ClusterOptions
from akrun.backend.cluster.core import Core
from akrun.backend.errors import BackendError

MIGRATION: Final = "migration"
"""The guard that says how far a migration has come; its member `ended` is null until all is there."""


class ClusterMigration(Core):
    """Refuses to be opened while a migration to it has not ended."""

    _is_carried_to: ClassVar[bool] = False
    """Whether this instance is what carries."""

    async def _start(self) -> None:
        await super()._start()
        mark = await self._reader.last(self._subjects.guard(MIGRATION))
        fault = None if mark is None else unfinished(mark.body, self._options)
        if fault is not None and not self._is_carried_to:
            raise fault


def unfinished(mark: bytes, options: ClusterOptions) -> BackendError | None:
    """What keeps everybody from working on a cluster with this mark; None when all is there."""
    if orjson.loads(mark)["ended"] is not None:
        return None
    what = "`akrun migrate` has begun to carry a database there, and has not ended"
    cure = "call it again until it says that all is there, or name another nats_prefix"
    return BackendError(f"{options.place}: {what}", cure=cure)
