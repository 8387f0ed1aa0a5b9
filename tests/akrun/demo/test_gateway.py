"""The demo gateway, asked over real HTTP."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from akrun.demo.gateway import MAX_BODY, Gateway, running_gateway

TEXT = "Hello, Zoë!"


def message(**changes: Any) -> dict[str, Any]:
    return {"id": "m-1", "to": "+4915112345601", "from": "Bakery", "text": TEXT} | changes


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with running_gateway() as running:
        yield running


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"X-Api-Key": gateway.api_key}
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers, trust_env=False) as opened:
        yield opened


async def stats(client: httpx.AsyncClient) -> dict[str, int]:
    counts: dict[str, int] = (await client.get("/v1/stats")).json()
    return {name: count for name, count in counts.items() if count}


async def test_a_valid_message_is_accepted_and_kept(client: httpx.AsyncClient) -> None:
    sent = message(category="news", attachments=[{"url": "https://example.com/a", "title": "Menu"}])
    reply = await client.post("/v1/messages", json=sent)
    assert (reply.status_code, reply.json()) == (200, {"status": "accepted", "id": "m-1", "segments": 1})
    kept = (await client.get("/v1/messages")).json()["messages"]
    assert kept == [{"outcome": "accepted", "message": sent, "answer": reply.json()}]
    assert await stats(client) == {"received": 1, "accepted": 1, "ids": 1}


@pytest.mark.parametrize(
    ("ending", "status", "outcome", "counted"),
    [
        ("94", 200, "accepted", "accepted"),
        ("95", 200, "undeliverable", "undeliverable"),
        ("96", 200, "undeliverable", "undeliverable"),
        ("97", 400, "rejected", "rejected"),
        ("98", 500, "failed", "failed"),
        ("99", 429, "throttled", "throttled"),
    ],
)
async def test_the_number_decides(
    client: httpx.AsyncClient,
    ending: str,
    status: int,
    outcome: str,
    counted: str,
) -> None:
    reply = await client.post("/v1/messages", json=message(to=f"+49151123456{ending}"))
    assert (reply.status_code, reply.json()["status"]) == (status, outcome)
    assert ("retry-after" in reply.headers) == (status == 429)
    assert (await stats(client))[counted] == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": "015112345678"}, "bad_number"),
        ({"to": "+12"}, "bad_number"),
        ({"to": "+4915112345601\n"}, "bad_number"),
        ({"to": 4915112345601}, "bad_request"),
        ({"from": "a name too long"}, "bad_sender"),
        ({"text": " \n"}, "empty_text"),
        ({"text": "ж" * 671}, "too_long"),
        ({"id": ""}, "bad_request"),
        ({"attachments": [{"url": "ftp://example.com", "title": "x"}]}, "bad_request"),
        ({"attachments": [{"url": "https://example.com"}]}, "bad_request"),
        ({"priority": 1}, "bad_request"),
    ],
)
async def test_a_faulty_message_is_rejected(
    client: httpx.AsyncClient,
    changes: dict[str, Any],
    code: str,
) -> None:
    reply = await client.post("/v1/messages", json=message(**changes))
    body = reply.json()
    assert (reply.status_code, body["status"], body["code"]) == (400, "rejected", code)
    assert body["reason"].startswith(next(iter(changes)))
    assert (await stats(client))["rejected"] == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"\xff"', b'{"id": "\\ud800"}'])
async def test_a_body_that_is_no_message_is_rejected(client: httpx.AsyncClient, content: bytes) -> None:
    reply = await client.post("/v1/messages", content=content, headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["code"]) == (400, "bad_request")


async def test_wrong_content_type_and_oversize_are_refused_and_counted(client: httpx.AsyncClient) -> None:
    form = await client.post("/v1/messages", data={"id": "m-1"})
    assert (form.status_code, form.json()["code"]) == (415, "bad_content_type")
    large = await client.post("/v1/messages", json=message(text="x" * MAX_BODY))
    assert (large.status_code, large.json()["code"]) == (413, "too_large")
    assert await stats(client) == {"received": 2, "rejected": 2}


@pytest.mark.parametrize("key", ["", "demo-keys", "wrong"])
async def test_a_wrong_key_is_refused_everywhere(
    gateway: Gateway,
    client: httpx.AsyncClient,
    key: str,
) -> None:
    for method, path in (("POST", "/v1/messages"), ("GET", "/v1/messages"), ("GET", "/v1/stats")):
        reply = await client.request(method, path, headers={"X-Api-Key": key})
        assert (reply.status_code, reply.json()["code"]) == (401, "bad_key")
    counts = gateway.ledger.stats()
    assert (counts["received"], counts["unauthorized"]) == (0, 3)


@pytest.mark.parametrize("ending", ["01", "96", "97"])
async def test_a_repeated_message_gets_its_first_answer(client: httpx.AsyncClient, ending: str) -> None:
    sent = message(to=f"+49151123456{ending}")
    first = await client.post("/v1/messages", json=sent)
    again = await client.post("/v1/messages", json=sent)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert await stats(client) == {"received": 2, first.json()["status"]: 1, "duplicates": 1, "ids": 1}


async def test_an_id_in_use_is_refused_for_another_message(client: httpx.AsyncClient) -> None:
    await client.post("/v1/messages", json=message())
    reply = await client.post("/v1/messages", json=message(text="Something else"))
    assert (reply.status_code, reply.json()["code"]) == (409, "id_conflict")
    kept = (await client.get("/v1/messages")).json()["messages"]
    assert [entry["message"]["text"] for entry in kept] == [TEXT]


async def test_a_rejected_message_can_be_corrected(client: httpx.AsyncClient) -> None:
    await client.post("/v1/messages", json=message(text=""))
    reply = await client.post("/v1/messages", json=message())
    assert reply.json()["status"] == "accepted"


async def test_a_throttled_message_is_judged_anew(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        await client.post("/v1/messages", json=message(to="+4915112345699"))
    assert await stats(client) == {"received": 2, "throttled": 2}


async def test_the_list_can_be_narrowed_to_an_outcome(client: httpx.AsyncClient) -> None:
    for number, ending in enumerate(("01", "96", "97")):
        await client.post("/v1/messages", json=message(id=f"m-{number}", to=f"+49151123456{ending}"))
    entries = (await client.get("/v1/messages", params={"outcome": "undeliverable"})).json()["messages"]
    assert [entry["message"]["id"] for entry in entries] == ["m-1"]


async def test_settled_messages_are_appended_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "gateway.jsonl"
    for number in range(2):
        async with running_gateway(log=log) as running, httpx.AsyncClient(trust_env=False) as client:
            headers = {"X-Api-Key": running.api_key}
            await client.post(running.messages_url, json=message(id=f"m-{number}"), headers=headers)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(line["message"]["id"], line["outcome"]) for line in lines] == [
        ("m-0", "accepted"),
        ("m-1", "accepted"),
    ]


def test_the_command_prints_its_address_first_and_stops_on_sigint() -> None:
    command = [sys.executable, "-c", "from akrun.demo.gateway import serve; serve(api_key='k')"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            reply = httpx.post(url, json=message(), headers={"X-Api-Key": "k"}, trust_env=False)
            assert reply.json()["status"] == "accepted"
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        finally:
            process.kill()
