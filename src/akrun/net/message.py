"""The request and the response of one exchange, checked for what must never reach the wire."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import httpx

from akrun.net.failures import HttpFailure

DEFAULT_TIMEOUT = 30.0
DEFAULT_MAX_RESPONSE = 16 * 1024 * 1024
DEFAULT_POOL_SIZE = 64
MAX_URL = 64 * 1024

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_BUT_TAB = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HOST = re.compile(rb"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
# User, host and port between the scheme and the path. A backslash ends the host for some parsers and belongs
# to the user for others; a port of other digits is read by some only.
_AUTHORITY = re.compile(
    r"[A-Za-z]+://(?:[^/?#@\\]*@)?(?:\[[^]/?#@]*]|[^:/?#@\\\[\]]+)(?::[0-9]{0,5})?(?=[/?#]|$)"
)
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# The client frames the message and keeps the connection; a header of the caller's could only contradict it.
_FRAMING = frozenset(
    {"content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"}
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request ready to be sent: the body is encoded, the credentials stand in the headers.

    `timeout` is a deadline in seconds for the whole exchange, `max_response` a bound in bytes on the decoded
    body, `pool_size` the most connections to this origin at once. The repr shows neither headers nor body.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)
    timeout: float = DEFAULT_TIMEOUT
    follow_redirects: bool = False
    max_response: int = DEFAULT_MAX_RESPONSE
    pool_size: int = DEFAULT_POOL_SIZE


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: header names in lower case, the decoded body, and the seconds it took."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    elapsed: float


def check_url(url: str) -> httpx.URL:
    """The parsed URL; raises HttpFailure of kind `url` for one that must not be requested."""
    if _CONTROL.search(url):
        raise _refused("the URL contains a control character")
    if len(url) > MAX_URL:
        raise _refused(f"the URL is longer than {MAX_URL} characters")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, UnicodeError) as exc:
        raise _refused(f"the URL is not valid: {exc}") from exc
    if parsed.scheme not in ("http", "https"):
        shown = f"scheme {parsed.scheme[:20]!r}" if parsed.scheme else "URL without a scheme"
        raise _refused(f"{shown} is not supported: only http and https are")
    if not parsed.host:
        raise _refused("the URL names no host")
    if not _HOST.fullmatch(parsed.raw_host) and not _is_ipv6(parsed.host):
        raise _refused("the URL's host is not valid")
    if not _AUTHORITY.match(url):
        raise _refused("the URL's host or port is not valid")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise _refused("the URL's port is not valid")
    return parsed


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.IPv6Address(host).scope_id is None
    except ValueError:
        return False


def check_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """The headers as bytes, names in lower case.

    Raises HttpFailure of kind `header`, which names the header and never its value.
    """
    checked = []
    for name, value in headers.items():
        raw_name = _header_name(name)
        if _CONTROL_BUT_TAB.search(value):
            raise HttpFailure(
                f"the value of header {name} contains a control character", kind="header", sent=False
            )
        try:
            checked.append((raw_name, value.strip(" \t").encode()))
        except UnicodeEncodeError as exc:
            raise HttpFailure(f"the value of header {name} is not text", kind="header", sent=False) from exc
    return checked


@lru_cache(maxsize=1024)
def _header_name(name: str) -> bytes:
    if not _TOKEN.fullmatch(name):
        raise HttpFailure(f"{name[:80]!r} is not a header name", kind="header", sent=False)
    if name.lower() in _FRAMING:
        raise HttpFailure(f"header {name} is set by the client itself", kind="header", sent=False)
    return name.lower().encode("ascii")


def check_method(method: str) -> str:
    """The method in upper case; raises HttpFailure of kind `header` for what is no token."""
    if not _TOKEN.fullmatch(method):
        raise HttpFailure("the request's method is not a token", kind="header", sent=False)
    return method.upper()


def shown(url: httpx.URL) -> str:
    """An address for messages: without user, query and fragment, which may hold secrets."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


def _refused(message: str) -> HttpFailure:
    return HttpFailure(message, kind="url", sent=False)
