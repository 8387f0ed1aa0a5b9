"""A fault before and after every write, request and answer, one in each run: the promise holds."""

import os

import pytest

from tests.crash.engines import CLUSTER
from tests.crash.fault_table import runs, table
from tests.crash.works import WORKS, Work

STEP = int(os.environ.get("CRASH_STEP", "8"))
"""Of the moments on a cluster, where each run takes longer, only every so many-th."""

works = pytest.mark.parametrize("work", WORKS, ids=[work.name for work in WORKS])


@works
async def test_the_promise_holds_on_a_cluster(work: Work) -> None:
    found = await runs(work, CLUSTER, STEP)
    assert [(run.moment, run.faults) for run in found if run.faults] == []
    assert found


@works
async def test_the_promise_holds_wherever_it_is_cut_off(work: Work) -> None:
    found = await runs(work)
    assert [(run.moment, run.faults) for run in found if run.faults] == []
    moments = {run.moment for run in found}
    assert {"before send", "after send", "before record", "after record"} <= moments
    assert any(run.doubled for run in found), "a request whose answer was lost is sent again"
    assert len(table(found).splitlines()) == 2 + len(moments)
