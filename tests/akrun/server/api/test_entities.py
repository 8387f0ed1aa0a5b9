"""Operations on entities over the API."""

from pathlib import Path
from typing import Any

import pytest

from tests.akrun.http_server import Reply
from tests.akrun.server.api.scene import KEY, problem, served_shop

LIST = "/api/channels/shop/entities/folder/list"
INPUT = {"input": {"under": "root"}}


async def test_the_result_is_answered_without_its_secrets(tmp_path: Path) -> None:
    reply = Reply(body=b'[{"id": "1", "title": "Sales", "pin": "1234567"}]')
    async with served_shop(tmp_path, reply) as (served, server):
        answer = await served.api("POST", LIST, json=INPUT)
        assert (answer.status_code, answer.json()) == (
            200,
            {"result": [{"id": "1", "title": "Sales", "pin": "***"}]},
        )
        assert server.requests[0].headers["x-key"] == KEY


async def test_nothing_is_a_result(tmp_path: Path) -> None:
    async with served_shop(tmp_path, Reply(body=b"{}")) as (served, _):
        assert (await served.api("POST", LIST, json=INPUT)).json() == {"result": {}}


async def test_what_comes_with_a_call_goes_before_what_the_process_was_given(tmp_path: Path) -> None:
    async with served_shop(tmp_path, Reply(body=b"[]")) as (served, server):
        body = {**INPUT, "sender": {"url": f"{server.url}/own"}}
        assert (await served.api("POST", LIST, json=body)).status_code == 200
        assert server.requests[0].target == "/own/folders"


@pytest.mark.parametrize(
    ("body", "told", "column"),
    [
        ({}, "the required `in.under` is missing", 1),
        ({"input": {"under": 5}}, "`in.under` must be text, not a whole number", 19),
        ({"input": {"under": "x", "udner": "y"}}, "the operation has no field `in.udner`", 23),
        ({**INPUT, "sender": {"key": "mine"}}, "`sender.key` is a secret, which no request brings", 43),
        ({**INPUT, "campaign": {"count": "1"}}, "`campaign.count` must be a whole number, not text", 47),
    ],
    ids=["missing", "type", "unknown", "secret", "root"],
)
async def test_what_is_wrong_is_told_at_its_place(
    tmp_path: Path, body: dict[str, Any], told: str, column: int
) -> None:
    async with served_shop(tmp_path) as (served, server):
        answer = await served.api("POST", LIST, json=body)
        [fault] = problem(answer, 422, "invalid")["faults"]
        assert (fault["message"], fault["column"]) == (told, column)
        assert server.requests == []


async def test_a_pipe_that_fails_is_told_with_its_error(tmp_path: Path) -> None:
    async with served_shop(tmp_path, Reply(status=404, body=KEY.encode())) as (served, _):
        answer = await served.api("POST", LIST, json=INPUT)
        found = problem(answer, 502, "failed")
        assert found["detail"].startswith("folder.list: 404 in pipe 1: ")
        assert (found["error"]["code"], found["error"]["pipe"], found["error"]["status"]) == (404, 1, 404)
        assert KEY not in answer.text


async def test_a_result_that_does_not_fit_is_told(tmp_path: Path) -> None:
    async with served_shop(tmp_path, Reply(body=b'{"title": "x"}')) as (served, _):
        found = problem(await served.api("POST", LIST, json=INPUT), 502, "failed")
        assert "primary field `folder.id` is missing" in found["detail"]
        assert found["error"]["kind"] == "result"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/api/channels/shop/entities/foldr/list", "did you mean `folder`?"),
        ("/api/channels/shop/entities/folder/get", "has no operation `get`"),
        ("/api/channels/sho/entities/folder/list", "no channel `sho`"),
    ],
)
async def test_what_is_not_there_is_not_found(tmp_path: Path, path: str, told: str) -> None:
    async with served_shop(tmp_path) as (served, _):
        assert told in problem(await served.api("POST", path, json=INPUT), 404, "not_found")["detail"]
