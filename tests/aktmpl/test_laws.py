"""The laws of the language, for generated templates and data."""

import json
from collections.abc import Callable
from typing import Any

import orjson
from hypothesis import assume, given
from hypothesis import strategies as st

import aktmpl
from aktmpl import parse
from aktmpl.errors import Fault
from aktmpl.interpreter import interpret_json, interpret_text
from aktmpl.json_form import to_json
from aktmpl.limits import Limits
from aktmpl.nodes import Condition, Template
from aktmpl.source import Source, Span
from aktmpl.values import text_form
from tests.aktmpl import strategies

LIMITS = Limits()


def outcome(run: Callable[[], Any]) -> Any:
    """A result with its types, or what the error says and where."""
    try:
        return _typed(run())
    except aktmpl.TemplateError as fault:
        return type(fault), fault.code, fault.message, fault.span, fault.source


def _typed(value: Any) -> Any:
    """A value in which 1, 1.0 and true differ, and the order of keys counts."""
    if isinstance(value, list):
        return ["list", *map(_typed, value)]
    if isinstance(value, dict):
        return ["object", *((key, _typed(item)) for key, item in value.items())]
    return type(value).__name__, repr(value)


@given(strategies.template_parts)
def test_parsing_what_unparse_writes_gives_the_same_nodes(parts: tuple[Any, ...]) -> None:
    nodes = Template(Span(0, 0), parts, Source(""))
    text = aktmpl.unparse(nodes)
    assert parse.parse_text(Source(text), LIMITS) == nodes


@given(strategies.expressions)
def test_parsing_what_unparse_writes_gives_the_same_query(expression: Any) -> None:
    nodes = Condition(Span(0, 0), expression, Source(""))
    assert parse.parse_query(Source(aktmpl.unparse(nodes)), LIMITS) == nodes


@given(strategies.template_parts, strategies.scopes)
def test_the_closure_of_a_text_agrees_with_the_interpreter(
    parts: tuple[Any, ...], scope: dict[str, Any]
) -> None:
    text = aktmpl.unparse(Template(Span(0, 0), parts, Source("")))
    template = aktmpl.compile_text(text)
    assert outcome(lambda: template.render(scope)) == outcome(lambda: aktmpl.interpret(template.nodes, scope))
    as_text = outcome(lambda: template.render_text(scope))
    assert as_text == outcome(lambda: interpret_text(template.nodes, scope))


@given(strategies.expressions, strategies.scopes)
def test_the_closure_of_a_query_agrees_with_the_interpreter(expression: Any, scope: dict[str, Any]) -> None:
    query = aktmpl.compile_query(aktmpl.unparse(Condition(Span(0, 0), expression, Source(""))))
    assert outcome(lambda: query.evaluate(scope)) == outcome(lambda: aktmpl.interpret(query.nodes, scope))


@given(strategies.documents, strategies.scopes)
def test_the_closures_of_a_document_agree_with_the_interpreter(document: Any, scope: dict[str, Any]) -> None:
    template = compiled(document)
    value = outcome(lambda: template.render(scope))
    assert value == outcome(lambda: aktmpl.interpret(template.nodes, scope))
    assert outcome(lambda: template.render_json(scope)) == outcome(
        lambda: interpret_json(template.nodes, scope)
    )


@given(strategies.documents, strategies.scopes)
def test_the_bytes_of_a_document_are_those_of_its_value(document: Any, scope: dict[str, Any]) -> None:
    template = compiled(document)
    try:
        text = template.render_json(scope)
    except aktmpl.TemplateError:
        assume(False)  # noqa: FBT003 - an error has no bytes; that both forms agree on it is another law
        raise
    assert text == to_json(template.render(scope))


@given(strategies.documents)
def test_parsing_what_unparse_writes_gives_the_same_document(document: Any) -> None:
    template = compiled(document)
    assert compiled(aktmpl.unparse(template.nodes)).nodes == template.nodes


@given(strategies.template_parts, strategies.scopes, st.sets(st.sampled_from(strategies.ROOTS)))
def test_a_specialised_text_gives_the_same(
    parts: tuple[Any, ...], scope: dict[str, Any], roots: set[str]
) -> None:
    template = aktmpl.compile_text(aktmpl.unparse(Template(Span(0, 0), parts, Source(""))))
    known, rest = split(scope, roots)
    special = template.specialize(known)
    assert value_or_code(lambda: special.render(rest)) == value_or_code(lambda: template.render(scope))


@given(strategies.expressions, strategies.scopes, st.sets(st.sampled_from(strategies.ROOTS)))
def test_a_specialised_query_gives_the_same(expression: Any, scope: dict[str, Any], roots: set[str]) -> None:
    query = aktmpl.compile_query(aktmpl.unparse(Condition(Span(0, 0), expression, Source(""))))
    known, rest = split(scope, roots)
    special = query.specialize(known)
    assert value_or_code(lambda: special.evaluate(rest)) == value_or_code(lambda: query.evaluate(scope))


@given(strategies.documents, strategies.scopes, st.sets(st.sampled_from(strategies.ROOTS)))
def test_a_specialised_document_gives_the_same(document: Any, scope: dict[str, Any], roots: set[str]) -> None:
    template = compiled(document)
    known, rest = split(scope, roots)
    special = template.specialize(known)
    assert value_or_code(lambda: special.render(rest)) == value_or_code(lambda: template.render(scope))
    assert value_or_code(lambda: special.render_json(rest)) == value_or_code(
        lambda: template.render_json(scope)
    )


