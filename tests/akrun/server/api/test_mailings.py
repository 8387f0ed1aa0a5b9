"""Mailings over the API: made, launched with their audience, looked at, steered."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.akrun.http_server import Reply, serve
from tests.akrun.server.api.scene import (
    KEY,
    launched,
    mailing,
    problem,
    rows,
    served_shop,
    setting,
    shop,
    spooled,
)
from tests.akrun.server.scene import Serving, until
from tests.akrun.server.test_mailings import board

JSONL = {"Content-Type": "application/jsonl"}
LAUNCH = "/api/mailings/5/launch"


async def state(served: Serving) -> str:
    found = await served.api("GET", "/api/mailings/5")
    return str(found.json()["state"])


def becomes(served: Serving, wanted: str) -> Any:
    async def has_become() -> bool:
        return await state(served) == wanted

    return until(has_become)


async def test_a_mailing_is_a_draft_until_it_is_launched(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, server):
        made = await served.api("POST", "/api/mailings", json=mailing())
        assert (made.status_code, made.headers["location"]) == (201, "/api/mailings/5")
        assert made.json() == {
            "id": 5,
            "name": "News",
            "channel": "shop",
            "state": "draft",
            "reason": None,
            "stopping": False,
            "launch_id": None,
            "counts": None,
        }
        started = await served.api("POST", LAUNCH, content=rows(1, 2, 3), headers=JSONL)
        assert (started.status_code, started.json()["counts"]["total"]) == (202, 3)
        await becomes(served, "finished")
        assert sorted(json.loads(each.body)["to"] for each in server.requests) == ["c1", "c2", "c3"]
        assert {each.headers["x-key"] for each in server.requests} == {KEY}
        found = (await served.api("GET", "/api/mailings/5")).json()
        assert (found["counts"]["done"], found["counts"]["total"]) == (3, 3)
    assert spooled(tmp_path) == []


async def test_a_message_of_a_mailing_can_be_followed(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, server):
        started = await launched(served, rows(1))
        await becomes(served, "finished")
        name = json.loads(server.requests[0].body)["id"]
        found = (await served.api("GET", f"/api/messages/{name}")).json()
        assert (found["mailing_id"], found["launch_id"]) == (5, started.json()["launch_id"])
        assert (found["channel"], found["profile_id"], found["state"]) == ("shop", "p1", "done")
        assert [each["event_type"] for each in found["events"]] == ["send"]


async def test_it_is_taken_up_by_a_later_process(tmp_path: Path) -> None:
    async with serve() as server:
        values = {"sender.url": server.url, "sender.key": KEY}
        async with Serving(tmp_path, shop(), values).run() as served:
            await served.api("POST", "/api/mailings", json=mailing())
        async with Serving(tmp_path, shop(), values).run() as served:
            started = await served.api("POST", LAUNCH, content=rows(1), headers=JSONL)
            assert started.status_code == 202
            await becomes(served, "finished")
        assert server.requests[0].headers["x-key"] == KEY


async def test_to_send_a_document_again_is_no_fault_and_changes_a_draft(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, server):
        await served.api("POST", "/api/mailings", json=mailing())
        assert (await served.api("POST", "/api/mailings", json=mailing())).status_code == 200
        other = await served.api("POST", "/api/mailings", json=mailing(template={"text": "Rolls"}))
        assert other.status_code == 200
        await served.api("POST", LAUNCH, content=rows(1), headers=JSONL)
        await becomes(served, "finished")
        assert json.loads(server.requests[0].body)["text"] == "Rolls"


async def test_while_it_is_under_way_it_cannot_be_changed(tmp_path: Path) -> None:
    schedule = {"start_time": "2999-01-01T00:00:00Z"}
    async with served_shop(tmp_path) as (served, _):
        await launched(served, rows(1), schedule=schedule)
        same = await served.api("POST", "/api/mailings", json=mailing(schedule=schedule))
        assert same.status_code == 200
        other = await served.api("POST", "/api/mailings", json=mailing(name="Other", schedule=schedule))
        assert "is ready" in problem(other, 409, "conflict")["detail"]


async def test_a_repeated_launch_goes_on_if_the_audience_is_the_same(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        await launched(served, rows(1, 2), schedule={"start_time": "2999-01-01T00:00:00Z"})
        again = await served.api("POST", LAUNCH, content=rows(1, 2), headers=JSONL)
        assert (again.status_code, again.json()["counts"]["total"]) == (202, 2)
        other = await served.api("POST", LAUNCH, content=rows(1), headers=JSONL)
        detail = problem(other, 409, "conflict")["detail"]
        assert detail.startswith("the body is not the audience that the unfinished launch began with")


async def test_one_that_has_ended_is_sent_again_when_that_is_asked_for(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, server):
        first = await launched(served, rows(1))
        await becomes(served, "finished")
        left = await served.api("POST", LAUNCH, content=rows(1), headers=JSONL)
        assert (left.json()["state"], left.json()["launch_id"]) == ("finished", first.json()["launch_id"])
        again = await served.api("POST", f"{LAUNCH}?relaunch=true", content=rows(1), headers=JSONL)
        assert again.json()["launch_id"] != first.json()["launch_id"]
        await becomes(served, "finished")
        assert len({json.loads(each.body)["id"] for each in server.requests}) == 2


async def test_pause_resume_and_stop(tmp_path: Path) -> None:
    async with served_shop(tmp_path, Reply(delay=0.05)) as (served, server):
        await launched(served, rows(*range(100)), options={"concurrency": 2})

        async def begun() -> bool:
            return len(server.requests) > 2

        await until(begun)
        answers = [
            (await served.api("POST", f"/api/mailings/5/{what}")) for what in ("pause", "resume", "stop")
        ]
        assert [each.status_code for each in answers] == [200, 200, 200]
        assert [each.json()["state"] for each in answers] == ["paused", "sending", "stopped"]
        refused = await served.api("POST", "/api/mailings/5/stop")
        assert problem(refused, 409, "conflict")["detail"] == "mailing 5 is stopped already"


@pytest.mark.parametrize("what", ["", "/launch", "/pause", "/resume", "/stop"])
async def test_unknown_mailings_are_not_found(tmp_path: Path, what: str) -> None:
    async with served_shop(tmp_path) as (served, _):
        answer = await served.api("POST" if what else "GET", f"/api/mailings/5{what}")
        assert problem(answer, 404, "not_found")["detail"] == "there is no mailing 5; known: none yet"


async def test_lists_come_in_parts(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        for number in (3, 1, 2):
            await served.api("POST", "/api/mailings", json=mailing(id=number))
        first = (await served.api("GET", "/api/mailings?limit=2")).json()
        assert ([each["id"] for each in first["items"]], first["next"]) == ([3, 1], "1")
        rest = (await served.api("GET", f"/api/mailings?limit=2&after={first['next']}")).json()
        assert ([each["id"] for each in rest["items"]], rest["next"]) == ([2], None)


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b'{"profile": {}, "subscription": {"chat_id": "c"}}\n', "C405", 1),
        (rows(1) + b'{"profile": {"id": 2}, "subscription": {"chat_id": 2}}\n', "C406", 2),
        (rows(1) + b"{\n", "C401", 2),
        (b"\xff\n", "C407", 1),
        (b"[" * 100_000 + b"\n", "C401", 1),
    ],
    ids=["profile", "value", "syntax", "encoding", "deep"],
)
async def test_faults_of_the_audience_are_told_at_their_place(
    tmp_path: Path, content: bytes, code: str, line: int
) -> None:
    async with served_shop(tmp_path) as (served, _):
        answer = await launched(served, content)
        [fault] = problem(answer, 422, "invalid")["faults"]
        assert (fault["code"], fault["file"], fault["line"]) == (code, "<audience>", line)
        assert await state(served) == "draft"
    assert spooled(tmp_path) == []


async def test_many_faults_are_counted(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        found = problem(await launched(served, b"{}\n" * 30), 422, "invalid")
        assert (len(found["faults"]), found["omitted"]) == (20, 10)
        assert found["detail"] == "the profile has no `id`; and 29 more"


async def test_an_audience_has_a_limit_of_its_own(tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for number in range(100):
            yield rows(number)

    settings = setting(api_body_limit=1024, api_audience_limit=2048)
    async with served_shop(tmp_path, settings=settings) as (served, _):
        assert (await launched(served, rows(*range(20)))).status_code == 202
        await becomes(served, "finished")
        answer = await served.api("POST", f"{LAUNCH}?relaunch=true", content=chunks(), headers=JSONL)
        assert problem(answer, 413, "too_large")["detail"] == "the body is larger than 2,048 bytes"
    assert spooled(tmp_path) == []


async def test_what_a_killed_process_left_of_an_audience_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".audience-x.jsonl").write_text("left")
    async with served_shop(tmp_path):
        assert spooled(tmp_path) == []


async def test_an_audience_of_another_type_is_refused(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        await served.api("POST", "/api/mailings", json=mailing())
        answer = await served.api("POST", LAUNCH, content=rows(1))
        assert problem(answer, 415, "media_type")["hint"].endswith("`Content-Type: application/jsonl`")


async def test_a_direct_mailing_needs_an_audience(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        answer = await launched(served, b"")
        assert problem(answer, 422, "audience")["detail"] == "mailing 5 has no audience"


async def test_an_indirect_one_takes_none(tmp_path: Path) -> None:
    served = Serving(tmp_path, board(), {"sender.url": "http://127.0.0.1:9", "sender.key": KEY})
    async with served.run():
        body = {"channel": "board", "mailing": {"id": 5, "name": "N", "template": {"text": "Bread"}}}
        assert (await served.api("POST", "/api/mailings", json=body)).status_code == 201
        refused = await served.api("POST", LAUNCH, content=rows(1), headers=JSONL)
        assert refused.status_code == 422
        started = await served.api("POST", LAUNCH)
        assert (started.status_code, started.json()["state"]) == (202, "moderating")


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"channel": "other", "mailing": {}}, 404, "no channel `other` is served here"),
        ({"channel": "shop"}, 422, "the key `mailing` is missing"),
        (mailing(template={}), 422, "the required `template.text` is missing"),
        (mailing(id="x"), 422, "`id` must be a whole number, not text"),
        (mailing(name=""), 422, "`name` must not be empty"),
        (mailing(campaign_type="trigger"), 422, "the channel is not offered in mailings of this kind"),
    ],
    ids=["channel", "missing", "value", "type", "empty", "kind"],
)
async def test_what_is_wrong_with_a_mailing_is_told(
    tmp_path: Path, body: dict[str, Any], status: int, told: str
) -> None:
    async with served_shop(tmp_path) as (served, _):
        answer = await served.api("POST", "/api/mailings", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (status, told)
        if answer.json()["faults"]:
            assert answer.json()["faults"][0]["frame"].startswith("<body>:1:")
        assert await served.backend.mailings() == []


async def test_a_mailing_may_bring_its_secret_which_is_not_kept(tmp_path: Path) -> None:
    served = Serving(tmp_path, shop(), {"sender.url": "http://127.0.0.1:9"})
    async with served.run():
        answer = await served.api("POST", "/api/mailings", json=mailing(sender={"key": "own-secret-of-it"}))
        assert answer.status_code == 201
        record = await served.backend.mailing(5)
        assert record is not None
        assert b"own-secret-of-it" not in record.document


@pytest.mark.parametrize("reference", ["env:HOME", "file:/etc/hostname"])
async def test_a_client_cannot_read_the_servers_secrets(tmp_path: Path, reference: str) -> None:
    async with served_shop(tmp_path) as (served, _):
        answer = await served.api("POST", "/api/mailings", json=mailing(sender={"key": reference}))
        [fault] = problem(answer, 422, "invalid")["faults"]
        assert (fault["code"], fault["message"]) == (
            "C705",
            "a reference to a secret is not taken from a request",
        )


async def test_without_its_secret_a_draft_is_not_launched(tmp_path: Path) -> None:
    async with Serving(tmp_path, shop(), {"sender.url": "http://127.0.0.1:9"}).run() as served:
        await served.api("POST", "/api/mailings", json=mailing(sender={"key": KEY}))
    async with Serving(tmp_path, shop(), {"sender.url": "http://127.0.0.1:9"}).run() as served:
        answer = await served.api("POST", LAUNCH, content=rows(1), headers=JSONL)
        found = problem(answer, 409, "secret")
        assert (found["detail"], found["hint"]) == (
            "this process was not given the secret sender.key",
            "give it to the server by --set",
        )


async def test_a_client_that_goes_away_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield rows(1)
        raise ConnectionError

    async with served_shop(tmp_path) as (served, _):
        await served.api("POST", "/api/mailings", json=mailing())
        with pytest.raises(ConnectionError):
            await served.api("POST", LAUNCH, content=broken(), headers=JSONL)

        async def swept() -> bool:
            return not spooled(tmp_path)

        await until(swept)
        assert await state(served) == "draft"
