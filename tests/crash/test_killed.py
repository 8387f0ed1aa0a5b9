"""`kill -9` of the server at random moments of mixed work: mailings, messages, callbacks, schedules."""

import os
from pathlib import Path

import pytest

from tests.crash.crash_table import kill, table

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "10" if os.environ.get("CI") else "3"))


@pytest.mark.timeout(60 + 20 * ROUNDS)
async def test_nothing_acknowledged_is_lost_and_every_double_is_recorded(tmp_path: Path) -> None:
    verdict = await kill(tmp_path, ROUNDS)
    assert verdict.faults == ()
    assert verdict.singles
    assert verdict.callbacks
    assert verdict.schedules
    assert table(verdict, ROUNDS).endswith("| 0 |")
