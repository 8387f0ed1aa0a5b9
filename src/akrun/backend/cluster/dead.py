"""Dead letters in the cluster backend."""

from contextlib import aclosing

from akrun.backend.cluster.core import Core, Record
from akrun.backend.cluster.dead_records import decode
from akrun.backend.cluster.tallies import total
from akrun.backend.errors import NotFoundError
from akrun.backend.records import DeadLetter


class ClusterDeadLetters(Core):
    """Looking, of the `DeadLetters` protocol."""

    async def dead_letters(
        self, launch_id: str | None = None, *, after: int = 0, limit: int = 100
    ) -> list[DeadLetter]:
        """See `DeadLetters.dead_letters`."""
        subjects = self._subjects
        which = subjects.all_dead if launch_id is None else f"{subjects.dead_of(launch_id)}.>"
        letters: list[DeadLetter] = []
        if limit > 0:
            async with aclosing(self._onward(which, after + 1)) as records:
                async for record in records:
                    letters.append(decode(record))
                    if len(letters) == limit:
                        break
        return letters

    async def count_dead_letters(self) -> int:
        """See `DeadLetters.count_dead_letters`."""
        return total(await self._many([self._subjects.dead_tally()]))["letters"]

    async def dead_letter(self, dead_id: int) -> DeadLetter | None:
        """See `DeadLetters.dead_letter`."""
        record = await self._letter(dead_id)
        return None if record is None else decode(record)

    async def _letter(self, dead_id: int) -> Record | None:
        """The record of a dead letter, which is still the last of its subject."""
        self._require_open()
        found = await self._reader.at(dead_id) if dead_id > 0 else None
        if found is None or not found.subject.startswith(self._subjects.all_dead[:-1]):
            return None
        present = await self._last(found.subject)
        return present if present is not None and present.sequence == dead_id else None

    async def _existing_letter(self, dead_id: int) -> Record:
        """The same.

        Raises:
            NotFoundError: no such letter.
        """
        record = await self._letter(dead_id)
        if record is None:
            raise no_letter(dead_id)
        return record


def no_letter(dead_id: int) -> NotFoundError:
    """What is said where there is no such letter."""
    return NotFoundError(f"there is no dead letter {dead_id}")
