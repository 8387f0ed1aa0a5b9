"""A real server for all tests, and on it streams of a test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from akrun.backend.cluster import Cluster
from akrun.backend.cluster.connection import ClusterOptions
from tests.nats_server import prefix_of, shared


@pytest.fixture
def options(tmp_path: Path) -> ClusterOptions:
    return ClusterOptions(
        servers=(shared().url,), prefix=prefix_of(tmp_path), replicas=1, data=tmp_path / "data"
    )


@pytest.fixture
async def backend(
    options: ClusterOptions,
    anyio_backend: str,  # noqa: ARG001 - starts the loop
) -> AsyncIterator[Cluster]:

    async with Cluster(options) as opened:
        yield opened
