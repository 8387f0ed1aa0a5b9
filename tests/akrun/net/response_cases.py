"""Responses as data: hostile, broken and merely odd ones, each with what must become of it."""

from typing import Final, NamedTuple

OK: Final = b"HTTP/1.1 200 OK\r\n"
TWO: Final = b"Content-Length: 2\r\n"
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"


class Good(NamedTuple):
    """An answer, and whether its connection may be used again."""

    status: int
    body: bytes
    kept: bool


class Bad(NamedTuple):
    """A failure of kind `connection`, and what its message contains."""

    reason: str


class Case(NamedTuple):
    """What the server sends to a request of this method; then it closes, or waits for another request."""

    name: str
    raw: bytes
    expected: Good | Bad
    method: str = "GET"
    closes: bool = False


HELLO: Final = Good(200, b"ok", kept=True)
ONCE: Final = Good(200, b"ok", kept=False)

CASES: Final = (
    # What is right, in all its forms.
    Case("length", OK + TWO + b"\r\nok", HELLO),
    Case("no reason", b"HTTP/1.1 200\r\n" + TWO + b"\r\nok", HELLO),
    Case("reason in utf-8", "HTTP/1.1 200 Да\r\n".encode() + TWO + b"\r\nok", HELLO),
    Case("empty header", OK + b"A:\r\n" + TWO + b"\r\nok", HELLO),
    Case("latin-1 header", OK + b"A: \xe4\r\n" + TWO + b"\r\nok", HELLO),
    Case("blank lines before", b"\r\n\r\n" + OK + TWO + b"\r\nok", HELLO),
    Case("chunks", OK + CHUNKED + b"\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n", HELLO),
    Case("chunks in capitals", OK + b"TRANSFER-ENCODING: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", HELLO),
    Case("chunk extensions", OK + CHUNKED + b'\r\n2;a=b;c="d"\r\nok\r\n0;e\r\n\r\n', HELLO),
    Case("chunk size with zeros", OK + CHUNKED + b"\r\n0000000000000002\r\nok\r\n0\r\n\r\n", HELLO),
    Case("trailers", OK + CHUNKED + b"\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n", HELLO),
    Case("until the end", OK + b"\r\nok", ONCE, closes=True),
    Case("until the end, empty", OK + b"\r\n", Good(200, b"", kept=False), closes=True),
    Case("http 1.0", b"HTTP/1.0 200 OK\r\n" + TWO + b"\r\nok", ONCE),
    Case("http 1.0 kept", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + TWO + b"\r\nok", HELLO),
    Case("http 1.0 chunks", b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"\r\n2\r\nok\r\n0\r\n\r\n", ONCE),
    Case("connection close", OK + b"Connection: close\r\n" + TWO + b"\r\nok", ONCE),
    Case("closed after the answer", OK + TWO + b"\r\nok", ONCE, closes=True),
    Case("upgrade offered", OK + b"Upgrade: h2c\r\nConnection: Upgrade\r\n" + TWO + b"\r\nok", HELLO),
    Case("status 599", b"HTTP/1.1 599 Odd\r\n" + TWO + b"\r\nok", Good(599, b"ok", kept=True)),
    # Without a body.
    Case("204", b"HTTP/1.1 204 None\r\n\r\n", Good(204, b"", kept=True)),
    Case("204 with a length", b"HTTP/1.1 204 None\r\n" + TWO + b"\r\n", Good(204, b"", kept=True)),
    Case("204 with a body", b"HTTP/1.1 204 None\r\n" + TWO + b"\r\nok", Good(204, b"", kept=False)),
    Case("304 with a length", b"HTTP/1.1 304 Same\r\n" + TWO + b"\r\n", Good(304, b"", kept=True)),
    Case("head", OK + TWO + b"\r\n", Good(200, b"", kept=True), method="HEAD"),
    Case("head with chunks", OK + CHUNKED + b"\r\n", Good(200, b"", kept=True), method="HEAD"),
    Case("head without a length", OK + b"\r\n", Good(200, b"", kept=False), method="HEAD"),
    Case("head with a body", OK + TWO + b"\r\nok", Good(200, b"", kept=False), method="HEAD"),
    Case(
        "head of a huge body", OK + b"Content-Length: 99999999999\r\n\r\n", Good(200, b"", kept=True), "HEAD"
    ),
    # Informational responses.
    Case("100", b"HTTP/1.1 100 Continue\r\n\r\n" + OK + TWO + b"\r\nok", HELLO, method="POST"),
    Case("100 with a length", b"HTTP/1.1 100 Go\r\nContent-Length: 9\r\n\r\n" + OK + TWO + b"\r\nok", HELLO),
    Case("102, 103", b"HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\nA: b\r\n\r\n" + OK + TWO + b"\r\nok", HELLO),
    Case("100 and no more", b"HTTP/1.1 100 Continue\r\n\r\n", Bad("before the answer"), closes=True),
    Case("101", b"HTTP/1.1 101 Switch\r\nUpgrade: ws\r\nConnection: upgrade\r\n\r\nxyz", Bad("status 101")),
    Case("101 without upgrade", b"HTTP/1.1 101 Switch\r\n\r\n", Bad("status 101")),
    # What follows the response.
    Case("garbage after", OK + TWO + b"\r\nokay", ONCE),
    Case("another response after", OK + TWO + b"\r\nok" + OK + TWO + b"\r\nno", ONCE),
    Case("garbage after close", OK + b"Connection: close\r\n" + TWO + b"\r\nokay", ONCE),
    Case("garbage after chunks", OK + CHUNKED + b"\r\n2\r\nok\r\n0\r\n\r\nHTTP", ONCE),
    # Cut short.
    Case("nothing", b"", Bad("closed it before the answer"), closes=True),
    Case("half a status line", b"HTTP/1.1 2", Bad("closed it before the answer"), closes=True),
    Case("half a head", OK + b"A: b\r\n", Bad("closed it before the answer"), closes=True),
    Case("half a body", OK + TWO + b"\r\no", Bad("closed it in the middle"), closes=True),
    Case("half a chunk", OK + CHUNKED + b"\r\n5\r\nok", Bad("closed it in the middle"), closes=True),
    Case("no last chunk", OK + CHUNKED + b"\r\n2\r\nok\r\n", Bad("closed it in the middle"), closes=True),
    Case("half a trailer", OK + CHUNKED + b"\r\n2\r\nok\r\n0\r\nA: b", Bad("in the middle"), closes=True),
    # Lengths that say two things.
    Case("two lengths", OK + TWO + b"Content-Length: 3\r\n\r\nok", Bad("Duplicate Content-Length")),
    Case("the same length twice", OK + TWO + TWO + b"\r\nok", Bad("Duplicate Content-Length")),
    Case("list of lengths", OK + b"Content-Length: 2, 2\r\n\r\nok", Bad("Content-Length")),
    Case("negative length", OK + b"Content-Length: -2\r\n\r\nok", Bad("Content-Length")),
    Case("signed length", OK + b"Content-Length: +2\r\n\r\nok", Bad("Content-Length")),
    Case("hexadecimal length", OK + b"Content-Length: 0x2\r\n\r\nok", Bad("Content-Length")),
    Case("empty length", OK + b"Content-Length: \r\n\r\nok", Bad("Content-Length")),
    Case("length of two numbers", OK + b"Content-Length: 1 2\r\n\r\nok", Bad("Content-Length")),
    Case("overflowing length", OK + b"Content-Length: 18446744073709551618\r\n\r\nok", Bad("overflow")),
    Case("length and chunks", OK + TWO + CHUNKED + b"\r\n2\r\nok\r\n0\r\n\r\n", Bad("can't be present")),
    Case("chunks and length", OK + CHUNKED + TWO + b"\r\n2\r\nok\r\n0\r\n\r\n", Bad("can't be present")),
    Case(
        "length in a trailer", OK + CHUNKED + b"\r\n2\r\nok\r\n0\r\n" + TWO + b"\r\n", Bad("can't be present")
    ),
    Case("identity and length", OK + b"Transfer-Encoding: identity\r\n" + TWO + b"\r\nok", Bad("present")),
    Case(
        "gzip and chunks", OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Bad("coding")
    ),
    Case("chunks and gzip", OK + b"Transfer-Encoding: chunked, gzip\r\n\r\nok", Bad("coding"), closes=True),
    Case("chunks twice", OK + CHUNKED + CHUNKED + b"\r\n2\r\nok\r\n0\r\n\r\n", Bad("coding")),
    Case("unknown coding", OK + b"Transfer-Encoding: xchunked\r\n\r\nok", Bad("coding"), closes=True),
    # Chunks that are none.
    Case("chunk without a size", OK + CHUNKED + b"\r\n\r\nok\r\n", Bad("chunk size")),
    Case("negative chunk", OK + CHUNKED + b"\r\n-2\r\nok\r\n0\r\n\r\n", Bad("chunk size")),
    Case("chunk in 0x", OK + CHUNKED + b"\r\n0x2\r\nok\r\n0\r\n\r\n", Bad("chunk size")),
    Case("overflowing chunk", OK + CHUNKED + b"\r\nfffffffffffffffff\r\nok\r\n", Bad("overflow")),
    Case("chunk with a blank", OK + CHUNKED + b"\r\n2 \r\nok\r\n0\r\n\r\n", Bad("chunk size")),
    Case("chunk with bare line feeds", OK + CHUNKED + b"\r\n2\nok\n0\n\n", Bad("CR")),
    Case("chunk longer than it says", OK + CHUNKED + b"\r\n2\r\nokay\r\n0\r\n\r\n", Bad("chunk data")),
    # Heads that some read one way and some another.
    Case("bare line feeds", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", Bad("CR")),
    Case("one bare line feed", OK + b"A: b\n" + TWO + b"\r\nok", Bad("CR")),
    Case("bare carriage returns", b"HTTP/1.1 200 OK\rContent-Length: 2\r\rok", Bad("LF")),
    Case("carriage return in a value", OK + b"A: b\rc\r\n" + TWO + b"\r\nok", Bad("LF")),
    Case("zero byte in a value", OK + b"A: b\0c\r\n" + TWO + b"\r\nok", Bad("header value")),
    Case("control character in a value", OK + b"A: b\x01c\r\n" + TWO + b"\r\nok", Bad("header value")),
    Case("folded header", OK + b"A: b\r\n c\r\n" + TWO + b"\r\nok", Bad("whitespace")),
    Case("blank before the first header", OK + b" A: b\r\n" + TWO + b"\r\nok", Bad("space")),
    Case("blank before the colon", OK + b"Content-Length : 2\r\n\r\nok", Bad("header field")),
    Case("blank in a name", OK + b"X Y: 2\r\n" + TWO + b"\r\nok", Bad("header token")),
    Case("no name", OK + b": 2\r\n" + TWO + b"\r\nok", Bad("header token")),
    Case("no colon", OK + b"hello\r\n" + TWO + b"\r\nok", Bad("header token")),
    # Other protocols.
    Case("http 2", b"HTTP/2.0 200 OK\r\n" + TWO + b"\r\nok", Bad("not HTTP/1.1")),
    Case("http 0.9 by name", b"HTTP/0.9 200 OK\r\n" + TWO + b"\r\nok", Bad("not HTTP/1.1")),
    Case("http 1.2", b"HTTP/1.2 200 OK\r\n" + TWO + b"\r\nok", Bad("version")),
    Case("no head at all", b"<html>hello</html>", Bad("Expected HTTP/")),
    Case("lower case", b"http/1.1 200 OK\r\n" + TWO + b"\r\nok", Bad("Expected HTTP/")),
    Case("icy", b"ICY 200 OK\r\n" + TWO + b"\r\nok", Bad("Expected HTTP/")),
    Case("a request", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Bad("Expected HTTP/")),
    Case("tls alert", b"\x15\x03\x01\x00\x02\x02\x50", Bad("Expected HTTP/")),
    Case("status of two digits", b"HTTP/1.1 20 OK\r\n" + TWO + b"\r\nok", Bad("status")),
    Case("status of four digits", b"HTTP/1.1 2000 OK\r\n" + TWO + b"\r\nok", Bad("status")),
    Case("status 000", b"HTTP/1.1 000 OK\r\n" + TWO + b"\r\nok", Bad("status 0")),
    Case("status of letters", b"HTTP/1.1 abc OK\r\n" + TWO + b"\r\nok", Bad("status")),
    # Too much of everything.
    Case("many headers", OK + b"A: b\r\n" * 300 + TWO + b"\r\nok", Bad("do not end")),
    Case("one long header", OK + b"A: " + b"b" * 70_000 + b"\r\n" + TWO + b"\r\nok", Bad("do not end")),
    Case("one long name", OK + b"A" * 70_000 + b": b\r\n" + TWO + b"\r\nok", Bad("do not end")),
    Case("long headers", OK + (b"A: " + b"b" * 900 + b"\r\n") * 100 + TWO + b"\r\nok", Bad("do not end")),
    Case("many trailers", OK + CHUNKED + b"\r\n0\r\n" + b"A: b\r\n" * 300 + b"\r\n", Bad("do not end")),
    Case("many 103", b"HTTP/1.1 103 E\r\nA: b\r\n\r\n" * 300 + OK + TWO + b"\r\nok", Bad("do not end")),
)
