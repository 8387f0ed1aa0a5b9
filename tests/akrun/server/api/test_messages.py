"""Single messages over the API: sent once each, whatever the client repeats."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from akrun.backend import Accepted, NewJob
from tests.akrun.http_server import Reply
from tests.akrun.server.api.scene import (
    KEY,
    MESSAGES,
    TOO_BIG_FOR_64_BITS,
    message,
    problem,
    served_shop,
    setting,
    shop,
)
from tests.akrun.server.scene import Serving, until


def keyed(key: str = "k1") -> dict[str, str]:
    return {"Idempotency-Key": key}


async def test_a_message_is_sent_and_can_be_followed(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, server):
        accepted = await served.api("POST", MESSAGES, json=message())
        assert accepted.status_code == 202
        name = accepted.json()["id"]
        assert accepted.headers["location"] == f"/api/messages/{name}"
        await served.settled()
        [request] = server.requests
        assert json.loads(request.body) == {
            "id": name,
            "to": "c1",
            "name": "Ann",
            "text": "Bread",
            "count": 1,
        }
        assert request.headers["x-key"] == KEY
        found = (await served.api("GET", f"/api/messages/{name}")).json()
        assert (found["channel"], found["profile_id"], found["mailing_id"]) == ("shop", "p1", None)
        assert (found["state"], found["attempts"], found["resent"]) == ("done", 1, 0)
        assert (found["outcome"]["state"], found["outcome"]["pipe"], found["outcome"]["error"]) == (
            "done",
            3,
            None,
        )
        [event] = found["events"]
        assert (event["event_type"], event["action_type"]) == ("send", 1)
        history = (await served.api("GET", "/api/profiles/p1/history")).json()
        assert [each["send_message_id"] for each in history["items"]] == [name]


async def test_its_secrets_are_not_kept(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        await served.api("POST", MESSAGES, json=message())
        await served.settled()
    assert not any(KEY.encode() in content for content in written(tmp_path))


def written(folder: Path) -> list[bytes]:
    """What the database has on the disk."""
    return [path.read_bytes() for path in folder.glob("akrun.db*")]


async def test_integers_of_any_length_survive(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, server):
        body = json.dumps(message(campaign={"count": TOO_BIG_FOR_64_BITS}))
        headers = {"Content-Type": "application/json"}
        assert (await served.api("POST", MESSAGES, content=body, headers=headers)).status_code == 202
        await served.settled()
        assert json.loads(server.requests[0].body)["count"] == TOO_BIG_FOR_64_BITS


async def test_the_same_key_and_body_are_the_same_message(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, server):
        first = await served.api("POST", MESSAGES, json=message(), headers=keyed())
        turned = json.dumps(dict(reversed(message().items())), indent=3)
        headers = {"Content-Type": "application/json; charset=utf-8", **keyed()}
        again = await served.api("POST", MESSAGES, content=turned, headers=headers)
        assert (again.status_code, again.json()) == (202, first.json())
        assert "idempotent-replayed" not in first.headers
        assert (again.headers["idempotent-replayed"], again.headers["location"]) == (
            "true",
            first.headers["location"],
        )
        await served.settled()
        assert len(server.requests) == 1


@pytest.mark.parametrize("changed", ["field", "pipelines", "gone"])
async def test_a_repeated_request_is_answered_as_at_first_whatever_became_of_the_channel(
    tmp_path: Path, changed: str
) -> None:
    async with served_shop(tmp_path) as (served, _):
        first = await served.api("POST", MESSAGES, json=message(), headers=keyed())
        await served.settled()
    changes: dict[str, dict[str, Any]] = {
        "field": {"fields": {**shop()["fields"], "template": []}},
        "pipelines": {"pipelines": {"listener": [{"id": 1, "type": "unpack"}]}},
        "gone": {"id": 8, "string_id": "bakery", "pipelines": {"listener": [{"id": 1, "type": "unpack"}]}},
    }
    async with served_shop(tmp_path, **changes[changed]) as (served, server):
        again = await served.api("POST", MESSAGES, json=message(), headers=keyed())
        assert (again.status_code, again.json()) == (202, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        problem(await served.api("POST", MESSAGES, json=message(2), headers=keyed()), 422, "key_reused")
        new = await served.api("POST", MESSAGES, json=message(), headers=keyed("k2"))
        assert new.status_code in (404, 409, 422)
        await served.settled()
        assert server.requests == []


async def test_another_body_under_the_same_key_is_refused(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, server):
        await served.api("POST", MESSAGES, json=message(1), headers=keyed())
        other = await served.api("POST", MESSAGES, json=message(2), headers=keyed())
        assert "another body" in problem(other, 422, "key_reused")["detail"]
        await served.settled()
        assert len(server.requests) == 1


async def test_other_keys_and_no_key_are_messages_of_their_own(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, server):
        for headers in (keyed("a"), keyed("b"), {}, {}):
            assert (await served.api("POST", MESSAGES, json=message(), headers=headers)).status_code == 202
        await served.settled()
        assert len({json.loads(each.body)["id"] for each in server.requests}) == 4


async def test_a_key_outlives_the_process(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        first = await served.api("POST", MESSAGES, json=message(), headers=keyed())
        await served.settled()
    async with served_shop(tmp_path) as (served, server):
        again = await served.api("POST", MESSAGES, json=message(), headers=keyed())
        assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
        problem(await served.api("POST", MESSAGES, json=message(2), headers=keyed()), 422, "key_reused")
        await served.settled()
        assert server.requests == []


async def test_a_key_is_the_channels_own(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        await served.api("POST", MESSAGES, json=message(), headers=keyed())
        assert (await served.backend.accept("other:k1", "x", b"", [])).new


async def test_a_forgotten_key_is_a_new_message(tmp_path: Path) -> None:
    async with served_shop(tmp_path, settings=setting(api_key_days=1e-6)) as (served, server):
        first = await served.api("POST", MESSAGES, json=message(1), headers=keyed())
        answers = []

        async def forgotten() -> bool:
            answers.append(await served.api("POST", MESSAGES, json=message(2), headers=keyed()))
            return answers[-1].status_code == 202

        await until(forgotten)
        assert answers[-1].json()["id"] != first.json()["id"]
        await served.settled()
        assert [json.loads(each.body)["to"] for each in server.requests] == ["c1", "c2"]


class Held:
    """Lets no message be stored until it is told to."""

    def __init__(self, served: Serving) -> None:
        self._accept = served.backend.accept
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        served.backend.accept = self  # type: ignore[method-assign]

    async def __call__(self, key: str, digest: str, answer: bytes, jobs: Sequence[NewJob]) -> Accepted:
        self.begun.set()
        await self.go.wait()
        return await self._accept(key, digest, answer, jobs)


@pytest.mark.parametrize("body", [message(1), message(2)], ids=["same", "other"])
async def test_while_the_first_is_being_handled_the_second_is_refused(
    tmp_path: Path, body: dict[str, Any]
) -> None:
    async with served_shop(tmp_path) as (served, server):
        held = Held(served)
        first = asyncio.create_task(served.api("POST", MESSAGES, json=message(1), headers=keyed()))
        await held.begun.wait()
        refused = await served.api("POST", MESSAGES, json=body, headers=keyed())
        assert problem(refused, 409, "in_progress")
        assert refused.headers["retry-after"] == "1"
        held.go.set()
        assert (await first).status_code == 202
        await served.settled()
        assert len(server.requests) == 1


async def test_many_at_once_under_one_key_are_one_message(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, server):
        calls = [served.api("POST", MESSAGES, json=message(), headers=keyed()) for _ in range(20)]
        answers = await asyncio.gather(*calls)
        assert {each.status_code for each in answers} <= {202, 409}
        assert len({each.json()["id"] for each in answers if each.status_code == 202}) == 1
        await served.settled()
        assert len(server.requests) == 1


async def test_a_key_of_a_refused_body_is_not_used_up(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        problem(await served.api("POST", MESSAGES, json={}, headers=keyed()), 422, "invalid")
        good = await served.api("POST", MESSAGES, json=message(), headers=keyed())
        assert (good.status_code, "idempotent-replayed" in good.headers) == (202, False)


def changed(root: str, /, **values: Any) -> dict[str, Any]:
    return {**message(), root: values}


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, ["C311 the required `template.text` is missing", "C405 the profile has no `id`"]),
        (changed("profile"), ["C405 the profile has no `id`"]),
        (changed("subscription"), ["C311 the required `subscription.chat_id` is missing"]),
        (
            changed("subscription", chat_id=7),
            ["C406 `subscription.chat_id` must be text, not a whole number"],
        ),
        (
            changed("template", text="x" * 21),
            ["C313 `template.text` must have at most 20 characters, has 21"],
        ),
        (changed("campaign", cuont=1), ["C312 the channel has no field `campaign.cuont`"]),
        (changed("sender", key="k"), ["C705 `sender.key` is a secret, which no request brings"]),
        (message(sender=5), ["C703 `sender` must be an object, not a whole number"]),
        (message(tempalte={}), ["C702 unknown key `tempalte`"]),
        ([], ["C703 the document must be an object, not a list"]),
    ],
    ids=[
        "empty",
        "profile",
        "subscription",
        "type",
        "length",
        "field",
        "secret",
        "object",
        "key",
        "list",
    ],
)
async def test_what_is_wrong_is_told_at_its_place(tmp_path: Path, body: Any, faults: list[str]) -> None:
    async with served_shop(tmp_path) as (served, _):
        answer = await served.api("POST", MESSAGES, json=body)
        found = problem(answer, 422, "invalid")["faults"]
        told = [f"{each['code']} {each['message']}" for each in found]
        assert len(told) == len(faults)
        assert all(each.startswith(words) for each, words in zip(told, faults, strict=True))
        assert {each["file"] for each in found} == {"<body>"}
        assert all(each["frame"].startswith(f"<body>:{each['line']}:{each['column']}: ") for each in found)
        assert (await served.settled())["done"] == 0


async def test_a_secret_in_a_body_is_refused_unshown_with_the_cure(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        answer = await served.api("POST", MESSAGES, json=message(sender={"key": KEY, "urll": "x"}))
        found = problem(answer, 422, "invalid")
        assert len(found["faults"]) == 2
        assert found["faults"][0]["hint"] == "give it to the server by --set"
        assert KEY not in answer.text


async def test_without_its_secret_no_message_is_taken(tmp_path: Path) -> None:
    served = Serving(tmp_path, shop(), {"sender.url": "http://127.0.0.1:9"})
    async with served.run():
        answer = await served.api("POST", MESSAGES, json=message())
        [fault] = problem(answer, 422, "invalid")["faults"]
        assert (fault["message"], fault["hint"]) == (
            "the required `sender.key` is missing",
            "give it to the server by --set",
        )


async def test_what_came_with_a_message_goes_before_what_the_process_was_given(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, server):
        await served.api("POST", MESSAGES, json=message(sender={"url": f"{server.url}/own"}))
        await served.settled()
        assert (server.requests[0].target, server.requests[0].headers["x-key"]) == ("/own/send", KEY)


async def test_a_failed_message_says_why(tmp_path: Path) -> None:
    async with served_shop(tmp_path, Reply(status=400)) as (served, _):
        name = (await served.api("POST", MESSAGES, json=message())).json()["id"]
        await served.settled()
        found = (await served.api("GET", f"/api/messages/{name}")).json()
        assert (found["state"], found["outcome"]["pipe"]) == ("failed", 2)
        assert (found["outcome"]["error"]["code"], found["outcome"]["error"]["kind"]) == (400, "status")


async def test_its_trace_shows_what_every_pipe_saw_but_no_secret(tmp_path: Path) -> None:
    async with served_shop(tmp_path, Reply(status=400), settings=setting(traces="all")) as (served, _):
        name = (await served.api("POST", MESSAGES, json=message())).json()["id"]
        await served.settled()
        answer = await served.api("GET", f"/api/messages/{name}/trace")
        [found] = answer.json()["items"]
        assert (found["attempt"], found["trace"]["state"]) == (1, "failed")
        assert [each["type"] for each in found["trace"]["steps"]] == ["pack", "http_request"]
        assert KEY not in answer.text


async def test_unknown_messages_are_not_found(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        for path in ("/api/messages/nonsense", "/api/messages/nonsense/trace"):
            problem(await served.api("GET", path), 404, "not_found")
        answer = await served.api("POST", "/api/channels/shopp/messages", json=message())
        assert problem(answer, 404, "not_found")["hint"] == "did you mean `shop`?"


async def test_a_channel_that_cannot_send_takes_none(tmp_path: Path) -> None:
    listener = {"listener": [{"id": 1, "type": "unpack"}]}
    async with served_shop(tmp_path, pipelines=listener) as (served, _):
        answer = await served.api("POST", MESSAGES, json=message())
        assert "can send nothing" in problem(answer, 409, "conflict")["detail"]


@pytest.mark.parametrize(
    "key", ["", "x" * 256, "a b", "ключ".encode()], ids=["empty", "long", "blank", "cyrillic"]
)
async def test_keys_are_short_and_plain(tmp_path: Path, key: str | bytes) -> None:
    async with served_shop(tmp_path) as (served, _):
        answer = await served.api("POST", MESSAGES, json=message(), headers={"Idempotency-Key": key})
        [fault] = problem(answer, 422, "invalid")["faults"]
        assert (fault["code"], fault["file"]) == ("C704", "<headers>")


async def test_an_indirect_channel_takes_no_profile(tmp_path: Path) -> None:
    fields = {**shop()["fields"], "resource": [[{"type": "string", "name": "icon", "label": "Icon"}]]}
    fields.pop("subscription")
    template = {"text": "$template.text"}
    post = {"url": "$sender.url/send", "method": "POST", "content_type": "json"}
    pipelines = {
        "message": [
            {"id": 1, "type": "pack", "params": {"template": template}, "outs": {"success": 2}},
            {"id": 2, "type": "http_request", "params": post},
        ]
    }
    changes: dict[str, Any] = {
        "fields": fields,
        "pipelines": pipelines,
        "communication": "indirect",
        "entities": [],
    }
    async with served_shop(tmp_path, **changes) as (served, server):
        answer = await served.api("POST", MESSAGES, json=message())
        codes = [each["code"] for each in problem(answer, 422, "invalid")["faults"]]
        assert codes == ["C702", "C702"]
        good = await served.api("POST", MESSAGES, json={"template": {"text": "Bread"}})
        assert good.status_code == 202
        await served.settled()
        assert json.loads(server.requests[0].body) == {"text": "Bread"}
