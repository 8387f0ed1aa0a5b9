"""Fixtures of the crash tests."""

from pathlib import Path

import pytest

from tests.akrun.mailing.scene import Scene
from tests.crash.engines import ENGINES, Engine


@pytest.fixture(params=ENGINES.values(), ids=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    chosen: Engine = request.param
    return chosen


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """The SMS example with five profiles, in a folder of its own."""
    return Scene(tmp_path)
