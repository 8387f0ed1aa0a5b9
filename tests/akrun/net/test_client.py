import asyncio
import gzip
import ssl
import zlib
from typing import Any

import httpx
import pytest

from akrun.net.client import HttpClient
from akrun.net.failures import HttpFailure
from akrun.net.message import Request
from tests.akrun.http_server import Reply, loopback_client, serve


async def failure(request: Request, client: HttpClient | None = None) -> HttpFailure:
    async with client or loopback_client() as used:
        with pytest.raises(HttpFailure) as caught:
            await used.send(request)
    assert caught.value.code == caught.value.kind
    return caught.value


async def test_a_request_goes_out_as_it_stands_and_the_response_comes_whole() -> None:
    reply = Reply(status=201, headers={"X-Kind": "Ä", "Set-Cookie": "session=1"}, body=b"hello")
    async with serve(reply) as server, loopback_client() as client:
        request = Request("post", f"{server.url}/a?b=1#c", {"X-Name": "Жук"}, b"body")
        response = await client.send(request)
        await client.send(Request("GET", server.url))
    assert (response.status, response.body) == (201, b"hello")
    assert response.headers["set-cookie"] == "session=1"
    assert response.elapsed > 0
    got = server.requests[0]
    assert (got.method, got.target, got.body) == ("POST", "/a?b=1", b"body")
    assert got.headers["x-name"] == "Жук"
    assert got.headers["content-length"] == "4"
    assert got.headers["user-agent"].startswith("akrun/")
    assert "cookie" not in server.requests[1].headers, "what one response sets must not reach another request"
    assert server.connections == 1, "the connection is kept"


async def test_userinfo_becomes_basic_authentication_and_is_not_sent_in_the_address() -> None:
    async with serve() as server, loopback_client() as client:
        await client.send(Request("GET", f"http://me:p%40ss@127.0.0.1:{server.port}/x"))
    assert server.requests[0].target == "/x"
    assert server.requests[0].headers["authorization"] == "Basic bWU6cEBzcw=="


async def test_the_environment_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with serve(Reply(body=b"direct")) as server, loopback_client() as client:
        assert (await client.send(Request("GET", server.url))).body == b"direct"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://example.com/", "scheme 'ftp' is not supported"),
        ("file:///etc/passwd", "scheme 'file' is not supported"),
        ("example.com/x", "URL without a scheme"),
        ("", "URL without a scheme"),
        ("http://", "names no host"),
        ("http://a\r\nHost: b/", "control character"),
        ("http://a/\x00", "control character"),
        ("http://a/\x7f", "control character"),
        ("http://a:port/", "not valid"),
        ("http://[bad/", "host is not valid"),
        ("http://a b/", "not valid"),
        ("http://[::1%25eth0]/", "not valid"),
        ("http://a/" + "x" * 70_000, "longer than"),
    ],
)
async def test_an_address_that_must_not_be_requested_is_refused(url: str, message: str) -> None:
    error = await failure(Request("GET", url))
    assert (error.kind, error.sent, error.retryable) == ("url", False, False)
    assert message in error.message


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"X": "a\r\nSet-Cookie: b"}, "value of header X contains a control character"),
        ({"X": "a\x00"}, "value of header X contains a control character"),
        ({"X Y": "a"}, "'X Y' is not a header name"),
        ({"": "a"}, "'' is not a header name"),
        ({"Ж": "a"}, "is not a header name"),
        ({"Content-Length": "3"}, "Content-Length is set by the client"),
        ({"transfer-encoding": "chunked"}, "set by the client"),
        ({"X": "\ud800"}, "is not text"),
    ],
)
async def test_a_header_that_must_not_be_sent_is_refused(headers: dict[str, str], message: str) -> None:
    async with serve() as server:
        error = await failure(Request("GET", server.url, headers))
        assert (error.kind, error.sent) == ("header", False)
        assert message in error.message
        assert server.connections == 0


async def test_a_method_that_is_no_token_is_refused() -> None:
    assert (await failure(Request("GET / HTTP/1.1", "http://127.0.0.1:1"))).kind == "header"


async def test_nobody_listens() -> None:
    async with serve() as server:
        closed = server.url
    error = await failure(Request("GET", f"{closed}/p?key=secret"))
    assert (error.kind, error.sent, error.retryable) == ("connection", False, True)
    assert error.message == f"cannot connect to {closed}: Connection refused"
    assert "secret" not in error.message


@pytest.mark.parametrize(
    "reply",
    [
        Reply(raw=b""),
        Reply(raw=b"\x15\x03\x01\x00\x02\x02\n nonsense\r\n\r\n"),
        Reply(body=b"0123456789", close_after=4),
        Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ],
    ids=["silence", "garbage", "half a body", "bad chunk"],
)
async def test_a_broken_exchange_is_a_connection_failure(reply: Reply) -> None:
    async with serve(reply) as server:
        error = await failure(Request("POST", server.url, content=b"x"))
    assert (error.kind, error.sent, error.retryable) == ("connection", True, True)
    assert "broke during the exchange" in error.message


