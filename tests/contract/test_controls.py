"""Control runs: begun with their jobs, decided once, found again after a restart."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from akrun.backend import Backend, ControlKind, ControlState, NewControl, NewJob, NotFoundError
from tests.contract.scene import event, registered, sending

ASKED = NewControl("c1", 7, ControlKind.MODERATE, "ML", "mm", b'{"a":1}', "digest")
JOB = NewJob("c1", "sms", "moderate", None, b"{}", 10.0, "mm")


async def test_a_control_run_begins_with_its_job(backend: Backend) -> None:
    await registered(backend)
    control = await backend.begin_control(ASKED, [JOB])
    assert (control.state, control.constants, control.decided) == (ControlState.OPEN, b'{"a":1}', None)
    assert await backend.begin_control(ASKED, [JOB]) == control
    assert [job.id for job in await backend.lease_jobs(20.0, 9)] == ["c1"]
    assert await backend.control_of("mm") == control
    assert await backend.controls(mailing_id="7") == [control]


async def test_nothing_is_begun_for_an_unknown_mailing(backend: Backend) -> None:
    await registered(backend)
    with pytest.raises(NotFoundError, match="no mailing `8`"):
        await backend.begin_control(replace(ASKED, mailing_id=8), [JOB])
    assert await backend.next_due() is None
    assert await backend.control_of("mm") is None


async def test_it_is_decided_once(backend: Backend) -> None:
    await registered(backend)
    await backend.begin_control(ASKED)
    assert await backend.decide_control("c1", granted=False, reason="too loud")
    assert not await backend.decide_control("c1", granted=True)
    [control] = await backend.controls(state=ControlState.REFUSED)
    assert (control.reason, control.decided is not None) == ("too loud", True)
    assert await backend.controls(state=ControlState.OPEN) == []
    with pytest.raises(NotFoundError):
        await backend.decide_control("c2", granted=True)


async def test_asking_anew_refuses_the_open_one(backend: Backend) -> None:
    await registered(backend)
    await backend.begin_control(ASKED)
    await backend.begin_control(replace(ASKED, id="s1", kind=ControlKind.STOP, message_id="m0"))
    await backend.begin_control(replace(ASKED, id="c2", message_id="mm2"))
    states = [(control.id, control.state) for control in await backend.controls(mailing_id=7)]
    assert states == [
        ("c1", ControlState.REFUSED),
        ("s1", ControlState.OPEN),
        ("c2", ControlState.OPEN),
    ]


async def test_it_outlives_the_process(backend: Backend, make: Callable[[], Backend]) -> None:
    await registered(backend)
    begun = await backend.begin_control(ASKED)
    await backend.close()
    async with make() as again:
        assert await again.controls(state=ControlState.OPEN) == [begun]


async def test_its_events_are_known_and_in_no_report_of_a_launch(backend: Backend) -> None:
    await sending(backend, 1)
    await backend.begin_control(ASKED)
    passed = event("mm", "moderate_pass")
    assert await backend.record_events([passed, passed, event("m0")]) == 2
    [kept] = await backend.message_events("mm")
    assert (kept.event_type, kept.mailing_id, kept.launch_id, kept.profile_id) == (
        "moderate_pass",
        7,
        "ML",
        None,
    )
    report = await backend.report(mailing_id=7)
    assert ([summary.event_type for summary in report.events], report.unknown) == (["send"], 0)
