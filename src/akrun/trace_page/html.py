"""Text into HTML: escaped, and without what HTML cannot hold."""

import re
from html import escape
from typing import Final

_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""Controls, half characters and what never is one: they are errors in HTML, or are read as something else.

A carriage return is one of them: a browser would make a line feed of it.
"""
_STEERING: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that turn the direction of the text that follows, which may belong to somebody else."""


def esc(value: object) -> str:
    """A value's text as it may stand between tags and in quoted attributes; lines and tabs stay."""
    text = _FORBIDDEN.sub("\ufffd", str(value))
    return escape(_STEERING.sub("\ufffd", text))


def tag(name: str, content: str, **attributes: object) -> str:
    """An element; `content` is HTML, attributes are values; `class_` stands for `class`."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{esc(value)}"' for key, value in attributes.items()
    )
    return f"<{name}{given}>{content}</{name}>"


def milliseconds(seconds: float) -> str:
    """A time with one digit after the point: `120.4 ms`, `12.5 s`."""
    return f"{seconds * 1000:,.1f} ms" if seconds < 10 else f"{seconds:,.1f} s"
