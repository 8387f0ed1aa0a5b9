"""The latest dead letters, found among any number of them, and put together by what failed."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from akrun.backend import DeadLetter
from akrun.top.failures import Latest, by_cause
from akrun.top.snapshot import Failure

LIMIT = 3


class Letters:
    """Dead letters of these ids; counts how often it is asked."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = sorted(ids)
        self.asked = 0

    async def dead_letters(
        self, launch_id: str | None = None, *, after: int = 0, limit: int = 100
    ) -> list[DeadLetter]:
        assert launch_id is None
        self.asked += 1
        return [letter(number) for number in self.ids if number > after][:limit]


def letter(number: int, **changes: Any) -> DeadLetter:
    given: dict[str, Any] = {"pipeline": "message", "pipe": 3, "error": {"code": "500", "message": "busy"}}
    more = {"message_id": f"m{number}", "input": b"", "attempts": 1, "time": float(number), "id": number}
    return DeadLetter(**given | more | changes)


async def found(latest: Latest) -> list[int]:
    return [each.id for each in await latest.look()]


ids = st.sets(st.integers(1, 1000) | st.integers(10**12, 10**12 + 1000), max_size=40)


@settings(max_examples=200)
@given(ids, ids, ids)
async def test_they_are_the_last_ones_whatever_came_and_went(
    first: set[int], new: set[int], gone: set[int]
) -> None:
    letters = Letters(list(first))
    latest = Latest(letters, LIMIT)  # type: ignore[arg-type]
    assert await found(latest) == letters.ids[-LIMIT:]
    letters.ids = sorted(first | {number + 10**13 for number in new})
    assert await found(latest) == letters.ids[-LIMIT:]
    letters.ids = [number for number in letters.ids if number not in gone]
    seen = await found(latest)
    assert seen == letters.ids[len(letters.ids) - len(seen) :]
    assert bool(seen) == bool(letters.ids)


async def test_it_reads_few_of_many() -> None:
    letters = Letters(range(1, 3_000_000, 3000))
    latest = Latest(letters, LIMIT)  # type: ignore[arg-type]
    assert await found(latest) == letters.ids[-LIMIT:]
    assert letters.asked < 60
    letters.asked = 0
    assert await found(latest) == letters.ids[-LIMIT:]
    assert letters.asked == 2


def test_those_of_one_pipe_and_error_are_one_line() -> None:
    letters = [
        letter(1),
        letter(2, error={"code": "500", "message": "busy still"}),
        letter(3, pipe=4),
        letter(4, pipeline="listener", pipe=None, error={"code": "payload", "message": "no text"}),
        letter(5, error={"kind": "odd"}),
    ]
    assert by_cause(letters) == (
        Failure("message", 3, "500", "busy still", 2, 2.0),
        Failure("message", 3, "None", "None", 1, 5.0),
        Failure("listener", None, "payload", "no text", 1, 4.0),
        Failure("message", 4, "500", "busy", 1, 3.0),
    )
