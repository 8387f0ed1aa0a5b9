"""Texts in a picture: how wide they are about, and how they are cut into lines."""

import unicodedata
from typing import Final, NamedTuple

_WIDE: Final = "mwMWOQ@%ЖМШЩЮжмшщю—…"
_NARROW: Final = "iljtfrI.,:;'|!()[]{}/\\ `"
_MONO: Final = 0.62
_BREAKS: Final = "/.,_-?&=:"
"""A long word may break after these."""


class Font(NamedTuple):
    """A font: its size in pixels, and whether all its characters are equally wide, or thick."""

    size: float
    mono: bool = False
    bold: bool = False


def width(text: str, font: Font) -> float:
    """About the width in pixels; rather too much than too little, for nobody knows which font is there."""
    return sum(_character(each, font) for each in text) * font.size


def _character(char: str, font: Font) -> float:
    if unicodedata.east_asian_width(char) in "WF":
        return 1.05
    if unicodedata.combining(char):
        return 0.0
    if font.mono:
        return _MONO
    plain = 0.58 if char.isascii() else 0.66
    em = 0.9 if char in _WIDE else 0.34 if char in _NARROW else 0.72 if char.isupper() else plain
    return em * (1.07 if font.bold else 1.0)


def wrapped(text: str, font: Font, room: float, lines: int) -> list[str]:
    """A text in at most so many lines of that width, cut with an ellipsis; words longer than a line break."""
    words = printable(text).split()
    found: list[str] = []
    line = ""
    while words:
        word = words.pop(0)
        longer = f"{line} {word}" if line else word
        if width(longer, font) <= room:
            line = longer
        elif line:
            head = _begun(line, word, font, room)
            found.append(f"{line} {head}" if head else line)
            line = ""
            words.insert(0, word[len(head) :])
        else:
            head = _fitting(word, font, room)
            found.append(head)
            words.insert(0, word[len(head) :])
        if len(found) == lines:
            found[-1] = _ended(found[-1], font, room)
            return found
    return [*found, line] if line else found


def cut(text: str, font: Font, room: float) -> str:
    """A text on one line of that width."""
    return "".join(wrapped(text, font, room, 1))


def _begun(line: str, word: str, font: Font, room: float) -> str:
    """The beginning of a word that has to break anyway, if it may break where the line ends."""
    if width(word, font) <= room:
        return ""
    head = _fitting(word, font, room - width(line + " ", font))
    return head if head[-1] in _BREAKS and width(f"{line} {head}", font) <= room else ""


def _fitting(word: str, font: Font, room: float) -> str:
    """The beginning of a word that fits, at a place where it may break if there is one."""
    most = 1
    while most < len(word) and width(word[: most + 1], font) <= room:
        most += 1
    for at in range(most, max(most * 2 // 3, 1), -1):
        if word[at - 1] in _BREAKS:
            return word[:at]
    return word[:most]


def _ended(line: str, font: Font, room: float) -> str:
    while line and width(line + "…", font) > room:
        line = line[:-1]
    return line.rstrip() + "…"


def printable(text: str) -> str:
    """On one line, and without what XML, and so SVG, cannot hold."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)
