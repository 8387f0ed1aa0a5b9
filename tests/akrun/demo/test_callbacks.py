"""What the demo gateway and its board tell: by signed callbacks until they are taken, and when asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from akrun.demo.callbacks import CALLBACK_KEY, sign
from akrun.demo.gateway import Gateway, running_gateway
from tests.akrun.http_server import HttpServer, Reply, serve


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with running_gateway() as running:
        yield running


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"X-Api-Key": gateway.api_key}
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers, trust_env=False) as opened:
        yield opened


async def send(client: httpx.AsyncClient, ending: str, callback_url: str | None) -> None:
    message = {"id": f"m-{ending}", "to": f"+49151123456{ending}", "from": "Bakery", "text": "Hello"}
    if callback_url is not None:
        message["callback_url"] = callback_url
    assert (await client.post("/v1/messages", json=message)).status_code == 200


async def arrived(server: HttpServer, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(120):
        while len(server.requests) < count:  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.01)
    return [json.loads(request.body) for request in server.requests]


async def final(client: httpx.AsyncClient, path: str, pending: tuple[str, ...]) -> dict[str, Any]:
    async with asyncio.timeout(120):
        while (answer := (await client.get(path)).json())["status"] in pending:  # noqa: ASYNC110 - it is asked
            await asyncio.sleep(0.01)
    return dict(answer)


@pytest.mark.parametrize(
    ("ending", "report"),
    [
        ("01", {"id": "m-01", "status": "delivered"}),
        ("84", {"id": "m-84", "status": "undelivered", "reason": "expired: the handset was off"}),
    ],
)
async def test_a_report_is_a_signed_callback(
    gateway: Gateway, client: httpx.AsyncClient, ending: str, report: dict[str, Any]
) -> None:
    async with serve(Reply(status=202)) as server:
        await send(client, ending, f"{server.url}/callback")
        assert await arrived(server, 1) == [report]
        [request] = server.requests
        stamp = request.headers["x-timestamp"]
        assert request.headers["x-signature"] == sign(CALLBACK_KEY, stamp, request.body)
        assert (request.method, request.target) == ("POST", "/callback")
        await asyncio.sleep(0.05)
        assert gateway.deliveries.stats()[report["status"]] == 1


@pytest.mark.parametrize(("ending", "status"), [("85", "delivered"), ("90", "undelivered")])
async def test_other_reports_are_for_those_who_ask(
    gateway: Gateway, client: httpx.AsyncClient, ending: str, status: str
) -> None:
    async with serve(Reply()) as server:
        await send(client, ending, server.url)
        assert (await client.get(f"/v1/messages/m-{ending}")).json()["status"] == "pending"
        assert (await final(client, f"/v1/messages/m-{ending}", ("pending",)))["status"] == status
        assert server.requests == []
    assert gateway.deliveries.stats()[status] == 1
    assert (await client.get("/v1/messages/m-0")).status_code == 404


async def test_a_callback_is_repeated_until_it_is_taken(gateway: Gateway, client: httpx.AsyncClient) -> None:
    async with serve(Reply(status=503), Reply(raw=b""), Reply(status=204)) as server:
        await send(client, "01", server.url)
        reports = await arrived(server, 3)
        assert reports == [reports[0]] * 3
        await asyncio.sleep(0.3)
        assert len(server.requests) == 3
    assert gateway.deliveries.stats()["callbacks"] == 1


async def test_a_repeated_message_is_reported_once(client: httpx.AsyncClient) -> None:
    async with serve(Reply()) as server:
        for _ in range(3):
            await send(client, "01", server.url)
        await arrived(server, 1)
        await asyncio.sleep(0.3)
        assert len(server.requests) == 1


def notice(server: HttpServer, **changes: str) -> dict[str, str]:
    given = {"id": "n-1", "board": "Square", "title": "Brief", "text": "Bread", "callback_url": server.url}
    return given | changes


async def test_a_notice_is_reviewed_posted_and_taken_down(
    gateway: Gateway, client: httpx.AsyncClient
) -> None:
    async with serve(Reply()) as server:
        refused = await client.post("/v1/posts", json=notice(server))
        assert (refused.status_code, refused.json()["status"]) == (403, "refused")
        assert (await client.post("/v1/reviews", json=notice(server))).status_code == 202
        assert await arrived(server, 1) == [{"kind": "review", "id": "n-1", "status": "approved"}]
        assert (await client.post("/v1/posts", json=notice(server))).status_code == 201
        assert (await arrived(server, 2))[1] == {"kind": "post", "id": "n-1", "status": "published"}
        removed = await final(client, "/v1/posts/n-1", ("accepted", "published"))
        assert removed == {"id": "n-1", "status": "removed", "reason": "taken down by the board"}
        assert (await client.delete("/v1/posts/n-1")).json()["status"] == "stopped"
    assert gateway.board.stats() == {
        "approved": 1, "rejected": 0, "published": 0, "removed": 0, "stopped": 1,
    }  # fmt: skip


async def test_a_shouting_notice_does_not_pass(client: httpx.AsyncClient) -> None:
    async with serve(Reply()) as server:
        await client.post("/v1/reviews", json=notice(server, text="Bread!!!"))
        assert await arrived(server, 1) == [
            {"kind": "review", "id": "n-1", "status": "rejected", "reason": "it shouts"}
        ]
        assert (await client.post("/v1/posts", json=notice(server, text="Bread!!!"))).status_code == 403


async def test_unknown_and_faulty_notices_are_told(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/posts/n-1")).status_code == 404
    assert (await client.delete("/v1/posts/n-1")).status_code == 404
    answer = await client.post("/v1/reviews", json={"id": "n-1"})
    assert (answer.status_code, answer.json()["reason"]) == (400, "board: Field required")
    assert (await client.get("/v1/posts/n-1", headers={"X-Api-Key": "wrong"})).status_code == 401
