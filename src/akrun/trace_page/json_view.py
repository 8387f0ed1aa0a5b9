"""JSON for people: indented, with keys, texts and numbers told apart."""

import re
from typing import Any, Final

import orjson

from akrun.exact_json import decode, to_json
from akrun.trace_page.html import esc, tag

_TOKEN: Final = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>\b(?:true|false|null)\b)",
    re.DOTALL,
)


def json_block(value: Any) -> str:
    """A value as an indented block."""
    return tag("pre", _coloured(to_json(value)), class_="json", tabindex=0)


def body_block(body: str) -> str:
    """A body as it went over the wire, and below it, if it is JSON, the same indented."""
    raw = tag("pre", esc(body) if body else tag("span", "empty", class_="soft"), class_="raw", tabindex=0)
    try:
        value = decode(body.encode())
    except (orjson.JSONDecodeError, UnicodeEncodeError, RecursionError):
        return raw
    if not isinstance(value, dict | list) or not value:
        return raw
    return raw + tag("details", tag("summary", "Indented") + json_block(value))


def _coloured(text: str) -> str:
    parts: list[str] = []
    end = 0
    for found in _TOKEN.finditer(text):
        parts += [esc(text[end : found.start()]), tag("span", esc(found[0]), class_=found.lastgroup)]
        end = found.end()
    return "".join([*parts, esc(text[end:])])
