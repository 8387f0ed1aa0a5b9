"""A request and its answer as transports see them: checked, in bytes, ready for the wire."""

from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final, Protocol

from akrun.net.body import ACCEPT_ENCODING
from akrun.net.message import Request, check_headers, check_method
from akrun.net.target import Target, target_of

RawHeaders = list[tuple[bytes, bytes]]

_DEFAULT_HEADERS: Final = (
    (b"accept", b"*/*"),
    (b"accept-encoding", ACCEPT_ENCODING.encode()),
    (b"user-agent", f"akrun/{version('akrun')}".encode()),
)
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


@dataclass(slots=True)
class Call:
    """One exchange with one origin, on its way.

    Attributes:
        method: in upper case.
        target: where to.
        headers: names and values, without those that frame the message.
        content: the body.
        limit: most bytes of the response's decoded body.
        pool_size: most connections to the origin at once.
        begun: whether it got its turn in the pool.
        sent: whether any of it may have left this machine, by this exchange or one that led to it.
    """

    method: str
    target: Target
    headers: RawHeaders = field(repr=False)
    content: bytes | None = field(repr=False)
    limit: int
    pool_size: int
    begun: bool = False
    sent: bool = False

    def wire(self) -> bytes:
        """The request as HTTP/1.1 has it."""
        parts = [b"%b %b HTTP/1.1\r\n" % (self.method.encode("ascii"), self.target.path)]
        named = False
        for header in self.headers:
            named = named or header[0] == b"host"
            parts.append(b"%b: %b\r\n" % header)
        if not named:
            parts.insert(1, b"host: %b\r\n" % self.target.origin.authority)
        if self.content is None:
            parts.append(b"content-length: 0\r\n\r\n" if self.method in _WITH_BODY else b"\r\n")
        else:
            parts.append(b"content-length: %d\r\n\r\n" % len(self.content))
            parts.append(self.content)
        return b"".join(parts)


@dataclass(slots=True)
class Answer:
    """A whole response.

    Attributes:
        status: such as 200.
        fields: the headers in their order, names in lower case.
        headers: the same by name; values of repeated ones are joined by commas.
        body: decoded.
    """

    status: int
    fields: list[tuple[str, str]] = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def by_name(fields: list[tuple[str, str]]) -> dict[str, str]:
    """The headers by name."""
    headers = dict(fields)
    if len(headers) < len(fields):
        headers.clear()
        for name, value in fields:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


class Transport(Protocol):
    """What exchanges calls for answers."""

    async def exchange(self, call: Call) -> Answer:
        """Send one request and read its whole response; raises HttpFailure.

        Sets `begun` and `sent` of the call as soon as they hold, so that they are right whenever it is
        cancelled.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


def call_of(request: Request) -> Call:
    """Check a request and turn it into a call; raises HttpFailure of kind `url` or `header`."""
    target = target_of(request.url)
    headers = check_headers(request.headers)
    given = {name for name, _ in headers}
    headers += [header for header in _DEFAULT_HEADERS if header[0] not in given]
    if target.credentials is not None and b"authorization" not in given:
        headers.append((b"authorization", target.credentials))
    return Call(
        check_method(request.method),
        target,
        headers,
        request.content,
        request.max_response,
        request.pool_size,
    )
