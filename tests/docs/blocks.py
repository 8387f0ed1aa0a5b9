"""A page cut into what a reader may take for an example: its code blocks, and the marks before them.

A mark is a comment on lines of its own right before a block; CONTRIBUTING.md says which there are.
"""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

_MARK: Final = re.compile(r"^<!-- (file|output|not run|run|after|data)(?:: (.+?))? -->$", re.DOTALL)
_FENCE: Final = re.compile(r"^( *)(`{3,}|~{3,}) *(.*)$")
_LIST: Final = re.compile(r" {0,3}(?:[*+-]|\d+\.) ")
INDENTED: Final = "indented"
"""The language of blocks that have no fence."""


class Mark(NamedTuple):
    """What a comment says: of the block that follows, or to be done at this place."""

    kind: str
    value: str
    line: int


class Block(NamedTuple):
    """A code block; `line` is its first line of text, from 1."""

    language: str
    text: str
    line: int
    marks: tuple[Mark, ...]

    def marked(self, kind: str) -> str | None:
        """What its mark of this kind says; None without one."""
        return next((mark.value for mark in self.marks if mark.kind == kind), None)


class Page(NamedTuple):
    """A page: its blocks, and the marks that stand for themselves, in their order."""

    path: Path
    items: tuple[Block | Mark, ...]

    @property
    def blocks(self) -> list[Block]:
        """The blocks only."""
        return [item for item in self.items if isinstance(item, Block)]


def read_page(path: Path) -> Page:
    """The page of a Markdown file."""
    return Page(path, tuple(_items(path.read_text(encoding="utf-8"))))


def without_code(text: str) -> str:
    """The page's prose: code blocks, code in lines and comments are blanked out, lines keep their numbers."""
    lines = text.splitlines()
    for found in _blocks(lines):
        for number in range(found.first, found.last):
            lines[number] = ""
    prose = re.sub(
        r"(`+)(?!`).*?(?<!`)\1(?!`)",
        lambda code: "`" + "\n" * code[0].count("\n"),
        "\n".join(lines),
        flags=re.DOTALL,
    )
    return re.sub(r"<!--.*?-->", lambda comment: "\n" * comment[0].count("\n"), prose, flags=re.DOTALL)


class _Found(NamedTuple):
    first: int
    last: int  # the line behind it
    language: str
    text: str
    begin: int  # the first line of the text


def _items(text: str) -> Iterator[Block | Mark]:
    lines = text.splitlines()
    waiting: list[Mark] = []
    blocks = {found.first: found for found in _blocks(lines)}
    number = 0
    while number < len(lines):
        if (found := blocks.get(number)) is not None:
            yield from (mark for mark in waiting if mark.kind in ("run", "after"))
            own = tuple(mark for mark in waiting if mark.kind not in ("run", "after"))
            yield Block(found.language, found.text, found.begin + 1, own)
            waiting = []
            number = found.last
        elif lines[number].startswith("<!--"):
            end = next((at for at in range(number, len(lines)) if "-->" in lines[at]), number)
            if (mark := _MARK.match("\n".join(lines[number : end + 1]))) is not None:
                waiting.append(Mark(mark[1], (mark[2] or "").strip(), number + 1))
            number = end + 1
        else:
            if lines[number].strip():
                yield from _alone(waiting)
                waiting = []
            number += 1
    yield from _alone(waiting)


def _alone(marks: list[Mark]) -> Iterator[Mark]:
    """Marks without a block; one that speaks of a block is wrong there."""
    for mark in marks:
        if mark.kind not in ("run", "after"):
            raise ValueError(f"line {mark.line}: no block follows the mark `{mark.kind}`")
        yield mark


def _blocks(lines: list[str]) -> Iterator[_Found]:
    number, listed = 0, False
    while number < len(lines):
        line = lines[number]
        if (fence := _FENCE.match(line)) is not None:
            closing = re.compile(rf" *{fence[2]}[`~]* *$")
            end = next((at for at in range(number + 1, len(lines)) if closing.match(lines[at])), len(lines))
            text = textwrap.dedent("".join(f"{each}\n" for each in lines[number + 1 : end]))
            yield _Found(number, end + 1, fence[3].strip(), text, number + 1)
            number = end + 1
        elif not listed and line.startswith("    ") and line.strip() and _may_begin(lines, number):
            end = number
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            while not lines[end - 1].strip():
                end -= 1
            text = "".join(f"{each[4:]}\n" for each in lines[number:end])
            yield _Found(number, end, INDENTED, text, number)
            number = end
        else:
            if _LIST.match(line):
                listed = True
            elif line.strip() and not line.startswith(" ") and (number == 0 or not lines[number - 1].strip()):
                listed = False
            number += 1


def _may_begin(lines: list[str], number: int) -> bool:
    """An indented block begins behind a blank line or a comment, never within a paragraph."""
    return number == 0 or not lines[number - 1].strip() or lines[number - 1].endswith("-->")
