"""Responses made to exhaust memory or patience: each is given up, and what it took is measured."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Iterable

import pytest

from akrun.net.failures import HttpFailure
from akrun.net.message import Request
from tests.akrun.http_server import loopback_client
from tests.akrun.net.raw_server import request_head, talking
from tests.akrun.net.response_cases import CHUNKED, OK

LIMIT = 100_000
MEGABYTE = 1_000_000


async def given_up(head: bytes, pieces: Iterable[bytes], seconds: float = 30.0) -> tuple[str, float]:
    """The kind of failure that head and pieces lead to, and the most megabytes in use meanwhile."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await request_head(reader)
        writer.write(head)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    async with talking(talk) as port, loopback_client() as client:
        tracemalloc.start()
        try:
            with pytest.raises(HttpFailure) as caught:
                await client.send(
                    Request("GET", f"http://127.0.0.1:{port}/", max_response=LIMIT, timeout=seconds)
                )
            return caught.value.kind, tracemalloc.get_traced_memory()[1] / MEGABYTE
        finally:
            tracemalloc.stop()


def again(piece: bytes) -> Iterable[bytes]:
    while True:
        yield piece


def compressed(make: Callable[[], "zlib._Compress"], megabytes: int) -> bytes:
    compressor = make()
    zeros = bytes(MEGABYTE)
    return b"".join(compressor.compress(zeros) for _ in range(megabytes)) + compressor.flush()


GZIP = compressed(lambda: zlib.compressobj(9, wbits=31), 200)
BOMBS = {
    "gzip": (b"gzip", GZIP),
    "deflate": (b"deflate", compressed(lambda: zlib.compressobj(9), 200)),
    "raw deflate": (b"deflate", compressed(lambda: zlib.compressobj(9, wbits=-15), 200)),
    "gzip members": (b"gzip", gzip.compress(bytes(MEGABYTE), mtime=0) * 200),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_what_inflates_without_end_stops_at_the_limit(name: str) -> None:
    encoding, bomb = BOMBS[name]
    for headers in (CHUNKED + b"\r\n%x\r\n" % len(bomb), b"Content-Length: %d\r\n\r\n" % len(bomb)):
        kind, megabytes = await given_up(OK + b"Content-Encoding: " + encoding + b"\r\n" + headers, [bomb])
        assert kind == "too_large"
        assert megabytes < 5


async def test_a_bomb_in_a_bomb_is_unpacked_once() -> None:
    nested = gzip.compress(GZIP, 9, mtime=0)
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(nested)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await request_head(reader)
        writer.write(head + nested)
        await reader.read()

    async with talking(talk) as port, loopback_client() as client:
        response = await client.send(Request("GET", f"http://127.0.0.1:{port}/", max_response=2 * len(GZIP)))
    assert response.body == GZIP


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "gzip, identity", "x"])
async def test_an_encoding_that_nobody_asked_for_is_not_unpacked(encoding: str) -> None:
    head = OK + b"Content-Encoding: " + encoding.encode() + b"\r\nContent-Length: 2\r\n\r\nok"
    assert (await given_up(head, []))[0] == "connection"


async def test_only_what_is_unpacked_is_asked_for() -> None:
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        heads.append(await request_head(reader))
        writer.write(OK + b"Content-Length: 0\r\n\r\n")

    async with talking(talk) as port, loopback_client() as client:
        await client.send(Request("GET", f"http://127.0.0.1:{port}/"))
    assert b"\r\naccept-encoding: gzip, deflate\r\n" in heads[0]


async def test_many_empty_members_are_read_in_bounded_memory() -> None:
    members = gzip.compress(b"", mtime=0) * 20_000
    head = OK + b"Content-Encoding: gzip\r\n" + CHUNKED + b"\r\n%x\r\n" % (5 * len(members))
    kind, megabytes = await given_up(head, [members] * 5)
    assert (kind, megabytes < 5) == ("connection", True), "the body is cut short in the end"


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (OK, b"A: " + b"b" * 100 + b"\r\n"),
        (OK + b"A: ", b"b" * 1000),
        (OK, b"A" * 1000),
        (b"HTTP/1.1 200 ", b"OK " * 300),
        (b"", b"\r\n" * 300),
        (b"", b"HTTP/1.1 103 Early\r\n\r\n"),
        (OK + CHUNKED + b"\r\n", b"0" * 1000),
        (OK + CHUNKED + b"\r\n2;", b"x" * 1000),
        (OK + CHUNKED + b"\r\n2\r\nok\r\n0\r\nA: ", b"b" * 1000),
        (OK + CHUNKED + b"\r\n2\r\nok\r\n0\r\n", b"A: b\r\n" * 100),
    ],
    ids=[
        "headers", "one value", "one name", "reason", "blank lines", "103", "chunk size", "chunk extension",
        "one trailer", "trailers",
    ],
)  # fmt: skip
async def test_headers_without_end_are_given_up(head: bytes, piece: bytes) -> None:
    kind, megabytes = await given_up(head, again(piece))
    assert (kind, megabytes < 2) == ("connection", True)


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"\r\n", b"x" * 10_000),
        (b"Content-Length: 1000000000000\r\n\r\n", b"x" * 10_000),
        (CHUNKED + b"\r\n", b"2710\r\n" + b"x" * 10_000 + b"\r\n"),
        (CHUNKED + b"\r\n", b"1\r\nx\r\n" * 1000),
        (CHUNKED + b"\r\n", b"2;" + b"x" * 1000 + b"\r\nok\r\n"),
    ],
    ids=["until the end", "length", "chunks", "tiny chunks", "chunks with long extensions"],
)
async def test_a_body_without_end_stops_at_the_limit(head: bytes, piece: bytes) -> None:
    kind, megabytes = await given_up(OK + head, again(piece))
    assert (kind, megabytes < 5) == ("too_large", True)


@pytest.mark.parametrize(
    "pieces",
    [
        [OK, *[b"A: b\r\n"] * 1000],
        [OK + b"\r\n", *[b"x"] * 1000],
        [OK + CHUNKED + b"\r\n", *[b"1\r\nx\r\n"] * 1000],
        [b"HTTP/1.1 103 Early\r\n\r\n"] * 1000,
    ],
    ids=["headers", "body", "chunks", "103"],
)
async def test_a_slow_drip_does_not_outlive_the_deadline(pieces: list[bytes]) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await request_head(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)

    async with talking(talk) as port, loopback_client() as client:
        with pytest.raises(HttpFailure) as caught:
            await client.send(Request("GET", f"http://127.0.0.1:{port}/", timeout=0.1))
    assert (caught.value.kind, caught.value.sent) == ("timeout", True)
