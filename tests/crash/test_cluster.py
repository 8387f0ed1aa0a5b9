"""A cluster of three nodes loses a worker and then its leader, under load; `cluster_table` has all faults."""

from pathlib import Path

import pytest

from tests.crash.cluster_faults import Fault, kill_leader, kill_worker
from tests.crash.cluster_fleet import Fleet
from tests.crash.cluster_table import suffer


async def _lose_both(fleet: Fleet) -> None:
    await kill_worker(fleet)
    await kill_leader(fleet)


@pytest.mark.timeout(240)
async def test_every_acknowledged_message_has_one_outcome_and_every_double_is_recorded(
    tmp_path: Path,
) -> None:
    _fleet, verdict = await suffer(Fault("both", "a worker and the leader", _lose_both), tmp_path, workers=2)
    assert verdict.faults == ()
    assert verdict.messages
    assert verdict.singles
    assert verdict.callbacks
    assert verdict.schedules
