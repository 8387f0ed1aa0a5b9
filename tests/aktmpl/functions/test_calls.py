from typing import Any

import pytest

import aktmpl
from aktmpl.node import Node
from aktmpl.nodes import (
    Call,
    Insert,
    Literal,
    Text,
    Typed,
)


def fault_of(text: str, scope: dict[str, Any] | None = None) -> aktmpl.TemplateError:
    with pytest.raises(aktmpl.TemplateError) as caught:
        aktmpl.compile_text(text).render(scope or {})
    return caught.value


def marked(fault: aktmpl.TemplateError) -> str:
    return fault.source.text[fault.span.start : fault.span.end]


@pytest.mark.parametrize(
    ("text", "code", "place", "hint"),
    [
        ("${uper('a')}", "E205", "uper", "did you mean `upper`?"),
        ("${'a' | uper}", "E205", "uper", "did you mean `upper`?"),
        ("${upper()}", "E206", "upper", "it is upper(text: string) -> string"),
        ("${upper('a', 'b')}", "E206", "upper", "it is upper(text: string) -> string"),
        ("${'a' | truncate(size=2, endin='')}", "E206", "truncate", "did you mean `ending`?"),
        ("${truncate('a', 2, size=2)}", "E206", "truncate", None),
        ("${sort_by([], 'a', true)}", "E206", "sort_by", None),
        ("${upper(5)}", "E207", "5", "for its text write it in quotes: `'$path'`"),
        ("${'5' | round}", "E207", "'5'", "convert it: `… | float`"),
        ("${repeat('a', '3')}", "E207", "'3'", "convert it: `… | int`"),
        ("${upper(length(in))}", "E207", "length(in)", "for its text write it in quotes: `'$path'`"),
        ("${keys([in])}", "E207", "[in]", None),
        ("${'x' | hmac('k', 'sha265')}", "E207", "'sha265'", "did you mean `sha256`?"),
        ("${join(in ? 'a' : 'b')}", "E207", "in ? 'a' : 'b'", "if it is JSON, read it: `… | parse_json`"),
    ],
)
def test_what_no_data_can_make_right_is_refused_when_compiling(
    text: str, code: str, place: str, hint: str | None
) -> None:
    with pytest.raises(aktmpl.CheckFault) as caught:
        aktmpl.compile_text(text)
    assert (caught.value.code, marked(caught.value)) == (code, place)
    if hint is not None:
        assert caught.value.hint == hint


def test_all_faults_of_calls_are_found_in_one_pass() -> None:
    with pytest.raises(aktmpl.CheckFault) as caught:
        aktmpl.compile_text("${uper('a') + upper(5)} ${lower()}")
    assert [fault.code for fault in caught.value.faults] == ["E205", "E207", "E206"]


def test_an_argument_of_the_wrong_type_is_located_and_named() -> None:
    fault = fault_of("Hi ${truncate(in.name, size=in.size)}", {"in": {"name": "Ann", "size": "3"}})
    assert (fault.code, marked(fault)) == ("E410", "in.size")
    assert fault.message == "`truncate`: `size` is int, not the string '3'"
    assert fault.hint == "convert it: `… | int`"
    fault = fault_of("${in.name | upper}", {"in": {"name": 5}})
    assert (fault.message, marked(fault)) == ("`upper`: `text` is string, not the int 5", "in.name")


def test_a_bool_is_no_number() -> None:
    assert (
        fault_of("${in.n | round}", {"in": {"n": True}}).message
        == "`round`: `value` is number, not the bool true"
    )


def test_an_argument_with_the_wrong_value_is_located_and_named() -> None:
    fault = fault_of("${repeat('a', in.n)}", {"in": {"n": -1}})
    assert fault.message == "`repeat`: `count` is not negative, but it is -1"
    assert marked(fault) == "in.n"


def test_a_missing_argument_is_the_paths_own_error() -> None:
    fault = fault_of("${upper(in.name)}", {"in": {"nam": "x"}})
    assert (fault.code, fault.hint) == ("E301", "did you mean `nam`?")
    assert aktmpl.compile_text("${upper(in.name) ?? 'none'}").render({"in": {}}) == "none"


@pytest.mark.parametrize(
    "form",
    ["in.a | default('x')", "default(in.a, 'x')", "default(fallback='x', value=in.a)", "coalesce(in.a, 'x')"],
)
@pytest.mark.parametrize(
    ("scope", "value"),
    [
        ({}, "x"),
        ({"in": {}}, "x"),
        ({"in": {"a": None}}, "x"),
        ({"in": {"a": ""}}, ""),
        ({"in": {"a": 5}}, 5),
    ],
)
def test_default_is_the_operator(form: str, scope: dict[str, Any], value: Any) -> None:
    template = aktmpl.compile_text(f"$#{{{form}}}")
    assert template.render(scope) == value
    assert template.render(scope) == aktmpl.compile_text("$#{in.a ?? 'x'}").render(scope)
    assert aktmpl.interpret(template.nodes, scope) == value
    assert template.specialize(scope).render({}) == value


