"""What the errors of the YAML scanner and parser mean to the person who wrote the file."""

import re
from typing import Final

from ruamel.yaml.error import MarkedYAMLError

from akrun.model import codes
from akrun.model.positions import Trouble
from aktmpl.source import Span

_Meaning = tuple[str, str, str | None]

_MEANINGS: Final[tuple[_Meaning, ...]] = (
    ("mapping values are not allowed", "a colon with a space after it, inside a value",
     "put the value in quotes, or indent it as an object of its own"),
    ("sequence entries are not allowed", "a list item cannot stand here",
     "begin the list on a line of its own"),
    ("found character '\\t'", "a tab cannot indent YAML", "indent with spaces"),
    ("that cannot start any token", "no value starts with this character", "put the value in quotes"),
    ("while scanning a quoted scalar: found unexpected end", "the text has no closing quote", None),
    ("found unexpected end of stream", "the text has no closing quote", None),
    ("found unexpected document separator", "the text has no closing quote", None),
    ("found unknown escape character", "a backslash that starts no escape of YAML",
     "a backslash itself is written \\\\, or use single quotes"),
    ("expected escape sequence", "an escape without its hexadecimal digits", None),
    ("could not find expected ':'", "a key without a colon, or a text that the lines before do not continue",
     "write `key: value`, with a space after the colon"),
    ("expected ',' or ']'", "the list is not closed, or a comma is missing", "add `,` or `]`"),
    ("expected ',' or '}'", "the object is not closed, or a comma is missing", "add `,` or `}`"),
    ("expected the node content", "a value is missing here", None),
    ("expected <block end>", "the indentation fits neither what is above nor a new level",
     "indent keys of one object alike"),
    ("expected '<document start>'", "the indentation fits neither what is above nor a new level",
     "indent keys of one object alike"),
    ("chomping or indentation", "only `+`, `-` and a digit may follow `|` or `>` on its line", None),
    ("expected a comment or a line break", "only a comment may follow here", None),
    ("expected alphabetic or numeric", "the name of an anchor or alias is missing",
     "put the value in quotes if it is a text"),
)  # fmt: skip


def from_ruamel(text: str, error: MarkedYAMLError) -> Trouble:
    """The fault behind an error of ruamel.yaml, in the words of this package."""
    mark = error.problem_mark or error.context_mark
    start = min(int(mark.index), len(text)) if mark is not None else 0
    problem = str(error.problem or "")
    opened = error.context_mark
    if opened is not None and ("end of stream" in problem or "<stream end>" in problem):
        start = int(opened.index)
    for part, message, hint in _MEANINGS:
        if part in problem:
            return Trouble(codes.SYNTAX, message, Span(start, start + 1), hint)
    plain = re.sub(r"[<>()]", "", problem) or "this is not YAML"
    return Trouble(codes.SYNTAX, plain, Span(start, start + 1))


def unprintable(text: str, at: int) -> Trouble:
    """A control character, which YAML files do not hold."""
    name = f"U+{ord(text[at]):04X}" if at < len(text) else "at the end"
    return Trouble(codes.SYNTAX, f"the control character {name}", Span(at, at + 1), "remove it")
