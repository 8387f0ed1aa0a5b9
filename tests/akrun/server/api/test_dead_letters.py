"""Dead letters over the API: listed, shown, replayed, let go of."""

import json
from pathlib import Path

import pytest

from tests.akrun.http_server import Reply
from tests.akrun.server.api.scene import KEY, MESSAGES, launched, message, problem, rows, served_shop
from tests.akrun.server.scene import Serving, until

REFUSED = Reply(status=400)


async def failed(served: Serving, count: int = 1) -> list[int]:
    """Ids of the dead letters of so many messages that failed."""
    for number in range(count):
        await served.api("POST", MESSAGES, json=message(number))
    await served.settled()
    found = (await served.api("GET", "/api/dead-letters")).json()
    return [each["id"] for each in found["items"]]


async def test_a_dead_letter_shows_what_failed_and_no_secret(tmp_path: Path) -> None:
    async with served_shop(tmp_path, REFUSED) as (served, _):
        [number] = await failed(served)
        answer = await served.api("GET", f"/api/dead-letters/{number}")
        found = answer.json()
        assert (found["channel"], found["pipeline"], found["pipe"]) == ("shop", "message", 2)
        assert (found["error"]["code"], found["attempts"]) == (400, 1)
        assert found["message_id"] == found["job_id"]
        assert json.loads(found["input"]["in"]["body"])["to"] == "c0"
        assert KEY not in answer.text


async def test_they_come_in_parts(tmp_path: Path) -> None:
    async with served_shop(tmp_path, REFUSED) as (served, _):
        numbers = await failed(served, 5)
        seen: list[int] = []
        after: str | None = "0"
        while after is not None:
            part = (await served.api("GET", f"/api/dead-letters?limit=2&after={after}")).json()
            assert 0 < len(part["items"]) <= 2
            seen += [each["id"] for each in part["items"]]
            after = part["next"]
        assert seen == sorted(numbers)


@pytest.mark.parametrize("from_start", ["", "?from_start=true"], ids=["there", "start"])
async def test_a_replay_is_run_at_once(tmp_path: Path, from_start: str) -> None:
    async with served_shop(tmp_path, REFUSED, Reply()) as (served, server):
        [number] = await failed(served)
        answer = await served.api("POST", f"/api/dead-letters/{number}/replay{from_start}")
        assert (answer.status_code, answer.json()["id"]) == (202, number)
        assert await served.settled() == {"done": 1, "failed": 0}
        assert len({each.body for each in server.requests}) == 1
        assert len(server.requests) == 2
        assert (await served.api("GET", "/api/dead-letters")).json() == {"items": [], "next": None}


async def test_a_mailings_message_is_replayed_and_its_mailing_ends_anew(tmp_path: Path) -> None:
    async with served_shop(tmp_path, REFUSED, Reply()) as (served, server):
        started = await launched(served, rows(1))

        async def finished() -> bool:
            return bool((await served.api("GET", "/api/mailings/5")).json()["state"] == "finished")

        await until(finished)
        listed = await served.api("GET", f"/api/dead-letters?launch_id={started.json()['launch_id']}")
        [letter] = listed.json()["items"]
        await served.api("POST", f"/api/dead-letters/{letter['id']}/replay")

        async def sent() -> bool:
            counts = (await served.api("GET", "/api/mailings/5")).json()["counts"]
            return bool(counts["done"] == 1)

        await until(sent)
        await until(finished)
        assert len(server.requests) == 2


async def test_a_message_of_an_older_launch_is_replayed_as_well(tmp_path: Path) -> None:
    async with served_shop(tmp_path, REFUSED, Reply()) as (served, server):
        older = (await launched(served, rows(1))).json()["launch_id"]

        async def launch_is(launch: str, state: str) -> bool:
            found = await served.backend.find_launch(launch)
            return found is not None and found.state == state

        await until(lambda: launch_is(older, "finished"))
        headers = {"Content-Type": "application/jsonl"}
        again = "/api/mailings/5/launch?relaunch=true"
        newer = await served.api("POST", again, content=rows(1), headers=headers)
        await until(lambda: launch_is(newer.json()["launch_id"], "finished"))
        listed = await served.api("GET", f"/api/dead-letters?launch_id={older}")
        [letter] = listed.json()["items"]
        assert (await served.api("POST", f"/api/dead-letters/{letter['id']}/replay")).status_code == 202

        async def sent() -> bool:
            return (await served.backend.counts(older)).done == 1

        await until(sent)
        await until(lambda: launch_is(older, "finished"))
        assert len(server.requests) == 3


async def test_one_that_is_let_go_of_is_gone(tmp_path: Path) -> None:
    async with served_shop(tmp_path, REFUSED) as (served, _):
        [number] = await failed(served)
        assert (await served.api("DELETE", f"/api/dead-letters/{number}")).json()["id"] == number
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/replay")):
            problem(await served.api(method, f"/api/dead-letters/{number}{path}"), 404, "not_found")


@pytest.mark.parametrize("number", ["x", "-1", str(2**63), "1.5"])
async def test_ids_are_numbers(tmp_path: Path, number: str) -> None:
    async with served_shop(tmp_path) as (served, _):
        [fault] = problem(await served.api("GET", f"/api/dead-letters/{number}"), 422, "invalid")["faults"]
        assert (fault["code"], fault["file"]) == ("C704", "<address>")


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=-1", "launch_id=" + "x" * 81])
async def test_parameters_have_bounds(tmp_path: Path, query: str) -> None:
    async with served_shop(tmp_path) as (served, _):
        [fault] = problem(await served.api("GET", f"/api/dead-letters?{query}"), 422, "invalid")["faults"]
        assert (fault["code"], fault["file"]) == ("C704", "<query>")
        assert fault["message"].startswith(f"`{query.partition('=')[0]}`: ")
