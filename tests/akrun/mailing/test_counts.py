"""What sending costs, where it can be counted: commits, waits, and work that is not done."""

from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import pytest

from akrun.backend import Embedded
from akrun.engine import trace, trace_record
from akrun.engine.event import Services
from akrun.engine.run import Result, run
from akrun.engine.secrets import Masker
from akrun.mailing.job import PIPELINE
from akrun.mailing.launch import open_launch
from akrun.mailing.run import End, MailingRun
from akrun.net.message import Request, Response
from aktmpl import Environment, parse
from tests.akrun.mailing.scene import Scene, rows

LAUNCH = str(UUID(int=7))
MESSAGES = 192


class Accepting:
    """Answers every request at once."""

    async def send(self, request: Request) -> Response:
        assert request.content is not None
        return Response(200, {}, b'{"status": "accepted"}', 0.0)


def prepared(scene: Scene, concurrency: int) -> None:
    """A scene of MESSAGES messages whose status nobody asks for later."""
    selector = next(each for each in scene.channel["pipelines"]["message"] if each["type"] == "selector")
    selector["params"]["outs"][0]["out"] = 6
    scene.mailing["options"] = {"concurrency": concurrency}
    scene.audience = rows([0] * MESSAGES)
    scene.data.mkdir(exist_ok=True)


async def jobs_and_commits(scene: Scene, concurrency: int) -> tuple[int, int]:
    """What the backend's writer did for one mailing."""
    prepared(scene, concurrency)
    job = scene.job()
    services = Services(Accepting(), lambda _: None, masker=job.masker)
    async with Embedded(scene.data / f"{concurrency}.db") as backend:
        launch = (await open_launch(backend, job, services.clock.now())).launch
        before = backend.statistics.jobs, backend.statistics.commits
        assert await MailingRun(backend, launch, job, services).run() is End.FINISHED
        return backend.statistics.jobs - before[0], backend.statistics.commits - before[1]


async def test_messages_at_once_share_commits(scene: Scene) -> None:
    alone, commits_alone = await jobs_and_commits(scene, 1)
    together, commits_together = await jobs_and_commits(scene, 64)
    # One intent and one outcome each; beside them a few leases and states.
    assert 2 * MESSAGES < together <= alone < 3 * MESSAGES
    assert commits_alone >= 2 * MESSAGES
    assert commits_together < commits_alone / 4


async def test_leases_are_taken_in_batches(scene: Scene) -> None:
    jobs, _commits = await jobs_and_commits(scene, 64)
    assert jobs - 2 * MESSAGES <= MESSAGES // 64 + 4


def waits(coroutine: Coroutine[Any, Any, Result]) -> int:
    """How often it gave up control before it ended."""
    for count in range(1000):
        try:
            coroutine.send(None)
        except StopIteration:
            return count
    raise AssertionError("it does not end")


def test_pure_pipes_never_wait(scene: Scene) -> None:
    prepared(scene, 1)
    pipes = scene.channel["pipelines"]["message"]
    pipes[0]["outs"] = {"success": 6}
    scene.channel["pipelines"]["message"] = [pipe for pipe in pipes if pipe["id"] in (1, 6)]
    job = scene.job()
    event = job.event(LAUNCH, "p1", scene.audience[1], Services(Accepting(), lambda _: None))
    assert waits(run(job.compiled.pipeline(PIPELINE, job.constants), event)) == 0
    assert [effect.event_type for effect in event.effects] == ["send"]


async def test_nothing_is_traced_or_masked_for_a_trace_that_nobody_keeps(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("a trace was made")

    monkeypatch.setattr(trace.Trace, "__init__", forbidden)
    monkeypatch.setattr(trace_record, "encode_trace", forbidden)
    masked: list[str] = []

    def text(_: Masker, given: str) -> str:
        masked.append(given)
        return given

    monkeypatch.setattr(Masker, "text", text)
    await jobs_and_commits(scene, 8)
    assert masked == []


def test_a_message_whose_row_has_no_secrets_shares_the_masker(scene: Scene) -> None:
    prepared(scene, 1)
    job = scene.job()
    services = Services(Accepting(), lambda _: None, masker=job.masker)
    events = [job.event(LAUNCH, f"p{number}", scene.audience[number], services) for number in range(3)]
    assert all(event.services is services for event in events)


async def test_nothing_is_parsed_while_messages_are_sent(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(scene, 8)
    job = scene.job()

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a template was parsed")

    monkeypatch.setattr(parse, "_parse", forbidden)
    with pytest.raises(AssertionError, match="was parsed"):
        Environment().compile_query("1 + 1 = 2")
    services = Services(Accepting(), lambda _: None, masker=job.masker)
    async with Embedded(scene.data / "akrun.db") as backend:
        launch = (await open_launch(backend, job, services.clock.now())).launch
        assert await MailingRun(backend, launch, job, services).run() is End.FINISHED
        assert (await backend.counts(launch.launch_id)).done == MESSAGES
