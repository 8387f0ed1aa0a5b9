import asyncio
import socket
import struct

import pytest

from akrun.net.call import call_of
from akrun.net.connection import Connection, NotSentError
from akrun.net.failures import HttpFailure
from akrun.net.message import Request
from tests.akrun.http_server import Received, Reply, loopback_client, serve
from tests.akrun.net.raw_server import request_head, talking
from tests.akrun.net.response_cases import CASES, OK, TWO, Bad, Case

HELLO = OK + TWO + b"\r\nok"


async def settled() -> None:
    """Let what lies in sockets of this process be read by both sides."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_what_becomes_of_a_response(case: Case, *, bytewise: bool) -> None:
    connections: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await request_head(reader)
        connections.append(number)
        if len(connections) == 1:
            pieces = [case.raw[i : i + 1] for i in range(len(case.raw))] if bytewise else [case.raw]
            for piece in pieces if len(case.raw) < 500 else [case.raw]:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if case.closes:
                return
            await request_head(reader)
            connections.append(number)
        writer.write(HELLO)
        await reader.read()

    async with talking(talk) as port, loopback_client() as client:
        request = Request(case.method, f"http://127.0.0.1:{port}/x?key=secret", timeout=10)
        if isinstance(case.expected, Bad):
            with pytest.raises(HttpFailure) as caught:
                await client.send(request)
            failure = caught.value
            assert (failure.kind, failure.sent, failure.retryable) == ("connection", True, True)
            assert case.expected.reason in failure.message
            assert "secret" not in failure.message
            kept = False
        else:
            response = await client.send(request)
            assert (response.status, response.body) == (case.expected.status, case.expected.body)
            kept = case.expected.kept
        await settled()
        assert (await client.send(Request("GET", f"http://127.0.0.1:{port}/"))).body == b"ok"
    assert connections == [1, 1 if kept else 2]


async def test_repeated_headers_are_joined_and_names_are_in_lower_case() -> None:
    raw = OK + b"X-A: 1\r\nSet-Cookie: a=1\r\nx-a:  2 \r\nX-B: \xe4\r\nX-C: \xc3\xa4\r\n" + TWO + b"\r\nok"
    async with serve(Reply(raw=raw)) as server, loopback_client() as client:
        headers = (await client.send(Request("GET", server.url))).headers
    assert headers == {
        "x-a": "1, 2", "set-cookie": "a=1", "x-b": "ä", "x-c": "ä", "content-length": "2",
    }  # fmt: skip


async def test_a_connection_that_the_server_closed_meanwhile_is_not_used() -> None:
    closed = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await request_head(reader)
        writer.write(HELLO)
        if number == 1:
            closed.set()
            return
        await reader.read()

    async with talking(talk) as port, loopback_client() as client:
        request = Request("POST", f"http://127.0.0.1:{port}/", content=b"x")
        await client.send(request)
        await closed.wait()
        await settled()
        assert client.connections.open == 0, "it is noticed without another request"
        assert (await client.send(request)).status == 200


async def test_nor_is_one_whose_end_the_loop_did_not_see_yet() -> None:
    """The peer's FIN lies in the socket while this task holds the loop."""
    sockets: list[socket.socket] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await request_head(reader)
        writer.write(HELLO)
        if number == 1:
            sockets.append(writer.get_extra_info("socket"))
        await reader.read()

    async with talking(talk) as port, loopback_client() as client:
        request = Request("POST", f"http://127.0.0.1:{port}/", content=b"x")
        await client.send(request)
        duplicate = socket.socket(fileno=sockets[0].dup().detach())
        duplicate.shutdown(socket.SHUT_WR)  # no await until the next request is written
        assert client.connections.idle == 1
        assert (await client.send(request)).status == 200
        duplicate.close()


class Broken(asyncio.Transport):
    """A transport whose first write fails, or which is closed before it."""

    def __init__(self, *, closing: bool) -> None:
        self.ours, theirs = socket.socketpair()
        theirs.close()
        super().__init__({"socket": self.ours})
        self.closing = closing
        self.written: list[object] = []

    def write(self, data: object) -> None:
        self.written.append(data)
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.ours.close()


class Nobody:
    """Watches and does nothing."""

    def opened(self) -> None: ...
    def closed(self, connection: Connection) -> None: ...


