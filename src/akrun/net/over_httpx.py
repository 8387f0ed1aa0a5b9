"""Between our calls and httpx: any transport of httpx under our client, our connections under httpx's."""

import asyncio
import ssl

import httpx

from akrun.net.body import ACCEPT_ENCODING, body_of, too_large
from akrun.net.call import Answer, Call, by_name
from akrun.net.dialer import Dialer
from akrun.net.failures import HttpFailure
from akrun.net.guard import Guard
from akrun.net.message import DEFAULT_MAX_RESPONSE, DEFAULT_POOL_SIZE
from akrun.net.pool import OriginPool
from akrun.net.target import target_of

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.LocalProtocolError)
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection", b"accept-encoding"})
_OF_THE_CODING = frozenset({"content-length", "transfer-encoding", "content-encoding"})


class OverHttpx:
    """Exchanges calls over a transport of httpx.

    The requests go to the transport directly. A client of httpx would add a cookie jar, which would carry
    what one recipient's answer set into the next recipient's request.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def exchange(self, call: Call) -> Answer:
        """Send one request and read its whole response; raises HttpFailure."""
        sent_before, call.begun, call.sent = call.sent, True, True
        request = httpx.Request(
            call.method, call.target.url, headers=call.headers, content=call.content or None
        )
        try:
            response = await self._transport.handle_async_request(request)
            response.request = request
            try:
                body = await _read(response, call)
            finally:
                await response.aclose()
        except httpx.HTTPError as exc:
            call.sent = sent_before or not isinstance(exc, _NEVER_SENT)
            raise _failure(exc, call) from exc
        fields = [(name.lower(), value) for name, value in response.headers.multi_items()]
        return Answer(response.status_code, fields, by_name(fields), body)

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()


async def _read(response: httpx.Response, call: Call) -> bytes:
    if response.is_stream_consumed:  # a transport made by hand may give the body whole and decoded
        if len(response.content) > call.limit:
            raise too_large(call.limit)
        return response.content
    headers = response.headers
    declared = "" if call.method == "HEAD" else headers.get("content-length", "")
    body = body_of(call.limit, headers.get("content-encoding", ""), declared)
    async for piece in response.aiter_raw():
        body.feed(piece)
    return body.end()


def _failure(exc: httpx.HTTPError, call: Call) -> HttpFailure:
    address = call.target.shown
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "verify_message", "") or cause.reason or "handshake failed"
            return HttpFailure(f"TLS with {address} failed: {reason}", kind="tls", sent=call.sent)
        cause = cause.__cause__ or cause.__context__
    if isinstance(exc, httpx.TimeoutException):
        message = f"the connection to {address} timed out"
        return HttpFailure(message, kind="timeout", sent=call.sent, retryable=True)
    what = "the connection broke during the exchange with" if call.sent else "cannot connect to"
    reason = str(exc) or type(exc).__name__
    return HttpFailure(f"{what} {address}: {reason}", kind="connection", sent=call.sent, retryable=True)


class GuardedTransport(httpx.AsyncBaseTransport):
    """A transport for clients of httpx that connects where a guard lets it, and nowhere else.

    Responses come whole, decoded and of at most `limit` bytes; what httpx calls the read timeout is a
    deadline for the exchange.

    ```python
    async with httpx.AsyncClient(transport=GuardedTransport(Guard()), trust_env=False) as client:
        await client.get("https://api.example.com/")
    ```
    """

    def __init__(
        self, guard: Guard, *, tls: ssl.SSLContext | None = None, limit: int = DEFAULT_MAX_RESPONSE
    ) -> None:
        self._pool = OriginPool(Dialer(guard, tls).open)
        self._limit = limit

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Called by httpx; raises its exceptions."""
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        headers = [header for header in headers if header[0] not in _FRAMING]
        headers.append((b"accept-encoding", ACCEPT_ENCODING.encode()))
        content = await request.aread()
        timeout = request.extensions.get("timeout", {}).get("read")
        try:
            target = target_of(str(request.url))
            call = Call(request.method, target, headers, content or None, self._limit, DEFAULT_POOL_SIZE)
            async with asyncio.timeout(timeout):
                answer = await self._pool.exchange(call)
        except TimeoutError as exc:
            raise httpx.ReadTimeout(f"no complete response within {timeout:g} s", request=request) from exc
        except HttpFailure as failure:
            kind = httpx.RemoteProtocolError if failure.sent else httpx.ConnectError
            raise kind(failure.message, request=request) from failure
        fields = [field for field in answer.fields if field[0] not in _OF_THE_CODING]
        encoded = [(name.encode("ascii"), value.encode()) for name, value in fields]
        return httpx.Response(answer.status, headers=encoded, content=answer.body, request=request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()
