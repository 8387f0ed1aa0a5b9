"""What waits for a person: dead letters, and messages of which nobody knows whether they were sent."""

from collections.abc import AsyncIterator
from typing import Final

from akrun.backend import Backend, BackendError
from akrun.doctor.finding import Finding, ok, warn
from akrun.doctor.scope import Scope

MOST: Final = 10_000
"""Letters that are counted; more are as many."""

_PAGE: Final = 1_000


async def check(scope: Scope) -> AsyncIterator[Finding]:
    """Count the dead letters by their kinds."""
    try:
        unopened = scope.backend
        if unopened is None:
            yield ok("dead letters", "none: nothing was sent yet")
            return
        async with unopened as backend:
            failed, uncertain = await _counts(backend)
    except BackendError:  # what is wrong with the backend another check says
        yield ok("dead letters", "not known: the backend cannot be read")
        return
    if not failed and not uncertain:
        yield ok("dead letters", "none")
    if failed:
        cure = (
            "akrun dead list --state failed; akrun dead replay, when the reason is gone, or akrun dead drop"
        )
        yield warn("dead letters", f"{_number(failed)} failed for good", cure)
    if uncertain:
        cure = "akrun dead list --state uncertain; ask the service whether it has them, then replay or drop"
        yield warn("dead letters", f"{_number(uncertain)} may or may not have reached their service", cure)


async def _counts(backend: Backend) -> tuple[int, int]:
    """Dead letters that failed, and that are uncertain."""
    failed = uncertain = after = 0
    while failed + uncertain < MOST and (page := await backend.dead_letters(after=after, limit=_PAGE)):
        more = sum(letter.error.get("kind") == "uncertain" for letter in page)
        uncertain += more
        failed += len(page) - more
        after = page[-1].id
    return failed, uncertain


def _number(count: int) -> str:
    return f"{count:,}{' or more' if count >= MOST else ''}"
