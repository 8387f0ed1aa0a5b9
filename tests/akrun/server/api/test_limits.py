"""Bounds on requests, and errors that nobody foresaw."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from akrun.server.api import body as bodies
from akrun.server.api import spool
from akrun.server.api.app import make_app
from tests.akrun.server.api.scene import KEY, MESSAGES, mailing, message, problem, served_shop, setting
from tests.akrun.server.scene import TOKEN

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
async def test_bodies_have_a_limit(tmp_path: Path, *, chunked: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100

    async with served_shop(tmp_path, settings=setting(api_body_limit=1024)) as (served, _):
        content: Any = chunks() if chunked else b" " * 1025
        answer = await served.api("POST", MESSAGES, content=content, headers=JSON)
        assert problem(answer, 413, "too_large")["detail"] == "the body is larger than 1,024 bytes"
        assert (await served.api("POST", MESSAGES, json=message())).status_code == 202


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"profile": ' + b"[" * 500 + b"]" * 500 + b"}",
        b"1" * 5000,
        b'{"profile": {"id": 1e999}}',
        b'{"profile": {"id": 1}, "profile": {"id": 2}}',
        b'{"profile": {"id": "\\ud800"}}',
        b'{"profile": {"id": NaN}}',
        b"\xff\xfe",
        b"",
        b"  ",
        b"{",
        b'"\x00"',
    ],
    ids=[
        "lists",
        "objects",
        "inside",
        "digits",
        "infinite",
        "twice",
        "surrogate",
        "nan",
        "encoding",
        "empty",
        "blank",
        "open",
        "control",
    ],
)
@pytest.mark.parametrize("path", [MESSAGES, "/api/mailings", "/api/channels/shop/entities/folder/list"])
async def test_what_is_no_json_is_told_as_such(tmp_path: Path, path: str, content: bytes) -> None:
    async with served_shop(tmp_path) as (served, _):
        answer = await served.api("POST", path, content=content, headers=JSON)
        [fault] = problem(answer, 422, "invalid")["faults"]
        assert fault["code"].startswith("C1")
        assert fault["file"] == "<body>"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
    ids=["none", "text", "form", "gzip"],
)
async def test_bodies_are_plain_json(tmp_path: Path, headers: dict[str, str]) -> None:
    async with served_shop(tmp_path) as (served, _):
        answer = await served.api("POST", MESSAGES, content=json.dumps(message()), headers=headers)
        problem(answer, 415, "media_type")


@pytest.mark.parametrize(
    ("path", "module", "headers"),
    [
        (MESSAGES, bodies, JSON),
        ("/api/mailings/5/launch", spool, {"Content-Type": "application/jsonl"}),
    ],
    ids=["json", "audience"],
)
async def test_a_body_that_does_not_come_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, module: Any, headers: dict[str, str]
) -> None:
    monkeypatch.setattr(module, "BODY_TIMEOUT", 0.05)
    async with served_shop(tmp_path) as (served, _):
        await served.api("POST", "/api/mailings", json=mailing())
        lines = {"Host": "x", "Authorization": f"Bearer {TOKEN}", "Content-Length": "100", **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.rpartition(":")[2]))
        writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + b"{")
        async with asyncio.timeout(120):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert b'"code":"timeout"' in answer
        writer.close()
        await writer.wait_closed()


async def test_requests_at_once_are_bounded(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        app = make_app(served.app.state.api, requests=1)
        begun, go = asyncio.Event(), asyncio.Event()

        async def slow(_: str) -> list[Any]:
            begun.set()
            await go.wait()
            return []

        served.backend.history = slow  # type: ignore[assignment, method-assign]
        transport = httpx.ASGITransport(app)
        headers = {"Authorization": f"Bearer {served.control.token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers) as client:
            first = asyncio.create_task(client.get("/api/profiles/p1/history"))
            await begun.wait()
            refused = await client.get("/api/channels")
            problem(refused, 503, "busy")
            assert (await client.get("/health/live")).status_code == 200
            go.set()
            assert (await first).status_code == 200
            assert (await client.get("/api/channels")).status_code == 200


async def test_a_fault_of_the_program_gives_nothing_away_and_is_logged(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):

        async def broken() -> Any:
            raise RuntimeError(f"inside {KEY}")

        served.backend.report = broken  # type: ignore[assignment, method-assign]
        answer = await served.api("GET", "/api/reports", headers={"X-Request-Id": "mine-1"})
        found = problem(answer, 500, "internal")
        assert found["request_id"] == "mine-1"
        assert "inside" not in answer.text
        [record] = [each for each in served.log if each.prefix == "api"]
        assert record.message == "request mine-1: unexpected RuntimeError"
        assert record.traceback is not None
        assert "inside ***" in record.traceback
        assert KEY not in record.traceback
        assert (await served.api("GET", "/api/channels")).status_code == 200


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "é"])
async def test_request_ids_of_clients_are_plain_or_replaced(tmp_path: Path, given: str) -> None:
    async with served_shop(tmp_path) as (served, _):
        answer = await served.client.get("/health/live", headers={b"X-Request-Id": given.encode()})
        assert answer.headers["x-request-id"] != given
        assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/api", 404, "not_found"),
        ("GET", "/api/nothing", 404, "not_found"),
        ("GET", "/api/channels/", 404, "not_found"),
        ("GET", "/api/mailings/5/pause", 405, "method_not_allowed"),
        ("PUT", "/api/mailings", 405, "method_not_allowed"),
        ("DELETE", "/health/live", 405, "method_not_allowed"),
    ],
)
async def test_unknown_addresses_and_methods_are_problems_too(
    tmp_path: Path, method: str, path: str, status: int, code: str
) -> None:
    async with served_shop(tmp_path) as (served, _):
        answer = await served.api(method, path)
        problem(answer, status, code)


async def test_the_methods_of_an_address_are_told(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        for path, allowed in (("/api/mailings", "GET, POST"), ("/api/dead-letters/1", "DELETE, GET")):
            answer = await served.api("PUT", path)
            assert problem(answer, 405, "method_not_allowed")["hint"] == f"taken: {allowed}"
            assert answer.headers["allow"] == allowed
