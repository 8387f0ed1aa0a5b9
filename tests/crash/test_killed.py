"""`kill -9` of the server at random moments of mixed work: mailings, messages, callbacks, schedules."""

import os
from pathlib import Path

import pytest

from tests.crash.crash_table import kill, table
from tests.crash.engines import CLUSTER, EMBEDDED, Engine

CASES = {"embedded": (EMBEDDED, "5" if os.environ.get("CI") else "3"), "cluster": (CLUSTER, "3")}
"""Engines, and how often their processes are killed where nothing else is said."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("engine", "few"), CASES.values(), ids=list(CASES))
async def test_nothing_acknowledged_is_lost_and_every_double_is_recorded(
    tmp_path: Path, engine: Engine, few: str
) -> None:
    rounds = int(os.environ.get("CRASH_ROUNDS", few))
    verdict = await kill(tmp_path, rounds, engine)
    assert verdict.faults == ()
    assert verdict.singles
    assert verdict.callbacks
    assert verdict.schedules
    assert table({"it": verdict}, rounds).endswith("| 0 |")