@pytest.mark.parametrize("closing", [True, False], ids=["closed before", "the write fails"])
async def test_a_request_of_which_nothing_was_written_may_be_sent_elsewhere(*, closing: bool) -> None:
    transport = Broken(closing=closing)
    connection = Connection(Nobody(), memoryview(bytearray(100)))
    connection.connection_made(transport)
    call = call_of(Request("POST", "http://api.example/", content=b"x"))
    with pytest.raises(NotSentError):
        await connection.exchange(call)
    assert (call.sent, len(transport.written)) == (False, 0 if closing else 1)
    connection.connection_lost(None)
    assert not connection.reusable
    connection.abort()


async def test_a_request_that_may_have_been_read_is_not_sent_again() -> None:
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        heads.append(await request_head(reader))
        writer.write(HELLO)
        heads.append(await request_head(reader))

    async with talking(talk) as port, loopback_client() as client:
        await client.send(Request("GET", f"http://127.0.0.1:{port}/"))
        with pytest.raises(HttpFailure) as caught:
            await client.send(Request("GET", f"http://127.0.0.1:{port}/again"))
        assert (caught.value.kind, caught.value.sent) == ("connection", True)
    assert len(heads) == 2


async def test_an_answer_may_come_before_the_request_is_sent_whole() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await request_head(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\n" + TWO + b"\r\nno")
        await asyncio.Event().wait()  # the body is never read

    async with talking(talk) as port, loopback_client() as client:
        response = await client.send(
            Request("POST", f"http://127.0.0.1:{port}/", content=b"x" * 50_000_000, timeout=20)
        )
        assert (response.status, response.body) == (413, b"no")
        await settled()
        assert client.connections.open == 0, "the rest of the request cannot be sent any more"


async def test_a_server_that_speaks_first_gets_no_request() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read()

    async with talking(talk) as port, loopback_client() as client:
        with pytest.raises(HttpFailure) as caught:
            await client.send(Request("POST", f"http://127.0.0.1:{port}/", content=b"x"))
    assert (caught.value.kind, caught.value.retryable) == ("connection", True)


async def test_a_reset_is_a_connection_failure() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await request_head(reader)
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        writer.transport.abort()

    async with talking(talk) as port, loopback_client() as client:
        with pytest.raises(HttpFailure, match="Connection reset by peer") as caught:
            await client.send(Request("GET", f"http://127.0.0.1:{port}/"))
    assert (caught.value.kind, caught.value.sent) == ("connection", True)


async def test_a_request_that_is_given_up_closes_its_connection() -> None:
    arrived = asyncio.Event()

    def answer(_: Received) -> Reply:
        first = not arrived.is_set()
        arrived.set()
        return Reply(hang=True) if first else Reply(body=b"ok")

    async with serve(handler=answer) as server, loopback_client() as client:
        task = asyncio.create_task(client.send(Request("GET", server.url)))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await settled()
        assert client.connections == (0, 0, 0)
        assert (await client.send(Request("GET", server.url))).body == b"ok"


@pytest.mark.parametrize(
    ("method", "content", "length"),
    [("GET", None, None), ("DELETE", None, None), ("POST", None, "0"), ("PUT", b"", "0"), ("GET", b"x", "1")],
)
async def test_the_length_is_sent_where_a_body_is_expected(
    method: str, content: bytes | None, length: str | None
) -> None:
    async with serve() as server, loopback_client() as client:
        await client.send(Request(method, server.url, content=content))
    assert server.requests[0].headers.get("content-length") == length


async def test_a_host_header_of_the_caller_takes_the_place_of_ours() -> None:
    async with serve() as server, loopback_client() as client:
        await client.send(Request("GET", server.url, {"Host": "other.example"}))
    assert server.requests[0].headers["host"] == "other.example"


async def test_a_connection_that_idled_too_long_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve() as server, loopback_client() as client:
        await client.send(Request("GET", server.url))
        monkeypatch.setattr("akrun.net.connection.KEEPALIVE", -1.0)
        await client.send(Request("GET", server.url))
        await settled()
        assert (server.connections, client.connections.open) == (2, 1)


async def test_closing_the_client_closes_its_connections() -> None:
    async with serve() as server:
        client = loopback_client()
        await client.send(Request("GET", server.url))
        assert client.connections == (1, 1, 0)
        await client.aclose()
        assert client.connections == (0, 0, 0)
