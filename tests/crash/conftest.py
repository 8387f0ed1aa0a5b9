"""Fixtures of the crash tests."""

from pathlib import Path

import pytest

from tests.akrun.mailing.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """The SMS example with five profiles, in a folder of its own."""
    return Scene(tmp_path)