@given(st.text().filter(lambda text: "$" not in text), strategies.scopes)
def test_a_text_without_dollar_signs_renders_to_itself(text: str, scope: dict[str, Any]) -> None:
    assert aktmpl.compile_text(text).render(scope) == text
    assert aktmpl.compile_document({"k": text}).render(scope) == {"k": text}


@given(st.one_of(strategies.texts, strategies.source_texts))
def test_an_inserted_value_is_never_evaluated(text: str) -> None:
    scope = {"in": {"x": text, "$in.x": 1}}
    assert aktmpl.compile_text("$in.x").render(scope) == text
    assert aktmpl.compile_text("<${in.x}>").render(scope) == f"<{text}>"
    assert aktmpl.compile_document({"$in.x": ["$in.x", "$#in.x"]}).render(scope) == {text: [text, text]}
    assert aktmpl.compile_query("'$in.x' = in.x").evaluate(scope) is True


@given(strategies.source_texts, st.booleans())
def test_the_short_way_of_the_parser_means_what_the_grammar_says(text: str, in_expansion: bool) -> None:  # noqa: FBT001
    parts = parse._simple_parts(text, in_expansion=in_expansion)
    assume(parts is not None)
    assert parts == parse._recover(Source(text), [], in_expansion=in_expansion)
    assert [part.span for part in parts or []] == [
        part.span for part in parse._recover(Source(text), [], in_expansion=in_expansion)
    ]


@given(strategies.source_texts)
def test_any_text_compiles_or_is_refused_with_frames(text: str) -> None:
    try:
        template = aktmpl.compile_text(text)
    except aktmpl.TemplateError as fault:
        assert all(each.frame().startswith("<template>:") for each in fault.faults)
        assert all(0 <= each.span.start <= len(text) for each in fault.faults)
    else:
        assert outcome(lambda: template.render({})) == outcome(lambda: aktmpl.interpret(template.nodes, {}))


@given(strategies.json_values)
def test_json_form_is_what_a_json_parser_reads_back(value: Any) -> None:
    try:
        text = to_json(value)
    except Fault as fault:
        assert fault.code in ("E407", "E502")
        return
    assert _typed(json.loads(text)) == _typed(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_float_is_the_shortest_that_reads_back(value: float) -> None:
    text = text_form(value)
    assert float(text) == value
    mantissa = text.partition("e")[0]
    assert "." not in mantissa or not mantissa.endswith("0")


faulty_pieces = st.sampled_from(
    ["$profil.name", "${in.x +}", "${upperr(in.a)}", "$#in.a", "$$in.a", "${in.a ~= '('}", "${", "}", " x ",
     "$in.a", "${in.a ?? 'b'}", "${1 + 'a'}", "in.a =", "nme = 1", "$in" + ".a" * 40, "${" + "(" * 70]
)  # fmt: skip
faulty_texts = st.lists(faulty_pieces, max_size=5).map("".join)
TYPED = aktmpl.Environment(schema=aktmpl.Schema({"in": {"a": "string"}}))


@given(
    faulty_texts,
    st.lists(st.one_of(faulty_texts, st.dictionaries(faulty_texts, faulty_texts, max_size=3)), max_size=3),
    st.sampled_from([aktmpl.Environment(), TYPED]),
)
def test_checking_reports_every_fault_that_compiling_does(
    text: str, document: list[Any], environment: aktmpl.Environment
) -> None:
    def faults(compile_it: Callable[[Any], Any], template: Any) -> list[aktmpl.Finding]:
        try:
            compile_it(template)
        except aktmpl.TemplateError as fault:
            return [aktmpl.Finding.of(each) for each in fault.faults]
        return []

    ways: list[tuple[Callable[..., Any], Callable[..., Any], Any]] = [
        (environment.check_text, environment.compile_text, text),
        (environment.check_query, environment.compile_query, text),
        (environment.check_document, environment.compile_document, document),
    ]
    for check, compile_it, template in ways:
        checked = [each for each in check(template) if each.severity == "error"]
        told = faults(compile_it, template)
        # Without a schema compiling leaves faults of types to rendering.
        assert (told == checked) if environment.schema else all(each in checked for each in told)
        if template is text:
            assert checked == sorted(checked, key=lambda each: each.span)


def compiled(document: Any) -> aktmpl.DocumentTemplate:
    """The document, compiled anew so that no cache hides a difference between 1 and 1.0."""
    try:
        return aktmpl.compile_document(document)
    except aktmpl.TemplateError:
        assume(False)  # noqa: FBT003 - two keys may happen to be the same
        raise


def split(scope: dict[str, Any], roots: set[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The roots to fold, and the rest of the scope."""
    known = {root: value for root, value in scope.items() if root in roots}
    return known, {root: value for root, value in scope.items() if root not in roots}


def value_or_code(run: Callable[[], Any]) -> Any:
    """As `outcome`, but of an error only the code: folding may find another of several faults first."""
    try:
        return _typed(run())
    except aktmpl.TemplateError as fault:
        return fault.code


def test_orjson_is_what_the_writer_counts_on() -> None:
    assert orjson.dumps({"a": 1.0, "б": None}) == '{"a":1.0,"б":null}'.encode()
