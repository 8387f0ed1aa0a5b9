"""The bytes' way to a server."""

import asyncio
import ssl
from urllib.parse import ParseResult

from nats.aio.transport import TcpTransport


class StreamTransport(TcpTransport):
    """The client's own, but for TLS, which asyncio's streams are left to begin.

    The client puts a stream together itself that does not know of TLS. At its end asyncio then warns that
    "returning true from eof_received() has no effect when using ssl".
    """

    def __bool__(self) -> bool:
        """The client takes one of its own in place of one that is false."""
        return True

    async def connect_tls(
        self,
        uri: str | ParseResult,
        ssl_context: ssl.SSLContext,
        buffer_size: int,  # noqa: ARG002 - the stream has it already
        connect_timeout: int,
    ) -> None:
        """Encrypt the connection.

        Raises:
            ssl.SSLError: the server is not trusted, or does not speak TLS.
            TimeoutError: it took longer than that many seconds.
        """
        assert self._io_writer is not None, "it is connected first"
        name = uri if isinstance(uri, str) else uri.hostname
        await asyncio.wait_for(self._io_writer.start_tls(ssl_context, server_hostname=name), connect_timeout)
