"""Opening a launch: begun, resumed, refused, begun anew."""

from datetime import UTC, datetime, timedelta

import pytest

from akrun.backend import Embedded, LaunchState, StateError
from akrun.engine.secrets import MASK
from akrun.exact_json import decode
from akrun.mailing.ids import launch_id, message_id
from akrun.mailing.job import Job, JobError
from akrun.mailing.launch import Opened, open_launch
from tests.akrun.mailing.scene import Scene, row, rows

NOW = datetime(2030, 1, 1, tzinfo=UTC)


async def reopened(scene: Scene, *, relaunch: bool = False) -> Opened:
    """The launch, opened by a process that begins only now."""
    scene.data.mkdir(exist_ok=True)
    async with Embedded(scene.data / "akrun.db") as backend:
        return await open_launch(backend, scene.job(), NOW, relaunch=relaunch)


async def finish(scene: Scene, opened: Opened) -> None:
    async with Embedded(scene.data / "akrun.db") as backend:
        await backend.set_launch_state(opened.launch.launch_id, LaunchState.SENDING)
        await backend.set_launch_state(opened.launch.launch_id, LaunchState.FINISHED)


async def test_a_launch_is_resumed_with_the_audience_it_has(scene: Scene) -> None:
    scene.audience = [*rows([0, None, 0]), row(0)]
    first = await reopened(scene)
    assert first.loaded is not None
    assert (first.loaded.loaded, first.loaded.skipped, first.loaded.duplicates) == (3, 1, 1)
    again = await reopened(scene)
    assert again.resumed
    assert again.launch == first.launch


@pytest.mark.parametrize("change", ["added", "removed", "order", "value", "skipped"])
async def test_a_changed_audience_is_refused(scene: Scene, change: str) -> None:
    await reopened(scene)
    changed = {
        "added": [*scene.audience, row(9)],
        "removed": scene.audience[1:],
        "order": scene.audience[::-1],
        "value": [*scene.audience[:4], row(4, 1)],
        "skipped": [*scene.audience[:4], row(4, None)],
    }
    scene.audience = changed[change]
    with pytest.raises(JobError, match="is not the audience that the unfinished launch began with"):
        await reopened(scene)


async def test_the_channel_and_the_texts_may_change_meanwhile(scene: Scene) -> None:
    first = await reopened(scene)
    scene.channel["name"] = "Another name"
    scene.mailing["template"]["body"] = "Corrected"
    assert (await reopened(scene)).launch == first.launch


async def test_an_ended_launch_is_given_back_until_a_relaunch(scene: Scene) -> None:
    scene.audience = rows([None, None])
    first = await reopened(scene)
    await finish(scene, first)
    again = await reopened(scene)
    assert (again.launch.launch_id, again.launch.state) == (first.launch.launch_id, LaunchState.FINISHED)
    second = await reopened(scene, relaunch=True)
    assert not second.resumed
    assert second.launch.launch_id != first.launch.launch_id
    assert (await reopened(scene, relaunch=True)).launch == second.launch  # it has not ended


async def test_after_the_stop_time_a_launch_goes_on_but_none_begins(scene: Scene) -> None:
    scene.mailing["schedule"] = {"stop_time": (NOW + timedelta(seconds=1)).isoformat()}
    first = await reopened(scene)
    scene.mailing["schedule"] = {"stop_time": NOW.isoformat()}
    assert (await reopened(scene)).launch == first.launch
    scene.mailing["id"] = 502
    with pytest.raises(JobError, match="is over: nothing would be sent; put it off"):
        await reopened(scene)


async def test_secrets_do_not_reach_the_disk(scene: Scene) -> None:
    opened = await reopened(scene)
    assert decode(opened.launch.constants)["sender"]["api_key"] == MASK
    async with Embedded(scene.data / "akrun.db") as backend:
        mailing = await backend.mailing(501)
    assert mailing is not None
    assert decode(mailing.document)["sender"]["api_key"] == MASK
    assert b"demo-key" not in mailing.document


async def test_messages_of_a_launch_that_is_loading_cannot_be_sent(scene: Scene) -> None:
    opened = await reopened(scene)
    async with Embedded(scene.data / "akrun.db") as backend:
        with pytest.raises(StateError):
            await backend.lease(opened.launch.launch_id, 1)


def test_ids_depend_on_all_that_tells_messages_apart(scene: Scene) -> None:
    job = scene.job()
    other_account = job.mailing.model_copy(update={"a_id": 2})
    other_mailing = job.mailing.model_copy(update={"id": 502})
    launches = {
        launch_id(job.channel, job.mailing, 1),
        launch_id(job.channel, job.mailing, 2),
        launch_id(job.channel, other_account, 1),
        launch_id(job.channel, other_mailing, 1),
    }
    messages = {message_id(launch, profile) for launch in launches for profile in ("a", "b")}
    assert (len(launches), len(messages)) == (4, 8)
    assert launch_id(job.channel, job.mailing, 1) in launches  # the same every time


def test_a_job_has_what_a_mailing_is_made_of(scene: Scene) -> None:
    scene.audience = rows([0, None])
    job: Job = scene.job()
    assert job.rows == 2
    assert job.constants["sender"]["name"] == "Bakery"
    assert job.constants["channel"] == {"id": 9001, "string_id": "demo_sms", "name": "Demo SMS"}
    assert job.row("p0").profile["first_name"] == "Ann0"
    with pytest.raises(JobError, match="no profile with the id 'p7'"):
        job.row("p7")
