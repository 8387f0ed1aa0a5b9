"""A TCP proxy on loopback whose connections can be held, as a network that loses all packets holds them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_CHUNK = 64 * 1024


class Link:
    """A way to a port; while it is held, bytes of both directions wait in it, and nobody is told."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._open = asyncio.Event()
        self._open.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.port = 0

    def hold(self) -> None:
        """Let nothing through."""
        self._open.clear()

    def release(self) -> None:
        """Let everything through again, what waited first."""
        self._open.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Link"]:
        """The link, until the block ends; `port` is where it is entered."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for pump in self._pumps:
                pump.cancel()
            await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        for source, sink in ((reader, back), (there, writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError):
                while chunk := await source.read(_CHUNK):
                    await self._open.wait()
                    sink.write(chunk)
                    await sink.drain()
        finally:
            sink.close()
