"""A fast HTTP service in a process of its own: reads a request, waits its latency, accepts.

python -m benchmarks.sender.service LATENCY_MS
"""

import asyncio
import sys

import httptools

_ANSWER = b'{"status":"accepted","id":"0123456789abcdef"}'
_RESPONSE = (
    b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(_ANSWER)
) + _ANSWER


class _Service(asyncio.Protocol):
    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(_RESPONSE)  # type: ignore[attr-defined]  # a stream's transport


async def main(latency: float) -> None:
    """Serve at a free port, which is printed; `latency` in seconds."""
    server = await asyncio.get_running_loop().create_server(lambda: _Service(latency), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) / 1000))
