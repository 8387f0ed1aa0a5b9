"""Highlighting of templates."""

import pytest

from akrun.editor.documents import Document
from akrun.editor.tokens import LEGEND, tokens
from aktmpl.source import Span
from tests.akrun.editor.channels import YAML, known


def test_tokens_of_templates_inside_strings() -> None:
    document = known()
    found = [(document.text[each.span.start : each.span.end], LEGEND[each.kind]) for each in tokens(document)]
    start = found.index(("profile", "variable"))
    assert found[start - 1 : start + 9] == [
        ("${", "macro"), ("profile", "variable"), ("name", "property"), ("??", "operator"),
        ("'", "string"), ("friend", "string"), ("'", "string"), ("}", "macro"), ("$", "macro"),
        ("sender", "variable"),
    ]  # fmt: skip
    assert ("200", "number") in found
    part = tokens(document, Span(0, document.text.index('"text"')))
    assert 0 < len(part) < len(found)


def test_yaml() -> None:
    document = known(YAML, "channel.yaml")
    found = [document.text[each.span.start : each.span.end] for each in tokens(document)]
    assert found.count("sender") == 2


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[1]"])
def test_other_texts_give_nothing(text: str) -> None:
    assert tokens(Document.examined("x.json", text)) == []
