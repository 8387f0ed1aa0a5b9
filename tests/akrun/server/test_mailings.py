"""Mailings in a serving process: moderated, sent in time, paused, resumed, stopped, and taken up again."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from akrun.backend import Control, ControlKind, EventRecord, LaunchState
from akrun.errors import AkrunError
from akrun.mailing.life import status
from akrun.model import MailingState
from tests.akrun.http_server import HttpServer, Received, Reply, serve
from tests.akrun.server.scene import Serving, direct_channel, until

ADDRESS = {"url": "$sender.url/$origin.c_id", "method": "POST", "content_type": "json"}


def step(number: int, kind: str, then: int | None = None, **params: Any) -> dict[str, Any]:
    return {"id": number, "type": kind, "params": params, "outs": {} if then is None else {"success": then}}


def ask(what: str) -> list[dict[str, Any]]:
    """Ask the service, at `/<what>`, with what there is to say."""
    template = {
        "message": "$origin.send_message_id",
        "text": "$template.text",
        "reason": "${origin.reason ?? ''}",
    }
    request = {"url": f"$sender.url/{what}", "method": "POST", "content_type": "json"}
    headers = {"X-Key": "$sender.key"}
    return [step(1, "pack", 2, template=template), step(2, "http_request", None, headers=headers, **request)]


def board(**changes: Any) -> dict[str, Any]:
    """An indirect channel with moderation, whose service is asked at /moderate, /message and /stop."""
    return {
        "id": 8,
        "string_id": "board",
        "name": "Board",
        "communication": "indirect",
        "moderation": True,
        "campaign_types": ["regular", "placement"],
        "fields": {
            "resource": [[{"type": "string", "name": "name", "label": "Name"}]],
            "template": [[{"type": "text", "name": "text", "label": "Text", "required": True}]],
            "sender": [
                [{"type": "string", "name": "url", "label": "URL"}],
                [{"type": "string", "name": "key", "label": "Key", "secret": True}],
            ],
        },
        "pipelines": {name: ask(name) for name in ("moderate", "message", "stop")},
        **changes,
    }


def notice(server: HttpServer, **changes: Any) -> dict[str, Any]:
    sender = {"url": server.url, "key": "hunter2hunter2"}
    return {"id": 5, "name": "Notice", "template": {"text": "Bread"}, "sender": sender, **changes}


@asynccontextmanager
async def served_board(folder: Path, **changes: Any) -> AsyncIterator[tuple[Serving, HttpServer]]:
    async with serve(Reply()) as server, Serving(folder, board(**changes)).run() as served:
        yield served, server


async def submitted(served: Serving, mailing: dict[str, Any], *, relaunch: bool = False) -> dict[str, Any]:
    return await asyncio.to_thread(served.control.submit, served.job(mailing), relaunch=relaunch)


async def asked(served: Serving, what: str, mailing_id: int = 5) -> dict[str, Any]:
    return await asyncio.to_thread(served.control.ask, str(mailing_id), what)


async def state(served: Serving) -> str:
    return (await status(served.backend, 5)).state


def becomes(served: Serving, wanted: MailingState) -> Any:
    async def has_become() -> bool:
        return await state(served) == wanted

    return until(has_become)


async def decide(served: Serving, kind: str, reason: str | None = None) -> Control:
    """An event of the latest submission, as the listener or a poll would leave it."""
    control = (await served.backend.controls(mailing_id=5))[-1]
    await served.backend.record_events([EventRecord(control.message_id, 8, kind, None, "", 1.0, reason)])
    return control


def paths(server: HttpServer) -> list[str]:
    return [request.target for request in server.requests]


async def test_nothing_is_sent_before_it_has_passed(tmp_path: Path) -> None:
    async with served_board(tmp_path) as (served, server):
        assert (await submitted(served, notice(server)))["state"] == "moderating"
        assert await served.settled() == {"done": 1, "failed": 0}
        assert paths(server) == ["/moderate"]
        assert await state(served) == MailingState.MODERATING
        control = await decide(served, "moderate_pass")
        await becomes(served, MailingState.FINISHED)
        assert paths(server) == ["/moderate", "/message"]
        first, second = (json.loads(request.body) for request in server.requests)
        assert first["message"] == control.message_id != second["message"]
        assert server.requests[1].headers["x-key"] == "hunter2hunter2"
        found = await status(served.backend, 5)
        assert found.counts is not None
        assert (found.counts.total, found.counts.done) == (1, 1)


async def test_a_rejected_one_is_never_sent_and_may_be_submitted_again(tmp_path: Path) -> None:
    async with served_board(tmp_path) as (served, server):
        await submitted(served, notice(server))
        await decide(served, "moderate_error", "too loud")
        await becomes(served, MailingState.REJECTED)
        assert (await status(served.backend, 5)).reason == "too loud"
        assert (await submitted(served, notice(server, template={"text": "bread"})))["state"] == "moderating"
        await decide(served, "moderate_pass")
        await becomes(served, MailingState.FINISHED)
        assert paths(server) == ["/moderate", "/moderate", "/message"]
        assert json.loads(server.requests[2].body)["text"] == "bread"


async def test_the_same_content_is_asked_about_once(tmp_path: Path) -> None:
    async with served_board(tmp_path) as (served, server):
        for _ in range(3):
            assert (await submitted(served, notice(server)))["state"] == "moderating"
        await served.settled()
        assert paths(server) == ["/moderate"]


async def test_a_decision_in_the_pipeline_itself_counts(tmp_path: Path) -> None:
    params = {"event_type": "moderate_pass", "event": {"send_message_id": "$origin.send_message_id"}}
    pipelines = {"moderate": [step(1, "event", None, **params)], "message": ask("message")}
    async with served_board(tmp_path, pipelines=pipelines) as (served, server):
        await submitted(served, notice(server))
        await becomes(served, MailingState.FINISHED)
        assert paths(server) == ["/message"]


async def test_a_moderation_that_fails_rejects(tmp_path: Path) -> None:
    async with serve(Reply(status=403)) as server, Serving(tmp_path, board()).run() as served:
        await submitted(served, notice(server))
        await becomes(served, MailingState.REJECTED)
        reason = (await status(served.backend, 5)).reason
        assert reason is not None
        assert "its run failed in pipe 2" in reason
        [letter] = await served.backend.dead_letters()
        assert (letter.pipeline, b"hunter2" in letter.input) == ("moderate", False)


async def test_a_decision_that_comes_while_nothing_runs_counts(tmp_path: Path) -> None:
    async with serve(Reply()) as server:
        async with Serving(tmp_path, board()).run() as served:
            await submitted(served, notice(server))
            await served.settled()
        async with Serving(tmp_path, board(), period=60.0).run() as served:
            assert await state(served) == MailingState.MODERATING
        served = Serving(tmp_path, board(), {"sender.key": "hunter2hunter2"})
        async with served.run():
            await decide(served, "moderate_pass")
            await becomes(served, MailingState.FINISHED)
        assert paths(server) == ["/moderate", "/message"]
        assert server.requests[1].headers["x-key"] == "hunter2hunter2"


async def test_without_its_secrets_a_mailing_waits_and_the_log_says_why(tmp_path: Path) -> None:
    async with serve(Reply()) as server:
        async with Serving(tmp_path, board()).run() as served:
            await submitted(served, notice(server))
            await served.settled()
        async with Serving(tmp_path, board()).run() as served:
            await decide(served, "moderate_pass")
            await becomes(served, MailingState.READY)
            await until(lambda: said(served))
            assert "not given the secret sender.key" in errors(served)[0]
            assert paths(server) == ["/moderate"]


def errors(served: Serving) -> list[str]:
    return [record.message for record in served.log if record.level == "error"]


async def said(served: Serving) -> bool:
    return bool(errors(served))


async def test_a_placement_runs_until_its_service_confirms_the_stop(tmp_path: Path) -> None:
    async with served_board(tmp_path) as (served, server):
        await submitted(served, notice(server, campaign_type="placement"))
        await decide(served, "moderate_pass")
        await until(lambda: sent(served))
        assert await state(served) == MailingState.SENDING
        answer = await asked(served, "stop")
        assert (answer["state"], answer["stopping"]) == ("sending", True)
        await served.settled()
        body = json.loads(server.requests[-1].body)
        launch = await served.backend.latest_launch(5)
        assert launch is not None
        assert (paths(server)[-1], body["reason"]) == ("/stop", "stopped by a person")
        assert body["message"] == json.loads(server.requests[1].body)["message"]
        assert await state(served) == MailingState.SENDING
        confirm = EventRecord(body["message"], 8, "stop", None, "", 1.0)
        await served.backend.record_events([confirm])
        await becomes(served, MailingState.STOPPED)

        async def is_granted() -> bool:
            control = (await served.backend.controls(mailing_id=5))[-1]
            return (control.kind, control.state) == (ControlKind.STOP, "granted")

        await until(is_granted)
        with pytest.raises(AkrunError, match="is stopped already"):
            await asked(served, "stop")


async def sent(served: Serving) -> bool:
    found = await status(served.backend, 5)
    return found.counts is not None and found.counts.done == found.counts.total > 0


async def test_a_placement_is_stopped_at_its_stop_time(tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=4)).isoformat()
    async with served_board(tmp_path) as (served, server):
        await submitted(served, notice(server, campaign_type="placement", schedule={"stop_time": soon}))
        await decide(served, "moderate_pass")
        await until(lambda: sent(served))

        async def is_asked() -> bool:
            return paths(server)[-1] == "/stop"

        await until(is_asked)
        await asyncio.sleep(0.2)
        assert paths(server).count("/stop") == 1
        assert json.loads(server.requests[-1].body)["reason"] == "stop time"
        assert await state(served) == MailingState.SENDING


def audience(size: int) -> list[dict[str, Any]]:
    return [
        {"profile": {"id": f"p{number}"}, "subscription": {"chat_id": str(number)}} for number in range(size)
    ]


def chat(**changes: Any) -> dict[str, Any]:
    """A direct channel that posts each message to the service."""
    request = {"url": "$sender.url/$subscription.chat_id", "method": "POST", "content_type": "json"}
    limit = {"rate": 100_000.0, "burst": 1000.0}
    template = {"id": "$origin.send_message_id"}
    message = [step(1, "pack", 2, template=template), step(2, "http_request", None, limit=limit, **request)]
    channel = direct_channel(**changes)
    channel["fields"]["sender"] = [[{"type": "string", "name": "url", "label": "URL"}]]
    channel["pipelines"]["message"] = message
    return channel


class Held:
    """A service that answers at once, until it is told to be slow."""

    def __init__(self) -> None:
        self.slow = False

    def __call__(self, _: Received) -> Reply:
        return Reply(delay=0.05 if self.slow else 0.0)


@asynccontextmanager
async def served_chat(
    folder: Path, handler: Callable[[Received], Reply]
) -> AsyncIterator[tuple[Serving, HttpServer]]:
    async with serve(handler=handler) as server, Serving(folder, chat()).run() as served:
        yield served, server


async def send(
    served: Serving, server: HttpServer, size: int, concurrency: int = 4, **changes: Any
) -> dict[str, Any]:
    """Hand in a direct mailing with an audience."""
    mailing = {
        "id": 5,
        "name": "News",
        "sender": {"url": server.url},
        "options": {"concurrency": concurrency},
        **changes,
    }
    file = served.folder / "audience.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in audience(size)))
    job = served.job(mailing)
    job = type(job)(job.compiled, job.mailing, file, size, job.document, job.constants)
    return await asyncio.to_thread(served.control.submit, job, relaunch=False)


async def test_a_direct_mailing_is_handed_in_with_its_audience(tmp_path: Path) -> None:
    async with served_chat(tmp_path, Held()) as (served, server):
        assert (await send(served, server, 300))["counts"]["total"] == 300
        await becomes(served, MailingState.FINISHED)
        assert sorted(paths(server), key=lambda path: int(path[1:])) == [
            f"/{number}" for number in range(300)
        ]
    assert audiences(tmp_path) == ["audience.jsonl"]


def audiences(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*audience*")]


async def test_it_is_sent_when_its_start_time_comes(tmp_path: Path) -> None:
    async with served_chat(tmp_path, Held()) as (served, server):
        soon = (datetime.now(UTC) + timedelta(seconds=0.6)).isoformat()
        assert (await send(served, server, 3, schedule={"start_time": soon}))["state"] == "ready"
        assert paths(server) == []
        await becomes(served, MailingState.FINISHED)
        assert datetime.now(UTC).isoformat() >= soon


async def test_pause_resume_and_stop(tmp_path: Path) -> None:
    held = Held()
    held.slow = True
    async with served_chat(tmp_path, held) as (served, server):
        await send(served, server, 200)
        await until(lambda: under_way(server))
        paused = await asked(served, "pause")
        assert paused["state"] == "paused"
        counts = paused["counts"]
        assert counts["in_progress"] == 0
        assert counts["done"] == len(server.requests) < 200
        assert counts["done"] + counts["pending"] == 200
        await asyncio.sleep(0.2)
        assert len(server.requests) == counts["done"]
        with pytest.raises(AkrunError, match="is paused; only one that is being sent can be paused"):
            await asked(served, "pause")
        assert (await asked(served, "resume"))["state"] == "sending"
        await until(lambda: under_way(server, counts["done"]))
        stopped = await asked(served, "stop")
        assert (stopped["state"], stopped["counts"]["done"]) == ("stopped", len(server.requests))
        with pytest.raises(AkrunError, match="is stopped; only a paused one can be resumed"):
            await asked(served, "resume")
        assert len(set(paths(server))) == len(server.requests)


async def under_way(server: HttpServer, after: int = 0) -> bool:
    return len(server.requests) > after + 5


async def test_the_next_process_goes_on_where_one_ended(tmp_path: Path) -> None:
    held = Held()
    held.slow = True
    async with serve(handler=held) as server:
        async with Serving(tmp_path, chat()).run() as served:
            await send(served, server, 100)
            await until(lambda: under_way(server))
        assert len(server.requests) < 100
        held.slow = False
        async with Serving(tmp_path, chat()).run() as served:
            await becomes(served, MailingState.FINISHED)
    assert sorted(paths(server)) == sorted(f"/{number}" for number in range(100))


async def test_a_paused_one_stays_so_in_the_next_process(tmp_path: Path) -> None:
    held = Held()
    held.slow = True
    async with serve(handler=held) as server:
        async with Serving(tmp_path, chat()).run() as served:
            await send(served, server, 100)
            await until(lambda: under_way(server))
            await asked(served, "pause")
            sent_by_now = len(server.requests)
        async with Serving(tmp_path, chat()).run() as served:
            await asyncio.sleep(0.3)
            assert await state(served) == MailingState.PAUSED
    assert len(server.requests) == sent_by_now


async def test_what_runs_beyond_the_grace_period_is_handed_back(tmp_path: Path) -> None:
    async with serve(Reply(hang=True)) as server, Serving(tmp_path, chat()).run(grace_period=0.2) as served:
        await send(served, server, 6, concurrency=5)

        async def five() -> bool:
            return len(server.requests) == 5

        await until(five)
    async with Serving(tmp_path, chat(), period=60.0).run() as served:
        launch = await served.backend.latest_launch(5)
        assert launch is not None
        assert launch.state is LaunchState.SENDING
        counts = await served.backend.counts(launch.launch_id)
        assert (counts.total, counts.done, counts.failed) == (6, 0, 0)


async def test_unknown_mailings_are_told(tmp_path: Path) -> None:
    async with Serving(tmp_path, chat()).run() as served:
        for what in ("pause", "resume", "stop"):
            with pytest.raises(AkrunError, match="there is no mailing 5"):
                await asked(served, what)


async def test_another_pair_of_ids_is_refused(tmp_path: Path) -> None:
    async with Serving(tmp_path, chat()).run():
        pass
    for changes in ({"id": 9}, {"string_id": "talk"}):
        channel = direct_channel(**changes)
        channel["pipelines"]["listener"] = []
        with pytest.raises(AkrunError, match="clashes with the registered 7 `chat`"):
            async with Serving(tmp_path, channel).run():
                pass
