"""Nodes to Python closures: text templates and queries.

A closure is optimistic. It is straight-line Python as a person would write by hand: subscripts, an f-string,
plain comparisons. Where the data does not fit it raises, whatever the exception, and the next tier decides:
for text a second closure that converts each value, then always the interpreter, which gives the value or
the located error. So a closure may fail where the interpreter would not, but it must never return what the
interpreter would not.
"""

import ast
from typing import Any

from aktmpl import values
from aktmpl.compile_expression import Emitter
from aktmpl.interpreter import Functions, interpret_text
from aktmpl.limits import Limits
from aktmpl.nodes import Condition, Template, Typed
from aktmpl.tiers import Closure, Tier, Tiers


def compile_text(
    nodes: Template,
    known: dict[str, Any],
    functions: Functions,
    limits: Limits,
    written: Template | None = None,
) -> Closure:
    """The closure of a text template: `render(scope) -> value`.

    Args:
        nodes: The template.
        known: Values of roots that are fixed already; the scope need not have them.
        functions: What calls may name.
        limits: Bounds of the result.
        written: The nodes before they were folded, where errors have their places.
    """
    if nodes.constant is not None:
        return _constantly(nodes.constant)

    def emit(tiers: Tiers, tier: Tier) -> tuple[Emitter, ast.expr]:
        builder = Emitter(tiers, tier)
        builder.share([nodes])
        if isinstance(nodes.parts[0], Typed):
            return builder, builder.expression(nodes.parts[0].expression)
        return builder, builder.limited(builder.text(nodes.parts), limits.output)

    return Tiers(nodes, known, functions, limits, emit=emit, written=written).closure()


def compile_as_text(
    nodes: Template,
    known: dict[str, Any],
    functions: Functions,
    limits: Limits,
    written: Template | None = None,
) -> Closure:
    """As `compile_text`, but a typed reference gives its text form: `render_text(scope) -> str`."""
    if not (nodes.parts and isinstance(nodes.parts[0], Typed)):
        return compile_text(nodes, known, functions, limits, written)
    expression = nodes.parts[0].expression

    def emit(tiers: Tiers, tier: Tier) -> tuple[Emitter, ast.expr]:
        builder = Emitter(tiers, tier)
        builder.share([nodes])
        value = builder.operation(values.text_form, builder.expression(expression))
        return builder, builder.limited(value, limits.output)

    tiers = Tiers(nodes, known, functions, limits, emit=emit, written=written, run=interpret_text)
    return tiers.closure()


def compile_query(
    nodes: Condition,
    known: dict[str, Any],
    functions: Functions,
    limits: Limits,
    written: Condition | None = None,
) -> Closure:
    """The closure of a query: `evaluate(scope) -> bool`."""

    def emit(tiers: Tiers, tier: Tier) -> tuple[Emitter, ast.expr]:
        builder = Emitter(tiers, tier)
        builder.share([nodes])
        return builder, builder.condition(nodes.expression)

    return Tiers(nodes, known, functions, limits, emit=emit, written=written).closure()


def _constantly(value: Any) -> Closure:
    return lambda _: value
