"""The laws of the checks, for generated templates and data: what they promise holds for every scope."""

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import aktmpl
from aktmpl import nodes as tree
from aktmpl import parse
from aktmpl.infer import infer
from aktmpl.limits import Limits
from aktmpl.node import Node
from aktmpl.nodes import (
    Arithmetic,
    Compare,
    Computed,
    Condition,
    Key,
    Logic,
    Negative,
    Not,
    Reference,
    Template,
    Typed,
)
from aktmpl.schema import ANY, Field, Schema, Type, list_of, object_of, type_of
from aktmpl.source import Source, Span
from tests.aktmpl import strategies

SPAN = Span(0, 0)
KIND_OF_MISSING = {"E202", "W202", "W205"}

rarely = settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
"""For laws about templates of a certain kind, which only some of the generated ones are."""

small_values = st.one_of(
    strategies.scalars,
    st.dictionaries(st.sampled_from(strategies.NAMES), strategies.scalars, min_size=2),
    st.lists(st.dictionaries(st.sampled_from(["a", "b"]), strategies.scalars), max_size=3),
)
scopes = st.fixed_dictionaries(
    {
        root: st.one_of(
            st.fixed_dictionaries({"a": small_values, "b": strategies.scalars}),
            strategies.objects,
            strategies.json_values,
        )
        for root in strategies.ROOTS
    }
)
"""Scopes with all roots, in which paths often lead somewhere."""

paths = st.builds(
    lambda root, names: Reference(SPAN, root, tuple(Key(SPAN, name) for name in names)),
    st.sampled_from(strategies.ROOTS),
    st.lists(st.sampled_from(["a", "b", "items"]), max_size=2),
)
operands = st.one_of(strategies.literals, paths)
comparisons = st.one_of(
    st.builds(
        Compare,
        st.just(SPAN),
        st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "contains"]),
        operands,
        operands,
    ),
    st.builds(
        tree.Test, st.just(SPAN), st.sampled_from(["null", "defined", "empty"]), st.booleans(), operands
    ),
)
several = st.lists(comparisons, min_size=2, max_size=3).map(tuple)
operations = st.one_of(
    comparisons,
    operands.map(lambda operand: Negative(SPAN, operand)),
    st.builds(
        lambda first, operator, second: Arithmetic(SPAN, first, ((operator, second),)),
        operands,
        st.sampled_from("+-*/%"),
        operands,
    ),
)
conditions = st.one_of(
    comparisons,
    comparisons.map(lambda operand: Not(SPAN, operand)),
    st.builds(Logic, st.just(SPAN), st.sampled_from(["and", "or"]), several),
)
"""Conditions, of which many have an answer that the checks know."""


def fits(value: Any, of: Type) -> bool:
    """Whether a value is of a type."""
    kind = next(iter(type_of(value).kinds))
    if kind not in of.kinds:
        return False
    if of.values is not None:
        return any(type(value) is type(each) and value == each for each in of.values)
    if kind == "list":
        return all(fits(item, of.element) for item in value)
    if kind == "object":
        needed = (name for name, each in of.fields.items() if not each.optional)
        return all(name in value for name in needed) and all(
            (member := of.member(name)) is not None and fits(item, member.type)
            for name, item in value.items()
        )
    return True


def has_computed(node: Node) -> bool:
    return isinstance(node, Computed) or any(map(has_computed, node.children()))


@given(strategies.json_values, strategies.json_values)
def test_a_value_is_of_its_type_and_of_every_union_with_it(value: Any, other: Any) -> None:
    assert fits(value, type_of(value))
    assert fits(value, type_of(value) | type_of(other))
    assert fits(value, type_of(other) | type_of(value))
    assert fits(value, ANY)
    assert fits([value, other], type_of([value, other]))


