"""Text of other people's making, made ready for a terminal."""

import unicodedata

from rich.text import Text


def plain(text: object, style: str = "") -> Text:
    """A text of which nothing is taken for markup, without what would steer the terminal."""
    return Text(visible(str(text)), style=style)


def visible(text: str) -> str:
    """The text on one line, with a sign in the place of each control character and half character."""
    return "".join("�" if unicodedata.category(char) in ("Cc", "Cs") else char for char in text)
