"""The latest dead letters, by what failed."""

from collections.abc import Sequence
from typing import Final

from akrun.backend import DeadLetter, DeadLetters
from akrun.top.snapshot import Failure

LATEST: Final = 100
"""Dead letters that are looked at."""


class Latest:
    """Finds the latest dead letters again and again, without reading all that there are."""

    def __init__(self, backend: DeadLetters, limit: int = LATEST) -> None:
        self._backend = backend
        self._limit = limit
        self._after = 0

    async def look(self) -> list[DeadLetter]:
        """The latest dead letters, up to the limit, by id.

        Letters are only listed upwards from an id, and ids have gaps. So it leaps ahead by ever more ids as
        long as enough letters are still to come, then by ever fewer.
        """
        found = await self._page(self._after)
        if not found and self._after:  # replayed or dropped: older ones are the latest now
            self._after = 0
            found = await self._page(0)
        step, grows = 1, True
        while len(found) == self._limit and step:
            after = found[0].id + step - 1
            page = await self._page(after)
            if len(page) == self._limit:
                found, self._after = page, after
                step = step * 2 if grows else step // 2
            else:
                step, grows = step // 2, False
        return found

    async def _page(self, after: int) -> list[DeadLetter]:
        return await self._backend.dead_letters(after=after, limit=self._limit)


def by_cause(letters: Sequence[DeadLetter]) -> tuple[Failure, ...]:
    """Dead letters by pipe and error, the most frequent first."""
    found: dict[tuple[str, int | None, str], list[DeadLetter]] = {}
    for letter in letters:
        cause = letter.pipeline, letter.pipe, str(letter.error.get("code"))
        found.setdefault(cause, []).append(letter)
    made = [_failure(*cause, each) for cause, each in found.items()]
    return tuple(sorted(made, key=lambda failure: (-failure.count, -failure.last)))


def _failure(pipeline: str, pipe: int | None, code: str, letters: Sequence[DeadLetter]) -> Failure:
    latest = max(letters, key=lambda letter: letter.time)
    return Failure(pipeline, pipe, code, str(latest.error.get("message")), len(letters), latest.time)