@rarely
@given(strategies.expressions, scopes)
def test_no_path_is_missing_where_the_checks_say_so(expression: Any, scope: dict[str, Any]) -> None:
    assume(not has_computed(expression))
    nodes = Template(SPAN, (Typed(SPAN, expression),), Source(""))
    _, findings = infer(nodes, Schema.from_data(scope))
    assume(not any(each.code in KIND_OF_MISSING or each.code == "E207" for each in findings))
    try:
        aktmpl.interpret(nodes, scope)
    except aktmpl.TemplateError as fault:
        assert fault.code not in ("E301", "E303")


@given(strategies.bare_references, scopes)
def test_a_path_is_faulted_exactly_when_it_leads_nowhere(reference: Any, scope: dict[str, Any]) -> None:
    nodes = Template(SPAN, (Typed(SPAN, reference),), Source(""))
    _, findings = infer(nodes, Schema.from_data(scope))
    codes = {each.code for each in findings}
    try:
        aktmpl.interpret(nodes, scope)
    except aktmpl.TemplateError as fault:
        assert fault.code == "E302" or codes & {"E202", "E207", "W202"}
    else:
        assert not codes & {"E202", "E207"}


@rarely
@given(strategies.expressions, scopes)
def test_a_result_is_of_the_inferred_type(expression: Any, scope: dict[str, Any]) -> None:
    nodes = Template(SPAN, (Typed(SPAN, expression),), Source(""))
    inferred, _ = infer(nodes, Schema.from_data(scope))
    try:
        value = aktmpl.interpret(nodes, scope)
    except aktmpl.TemplateError:
        assume(False)  # noqa: FBT003 - an error has no type
        raise
    assert not inferred.kinds or fits(value, inferred)


@rarely
@given(strategies.documents, scopes)
def test_a_document_is_of_the_inferred_type(document: Any, scope: dict[str, Any]) -> None:
    try:
        nodes = aktmpl.compile_document(document).nodes
        value = aktmpl.interpret(nodes, scope)
    except aktmpl.TemplateError:
        assume(False)  # noqa: FBT003 - an error has no type
        raise
    inferred, _ = infer(nodes, Schema.from_data(scope))
    assert fits(value, inferred)


@rarely
@given(operations, scopes)
def test_an_operation_that_is_faulted_fails(operation: Any, scope: dict[str, Any]) -> None:
    nodes = parse.parse_query(Source(aktmpl.unparse(Condition(SPAN, operation, Source("")))), Limits())
    _, findings = infer(nodes, Schema.from_data(scope))
    whole = [each for each in findings if each.code == "E207" and each.span == nodes.expression.span]
    assume(whole)
    with pytest.raises(aktmpl.TemplateError) as caught:
        aktmpl.interpret(nodes, scope)
    assert caught.value.code[:2] in ("E3", "E4", "E5")


@rarely
@given(conditions, scopes)
def test_a_condition_that_always_holds_does(expression: Any, scope: dict[str, Any]) -> None:
    nodes = Condition(SPAN, expression, Source(""))
    inferred, _ = infer(Template(SPAN, (Typed(SPAN, expression),), Source("")), Schema.from_data(scope))
    assume(inferred.kinds == {"bool"} and inferred.values is not None)
    try:
        value = aktmpl.interpret(nodes, scope)
    except aktmpl.TemplateError:
        assume(False)  # noqa: FBT003 - it fails before it has an answer
        raise
    assert value in (inferred.values or ())


@given(st.lists(strategies.objects, min_size=1, max_size=4))
def test_a_schema_of_samples_has_each_sample(samples: list[dict[str, Any]]) -> None:
    schema = Schema.from_data(*({"in": sample} for sample in samples))
    assert all(fits(sample, schema.root("in")) for sample in samples)


def test_the_union_of_objects_knows_what_may_be_missing() -> None:
    a, b = type_of({"x": 1, "y": "a"}), type_of({"x": 1.5})
    both = a | b
    assert {name: (str(each.type), each.optional) for name, each in both.fields.items()} == {
        "x": ("number", False),
        "y": ("string", True),
    }
    assert str(list_of(both)) == "list of object {x, y?}"
    assert object_of({"x": Field(ANY)}).member("z") is None
