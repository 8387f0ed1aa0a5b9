"""Text of other people's making, made ready for a terminal or for a program that reads it."""

import json
import unicodedata
from typing import Any

from rich.text import Text


def plain(text: object, style: str = "") -> Text:
    """A text of which nothing is taken for markup, without what would steer the terminal."""
    return Text(visible(str(text)), style=style)


def visible(text: str) -> str:
    """The text on one line, with a sign in the place of each control character and half character."""
    return "".join("�" if unicodedata.category(char) in ("Cc", "Cs") else char for char in text)


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """JSON of any value: integers of any length, what JSON does not have as its `repr`."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=repr)
    return text.encode("utf-8", "replace").decode()
