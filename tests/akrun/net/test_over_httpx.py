import gzip
import ssl

import httpx
import pytest

from akrun.net.client import HttpClient
from akrun.net.failures import HttpFailure
from akrun.net.guard import Guard
from akrun.net.message import Request
from akrun.net.over_httpx import GuardedTransport
from akrun.net.pool import Connections
from tests.akrun.http_server import Reply, serve

LOOPBACK = Guard(["127.0.0.0/8"])


async def failure(request: Request, answer: httpx.MockTransport) -> HttpFailure:
    async with HttpClient(answer) as client:
        with pytest.raises(HttpFailure) as caught:
            await client.send(request)
    return caught.value


# ----------------------------------------------------------------- a transport of httpx, our client


async def test_any_transport_of_httpx_can_be_used() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204, headers=[("X-A", "1"), ("x-a", "2")])

    async with HttpClient(httpx.MockTransport(answer)) as client:
        response = await client.send(Request("post", "https://me:pw@h/x?y#z", {"X-Key": "k"}, b"body"))
        assert client.connections == Connections(0, 0, 0)
    assert (response.status, response.headers["x-a"]) == (204, "1, 2")
    [request] = seen
    assert (request.method, str(request.url), request.content) == ("POST", "https://h/x?y", b"body")
    assert request.headers["x-key"] == "k"
    assert request.headers["host"] == "h"
    assert request.headers["authorization"] == "Basic bWU6cHc="


async def test_its_own_network_transport_works_too() -> None:
    body = gzip.compress(b"hello" * 1000)
    async with (
        serve(Reply(headers={"Content-Encoding": "gzip"}, body=body)) as server,
        HttpClient(httpx.AsyncHTTPTransport()) as client,
    ):
        assert (await client.send(Request("GET", server.url))).body == b"hello" * 1000
        with pytest.raises(HttpFailure, match="larger than 4999 bytes"):
            await client.send(Request("GET", server.url, max_response=4999))
        assert (await client.send(Request("HEAD", server.url, max_response=1))).body == b""


async def test_a_body_may_come_whole() -> None:
    whole = httpx.MockTransport(lambda _: httpx.Response(200, content=b"12345"))
    async with HttpClient(whole) as client:
        assert (await client.send(Request("GET", "http://h/", max_response=5))).body == b"12345"
    assert (await failure(Request("GET", "http://h/", max_response=4), whole)).kind == "too_large"


@pytest.mark.parametrize(
    ("error", "kind", "sent"),
    [
        (httpx.ConnectError("no route"), "connection", False),
        (httpx.ConnectTimeout("slow"), "timeout", False),
        (httpx.PoolTimeout("full"), "timeout", False),
        (httpx.LocalProtocolError("bad"), "connection", False),
        (httpx.ReadError("reset"), "connection", True),
        (httpx.ReadTimeout("slow"), "timeout", True),
        (httpx.RemoteProtocolError("garbage"), "connection", True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
async def test_its_errors_become_failures(error: httpx.HTTPError, kind: str, *, sent: bool) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    found = await failure(Request("GET", "http://h/x?key=secret"), httpx.MockTransport(answer))
    assert (found.kind, found.sent, found.retryable) == (kind, sent, True)
    assert "http://h/x" in found.message
    assert "secret" not in found.message


async def test_an_untrusted_certificate_is_a_tls_failure() -> None:
    def handshake(_: httpx.Request) -> httpx.Response:
        cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
        cause.verify_message = "self-signed certificate"
        raise httpx.ConnectError("failed") from cause

    found = await failure(Request("GET", "https://h/"), httpx.MockTransport(handshake))
    assert (found.kind, found.sent, found.retryable) == ("tls", False, False)
    assert found.message == "TLS with https://h/ failed: self-signed certificate"


# ------------------------------------------------------------------ our connections, httpx's client


async def test_a_client_of_httpx_may_use_the_guard() -> None:
    reply = Reply(headers={"Content-Encoding": "gzip", "Set-Cookie": "a=1"}, body=gzip.compress(b"hello"))
    async with serve(reply) as server:
        async with httpx.AsyncClient(transport=GuardedTransport(LOOPBACK), trust_env=False) as client:
            response = await client.post(server.url, json={"a": 1}, headers={"X-Key": "k"})
            assert (response.status_code, response.text) == (200, "hello")
            assert client.cookies["a"] == "1"
            await client.get(server.url)
        assert server.connections == 1
    got = server.requests[0]
    assert (got.method, got.body, got.headers["x-key"]) == ("POST", b'{"a":1}', "k")
    assert got.headers["accept-encoding"] == "gzip, deflate"
    assert got.headers["content-type"] == "application/json"


async def test_and_is_refused_what_the_guard_refuses() -> None:
    async with serve() as server:
        async with httpx.AsyncClient(transport=GuardedTransport(Guard()), trust_env=False) as client:
            with pytest.raises(httpx.ConnectError, match=r"127\.0\.0\.1 is this machine"):
                await client.get(server.url)
        assert server.connections == 0


async def test_a_redirect_that_httpx_follows_is_checked_again() -> None:
    async with serve(Reply(status=302, headers={"Location": "http://10.0.0.1/"})) as server:
        transport = GuardedTransport(LOOPBACK)
        async with httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=True) as client:
            with pytest.raises(httpx.ConnectError, match=r"10\.0\.0\.1 is in a private network"):
                await client.get(server.url)


async def test_limits_and_deadlines_hold_there_too() -> None:
    async with serve(Reply(body=b"x" * 100)) as server:
        transport = GuardedTransport(LOOPBACK, limit=99)
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            with pytest.raises(httpx.RemoteProtocolError, match="larger than 99 bytes"):
                await client.get(server.url)
    transport = GuardedTransport(LOOPBACK)
    async with (
        serve(Reply(hang=True)) as server,
        httpx.AsyncClient(transport=transport, trust_env=False) as client,
    ):
        with pytest.raises(httpx.ReadTimeout, match=r"within 0\.05 s"):
            await client.get(server.url, timeout=0.05)
