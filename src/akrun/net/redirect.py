"""What a redirect makes of a call, by RFC 9110 §15.4 and the usage of browsers for 301 and 302."""

from typing import Final

import httpx

from akrun.net.call import Answer, Call
from akrun.net.failures import HttpFailure
from akrun.net.target import Target, joined

MAX_REDIRECTS: Final = 10

# What a request may carry to another origin: anything else may be a credential under any name.
_CROSS_ORIGIN_HEADERS: Final = frozenset(
    {b"accept", b"accept-encoding", b"accept-language", b"content-type", b"user-agent"}
)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def redirect_target(call: Call, answer: Answer) -> Target | None:
    """Where the answer sends the call; None when it is no redirect.

    Raises HttpFailure of kind `redirect` for an address that must not be requested.
    """
    location = answer.headers.get("location")
    if location is None or answer.status not in _REDIRECTS:
        return None
    try:
        return joined(call.target, location)
    except (HttpFailure, httpx.InvalidURL, ValueError) as exc:
        raise HttpFailure(f"a redirect leads nowhere: {exc}", kind="redirect", sent=True) from exc


def redirected(call: Call, status: int, target: Target) -> Call:
    """The next call; raises HttpFailure of kind `redirect` when another origin would get the body."""
    method, content = call.method, call.content or None
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, content = "GET", None
    same_origin = call.target.origin.text == target.origin.text
    if content is not None and not same_origin:
        message = f"{call.target.shown} redirects to another origin, which would get the request's body"
        raise HttpFailure(message, kind="redirect", sent=True)
    headers = [
        (name, value)
        for name, value in call.headers
        if (same_origin or name in _CROSS_ORIGIN_HEADERS)
        and not (name == b"content-type" and content is None)
        and name != b"host"
    ]
    return Call(method, target, headers, content, call.limit, call.pool_size, sent=True)
