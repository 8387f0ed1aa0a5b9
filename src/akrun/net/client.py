"""The HTTP client of a channel: one exchange, whole, within a deadline and a size."""

import asyncio
import ssl
from base64 import b64encode
from importlib.metadata import version
from typing import Protocol, Self
from urllib.parse import unquote

import httpx

from akrun.engine.clock import Clock, SystemClock
from akrun.net.body import ACCEPT_ENCODING, read_body
from akrun.net.failures import HttpFailure
from akrun.net.message import Request, Response, check_headers, check_method, check_url, shown
from akrun.net.pool import POOL_SIZE, OriginPool

MAX_REDIRECTS = 10

_DEFAULT_HEADERS = (
    (b"accept", b"*/*"),
    (b"accept-encoding", ACCEPT_ENCODING.encode()),
    (b"user-agent", f"akrun/{version('akrun')}".encode()),
)
# What a request may carry to another origin: anything else may be a credential under any name.
_CROSS_ORIGIN_HEADERS = frozenset(
    {"accept", "accept-encoding", "accept-language", "content-type", "user-agent"}
)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.LocalProtocolError)


class Sender(Protocol):
    """What a pipe needs of an HTTP client."""

    async def send(self, request: Request) -> Response:
        """Exchange one request for one response; raises HttpFailure."""
        ...


class HttpClient:
    """Sends requests over an httpx transport, without state between them: no cookies, no environment.

    The requests go to the transport directly. A client of httpx would add a cookie jar, which would carry
    what one recipient's answer set into the next recipient's request.

    ```python
    async with HttpClient() as client:
        response = await client.send(Request("GET", "https://api.example.com/ping"))
    ```
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None, clock: Clock | None = None) -> None:
        self._transport = transport or OriginPool()
        self._clock = clock or SystemClock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the transport and its connections."""
        await self._transport.aclose()

    async def send(self, request: Request) -> Response:
        """Exchange one request for one response, of any status.

        The deadline covers all of it: waiting for a connection, redirects, the last byte of the body.
        Raises HttpFailure (its docstring lists the kinds).
        """
        built = _build(request)
        address = shown(built.url)
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(request.timeout):
                status, headers, body = await self._exchange(built, request)
        except TimeoutError as exc:
            message = f"no complete response from {address} within {request.timeout:g} s"
            raise HttpFailure(message, kind="timeout", sent=True, retryable=True) from exc
        except httpx.HTTPError as exc:
            raise _failure(exc, address) from exc
        return Response(status, headers, body, self._clock.monotonic() - started)

    async def _exchange(self, built: httpx.Request, request: Request) -> tuple[int, dict[str, str], bytes]:
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._transport.handle_async_request(built)
            response.request = built
            try:
                target = _redirect_target(response) if request.follow_redirects else None
                # The body of a redirect is read too: an unread one costs the connection.
                body = await read_body(response, request.max_response)
            finally:
                await response.aclose()
            if target is None:
                return (
                    response.status_code,
                    {name.lower(): value for name, value in response.headers.items()},
                    body,
                )
            built = _redirected(built, response.status_code, target, request.pool_size)
        raise HttpFailure(f"more than {MAX_REDIRECTS} redirects", kind="redirect", sent=True)


def _build(request: Request) -> httpx.Request:
    url = check_url(request.url)
    headers = check_headers(request.headers)
    given = {name.lower() for name, _ in headers}
    headers += [header for header in _DEFAULT_HEADERS if header[0] not in given]
    if url.userinfo and b"authorization" not in given:
        user, _, password = url.userinfo.decode("ascii").partition(":")
        credentials = b64encode(f"{unquote(user)}:{unquote(password)}".encode())
        headers.append((b"authorization", b"Basic " + credentials))
    return _httpx_request(check_method(request.method), url, headers, request.content, request.pool_size)


def _httpx_request(
    method: str,
    url: httpx.URL,
    headers: list[tuple[bytes, bytes]],
    content: bytes | None,
    pool_size: int,
) -> httpx.Request:
    return httpx.Request(
        method,
        url.copy_with(userinfo=b"", fragment=None),
        headers=headers,
        content=content,
        extensions={POOL_SIZE: pool_size},
    )


def _redirect_target(response: httpx.Response) -> httpx.URL | None:
    if response.status_code not in (301, 302, 303, 307, 308) or "location" not in response.headers:
        return None
    try:
        return check_url(str(response.request.url.join(response.headers["location"])))
    except (HttpFailure, httpx.InvalidURL, ValueError) as exc:
        raise HttpFailure(f"a redirect leads nowhere: {exc}", kind="redirect", sent=True) from exc


def _redirected(request: httpx.Request, status: int, target: httpx.URL, pool_size: int) -> httpx.Request:
    """The next request of a redirect, by RFC 9110 §15.4 and the usage of browsers for 301 and 302."""
    method, content = request.method, request.content or None
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, content = "GET", None
    same_origin = _origin(request.url) == _origin(target)
    if content is not None and not same_origin:
        message = f"{shown(request.url)} redirects to another origin, which would get the request's body"
        raise HttpFailure(message, kind="redirect", sent=True)
    dropped = {b"host", b"content-length"} | (set() if content is not None else {b"content-type"})
    headers = [
        (name, value)
        for name, value in request.headers.raw
        if name.lower() not in dropped
        and (same_origin or name.decode("ascii").lower() in _CROSS_ORIGIN_HEADERS)
    ]
    return _httpx_request(method, target, headers, content, pool_size)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _failure(exc: httpx.HTTPError, address: str) -> HttpFailure:
    sent = not isinstance(exc, _NEVER_SENT)
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "verify_message", "") or cause.reason or "handshake failed"
            return HttpFailure(f"TLS with {address} failed: {reason}", kind="tls", sent=sent)
        cause = cause.__cause__ or cause.__context__
    if isinstance(exc, httpx.TimeoutException):
        return HttpFailure(
            f"the connection to {address} timed out", kind="timeout", sent=sent, retryable=True
        )
    what = "cannot connect to" if not sent else "the connection broke during the exchange with"
    reason = str(exc) or type(exc).__name__
    return HttpFailure(f"{what} {address}: {reason}", kind="connection", sent=sent, retryable=True)
