"""Where a request goes: the origin it needs a connection to, and what it asks for there."""

import re
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

import httpx

from akrun.net.message import MAX_URL, check_url

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# What may stand in a path and a query as it is. Dot segments, and what needs quoting, take the long way.
_PLAIN = re.compile(
    r"(https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?)"
    r"((?:/(?!\.)(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+)"
    r"(\?(?:[A-Za-z0-9._~!$&()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:)?//")


@dataclass(frozen=True, slots=True)
class Origin:
    """A scheme, a host and a port (RFC 9110 §4.3.1).

    Attributes:
        text: such as `https://api.example.com:8443`; without the port where it is the scheme's own.
        scheme: http or https.
        host: in ASCII and lower case; an IPv6 address without brackets.
        port: the number, also where it is the scheme's own.
        authority: host and port as the Host header has them.
    """

    text: str
    scheme: str
    host: str
    port: int
    authority: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL: its origin, its path and query as they stand in the request line, and its user."""

    origin: Origin
    path: bytes
    credentials: bytes | None = None
    """The value of the Authorization header that the URL's user and password make."""

    @property
    def shown(self) -> str:
        """The address for messages: without user, query and fragment, which may hold secrets."""
        return self.origin.text + self.path.partition(b"?")[0].decode("ascii")

    @property
    def url(self) -> str:
        """The whole address, without the user."""
        return self.origin.text + self.path.decode("ascii")


def target_of(url: str) -> Target:
    """Parse and check a URL; raises HttpFailure of kind `url` for one that must not be requested."""
    plain = _PLAIN.fullmatch(url) if len(url) <= MAX_URL else None
    if plain is None:
        return _parsed(check_url(url))
    return Target(_origin(plain[1]), (plain[2] + (plain[3] or "")).encode("ascii"))


def joined(target: Target, location: str) -> Target:
    """Where a redirect from `target` leads; raises HttpFailure or httpx.InvalidURL for what is no address."""
    absolute = _ABSOLUTE.match(location)
    if absolute is None:
        return _parsed(check_url(str(httpx.URL(target.url).join(location))))
    # Joining would make something valid of what is not: the text itself is to be checked.
    return _parsed(check_url(location if absolute[1] else f"{target.origin.scheme}:{location}"))


@lru_cache(maxsize=1024)
def _origin(base: str) -> Origin:
    return _origin_of(check_url(base))


def _origin_of(url: httpx.URL) -> Origin:
    host = url.raw_host.decode("ascii")
    authority = f"[{host}]" if ":" in host else host
    if url.port is not None:
        authority = f"{authority}:{url.port}"
    return Origin(
        f"{url.scheme}://{authority}",
        url.scheme,
        host,
        url.port or _DEFAULT_PORTS[url.scheme],
        authority.encode("ascii"),
    )


def _parsed(url: httpx.URL) -> Target:
    credentials = None
    if url.userinfo:
        user, _, password = url.userinfo.decode("ascii").partition(":")
        credentials = b"Basic " + b64encode(f"{unquote(user)}:{unquote(password)}".encode())
    return Target(_origin_of(url), url.raw_path, credentials)
