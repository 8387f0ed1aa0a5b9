"""TLS against a real server on loopback, whose name leads to 127.0.0.1."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trustme

from akrun.net.client import HttpClient
from akrun.net.dialer import Dialer
from akrun.net.failures import HttpFailure
from akrun.net.guard import Guard
from akrun.net.message import Request
from akrun.net.pool import OriginPool
from tests.akrun.net.raw_server import request_head, talking
from tests.akrun.net.response_cases import OK, TWO


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


async def to_loopback(_: str, __: int) -> list[str]:
    return ["127.0.0.1"]


@asynccontextmanager
async def trusting(authority: trustme.CA | None) -> AsyncIterator[HttpClient]:
    """A client that trusts this authority, or those of Mozilla."""
    context = None
    if authority is not None:
        context = ssl.create_default_context()
        authority.configure_trust(context)
    pool = OriginPool(Dialer(Guard(["127.0.0.1"], resolve=to_loopback), context).open)
    async with HttpClient(pool) as client:
        yield client


def serving(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2", "http/1.1"])
    authority.issue_cert(*names).configure_cert(context)
    return context


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
    while True:
        head = await request_head(reader)
        tls = writer.get_extra_info("ssl_object")
        body = b"%b %b" % ((tls.selected_alpn_protocol() or "none").encode(), head.split(b"\r\n")[1])
        writer.write(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)


@pytest.mark.parametrize(
    ("url_host", "certified"),
    [
        ("api.example.test", "api.example.test"),
        ("API.example.test", "api.example.test"),
        ("api.example.test.", "api.example.test"),
        ("a.example.test", "*.example.test"),
        ("bücher.example", "bücher.example"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
async def test_the_certificate_is_checked_against_the_name_of_the_url(
    authority: trustme.CA, url_host: str, certified: str
) -> None:
    async with talking(hello, serving(authority, certified)) as port, trusting(authority) as client:
        await client.send(Request("GET", f"https://{url_host}:{port}/"))
        response = await client.send(Request("GET", f"https://{url_host}:{port}/"))
        host = url_host.lower().encode("idna") if not url_host.isascii() else url_host.lower().encode()
        assert response.body.lower() == b"http/1.1 host: %b:%d" % (host, port)
        assert client.connections.open == 1


@pytest.mark.parametrize(
    ("url_host", "certified"),
    [
        ("api.example.test", "other.example.test"),
        ("api.example.test", "127.0.0.1"),
        ("a.b.example.test", "*.example.test"),
        ("127.0.0.1", "localhost"),
    ],
)
async def test_a_certificate_for_another_name_is_refused(
    authority: trustme.CA, url_host: str, certified: str
) -> None:
    async with talking(hello, serving(authority, certified)) as port, trusting(authority) as client:
        with pytest.raises(HttpFailure, match="mismatch") as caught:
            await client.send(Request("POST", f"https://{url_host}:{port}/", content=b"secret"))
    assert (caught.value.kind, caught.value.sent, caught.value.retryable) == ("tls", False, False)


async def test_an_unknown_authority_is_refused_whatever_the_environment_says(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    with authority.cert_pem.tempfile() as file:
        monkeypatch.setenv("SSL_CERT_FILE", file)
        names = serving(authority, "api.example.test")
        async with talking(hello, names) as port, trusting(None) as client:
            with pytest.raises(HttpFailure, match=r"self-signed certificate|unable to get") as caught:
                await client.send(Request("GET", f"https://api.example.test:{port}/"))
    assert caught.value.kind == "tls"


async def test_a_body_without_a_length_must_end_as_tls_ends(authority: trustme.CA) -> None:
    """Whoever cuts the connection could cut the body, if a bare end of it counted."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await request_head(reader)
        writer.write(OK + b"\r\nall of it")
        if number == 2:
            writer.transport.abort()  # without TLS's own end

    async with (
        talking(talk, serving(authority, "api.example.test")) as port,
        trusting(authority) as client,
    ):
        request = Request("GET", f"https://api.example.test:{port}/")
        assert (await client.send(request)).body == b"all of it"
        with pytest.raises(HttpFailure, match="in the middle of the answer"):
            await client.send(request)


async def test_a_server_that_speaks_no_tls(authority: trustme.CA) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n" + TWO + b"\r\nno")

    async with talking(talk) as port, trusting(authority) as client:
        with pytest.raises(HttpFailure) as caught:
            await client.send(Request("GET", f"https://api.example.test:{port}/"))
        assert (caught.value.kind, caught.value.sent) == ("tls", False)


async def test_a_server_that_ends_the_handshake(authority: trustme.CA) -> None:
    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter, __: int) -> None:
        await reader.read(10)

    async with talking(talk) as port, trusting(authority) as client:
        with pytest.raises(HttpFailure) as caught:
            await client.send(Request("GET", f"https://api.example.test:{port}/"))
        assert (caught.value.kind, caught.value.sent) == ("connection", False)
        assert client.connections == (0, 0, 0)
