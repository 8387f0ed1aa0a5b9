"""The listener over real HTTP: what it takes, what it refuses, what enters the pipeline."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from akrun.backend import NewJob
from akrun.engine.payload import decode_payload
from akrun.errors import AkrunError, FileFaults
from akrun.server import http as bounded
from akrun.server import request as reading
from tests.akrun.server.scene import Serving, direct_channel

KEY = "a-shared-key"
DEDUPE = "${origin.headers['x-id']}"
BODY = b'{"id": "m-1"}'


def serving(folder: Path, **listener: Any) -> Serving:
    return Serving(folder, direct_channel(listener=listener))


def origins(served: Serving) -> list[dict[str, Any]]:
    """`$origin` of each callback from now on."""
    seen: list[dict[str, Any]] = []
    enqueue = served.backend.enqueue

    async def noting(jobs: Sequence[NewJob]) -> int:
        seen.extend(decode_payload(job.payload) for job in jobs)
        return await enqueue(jobs)

    served.backend.enqueue = noting  # type: ignore[method-assign]
    return seen


def hexed(body: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(KEY.encode(), body, algorithm).hexdigest()


async def test_a_callback_runs_the_pipeline(tmp_path: Path) -> None:
    async with serving(tmp_path).run() as served:
        answer = await served.call()
        assert (answer.status_code, answer.content) == (200, b"")
        assert await served.settled() == {"done": 1, "failed": 0}
        assert await served.events("m-1") == ["deliv"]


async def test_a_callback_is_kept_before_it_is_answered(tmp_path: Path) -> None:
    order: list[str] = []
    async with serving(tmp_path).run() as served:
        enqueue = served.backend.enqueue

        async def slow(jobs: Sequence[NewJob]) -> int:
            await asyncio.sleep(0.05)
            kept = await enqueue(jobs)
            order.append("kept")
            return kept

        served.backend.enqueue = slow  # type: ignore[method-assign]
        await served.call()
        order.append("answered")
    assert order == ["kept", "answered"]


async def test_what_was_accepted_runs_in_the_next_process(tmp_path: Path) -> None:
    channel = direct_channel()
    first = Serving(tmp_path, channel)
    async with first.run() as served:
        await served.backend.enqueue(
            [
                NewJob(
                    "late",
                    "chat",
                    "listener",
                    None,
                    b'{"body": {"$bytes": "eyJpZCI6ICJtLTEifQ=="}}',
                    time.time() + 0.5,
                )
            ]
        )
    async with Serving(tmp_path, channel).run() as again:
        assert await again.settled() == {"done": 1, "failed": 0}
        assert await again.events("m-1") == ["deliv"]


async def test_origin_is_the_whole_request(tmp_path: Path) -> None:
    async with serving(tmp_path, methods=["PUT"]).run() as served:
        seen = origins(served)
        await served.client.put(
            "/listen/chat/deep/er?a=1&b=2&b=%C3%A9",
            content=b"x=1&y=%2B",
            headers={"Content-Type": "application/x-www-form-urlencoded", "X-Two": "Value"},
        )
    [origin] = seen
    headers = origin.pop("headers")
    assert origin == {
        "method": "PUT",
        "path": "/listen/chat/deep/er",
        "query": {"a": "1", "b": ["2", "é"]},
        "body": b"x=1&y=%2B",
        "form": {"x": "1", "y": "+"},
        "remote": "127.0.0.1",
    }
    assert headers["x-two"] == "Value"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
async def test_other_methods_are_refused(tmp_path: Path, method: str) -> None:
    async with serving(tmp_path).run() as served:
        answer = await served.client.request(method, "/listen/chat")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert await served.settled() == {"done": 0, "failed": 0}


async def test_no_channel_listens_elsewhere(tmp_path: Path) -> None:
    async with serving(tmp_path).run() as served:
        assert (await served.client.post("/listen/other")).status_code == 404
        assert (await served.client.post("/")).status_code == 404


async def test_the_shared_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_SECRET", KEY)
    async with serving(
        tmp_path, secret_header={"name": "X-Secret", "value": "env:CHAT_SECRET"}
    ).run() as served:
        seen = origins(served)
        for headers in ({}, {"X-Secret": ""}, {"X-Secret": KEY[:-1]}, {"X-Secret": f"{KEY}x"}):
            answer = await served.call(headers=headers)
            assert answer.status_code == 401
            assert KEY not in answer.text
        assert (await served.call(headers={"X-Secret": KEY})).status_code == 200
        assert await served.settled() == {"done": 1, "failed": 0}
    assert [origin["headers"]["x-secret"] for origin in seen] == ["***"]


async def test_a_secret_that_is_nowhere_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(AkrunError, match=r"listener\.signature\.secret: .*NO_SUCH"):
        async with serving(tmp_path, signature={"header": "X-S", "secret": "env:NO_SUCH"}).run():
            pass


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
async def test_signatures(tmp_path: Path, algorithm: str, encoding: str) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    signature = {
        "header": "X-Signature",
        "secret": "file:key",
        "algorithm": algorithm,
        "encoding": encoding,
        "prefix": "v1=",
    }
    digest = hmac.digest(KEY.encode(), BODY, getattr(hashlib, algorithm))
    good = "v1=" + (digest.hex() if encoding == "hex" else base64.b64encode(digest).decode())
    async with serving(tmp_path, signature=signature).run() as served:
        bad = ["", good[3:], good[:-2], good + "00", "v1=", "v1=é", "v1=zz", hexed(BODY)]
        for text in bad:
            answer = await served.call(BODY, headers={"X-Signature": text.encode("latin-1")})
            assert answer.status_code == 401
        assert (await served.call(BODY + b" ", headers={"X-Signature": good})).status_code == 401
        assert (await served.call(BODY, headers={"X-Signature": good})).status_code == 200
        assert await served.settled() == {"done": 1, "failed": 0}


@pytest.mark.parametrize(
    ("age", "status"), [(0, 200), (-50, 200), (50, 200), (70, 403), (-70, 403), (None, 401)]
)
async def test_the_time_of_sending(tmp_path: Path, age: int | None, status: int) -> None:
    signature = {"header": "X-S", "secret": KEY, "timestamp_header": "X-T", "tolerance": 60}
    stamp = "" if age is None else str(int(time.time()) - age)
    headers = {"X-S": hexed(stamp.encode() + b"." + BODY), **({"X-T": stamp} if stamp else {})}
    if age is None:
        headers["X-S"] = hexed(BODY)
    async with serving(tmp_path, signature=signature).run() as served:
        assert (await served.call(BODY, headers=headers)).status_code == status
        headers["X-T"] = str(int(time.time()))
        if age:
            assert (await served.call(BODY, headers=headers)).status_code == 401  # the HMAC covers the time


async def test_large_bodies_are_refused_at_once(tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 10

    async with serving(tmp_path, body_limit=100).run() as served:
        assert (await served.call(b"x" * 101)).status_code == 413
        answer = await served.client.post("/listen/chat", content=chunks())
        assert (answer.status_code, answer.headers["connection"]) == (413, "close")
        assert await served.settled() == {"done": 0, "failed": 0}
        assert (await served.call(b" " * 87 + BODY)).status_code == 200


async def test_a_repeated_callback_enters_once(tmp_path: Path) -> None:
    async with serving(tmp_path, dedupe=DEDUPE).run() as served:
        calls = [served.call(headers={"X-Id": str(number % 3)}) for number in range(12)]
        assert {answer.status_code for answer in await asyncio.gather(*calls)} == {200}
        assert await served.settled() == {"done": 3, "failed": 0}


async def test_a_callback_that_cannot_be_told_apart_enters_all_the_same(tmp_path: Path) -> None:
    async with serving(tmp_path, dedupe=DEDUPE).run() as served:
        assert [(await served.call()).status_code for _ in range(2)] == [200, 200]
        assert await served.settled() == {"done": 2, "failed": 0}
        assert "listener.dedupe" in served.log[0].message


async def test_a_challenge_is_echoed(tmp_path: Path) -> None:
    reply = {
        "status": 202,
        "headers": {"X-Echo": "$origin.query.c"},
        "body": {"challenge": "$origin.query.c"},
    }
    async with serving(tmp_path, reply=reply).run() as served:
        answer = await served.client.post("/listen/chat?c=42", content=BODY)
        assert (answer.status_code, answer.json(), answer.headers["x-echo"]) == (
            202,
            {"challenge": "42"},
            "42",
        )
        assert answer.headers["content-type"] == "application/json"
        answer = await served.client.post("/listen/chat?c=a%0D%0AX-Evil:1", content=BODY)
        assert (answer.status_code, "x-evil" in answer.headers) == (200, False)


async def test_a_text_is_answered_and_a_failing_reply_loses_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, reply={"body": "ok ${origin.query.c}"}).run() as served:
        answer = await served.client.post("/listen/chat?c=1", content=BODY)
        assert (answer.text, answer.headers["content-type"]) == ("ok 1", "text/plain; charset=utf-8")
        answer = await served.call()
        assert (answer.status_code, answer.text) == (200, "")
        assert await served.settled() == {"done": 2, "failed": 0}
        assert "listener.reply" in served.log[0].message


async def test_faulty_templates_stop_the_start(tmp_path: Path) -> None:
    reply = {"headers": {"X": "$orign.x"}, "body": {"a": "${"}}
    with pytest.raises(FileFaults) as caught:
        async with serving(tmp_path, reply=reply, dedupe="${").run():
            pass
    assert len(caught.value.faults) == 3
    assert "channel.json:1:" in str(caught.value)


async def test_what_the_pipeline_cannot_use_goes_to_the_dead_letters(tmp_path: Path) -> None:
    async with serving(tmp_path).run() as served:
        assert (await served.call(b"{")).status_code == 200
        assert await served.settled() == {"done": 0, "failed": 1}
        [letter] = await served.backend.dead_letters()
        assert (letter.pipeline, letter.pipe, letter.channel) == ("listener", 1, "chat")
        assert b"$bytes" in letter.input


async def test_a_query_or_form_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    form = "&".join(f"f{number}=" for number in range(20_000)).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with serving(tmp_path).run() as served:
        assert (await served.client.post("/listen/chat?a=%FF", content=BODY)).status_code == 400
        assert (await served.call(form, headers=headers)).status_code == 400
        assert await served.settled() == {"done": 0, "failed": 0}


async def exchange(url: str, *parts: bytes, pause: float = 0.0) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:  # the server did not want the rest
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "head",
    [
        b"nonsense\r\n\r\n",
        b"POST /listen/chat HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /listen/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /listen/chat HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 300_000 + b"\r\n\r\n",
    ],
)
async def test_malformed_requests_are_refused(tmp_path: Path, head: bytes) -> None:
    async with serving(tmp_path).run() as served:
        answer = await exchange(served.url, head)
        assert answer == b"" or answer.split()[1] == b"400"
        assert await served.settled() == {"done": 0, "failed": 0}


async def test_a_head_that_does_not_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded.BoundedProtocol, "head_timeout", 0.2)
    async with serving(tmp_path).run() as served:
        assert await exchange(served.url, b"POST /listen/chat HTTP/1.1\r\nHost:") == b""
        assert await exchange(served.url) == b""
        first = b"POST /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
        assert b" 405 " in await exchange(served.url, first, b"GET /he")
        assert (await served.call()).status_code == 200


async def test_a_body_that_does_not_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BODY_TIMEOUT", 0.2)
    head = b"POST /listen/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
    async with serving(tmp_path).run() as served:
        assert b" 408 " in await exchange(served.url, head)
        assert await served.settled() == {"done": 0, "failed": 0}
