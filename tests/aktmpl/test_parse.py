"""The parser: spans, recovery, and the words of its messages."""

import pytest

import aktmpl
from aktmpl import lark_parser, parse
from aktmpl.errors import TemplateError
from aktmpl.limits import Limits
from aktmpl.node import Node
from aktmpl.nodes import (
    Insert,
    Reference,
    Template,
    Text,
    Typed,
)
from aktmpl.source import Source, Span

LIMITS = Limits()


def parsed(text: str) -> Template:
    return parse.parse_text(Source(text), LIMITS)


def shown(text: str, node: Node) -> str:
    return text[node.span.start : node.span.end]


def test_every_part_knows_its_place() -> None:
    text = "a $in.b ${in.c} \\$5"
    parts = parsed(text).parts
    assert [(type(part), shown(text, part)) for part in parts] == [
        (Text, "a "),
        (Insert, "$in.b"),
        (Text, " "),
        (Insert, "${in.c}"),
        (Text, " \\$5"),
    ]


@pytest.mark.parametrize("text", ["$#in.a.%0.b", "$#{in.a.%0.b}", "$#{ in.a . %0 .b }", "$#{$in.a.%0.b}"])
def test_a_reference_and_its_segments_know_their_places(text: str) -> None:
    (part,) = parsed(text).parts
    assert isinstance(part, Typed)
    reference = part.expression
    assert isinstance(reference, Reference)
    assert text[reference.root_span.start : reference.root_span.end] == "in"
    assert [shown(text, segment) for segment in reference.segments] == ["a", "%0", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "in.a + 1 * 2 - in.b",
        "(in.a)",
        "f(in.a, x=[1, {k: 2}])",
        "in.a ? 1 : in.b | f",
        "not in.a = 'x$in.b'",
        "in.a ?? in.b['c'].%0 is not null",
        "-in.a ^ 2",
        "[in.a, {'k': in.b}]",
    ],
)
def test_spans_of_children_lie_within_their_parents(text: str) -> None:
    condition = parse.parse_query(Source(text), LIMITS)
    assert shown(text, condition.expression) == text
    stack: list[Node] = [condition.expression]
    while stack:
        node = stack.pop()
        for child in node.children():
            assert node.span.start <= child.span.start < child.span.end <= node.span.end
            stack.append(child)


def test_depth_and_size_of_a_tree() -> None:
    (part,) = parsed("$#{[in.a, 1]}").parts
    assert (part.depth, part.size) == (4, 5)


def codes(text: str) -> list[tuple[str, str]]:
    with pytest.raises(TemplateError) as caught:
        aktmpl.compile_text(text)
    return [(each.code, text[each.span.start : each.span.end]) for each in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${+} ${in.a} ${-}", [("E101", "+"), ("E101", "}")]),
        ("$nope ${+} $nope", [("E201", "nope"), ("E101", "+"), ("E201", "nope")]),
        ("$#in.a ${+", [("E104", "$#in.a"), ("E101", "+")]),
        ("$$in ${)} $$in", [("E105", "$$in"), ("E101", ")"), ("E105", "$$in")]),
        ("${'} ${in.a}", [("E103", "'} ${in.a}")]),
        ("${in.a", [("E102", "${")]),
        ("${in.a ${in.b}", [("E101", "$")]),
        ("${in.a}} ${nope}}", [("E201", "nope")]),
        ("${" * 3 + "}" * 3, [("E101", "$")]),
    ],
)
def test_one_pass_finds_all_faults_in_their_order(text: str, expected: list[tuple[str, str]]) -> None:
    assert codes(text) == expected


def test_there_is_an_end_to_the_faults_of_a_text() -> None:
    assert len(codes("${+} " * 100)) == 20
    assert len(codes("$nope " * 1_000)) == 100


def test_a_part_after_a_fault_keeps_its_place() -> None:
    text = "я ${+} \n\n  $profil.x"
    with pytest.raises(TemplateError) as caught:
        aktmpl.compile_text(text)
    assert str(caught.value.faults[1]) == "<template>:3:4: E201 unknown root `profil`"


@pytest.mark.parametrize("key", ["$$in.l[a]", "$${in.l}[a]", "$${[1, 2]}[a b]", "$?$$in.l[a]"])
def test_an_expansion_has_a_name_and_what_it_expands(key: str) -> None:
    start = 2 if key.startswith("$?") else 0
    over, name = parse.parse_expansion(Source(key), LIMITS, start)
    assert name == key[key.rindex("[") + 1 : -1]
    assert shown(key, over) in key[start:]
    assert over.span != Span(0, 0)


FORBIDDEN = [
    "TEXT",
    "SEGMENT",
    "NAME",
    "$END",
    "__ANON",
    "Token(",
    "RPAR",
    "LBRACE",
    "RSQB",
    "COMPARE",
    "SUM_OPERATOR",
    "unexpected token",
]


@pytest.mark.parametrize(
    "text",
    [
        "${",
        "${}",
        "${in",
        "${in.",
        "${in.a |",
        "${in.a | 5}",
        "${(}",
        "${[}",
        "${{}",
        "${{a}}",
        "${{a:}}",
        "${f(}",
        "${f(,)}",
        "${f(a=)}",
        "${in.a ?}",
        "${in.a ? 1}",
        "${in.a ? 1 :}",
        "${in.a ??}",
        "${in.a is}",
        "${in.a is not}",
        "${in.a isnot 5}",
        "${in.a contains}",
        "${not}",
        "${!}",
        "${-}",
        "${1 +}",
        "${1 ^}",
        "${in[}",
        "${in[]}",
        "${in?.}",
        "${in.%}",
        "${in.%x}",
        "${'",
        '${"',
        "${'\\",
        "${#}",
        "${@}",
        "${in.a,}",
        "${,}",
        "${:}",
        "${in.a b}",
        "${1 2}",
        "${'a' 'b'}",
        "${[1 2]}",
        "$#{",
        "$#{}",
        "${in.a;}",
        "${in.a\n\nin.b}",
        "${\x00}",
        "${😀}",
        "${in.a = = 1}",
        "${in.a !}",
        "${in.a ~ 1}",
        "${in.a & 1}",
        "${in.a | | f}",
    ],
)
def test_no_message_speaks_the_parsers_language(text: str) -> None:
    with pytest.raises(TemplateError) as caught:
        aktmpl.compile_text(text)
    for fault in caught.value.faults:
        said = f"{fault.message} {fault.hint}"
        assert not [word for word in FORBIDDEN if word in said]
        assert fault.span.start < fault.span.end <= len(text)
        assert fault.message[0].islower() or fault.message[0] == "`"


def test_the_grammar_is_found() -> None:
    assert lark_parser.grammar_text().startswith("// The template language.")
