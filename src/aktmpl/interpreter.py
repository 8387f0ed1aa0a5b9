"""The reference interpreter: nodes and a scope give a value or a located error.

It defines what a template means. The compiled closures must agree with it on every input, and call it
when something goes wrong, so that the error has its place. It is written to be read, not to be fast.
"""

from collections.abc import Callable, Mapping
from typing import Any

from aktmpl import values
from aktmpl.errors import (
    Fault,
    MissingError,
    TemplateError,
    cut,
    described,
    error,
    nearest,
    shown,
    within_stack,
)
from aktmpl.functions.function import ArgumentFault, Function
from aktmpl.functions.registry import builtin, unknown_function
from aktmpl.limits import Limits
from aktmpl.node import Node
from aktmpl.nodes import (
    Access,
    AnyNodes,
    Arithmetic,
    Array,
    Call,
    Compare,
    Computed,
    Condition,
    Conditional,
    Constant,
    Default,
    Document,
    Entry,
    Expansion,
    Expression,
    Index,
    Insert,
    Interpolation,
    Key,
    ListDisplay,
    Literal,
    Logic,
    Negative,
    Not,
    Object,
    ObjectDisplay,
    Power,
    Reference,
    Segment,
    Template,
    Test,
    Text,
    Typed,
)
from aktmpl.source import Source, Span

Scope = Mapping[str, Any]
Functions = Mapping[str, Function]

_DEFAULTS = Limits()
_ABSENT = object()


@within_stack
def interpret(
    nodes: AnyNodes, scope: Scope, *, functions: Functions | None = None, limits: Limits = _DEFAULTS
) -> Any:
    """What a template, query or document gives for `scope`.

    Args:
        nodes: A tree, as `template.nodes` has it.
        scope: Root names and their values.
        functions: What calls may name; the language's own unless given.
        limits: Bounds of the result.

    Returns:
        A string or any value for a template, a bool for a query, a JSON value for a document.

    Raises:
        TemplateError: E3xx, E4xx or E5xx, with the place in the tree's source.
    """
    return _Interpreter(functions, limits).document(nodes, scope)


@within_stack
def interpret_text(
    nodes: Template, scope: Scope, *, functions: Functions | None = None, limits: Limits = _DEFAULTS
) -> str:
    """What a template gives as text: also a typed reference's value in its text form."""
    interpreter = _Interpreter(functions, limits)
    text = interpreter.as_text(interpreter.template(nodes, scope), nodes)
    if len(text) > limits.output:
        raise interpreter.too_long(nodes)
    return text


@within_stack
def interpret_json(
    nodes: Document, scope: Scope, *, functions: Functions | None = None, limits: Limits = _DEFAULTS
) -> bytes:
    """What a document gives as JSON bytes; a leaf that JSON cannot hold is a located error (E407)."""
    from aktmpl.json_form import to_json  # noqa: PLC0415 - texts and queries do without its encoder

    interpreter = _Interpreter(functions, limits)
    interpreter.to_json = to_json
    text = to_json(interpreter.document(nodes, scope), limits, nested=limits.depth)
    if len(text) > limits.output:
        message = f"a result of more than {limits.output:,} bytes"
        raise error("E504", message, Source("", interpreter.source.name), Span(0, 0))
    return text


