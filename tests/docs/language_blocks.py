"""Templates that a page shows with what they give, rendered with the page's data.

`=>` is followed by the text that the lines above it give, `=#` by a value as JSON, `=!` by an error.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import aktmpl
from tests.docs.blocks import Block

LANGUAGES: Final = ("aktmpl", "aktmpl-query", "aktmpl-json")


def faults(blocks: Sequence[Block]) -> list[str]:
    """The examples that give something else than the page says."""
    data: Any = {}
    found: list[str] = []
    for block in blocks:
        if block.marked("data") is not None:
            data = json.loads(block.text)
        elif block.language in LANGUAGES:
            found += _faults_of(block, data)
    return found


def _faults_of(block: Block, data: Any) -> Iterator[str]:
    source: list[str] = []
    for number, line in enumerate(block.text.splitlines(), block.line):
        if line[:2] not in ("=>", "=#", "=!"):
            source.append(line)
            continue
        if (given := _given(block.language, "\n".join(source), line[:2], data)) != _said(line):
            yield f"line {number}: {source} gives {given!r}, the page says {line[3:]!r}"
        source = []
    if source:
        yield f"line {block.line}: no result follows {source}"


def _said(line: str) -> str:
    return json.dumps(json.loads(line[3:])) if line.startswith("=#") else line[3:]


def _given(language: str, source: str, sign: str, data: Any) -> str:
    """What an example gives, in the form that the page has."""
    try:
        value = _value(language, source, data)
    except aktmpl.TemplateError as error:
        return f"{error.code} {error.message}"
    if sign == "=#":
        return json.dumps(value)
    return value if isinstance(value, str) else f"{value!r}, no text"


def _value(language: str, source: str, data: Any) -> Any:
    if language == "aktmpl-query":
        return aktmpl.compile_query(source).evaluate(data)
    if language == "aktmpl-json":
        return aktmpl.compile_document(json.loads(source)).render(data)
    return aktmpl.compile_text(source).render(data)
