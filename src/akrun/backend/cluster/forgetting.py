"""Letting go of old records."""

from collections.abc import Callable

from akrun.backend.cluster.core import Core, Put, Record

PORTION = 500
"""Records in one transaction."""


class Forgetting(Core):
    """Removes records by their time."""

    async def _forget(self, subjects: str, is_old: Callable[[Record], bool]) -> int:
        """Remove the old ones of the records of a subject with wildcards; returns how many they were."""
        old: list[Put] = []
        count = 0
        async for record in self._onward(subjects):
            if is_old(record):
                old.append(Put(record.subject, b""))
            if len(old) == PORTION:
                await self._commit(old)
                count, old = count + len(old), []
        await self._commit(old)
        return count + len(old)