class _Interpreter:
    def __init__(self, functions: Functions | None, limits: Limits) -> None:
        self.functions = builtin() if functions is None else functions
        self.limits = limits
        self.source = Source("", "<document>")
        self.to_json: Callable[..., bytes] | None = None
        self.steps = 0
        self.made = 0

    # ------------------------------------------------------------------------------------- documents

    def document(self, node: Document | Condition, scope: Scope) -> Any:
        match node:
            case Template():
                return self.writable(self.template(node, scope), node)
            case Condition(expression=expression, source=source):
                self.source = source
                return self._at(expression.span, values.require_bool, self.evaluate(expression, scope))
            case Constant(value=value):
                return _fresh(value)
            case Array(items=items):
                return [self.document(item, scope) for item in items]
            case Object():
                return self.object(node, scope)

    def object(self, node: Object, scope: Scope) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for entry in node.entries:
            if isinstance(entry, Entry):
                name = self.writable(self.template(entry.key, scope), entry.key)
                source, span = entry.key.source, entry.key.span
                value = self._entry_value(entry, scope)
            else:
                name, source, span = entry.name, entry.source, entry.span
                value = self._expanded(entry, scope)
            if value is _ABSENT:
                continue
            if name in result:
                raise error("E405", f"two keys of the object are {shown(name)}", source, span)
            result[name] = value
        return result

    def _entry_value(self, entry: Entry, scope: Scope) -> Any:
        if not entry.optional:
            return self.document(entry.value, scope)
        made = self.made
        try:
            value = self.document(entry.value, scope)
        except MissingError:
            value = None
        if value is None:
            self.made = made  # what is left out is no part of the result
            return _ABSENT
        return value

    def _expanded(self, node: Expansion, scope: Scope) -> Any:
        self.source = node.source
        try:
            elements = self.evaluate(node.over, scope)
        except MissingError:
            if node.optional:
                return _ABSENT
            raise
        if elements is None and node.optional:
            return _ABSENT
        if not isinstance(elements, list):
            message = f"an expansion needs a list, not {described(elements)}"
            raise error("E404", message, node.source, node.over.span)
        result = []
        for index, element in enumerate(elements):
            self.count_steps(node)
            inner = {**scope, "item": element, "index": index}
            result.extend([self.document(item, inner) for item in node.pattern])
        return result

    def count_steps(self, node: Expansion) -> None:
        """One more element of an expansion."""
        self.steps += pattern_size(node)
        if self.steps > self.limits.steps:
            message = f"expansions that go through more than {self.limits.steps:,} nodes"
            raise error("E507", message, node.source, node.over.span)

    def writable(self, value: Any, leaf: Template) -> Any:
        """The value, which JSON must be able to hold if JSON is wanted."""
        if self.to_json is not None:
            self._at(leaf.span, self.to_json, value, self.limits)
        return value

    # ------------------------------------------------------------------------------------- templates

    def template(self, node: Template, scope: Scope) -> Any:
        self.source = node.source
        if len(node.parts) == 1 and isinstance(node.parts[0], Typed):
            return self.evaluate(node.parts[0].expression, scope)
        pieces = [self.part(part, scope) for part in node.parts if not isinstance(part, Typed)]
        text = self.joined(pieces, node)
        self.made += len(text)
        if self.made > self.limits.output:
            raise self.too_long(node)
        return text

    def part(self, part: Text | Insert, scope: Scope) -> str:
        if isinstance(part, Text):
            return part.value
        return self.as_text(self.evaluate(part.expression, scope), part)

    def as_text(self, value: Any, node: Node) -> str:
        return self._at(node.span, values.text_form, value, self.limits)  # type: ignore[no-any-return]

    def joined(self, pieces: list[str], node: Node) -> str:
        if sum(map(len, pieces)) > self.limits.output:
            raise self.too_long(node)
        return "".join(pieces)

    def too_long(self, node: Node) -> TemplateError:
        """The error of a result beyond the output limit."""
        message = f"a result of more than {self.limits.output:,} characters"
        return error("E504", message, self.source, node.span)

    # ----------------------------------------------------------------------------------- expressions

    def evaluate(self, node: Expression, scope: Scope) -> Any:
        match node:
            case Literal(value=value):
                return _fresh(value)
            case Reference():
                return self.path(self.root(node, scope), node.segments, f"`{node.root}`", scope)
            case Access(target=target, segments=segments):
                return self.path(self.evaluate(target, scope), segments, "the value", scope)
            case Interpolation(parts=parts):
                return self.joined([self.part(part, scope) for part in parts], node)
            case ListDisplay(items=items):
                return [self.evaluate(item, scope) for item in items]
            case ObjectDisplay():
                return self.object_display(node, scope)
            case Logic(operator=operator, operands=operands):
                return self.logic(operator, operands, scope)
            case Not(operand=operand):
                return not self.condition(operand, scope)
            case Compare():
                return self.compare(node, scope)
            case Test():
                return self.test(node, scope)
            case Conditional(condition=condition, then=then, otherwise=otherwise):
                return self.evaluate(then if self.condition(condition, scope) else otherwise, scope)
            case Default(operands=operands):
                return self.default(operands, scope)
            case Arithmetic(first=first, rest=rest):
                return self.arithmetic(node, self.evaluate(first, scope), rest, scope)
            case Power(base=base, exponent=exponent):
                operands = self.evaluate(base, scope), self.evaluate(exponent, scope)
                return self._at(node.span, values.arithmetic, "^", *operands, self.limits)
            case Negative(operand=operand):
                return self._at(node.span, values.negate, self.evaluate(operand, scope))
            case Call():
                return self.call(node, scope)

    def root(self, node: Reference, scope: Scope) -> Any:
        try:
            return scope[node.root]
        except KeyError:
            hint = nearest(node.root, scope)
            raise error(
                "E304", f"the scope has no root `{node.root}`", self.source, node.root_span, hint
            ) from None

    def path(self, value: Any, segments: tuple[Segment, ...], name: str, scope: Scope) -> Any:
        for segment in segments:
            optional = not isinstance(segment, Computed) and segment.optional
            try:
                value, name = self.step(value, segment, name, scope)
            except MissingError:
                if not optional:
                    raise
                return None
            if value is None and optional:
                return None
        return value

    def step(self, value: Any, segment: Segment, name: str, scope: Scope) -> tuple[Any, str]:
        key = self._segment_key(segment, scope)
        if isinstance(key, str) and isinstance(value, dict):
            if key in value:
                return value[key], f"`{cut(key)}`"
            message = f"{name} has no field `{cut(key)}`"
            raise error("E301", message, self.source, segment.span, nearest(key, value))
        if isinstance(key, int) and isinstance(value, list):
            if -len(value) <= key < len(value):
                return value[key], f"element {key} of {name}"
            count = f"{len(value)} element{'s' * (len(value) > 1)}" if value else "no elements"
            message = f"{name} has {count}, {'and none' if value else 'none'} at index {key}"
            raise error("E302", message, self.source, segment.span)
        hint = None
        if isinstance(key, str) and isinstance(value, list):
            hint = f"an element of a list is `.%0`, its field `.%0.{cut(key)}`"
        wanted = f"field `{cut(key)}`" if isinstance(key, str) else f"element {key}"
        message = f"{name} is {described(value)} and has no {wanted}"
        raise error("E303", message, self.source, segment.span, hint)

    def _segment_key(self, segment: Segment, scope: Scope) -> str | int:
        if isinstance(segment, Key):
            return segment.name
        if isinstance(segment, Index):
            return segment.index
        key = self.evaluate(segment.expression, scope)
        if key.__class__ is int or key.__class__ is str:
            return key
        message = f"a key is a string or an integer, not {described(key)}"
        raise error("E403", message, self.source, segment.span)

    def object_display(self, node: ObjectDisplay, scope: Scope) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value in node.entries:
            key = self.evaluate(key_node, scope)
            if key in result:
                raise error("E405", f"two keys of the object are {shown(key)}", self.source, key_node.span)
            result[key] = self.evaluate(value, scope)
        return result

    def condition(self, node: Expression, scope: Scope) -> bool:
        return self._at(node.span, values.require_bool, self.evaluate(node, scope))  # type: ignore[no-any-return]

    def logic(self, operator: str, operands: tuple[Expression, ...], scope: Scope) -> bool:
        if operator == "and":
            return all(self.condition(operand, scope) for operand in operands)
        return any(self.condition(operand, scope) for operand in operands)

    def compare(self, node: Compare, scope: Scope) -> bool:
        left, right = self.evaluate(node.left, scope), self.evaluate(node.right, scope)
        return self._at(node.span, COMPARISONS[node.operator], left, right, self.limits)  # type: ignore[no-any-return]

    def test(self, node: Test, scope: Scope) -> bool:
        try:
            value = self.evaluate(node.operand, scope)
        except MissingError:
            holds = node.test != "defined"
        else:
            holds = TESTS[node.test](value)
        return holds is not node.negated

    def default(self, operands: tuple[Expression, ...], scope: Scope) -> Any:
        for operand in operands[:-1]:
            try:
                value = self.evaluate(operand, scope)
            except MissingError:
                continue
            if value is not None:
                return value
        return self.evaluate(operands[-1], scope)

    def arithmetic(
        self, node: Arithmetic, value: Any, rest: tuple[tuple[str, Expression], ...], scope: Scope
    ) -> Any:
        for operator, operand in rest:
            span = Span(node.span.start, operand.span.end)
            right = self.evaluate(operand, scope)
            if operator == "+":
                value = self._at(span, values.add, value, right, self.limits)
            else:
                value = self._at(span, values.arithmetic, operator, value, right, self.limits)
        return value

    def call(self, node: Call, scope: Scope) -> Any:
        function = self.functions.get(node.name)
        if function is None:
            raise unknown_function(node.name, self.functions).at(self.source, node.name_span)
        if function.lazy:
            bound = self._at(node.span, function.bind, node.arguments, dict(node.named))
            return self.default(tuple(argument for _, argument in bound), scope)
        arguments = [self.evaluate(argument, scope) for argument in node.arguments]
        named = {name: self.evaluate(argument, scope) for name, argument in node.named}
        try:
            return function(*arguments, **named)
        except Fault as fault:
            wrong = function.argument(node, fault.parameter) if isinstance(fault, ArgumentFault) else None
            raise fault.at(self.source, (wrong or node).span) from fault.__cause__

    def _at(self, span: Span, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call a function on values; a fault of it gets its place."""
        try:
            return function(*arguments, **named)
        except Fault as fault:
            raise fault.at(self.source, span) from None


COMPARISONS: dict[str, Callable[..., bool]] = {
    "=": values.equal,
    "!=": lambda left, right, *limits: not values.equal(left, right, *limits),
    "<": lambda left, right, *_: values.compare("<", left, right),
    "<=": lambda left, right, *_: values.compare("<=", left, right),
    ">": lambda left, right, *_: values.compare(">", left, right),
    ">=": lambda left, right, *_: values.compare(">=", left, right),
    "contains": values.contains,
    "~=": values.matches,
    "!~=": lambda left, right, *limits: not values.matches(left, right, *limits),
}
"""Every comparison operator's meaning, of two values and optionally the limits."""

TESTS: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "empty": values.is_empty,
    "defined": lambda _: True,
}
"""Every `is` test's meaning for an operand that is not missing."""


def pattern_size(node: Expansion) -> int:
    """What one element of an expansion costs, in nodes."""
    return sum(item.size for item in node.pattern) or 1


def _fresh(value: Any) -> Any:
    """A copy of a constant's lists and objects, so that a caller may change the result."""
    if isinstance(value, list):
        return [_fresh(item) for item in value]
    if isinstance(value, dict):
        return {key: _fresh(item) for key, item in value.items()}
    return value
