"""Every engine, opened on an empty directory, with a clock that the test sets."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from akrun.backend import Backend
from tests.contract.engines import ENGINES
from tests.contract.scene import Now


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture(params=ENGINES)
def make(request: pytest.FixtureRequest, tmp_path: Path, now: Now) -> Callable[[], Backend]:
    """Makes a backend on the test's directory, unopened; a later one finds what the earlier left."""
    return lambda: ENGINES[request.param](tmp_path, now)


@pytest.fixture
async def backend(
    make: Callable[[], Backend],
    anyio_backend: str,  # noqa: ARG001 - starts the loop
) -> AsyncIterator[Backend]:
    async with make() as opened:
        yield opened
