"""Mocks put into the text of a test file, which else stays as it is written, comments included."""

import re
from collections.abc import Sequence
from io import StringIO
from typing import Any, Final

from ruamel.yaml import YAML

from akrun.errors import AkrunError
from akrun.model.located import LocatedDocument
from aktmpl.source import locate

_IDLE_LINE: Final = re.compile(r"[ \t]*(?:#[^\n]*)?")


def insert_mocks(document: LocatedDocument, index: int, mocks: Sequence[dict[str, Any]]) -> str:
    """The text of a test file with more mocks at the end of a case's `http`.

    Args:
        document: the file.
        index: of the case.
        mocks: as they are written in JSON.

    Raises:
        AkrunError: the case, or its `http`, is written in braces or brackets, or by an alias.
    """
    text, case = document.source.text, f"/cases/{index}"
    start = document.span(case).start
    if text[start] == "{" or not document.source.name.endswith((".yaml", ".yml")):
        raise _refused(document, case)
    column = start - (text.rfind("\n", 0, start) + 1)
    written = document.part(case)
    if not written.get("http"):
        lines = [" " * column + "http:", *_indented(mocks, column + 2)]
        at = _before_expect(document, case, column) if "http" not in written else None
        if at is None and "http" in written:
            raise _refused(document, f"{case}/http")
        return _put(text, lines, _end(text, document.span(case).end) if at is None else at)
    place = document.span(f"{case}/http")
    if text[place.start] != "-" or not start <= place.start <= document.span(case).end:
        raise _refused(document, f"{case}/http")
    dash = place.start - (text.rfind("\n", 0, place.start) + 1)
    return _put(text, _indented(mocks, dash), _end(text, place.end))


def _before_expect(document: LocatedDocument, case: str, column: int) -> int | None:
    """The start of the line of the case's `expect`, unless the case begins with it."""
    if "expect" not in document.part(case):
        return None
    text, key = document.source.text, document.span(f"{case}/expect", key=True).start
    line = text.rfind("\n", 0, key) + 1
    return line if text[line:key] == " " * column else None


def _end(text: str, end: int) -> int:
    """Where the last line ends of the part that ends at `end`; comments after it are none of its lines."""
    lines = text[:end].split("\n")
    while len(lines) > 1 and _IDLE_LINE.fullmatch(lines[-1]):
        lines.pop()
    return min(len("\n".join(lines)) + 1, len(text))


def _put(text: str, lines: Sequence[str], at: int) -> str:
    before = text[:at] if text[:at].endswith("\n") or not at else text[:at] + "\n"
    return before + "\n".join(lines) + "\n" + text[at:]


def _indented(mocks: Sequence[dict[str, Any]], column: int) -> list[str]:
    stream = StringIO()
    yaml = YAML()
    yaml.width = 1_000_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(list(mocks), stream)
    lines = stream.getvalue().rstrip("\n").split("\n")
    return [" " * column + line.removeprefix("  ") if line.strip() else line for line in lines]


def _refused(document: LocatedDocument, pointer: str) -> AkrunError:
    name, line, _ = locate(document.source, document.span(pointer))
    return AkrunError(
        f"{name}:{line}: mocks cannot be put in here: write it as a block, one key or item to a line"
    )
