"""One HTTP/1.1 connection: a request out, its response in, and whether another may follow.

httptools reads the response strictly: what servers and intermediaries could understand in two ways (two
lengths, a length beside chunks, bare line feeds, folded headers) is refused, as is what has no end.
"""

import asyncio
import select
import ssl
import time
from typing import Final, Protocol, cast

import httptools

from akrun.net.body import Body, body_of
from akrun.net.call import Answer, Call, by_name
from akrun.net.failures import HttpFailure

KEEPALIVE: Final = 30.0
"""Seconds after which an idle connection is not used again."""
MAX_HEAD: Final = 64 * 1024
"""Most bytes of a response that are no body: of its headers, and between two pieces of its body."""
MAX_HEADERS: Final = 256
"""Most headers of a response, those of informational responses before it and trailers included."""

_CONTINUE: Final = 100
_SWITCHING: Final = 101
_FINAL: Final = 200


class NotSentError(Exception):
    """The connection was closed before anything of the request was written."""


class Watch(Protocol):
    """Who is told of a connection's begin and end."""

    def opened(self) -> None:
        """A connection is there."""
        ...

    def closed(self, connection: "Connection", /) -> None:
        """A connection is gone; comes once after each `opened`."""
        ...


class Connection(asyncio.BufferedProtocol):
    """A connection to an origin; it makes one exchange at a time.

    Attributes:
        reusable: whether another exchange may follow the last one.
        idle_since: when the last exchange ended, by the monotonic clock.
    """

    def __init__(self, watch: Watch, buffer: memoryview) -> None:
        """`watch` is told of begin and end; `buffer` may be shared by all connections of an event loop."""
        self.reusable = True
        self.idle_since = 0.0
        self._watch = watch
        self._buffer = buffer
        self._transport: asyncio.Transport
        self._poll = select.poll()
        self._waiter: asyncio.Future[Answer] | None = None
        self._call: Call
        self._parser: httptools.HttpResponseParser
        self._headers: dict[str, str]
        self._fault: HttpFailure | None = None

    # ------------------------------------------------------------------------------------- exchange

    @property
    def usable(self) -> bool:
        """Whether a request may be written now: nothing came unasked, and the peer has not closed."""
        if self._transport.is_closing() or time.monotonic() - self.idle_since > KEEPALIVE:
            return False
        # The loop may not have got round to reading what already lies in the socket.
        return not self._poll.poll(0)

    async def exchange(self, call: Call) -> Answer:
        """Send the request and read its whole response.

        Raises:
            NotSentError: Nothing was written, so another connection may be tried.
            HttpFailure: The exchange broke, or the response must not be trusted.
        """
        transport = self._transport
        if transport.is_closing():
            raise NotSentError
        self._begin(call)
        transport.write(call.wire())
        if transport.is_closing():  # the first write failed, and with it all of the request
            self._waiter = None
            raise NotSentError
        call.sent = True
        assert self._waiter is not None
        try:
            return await self._waiter
        except BaseException:
            self.abort()
            raise
        finally:
            self._waiter = None
            self.idle_since = time.monotonic()
            if transport.is_closing() or transport.get_write_buffer_size():
                self.reusable = False

    @property
    def _under_way(self) -> bool:
        return self._waiter is not None and not self._complete

    def abort(self) -> None:
        """Close at once, without sending what is still to be sent."""
        self.reusable = False
        self._transport.abort()

    def _begin(self, call: Call) -> None:
        self._call = call
        self._waiter = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._fields: list[tuple[str, str]] = []
        self._count = self._size = self._quiet = 0
        self._progress = False
        self._body: Body | None = None
        self._sized = False
        self._complete = False

    # ------------------------------------------------------------------------------- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        self._watch.opened()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the signature is asyncio's
        """Called by the loop, right before it reads."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Called by the loop, right after it read."""
        if not self._under_way:
            self.abort()  # nothing was asked for
            return
        self._progress = False
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
            if self._complete:
                self.abort()  # what follows the response is none; the response stands
                return
            self._fail(self._fault or self._broken(f"the response is not valid: {exc}"))
            return
        if self._progress or self._complete:
            self._quiet = 0
            return
        self._quiet += nbytes
        if self._quiet > MAX_HEAD:
            self._fail(self._endless())

    def eof_received(self) -> None:
        """Called by the loop; returns nothing, so that the transport closes."""
        if self._under_way and self._body is not None and not self._sized and self._ended_by_peer():
            self._finish(reusable=False)
        self.reusable = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self.reusable = False
        if self._under_way:
            where = "before the answer" if self._body is None else "in the middle of the answer"
            self._fail(self._broken(str(exc) if exc else f"the server closed it {where}"))
        self._watch.closed(self)

    def _ended_by_peer(self) -> bool:
        """Whether the end is the server's word: over TLS, anybody between could have cut the connection."""
        tls = self._transport.get_extra_info("ssl_object")
        try:
            return tls is None or not tls.read(1)
        except ssl.SSLError:  # the peer's closing message is still outstanding
            return False

    # --------------------------------------------------------------------------- httptools' callbacks

    def on_message_begin(self) -> None:
        """Called by the parser; also for what follows the response."""
        if self._complete:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser, also for trailers, which are dropped."""
        self._count += 1
        self._size += len(name) + len(value)
        if self._count > MAX_HEADERS or self._size > MAX_HEAD:
            raise self._refuse(self._endless())
        if self._body is not None:
            return
        key = name.decode("ascii").lower()
        try:
            text = value.decode().strip(" \t")
        except UnicodeDecodeError:
            text = value.decode("latin-1").strip(" \t")
        self._fields.append((key, text))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        status = self._parser.get_status_code()
        if self._parser.get_http_version() not in ("1.1", "1.0"):
            raise self._refuse(self._broken("the response is not valid: it is not HTTP/1.1"))
        if status < _CONTINUE or status == _SWITCHING:
            raise self._refuse(self._broken(f"the response is not valid: nobody asked for status {status}"))
        if status < _FINAL:
            return
        self._headers = headers = by_name(self._fields)
        coding = headers.get("transfer-encoding")
        if coding is not None and coding.lower() != "chunked":
            raise self._refuse(self._broken("the response is not valid: its transfer coding is unknown"))
        self._sized = coding is not None or "content-length" in headers
        head_only = self._call.method == "HEAD" or status in (204, 304)
        try:
            self._body = (
                Body(0)
                if head_only
                else body_of(
                    self._call.limit,
                    headers.get("content-encoding", ""),
                    headers.get("content-length", ""),
                )
            )
        except HttpFailure as failure:
            raise self._refuse(failure) from None
        if self._call.method == "HEAD":
            # The parser does not know what was asked and waits for a body.
            self._finish(reusable=self._parser.should_keep_alive())

    def on_body(self, data: bytes) -> None:
        """Called by the parser."""
        if self._complete or self._body is None:
            self.reusable = False
            return
        self._progress = True
        try:
            self._body.feed(data)
        except HttpFailure as failure:
            raise self._refuse(failure) from None

    def on_message_complete(self) -> None:
        """Called by the parser, also at the end of an informational response."""
        if self._body is None:
            self._fields = []
        elif not self._complete:
            self._finish(reusable=self._parser.should_keep_alive())

    # ------------------------------------------------------------------------------------------ ends

    def _finish(self, *, reusable: bool) -> None:
        assert self._waiter is not None
        assert self._body is not None
        self._complete = True
        self.reusable = self.reusable and reusable
        try:
            body = self._body.end()
        except HttpFailure as failure:
            self._fail(failure)
            return
        if not self._waiter.done():
            answer = Answer(self._parser.get_status_code(), self._fields, self._headers, body)
            self._waiter.set_result(answer)

    def _fail(self, failure: HttpFailure) -> None:
        self.abort()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(failure)

    def _refuse(self, failure: HttpFailure) -> HttpFailure:
        """Keep a failure that a callback raises: the parser raises another one in its place."""
        self._fault = failure
        return failure

    def _endless(self) -> HttpFailure:
        return self._broken("the response is not valid: its headers do not end")

    def _broken(self, reason: str) -> HttpFailure:
        message = f"the connection broke during the exchange with {self._call.target.shown}: {reason}"
        return HttpFailure(message, kind="connection", sent=True, retryable=True)
