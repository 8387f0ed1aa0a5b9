"""Traces of attempts in the cluster backend."""

from akrun.backend.cluster import trace_records
from akrun.backend.cluster.forgetting import Forgetting
from akrun.backend.records import TraceRecord


class ClusterTraces(Forgetting):
    """Traces, of the `Journal` protocol."""

    async def traces(self, unit: str) -> list[TraceRecord]:
        """See `Journal.traces`."""
        return [trace_records.decode(record) for record in await self._many([self._subjects.traces_of(unit)])]

    async def forget_traces(self, before: float) -> int:
        """See `Journal.forget_traces`."""
        return await self._call(
            self._forget(self._subjects.traces, lambda record: trace_records.decode(record).time < before)
        )
