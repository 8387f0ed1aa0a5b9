"""Every example of the language's page gives what the page says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import aktmpl

PAGE = Path(__file__).parents[2] / "docs" / "language.md"
_BLOCK = re.compile(r"^```(json data|aktmpl(?:-query|-document)?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _examples() -> tuple[Any, list[tuple[str, str, str]]]:
    """The page's data, and (kind, source, expectation) of every example."""
    data: Any = None
    examples: list[tuple[str, str, str]] = []
    for kind, body in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "json data":
            data = json.loads(body)
            continue
        source: list[str] = []
        for line in body.splitlines():
            if line[:2] in ("=>", "=#", "=!"):
                examples.append((kind, "\n".join(source), line))
                source = []
            else:
                source.append(line)
        assert not source, f"no result follows {source}"
    return data, examples


DATA, EXAMPLES = _examples()


def _result(kind: str, source: str) -> Any:
    if kind == "aktmpl-query":
        return aktmpl.compile_query(source).evaluate(DATA)
    if kind == "aktmpl-document":
        return aktmpl.compile_document(json.loads(source)).render(DATA)
    return aktmpl.compile_text(source).render(DATA)


@pytest.mark.parametrize(("kind", "source", "expected"), EXAMPLES, ids=[each[1] for each in EXAMPLES])
def test_an_example_gives_what_the_page_says(kind: str, source: str, expected: str) -> None:
    sign, text = expected[:2], expected[3:]
    if sign == "=!":
        with pytest.raises(aktmpl.TemplateError) as caught:
            _result(kind, source)
        assert f"{caught.value.code} {caught.value.message}" == text
    elif sign == "=#":
        assert json.dumps(_result(kind, source)) == json.dumps(json.loads(text))
    else:
        assert _result(kind, source) == text


def test_the_page_has_examples_of_all_kinds() -> None:
    assert {kind for kind, _, _ in EXAMPLES} == {"aktmpl", "aktmpl-query", "aktmpl-document"}
    assert len(EXAMPLES) > 40
