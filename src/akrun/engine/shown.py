"""Values, requests and responses as they may be shown: secrets masked, bytes as text, long ones cut."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from akrun.engine.secrets import MASK, Masker
from akrun.net.message import Request, Response

_CREDENTIAL_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
"""Masked wherever they stand, for `$in` holds headers too."""


class Shower:
    """Makes copies of values that may be printed.

    Secrets are masked before anything is cut: half a secret would no longer be recognised.

    Args:
        masker: knows the secrets.
        longest: most characters of one text.
        room: characters that all the values together may take; what comes when it is used up is left out.
    """

    def __init__(self, masker: Masker, *, longest: float = math.inf, room: float = math.inf) -> None:
        self._masker = masker
        self._longest = longest
        self._room = room

    def value(self, value: Any) -> Any:
        """A template value; bytes that are no text are counted, credentials in headers are masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            try:
                return self.text(value.decode())
            except UnicodeDecodeError:
                return f"<{len(value)} bytes>"
        if isinstance(value, Mapping):
            return self._object(value)
        if isinstance(value, list | tuple):
            return self._list(value)
        self._room -= 8
        return self._masker.value(value)

    def text(self, text: str) -> str:
        """A text."""
        masked = self._masker.text(text)
        most = max(min(self._longest, self._room), 0)
        self._room -= len(masked)
        if len(masked) <= most:
            return masked
        return f"{masked[: int(most)]}… ({len(masked):,} characters)"

    def request(self, request: Request) -> dict[str, Any]:
        """Method, url, headers and body; credentials are masked whatever the masker knows."""
        return {
            "method": request.method,
            "url": self.text(request.url),
            "headers": self._object(request.headers),
            "body": None if request.content is None else self.value(request.content),
        }

    def response(self, response: Response) -> dict[str, Any]:
        """Status, headers, body and the seconds it took."""
        headers, body = self._object(response.headers), self.value(response.body)
        return {"status": response.status, "headers": headers, "body": body, "elapsed": response.elapsed}

    def _object(self, value: Mapping[Any, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for key, each in value.items():
            if self._room <= 0:
                shown["…"] = f"{len(value) - len(shown):,} more"
                break
            credential = isinstance(each, str) and str(key).lower() in _CREDENTIAL_HEADERS
            shown[self.text(str(key))] = _credential(each) if credential else self.value(each)
        return shown

    def _list(self, value: list[Any] | tuple[Any, ...]) -> list[Any]:
        shown: list[Any] = []
        for each in value:
            if self._room <= 0:
                shown.append(f"… {len(value) - len(shown):,} more")
                break
            shown.append(self.value(each))
        return shown


def shown(value: Any, masker: Masker) -> Any:
    """A copy of a value as it may be printed: secrets masked, bytes as text or else counted."""
    return Shower(masker).value(value)


def describe(request: Request, masker: Masker) -> dict[str, Any]:
    """A request as it may be printed: method, url, headers and body, secrets and credentials masked."""
    return Shower(masker).request(request)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `$in`, as it is shown, that a pipe set or changed."""
    return {key: value for key, value in after.items() if key not in before or before[key] != value}


def moment(seconds: float) -> str:
    """A time since the epoch in ISO 8601, UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ", timespec="milliseconds")


def _credential(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space and scheme.isalpha() else MASK