@pytest.mark.parametrize(
    "reply",
    [Reply(hang=True), Reply(body=[b"x"] * 1000, pause=0.02)],
    ids=["no answer", "slow drip"],
)
async def test_the_deadline_covers_the_whole_exchange(reply: Reply) -> None:
    async with serve(reply) as server:
        error = await failure(Request("GET", f"{server.url}/slow", timeout=0.15))
    assert (error.kind, error.retryable) == ("timeout", True)
    assert error.message == f"no complete response from {server.url}/slow within 0.15 s"


async def test_the_deadline_covers_waiting_for_a_connection_and_the_place_is_passed_on() -> None:
    async with serve(Reply(hang=True), Reply(body=b"ok")) as server, loopback_client() as client:
        first = asyncio.create_task(client.send(Request("GET", server.url, timeout=0.5, pool_size=1)))
        await asyncio.sleep(0.05)
        with pytest.raises(HttpFailure, match="no complete response"):
            await client.send(Request("GET", server.url, timeout=0.05, pool_size=1))
        third = client.send(Request("GET", server.url, timeout=5, pool_size=1))
        assert (await third).body == b"ok"
        with pytest.raises(HttpFailure, match="no complete response"):
            await first
    assert len(server.requests) == 2


async def test_no_more_connections_than_the_pool_size_are_busy() -> None:
    async with serve(Reply(delay=0.01)) as server, loopback_client() as client:
        await asyncio.gather(*(client.send(Request("GET", server.url, pool_size=3)) for _ in range(12)))
    assert (server.most_at_once, server.connections) == (3, 3)


async def test_a_response_that_is_too_large_is_given_up() -> None:
    async with serve(Reply(body=b"x" * 100), Reply(body=[b"x" * 60, b"x" * 60])) as server:
        for _ in range(2):
            error = await failure(Request("GET", server.url, max_response=99))
            assert (error.kind, error.sent, error.retryable) == ("too_large", True, False)
            assert error.message == "the response's body is larger than 99 bytes"
        async with loopback_client() as client:
            assert len((await client.send(Request("GET", server.url, max_response=120))).body) == 120


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("gzip", gzip.compress(b"hello" * 50_000, mtime=0)),
        ("GZIP", gzip.compress(b"hello" * 25_000, mtime=0) + gzip.compress(b"hello" * 25_000, mtime=0)),
        ("deflate", zlib.compress(b"hello" * 50_000)),
        ("deflate", raw_deflate(b"hello" * 50_000)),
        ("deflate", zlib.compress(b"hello" * 50_000) + b"what follows the end is not read" * 1000),
        ("Identity", b"hello" * 50_000),
        (" ", b"hello" * 50_000),
    ],
)
@pytest.mark.parametrize("size", [7, 100_000])
async def test_bodies_are_decompressed(encoding: str, data: bytes, size: int) -> None:
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    async with (
        serve(Reply(headers={"Content-Encoding": encoding}, body=chunks)) as server,
        loopback_client() as client,
    ):
        assert (await client.send(Request("GET", server.url))).body == b"hello" * 50_000


async def test_a_compression_bomb_stops_at_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    async with serve(Reply(headers={"Content-Encoding": "gzip"}, body=bomb)) as server:
        assert (await failure(Request("GET", server.url, max_response=1_000_000))).kind == "too_large"


@pytest.mark.parametrize(
    ("encoding", "data", "message"),
    [
        ("gzip", b"not gzip", "not valid gzip"),
        ("gzip", gzip.compress(b"hello" * 999, mtime=0)[:-9], "not valid gzip"),
        ("br", b"x", "'br' is not supported"),
    ],
)
async def test_a_body_that_does_not_decode_is_a_failure(encoding: str, data: bytes, message: str) -> None:
    async with serve(Reply(headers={"Content-Encoding": encoding}, body=data)) as server:
        error = await failure(Request("GET", server.url))
    assert error.kind == "connection"
    assert message in error.message


async def test_an_untrusted_certificate_is_a_tls_failure() -> None:
    def handshake(_: httpx.Request) -> httpx.Response:
        cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
        cause.verify_message = "self-signed certificate"
        raise httpx.ConnectError("failed") from cause

    error = await failure(Request("GET", "https://h/"), HttpClient(httpx.MockTransport(handshake)))
    assert (error.kind, error.sent, error.retryable) == ("tls", False, False)
    assert error.message == "TLS with https://h/ failed: self-signed certificate"