def test_default_evaluates_its_fallback_only_when_it_is_needed() -> None:
    template = aktmpl.compile_text("${in.a | default(in.b)}")
    assert template.render({"in": {"a": "x"}}) == "x"
    fault = fault_of("${in.a | default(in.b)}", {"in": {}})
    assert (fault.code, marked(fault)) == ("E301", "b")


def test_the_references_of_default_may_be_missing_but_the_last_may_not() -> None:
    reads = aktmpl.compile_text("${coalesce(in.a, in.b)} ${upper(in.c)}").references()
    assert [(str(read), read.may_be_missing) for read in reads] == [
        ("in.a", True),
        ("in.b", False),
        ("in.c", False),
    ]


def calls(node: Node) -> list[str]:
    inner = [name for child in node.children() for name in calls(child)]
    return [node.name, *inner] if isinstance(node, Call) else inner


def test_pure_calls_with_known_arguments_are_folded() -> None:
    template = aktmpl.compile_text("${upper(template.word)} ${in.a | replace(template.word, upper('b'))}")
    special = template.specialize({"template": {"word": "a"}})
    assert calls(special.nodes) == ["replace"]
    assert special.render({"in": {"a": "cat"}}) == "A cBt"
    assert calls(aktmpl.compile_text("${sha256('a')}").specialize({}).nodes) == []


def test_an_impure_call_is_never_folded() -> None:
    count = 0

    def ticket() -> int:
        nonlocal count
        count += 1
        return count

    template = aktmpl.Environment(("in", "template"), functions=[ticket]).compile_text(
        "${upper('a')}${ticket()}"
    )
    special = template.specialize({"template": {}})
    assert calls(special.nodes) == ["ticket"]
    assert [special.render({}), special.render({})] == ["A1", "A2"]


def test_a_call_that_fails_is_left_for_rendering() -> None:
    template = aktmpl.compile_text("${in.a ? int('x') : 'ok'}")
    assert template.specialize({}).render({"in": {"a": False}}) == "ok"
    assert fault_of("${in.a ? int('x') : 'ok'}", {"in": {"a": True}}).code == "E410"


def test_folding_keeps_no_more_than_one_string_may_have() -> None:
    limits = aktmpl.Limits(string=100, output=1_000)
    template = aktmpl.Environment(("in",), limits=limits).compile_text("${repeat('x', 60)}" * 10)
    special = template.specialize({})
    text = sum(len(part.value) for part in special.nodes.parts if isinstance(part, Text))
    assert 0 < text <= 100
    assert special.render({}) == "x" * 600


def test_a_folded_text_beyond_the_output_limit_is_the_same_error() -> None:
    limits = aktmpl.Limits(string=100, output=100)
    template = aktmpl.Environment(("in",), limits=limits).compile_text(
        "$in.a${repeat('x', 60)}${repeat('y', 60)}"
    )
    for render in (template.render, template.specialize({"in": {"a": ""}}).render):
        with pytest.raises(aktmpl.LimitError) as caught:
            render({"in": {"a": ""}})
        assert caught.value.code == "E504"


def test_a_result_that_is_a_list_is_new_each_time() -> None:
    template = aktmpl.compile_text("$#{split('a,b', ',')}")
    template.render({}).append("c")
    assert template.render({}) == ["a", "b"]


def test_a_call_is_unparsed_as_it_was_written() -> None:
    for text in (
        "${in.a | truncate(5, ending='')}",
        "${default(in.a, 'x')}",
        "${sort_by(in.a, descending=true)}",
    ):
        assert aktmpl.unparse(aktmpl.compile_text(text).nodes) == text


def test_a_filter_takes_everything_on_its_left() -> None:
    assert aktmpl.compile_text("${in.a ? 'a' : 'b' | upper}").render({"in": {"a": True}}) == "A"
    assert aktmpl.compile_text("${'a' + 'b' | upper}").render({}) == "AB"


def test_nodes_that_were_never_checked_are_refused_when_interpreted() -> None:
    span = aktmpl.Span(0, 1)
    for call, code in (
        (Call(span, "nothing", ()), "E205"),
        (Call(span, "upper", ()), "E206"),
        (Call(span, "default", ()), "E206"),
        (Call(span, "upper", (Literal(span, 5),)), "E410"),
    ):
        template = aktmpl.compile_text("x").nodes
        for part in (Insert(span, call), Typed(span, call)):
            with pytest.raises(aktmpl.TemplateError) as caught:
                aktmpl.interpret(type(template)(span, (part,), template.source), {})
            assert caught.value.code == code
