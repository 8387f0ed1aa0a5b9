"""The Pygments lexers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Error

from aktmpl.highlight import DocumentLexer, QueryLexer, TemplateLexer
from tests.aktmpl import strategies

LEXERS = (TemplateLexer, QueryLexer, DocumentLexer)


def tokens(lexer: Lexer, text: str) -> list[str]:
    """Kinds and texts, neighbours of a kind joined, blanks left out."""
    found: list[list[str]] = []
    for _, kind, value in lexer.get_tokens_unprocessed(text):
        name = str(kind).removeprefix("Token.")
        if found and found[-1][0] == name:
            found[-1][1] += value
        elif value.strip():
            found.append([name, value])
    return [" ".join(pair) for pair in found]


def test_a_text() -> None:
    assert tokens(TemplateLexer(), r"Hi $in.x, ${profile.tags | join(', ') ?? 'a $b'} \$5 [$]url $$") == [
        "Text Hi ",
        "Literal.String.Interpol $",
        "Name.Variable in",
        "Name.Attribute .x",
        "Text , ",
        "Literal.String.Interpol ${",
        "Name.Variable profile",
        "Punctuation .",
        "Name.Attribute tags",
        "Operator |",
        "Name.Function join",
        "Punctuation (",
        "Literal.String.Single ', '",
        "Punctuation )",
        "Operator ??",
        "Literal.String.Single 'a ",
        "Literal.String.Interpol $",
        "Name.Variable b",
        "Literal.String.Single '",
        "Literal.String.Interpol }",
        "Literal.String.Escape \\$",
        "Text 5 ",
        "Literal.String.Interpol [$]",
        "Name.Attribute url",
        "Text $$",
    ]


def test_a_query() -> None:
    assert tokens(QueryLexer(), "in.n >= 4 AND not x is null") == [
        "Name.Variable in",
        "Punctuation .",
        "Name.Attribute n",
        "Operator >=",
        "Literal.Number 4",
        "Operator.Word ANDnot",
        "Name.Variable x",
        "Operator.Word is",
        "Keyword.Constant null",
    ]


def test_a_document_has_templates_in_its_strings_and_keys() -> None:
    assert tokens(DocumentLexer(), r'{"$$in.a[k]": ["\n\\$ ${in.x ?? \"b\"}"], "n": 1}') == [
        "Punctuation {",
        'Name.Tag "',
        "Literal.String.Interpol $$",
        "Name.Variable in",
        "Name.Attribute .a",
        'Name.Tag [k]"',
        "Punctuation :[",
        'Literal.String.Double "',
        "Literal.String.Escape \\n\\\\$",
        "Literal.String.Interpol ${",
        "Name.Variable in",
        "Punctuation .",
        "Name.Attribute x",
        "Operator ??",
        'Literal.String.Double \\"b\\"',
        "Literal.String.Interpol }",
        'Literal.String.Double "',
        "Punctuation ],",
        'Name.Tag "n"',
        "Punctuation :",
        "Literal.Number 1",
        "Punctuation }",
    ]


@given(st.sampled_from(LEXERS), st.one_of(strategies.source_texts, st.text()))
def test_tokens_cover_any_text_in_order(lexer: type[Lexer], text: str) -> None:
    found = list(lexer().get_tokens_unprocessed(text))
    assert "".join(value for _, _, value in found) == text
    assert [offset for offset, _, value in found if value] == sorted(
        {offset for offset, _, value in found if value}
    )


@given(strategies.documents)
def test_a_good_document_has_no_error_token(document: object) -> None:
    found = DocumentLexer().get_tokens_unprocessed(json.dumps(document))
    assert all(kind is not Error for _, kind, _ in found)


@pytest.mark.parametrize("name", ["aktmpl", "aktmpl-query", "aktmpl-json"])
def test_pygments_knows_the_lexers_by_name(name: str) -> None:
    lexer = get_lexer_by_name(name)
    assert type(lexer) in LEXERS
    assert "".join(value for _, value in lexer.get_tokens("$in.x")) == "$in.x\n"
