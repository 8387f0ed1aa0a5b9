"""Requests as tests see them: in parts that expectations and mocks can name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from akrun.errors import PipeFailure
from akrun.net.call import Call
from akrun.pipes.pure.parsers import parse_form, parse_json, parse_xml
from akrun.testkit.compare import fits
from akrun.testkit.matchers import glob_fits, matcher_of


@dataclass(slots=True, eq=False)
class Seen:
    """A request that reached the mocked service.

    Attributes:
        headers: names in lower case.
        at: when it left, in seconds since the case began.
        source: the pipe's request that it belongs to; None for one that no pipe made.
        mock: the mock that answered it; None when none did.
        answer: the status, or what went wrong instead of an answer.
    """

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    at: float = 0.0
    source: object = field(default=None, repr=False)
    mock: object = field(default=None, repr=False)
    answer: int | str | None = None

    @classmethod
    def of(cls, call: Call, at: float, source: object = None) -> "Seen":
        """A call as it would go over the wire."""
        headers = {name.decode("ascii"): value.decode("utf-8", "replace") for name, value in call.headers}
        return cls(call.method, call.target.url, headers, call.content or b"", at, source)

    @property
    def address(self) -> str:
        """The URL up to the query."""
        return self.url.partition("?")[0]

    def parts(self) -> dict[str, Any]:
        """What can be expected of it; `json`, `form` and `xml` are there when the body is that."""
        text = self.content.decode("utf-8", "backslashreplace")
        parts: dict[str, Any] = {
            "method": self.method,
            "url": self.url,
            "address": self.address,
            "query": _fields(urlsplit(self.url).query.encode()),
            "headers": dict(self.headers),
            "body": text,
            "at": self.at,
            "answer": self.answer,
        }
        for name, read in (("json", parse_json), ("form", parse_form), ("xml", parse_xml)):
            if name in self._kinds() and self.content:
                try:
                    parts[name] = read(self.content)
                except PipeFailure:
                    continue  # it is not what it says; `body` shows it
        return parts

    def _kinds(self) -> tuple[str, ...]:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            return ("form",)
        if kind.endswith(("/xml", "+xml")):
            return ("xml",)
        return ("json",)


def url_fits(wanted: Any, seen: Mapping[str, Any]) -> bool:
    """Whether the address of a request's parts fits a mock's `url`."""
    if wanted is None:
        return True
    if matcher_of(wanted) is not None:
        return fits(wanted, seen["url"]) or fits(wanted, seen["address"])
    if not isinstance(wanted, str):
        return False
    shown = seen["url"] if "?" in wanted else seen["address"]
    return glob_fits(wanted, shown)


def _fields(query: bytes) -> dict[str, Any]:
    try:
        return parse_form(query)
    except PipeFailure:
        return {}
