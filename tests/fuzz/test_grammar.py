"""Templates generated from the grammar file itself."""

import re
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark
from lark import Lark

from aktmpl.lark_parser import grammar_text
from tests.fuzz import oracle
from tests.fuzz.budget import SECONDS, fuzz

pytestmark = pytest.mark.timeout(SECONDS + 120)

FIELDS = ["a", "b", "c", "d", "l", "n", "o", "x", "имя", "odd_key"]
ROOTS = ["in", "profile", "template", "error", "sender", "account"]
PATHS = st.builds(
    lambda root, fields: ".".join([root, *fields]),
    st.sampled_from(ROOTS),
    st.lists(st.sampled_from([*FIELDS, "%0", "%-1", "%2"]), max_size=3),
)
FUNCTIONS = ["upper", "length", "round", "join", "first", "default", "json", "map", "where", "abs", "split"]
EXPLICIT = {
    # Terminals that would be noise if they were generated letter by letter.
    "PATH": PATHS.map("${}".format),
    "TYPED_PATH": PATHS.map("$#{}".format),
    "EXPAND_PATH": PATHS.map("$${}".format),
    "STRING_PATH": PATHS.map("${}".format),
    "NAME": st.sampled_from([*ROOTS, *FIELDS, *FUNCTIONS, "item", "index"]),
    "SEGMENT": st.sampled_from(FIELDS),
    "INDEX": st.integers(-3, 3).map("%{}".format),
    "NUMBER": st.one_of(
        st.integers(0, 100).map(str), st.sampled_from(["1.5", "1e3", "0", "1e400", "9" * 30])
    ),
    "WHITE_SPACE": st.sampled_from([" ", "\n", "  "]),
}


_PLAIN = re.compile(r"^\?(\w+): (\w+)(?= \(|\n)", re.MULTILINE)
_WEIGHT = 6


def shallow(grammar: str) -> str:
    """The grammar with the way to the next level, and simple values, repeated under other names.

    Each alternative is as likely as another, so that of the grammar as it stands hardly any expression ends.
    """

    more: list[str] = []

    def repeated(name: str) -> str:
        again = [f"again{len(more) + number}" for number in range(_WEIGHT)]
        more.extend(f"{each}: {name}" for each in again)
        return " | ".join(again)

    flat = _PLAIN.sub(lambda rule: f"?{rule[1]}: {repeated(rule[2])} | {rule[2]}", grammar)
    values = f"{repeated('PATH')} | {repeated('NAME')}"
    return "\n".join([flat.replace("?primary: ", f"?primary: {values} | "), *more])


def generated(start: str) -> st.SearchStrategy[str]:
    grammar = Lark(shallow(grammar_text()), parser="earley", start=start)
    known = {terminal.name for terminal in grammar.terminals}
    explicit = {name: strategy for name, strategy in EXPLICIT.items() if name in known}
    return from_lark(grammar, start=start, explicit=explicit)


def test_texts_of_the_grammar() -> None:
    fuzz(generated("text"), oracle.check_text, examples=20)


def test_queries_of_the_grammar() -> None:
    fuzz(generated("query"), oracle.check_query, examples=20)


def test_queries_of_the_grammar_as_typed_references() -> None:
    fuzz(generated("query").map(lambda query: f"$#{{{query}}}"), oracle.check_text, examples=20)


def test_expansions_of_the_grammar() -> None:
    patterns: st.SearchStrategy[Any] = st.recursive(
        st.sampled_from(["[$]", "[$#]", "[$]id", "$index", 1, None, "x", "$in.a", "${item ?? 1}", []]),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.one_of(st.sampled_from(["k", "$?o", "$in.b", "$?$in.n"]), generated("expansion")),
                inner,
                max_size=2,
            ),
        ),
        max_leaves=5,
    )
    optional = st.sampled_from(["", "$?"])
    keys = st.builds(lambda mark, key: mark + key, optional, generated("expansion"))
    fuzz(st.dictionaries(keys, patterns, min_size=1, max_size=3), oracle.check_document, examples=20)
