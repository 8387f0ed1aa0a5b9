"""A real HTTP/1.1 server on loopback that answers by script and keeps what it got.

```python
async with serve(Reply(status=500), Reply(body=b"{}")) as server:
    ...  # the first request gets 500, every later one the last reply
    assert server.requests[0].method == "POST"
```
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from akrun.net.client import HttpClient
from akrun.net.guard import Guard


def loopback_client(**options: Any) -> HttpClient:
    """A client that may connect to this machine, where the servers of the tests are."""
    return HttpClient(guard=Guard(["127.0.0.0/8", "::1"]), **options)


@dataclass(frozen=True)
class Received:
    """A request as it came over the wire; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass(frozen=True)
class Reply:
    """What to answer, and how badly.

    Attributes:
        delay: seconds before anything is sent.
        body: sent with a Content-Length, or, given as a list, chunk by chunk with `pause` seconds between.
        close_after: end the connection after so many bytes of the body (0: after the head).
        raw: sent instead of everything else, then the connection ends.
        hang: never answer; the connection stays open.
        keep_alive: whether the connection outlives the answer.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Sequence[bytes] = b""
    delay: float = 0.0
    pause: float = 0.0
    close_after: int | None = None
    raw: bytes | None = None
    hang: bool = False
    keep_alive: bool = True


Handler = Callable[[Received], Reply]


class HttpServer:
    """The server: `requests` in order of arrival, `connections` accepted, `most_at_once` busy together."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._busy = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: list[Received] = []
        self.connections = 0
        self.most_at_once = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def stop(self, server: asyncio.Server) -> None:
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._converse(reader, writer, self.connections)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> None:
        while True:
            request = await _read_request(reader, connection)
            self.requests.append(request)
            self._busy += 1
            self.most_at_once = max(self.most_at_once, self._busy)
            try:
                reply = self._handler(request)
                await asyncio.sleep(reply.delay)
                if reply.hang:
                    await asyncio.Event().wait()
                again = await _answer(writer, reply, head_only=request.method == "HEAD")
            finally:
                self._busy -= 1
            if not again:
                return


async def _read_request(reader: asyncio.StreamReader, connection: int) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = start.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip().encode("latin-1").decode()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body, connection)


async def _answer(writer: asyncio.StreamWriter, reply: Reply, *, head_only: bool) -> bool:
    if reply.raw is not None:
        writer.write(reply.raw)
        await writer.drain()
        return False
    lines = [
        f"HTTP/1.1 {reply.status} Scripted",
        *(f"{name}: {value}" for name, value in reply.headers.items()),
    ]
    if isinstance(reply.body, bytes):
        lines.append(f"Content-Length: {len(reply.body)}")
    else:
        lines.append("Transfer-Encoding: chunked")
    if not reply.keep_alive:
        lines.append("Connection: close")
    writer.write("\r\n".join([*lines, "", ""]).encode())
    if head_only:
        await writer.drain()
        return reply.keep_alive
    if isinstance(reply.body, bytes):
        writer.write(reply.body[: reply.close_after])
    else:
        for chunk in reply.body:
            writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            await writer.drain()
            await asyncio.sleep(reply.pause)
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    return reply.keep_alive and reply.close_after is None


def in_turn(replies: Sequence[Reply]) -> Handler:
    """Answer with each reply once, and with the last one from then on; without any, with an empty 200."""
    script = list(replies) or [Reply()]

    def handler(_: Received) -> Reply:
        return script.pop(0) if len(script) > 1 else script[0]

    return handler


@contextlib.asynccontextmanager
async def serve(*replies: Reply, handler: Handler | None = None) -> AsyncIterator[HttpServer]:
    """A server on the running loop, on a free port, until the block ends."""
    server = HttpServer(handler or in_turn(replies))
    listening = await server.start()
    try:
        yield server
    finally:
        await server.stop(listening)


@contextlib.contextmanager
def serve_in_thread(*replies: Reply, handler: Handler | None = None) -> Iterator[HttpServer]:
    """The same on a loop of its own in a thread, for code under test that runs its own loop."""
    server = HttpServer(handler or in_turn(replies))
    started = threading.Event()
    stop: list[Callable[[], object]] = []

    async def main() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        listening = await server.start()
        stop.append(lambda: loop.call_soon_threadsafe(ended.set))
        started.set()
        await ended.wait()
        await server.stop(listening)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    started.wait()
    try:
        yield server
    finally:
        stop[0]()
        thread.join()