async def test_a_server_that_speaks_no_tls_is_a_tls_failure() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        error = await failure(Request("GET", f"https://127.0.0.1:{port}/"))
    assert (error.kind, error.sent) == ("tls", False)


async def test_redirects_are_followed_only_when_asked_for() -> None:
    async with (
        serve(
            Reply(status=302, headers={"Location": "/next"}, body=b"moved"), Reply(body=b"there")
        ) as server,
        loopback_client() as client,
    ):
        assert (await client.send(Request("GET", server.url))).status == 302
    async with (
        serve(
            Reply(status=302, headers={"Location": "/next"}, body=b"moved"), Reply(body=b"there")
        ) as server,
        loopback_client() as client,
    ):
        response = await client.send(Request("GET", server.url, {"X-Key": "k"}, follow_redirects=True))
    assert (response.status, response.body) == (200, b"there")
    assert [request.target for request in server.requests] == ["/", "/next"]
    assert server.requests[1].headers["x-key"] == "k"


@pytest.mark.parametrize(
    ("status", "method", "then", "body"),
    [
        (301, "POST", "GET", b""),
        (302, "POST", "GET", b""),
        (303, "PUT", "GET", b""),
        (307, "POST", "POST", b"data"),
        (308, "PUT", "PUT", b"data"),
    ],
)
async def test_what_a_redirect_does_to_method_and_body(
    status: int, method: str, then: str, body: bytes
) -> None:
    async with (
        serve(Reply(status=status, headers={"Location": "/next"}), Reply()) as server,
        loopback_client() as client,
    ):
        sent = Request(method, server.url, {"Content-Type": "text/plain"}, b"data", follow_redirects=True)
        await client.send(sent)
    assert (server.requests[1].method, server.requests[1].body) == (then, body)
    assert ("content-type" in server.requests[1].headers) == bool(body)


async def test_credentials_do_not_cross_origins() -> None:
    async with serve() as other, serve(Reply(status=302, headers={"Location": other.url})) as server:
        headers = {"Authorization": "Bearer t", "X-Api-Key": "k", "Cookie": "c=1", "Accept": "text/html"}
        async with loopback_client() as client:
            await client.send(Request("GET", server.url, headers, follow_redirects=True))
    got = other.requests[0].headers
    assert {"authorization", "x-api-key", "cookie"} & got.keys() == set()
    assert got["accept"] == "text/html"
    assert got["host"] == f"127.0.0.1:{other.port}"


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("file:///etc/passwd", "scheme 'file'"),
        ("http://[bad/", "not valid"),
        ("/again", "more than 10 redirects"),
    ],
)
async def test_a_redirect_nowhere_is_a_failure(location: str, message: str) -> None:
    async with serve(Reply(status=302, headers={"Location": location})) as server:
        error = await failure(Request("GET", server.url, follow_redirects=True))
    assert (error.kind, error.sent) == ("redirect", True)
    assert message in error.message


async def test_a_body_is_not_redirected_to_another_origin() -> None:
    async with serve() as other, serve(Reply(status=307, headers={"Location": other.url})) as server:
        error = await failure(Request("POST", server.url, content=b"secret", follow_redirects=True))
        assert (error.kind, other.requests) == ("redirect", [])


async def test_a_head_request_has_no_body_whatever_it_declares() -> None:
    async with serve(Reply(body=b"x" * 500)) as server, loopback_client() as client:
        response = await client.send(Request("HEAD", server.url, max_response=10))
    assert (response.body, response.headers["content-length"]) == (b"", "500")


async def test_a_transport_may_give_the_body_whole_and_have_deadlines_of_its_own() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/slow":
            raise httpx.ReadTimeout("slow")
        return httpx.Response(200, content=b"12345")

    async with HttpClient(httpx.MockTransport(answer)) as client:
        assert (await client.send(Request("GET", "http://h/", max_response=5))).body == b"12345"
        with pytest.raises(HttpFailure, match="larger than 4 bytes"):
            await client.send(Request("GET", "http://h/", max_response=4))
        with pytest.raises(HttpFailure, match="the connection to http://h/slow timed out") as caught:
            await client.send(Request("GET", "http://h/slow"))
    assert (caught.value.kind, caught.value.sent, caught.value.retryable) == ("timeout", True, True)


async def test_the_transport_is_exchangeable() -> None:
    seen: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    async with HttpClient(httpx.MockTransport(answer)) as client:
        assert (await client.send(Request("GET", "https://h/"))).status == 204
    assert str(seen[0].url) == "https://h/"


def test_neither_headers_nor_body_nor_address_show_in_the_repr() -> None:
    shown = repr(Request("GET", "http://h/?key=secret", {"Authorization": "secret"}, b"secret"))
    assert "secret" not in shown
    assert "GET" in shown
