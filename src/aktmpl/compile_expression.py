"""Expressions and texts to Python expressions, adding statements where it must.

One discipline makes `??` and its kin compile to `try`: KeyError, IndexError and TypeError come only from
following a path, so they mean "missing"; everything else that can fail raises `Fault`.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeGuard

from aktmpl import emit, values
from aktmpl.closure_helpers import Refused, any_item, bounded, distinct_object, is_plain_word, refuse
from aktmpl.interpreter import COMPARISONS
from aktmpl.limits import Limits
from aktmpl.node import Node
from aktmpl.nodes import (
    Access,
    Arithmetic,
    Call,
    Compare,
    Computed,
    Conditional,
    Default,
    Expression,
    Insert,
    Interpolation,
    Key,
    ListDisplay,
    Literal,
    Logic,
    Negative,
    Not,
    ObjectDisplay,
    Power,
    Reference,
    Segment,
    Test,
    Text,
    Typed,
)
from aktmpl.paths import Prefix, shared_prefixes, static_prefix
from aktmpl.tiers import Tier, Tiers
from aktmpl.values import SHORT

_DEFAULTS = Limits()

_LONG_CHAIN = 8
"""A longer run of operators is emitted as statements: nested calls would be as deep as it is long."""

_BOOLS = (Compare, Logic, Not, Test)


class Emitter(emit.FunctionBuilder):
    """Turns expressions and templates into Python expressions.

    Attributes:
        convert: Convert each inserted value to text; otherwise joining refuses what is no string.
        roots: Variables that stand for roots: `item` and `index` in a loop.
        variables: Path prefixes that a variable holds at this point of the code.
        certain: The code runs whenever the template is rendered.
        guarded: The code stands in a `try` whose handler takes a TypeError for a missing field.
    """

    def __init__(self, tiers: Tiers, tier: Tier) -> None:
        super().__init__(tiers.constants)
        self.known = tiers.known
        self.functions = tiers.functions
        self.limits = tiers.limits
        self.convert = tier is not Tier.HOPEFUL
        self.roots: dict[str, ast.expr] = {}
        self.variables: dict[Prefix, str] = {}
        self.shared: frozenset[Prefix] = frozenset()
        self.certain = True
        self.guarded = False

    # --------------------------------------------------------------------------------------- blocks

    def share(self, nodes: Iterable[Node]) -> None:
        """Say what this block evaluates, so that shared prefixes are read once."""
        self.shared = shared_prefixes(nodes)

    @contextmanager
    def branch(self, *, guarded: bool = False) -> Iterator[list[ast.stmt]]:
        """Statements that may not run.

        In a guarded branch a TypeError means "missing", so text is converted instead of left to a join.
        """
        state = dict(self.variables), self.certain, self.convert, self.guarded
        self.certain = False
        self.convert = self.convert or guarded
        self.guarded = self.guarded or guarded
        try:
            with self.nested() as block:
                yield block
        finally:
            self.variables, self.certain, self.convert, self.guarded = state

    def try_missing(self, body: list[ast.stmt], handler: list[ast.stmt]) -> None:
        """`try: body`, and `handler` when a path in it led nowhere."""
        missing = emit.tuple_of([self.constant(kind) for kind in (KeyError, IndexError, TypeError)])
        self.block.append(ast.Try(body, [ast.ExceptHandler(missing, None, handler)], [], []))

    # -------------------------------------------------------------------------------------- templates

    def limited(self, value: ast.expr, limit: int) -> ast.Name:
        """Text or bytes, refused when longer than `limit`."""
        result = self.assign(value)
        length = emit.call(emit.load("len"), result)
        self.refuse(ast.Compare(length, [ast.Gt()], [ast.Constant(limit)]))
        return result

    def refuse(self, test: ast.expr) -> None:
        """Raise when the test holds; the interpreter then says what is wrong."""
        self.block.append(ast.If(test, [ast.Raise(self.constant(Refused), None)], []))

    def operation(self, function: Callable[..., Any], *arguments: ast.expr) -> ast.Call:
        """Call a function of ours that takes the limits last; the default ones it knows itself."""
        limits = [] if self.limits == _DEFAULTS else [self.constant(self.limits)]
        return self.helper(function, *arguments, *limits)

    def text(self, parts: Sequence[Text | Insert | Typed]) -> ast.expr:
        """The parts joined.

        Many parts are joined by and by, and refused as soon as they are longer than any output: a long
        text may read one long string often.
        """
        if len(parts) == 1 and self.raw(parts[0]):
            return self.string(self.expression(parts[0].expression))
        if len(parts) <= emit.MOST_OPERANDS:
            return emit.text_of(self.piece(part) for part in parts)
        runs: list[ast.expr] = []
        length: ast.expr = ast.Constant(0)
        for start in range(0, len(parts), emit.MOST_OPERANDS):
            run = self.assign(emit.text_of(map(self.piece, parts[start : start + emit.MOST_OPERANDS])))
            length = self.assign(ast.BinOp(length, ast.Add(), emit.call(emit.load("len"), run)))
            self.refuse(ast.Compare(length, [ast.Gt()], [ast.Constant(self.limits.output)]))
            runs.append(run)
        return emit.text_of(runs)

    def piece(self, part: Text | Insert | Typed) -> str | ast.expr:
        """A part's text, or in the first tier a value that joining checks."""
        if isinstance(part, Text):
            return part.value
        value = self.expression(part.expression)
        if self.raw(part):
            self.hopes = True
            return value
        return value if isinstance(part.expression, Interpolation) else self.as_text(value)

    def raw(self, part: Text | Insert | Typed) -> TypeGuard[Insert]:
        """Whether a part's value is inserted without a look at it: it is hoped to be a string."""
        return not self.convert and isinstance(part, Insert) and isinstance(part.expression, Reference)

    def string(self, value: ast.expr) -> ast.expr:
        """A value that is hoped to be a string, refused if it is none."""
        self.hopes = True
        first, again = self.named(value)
        return ast.IfExp(emit.is_a(first, self.constant(str)), again, self.helper(refuse))

    def as_text(self, value: ast.expr) -> ast.expr:
        """A value's text form."""
        first, again = self.named(value)
        return ast.IfExp(emit.is_a(first, self.constant(str)), again, self.operation(values.text_form, again))

    # ------------------------------------------------------------------------------------ expressions

    def expression(self, node: Expression) -> ast.expr:
        """The Python expression of a node's value."""
        match node:
            case Literal(value=value):
                return self.display(value)
            case Reference():
                return self.reference(node)
            case Access(target=target, segments=segments):
                return self.steps(self.expression(target), segments)
            case Interpolation(parts=parts):
                return self.interpolation(parts)
            case ListDisplay(items=items):
                return ast.List([self.expression(item) for item in items], emit.LOAD)
            case ObjectDisplay(entries=entries):
                pairs = [
                    emit.tuple_of([self.expression(key), self.expression(value)]) for key, value in entries
                ]
                return self.helper(distinct_object, emit.tuple_of(list(pairs)))
            case Logic():
                return self.logic(node)
            case Not(operand=operand):
                return ast.UnaryOp(ast.Not(), self.condition(operand))
            case Compare():
                return self.compare(node)
            case Test():
                return self.test(node)
            case Conditional():
                return self.conditional(node)
            case Default(operands=operands):
                return self.default(operands)
            case Arithmetic():
                return self.arithmetic(node)
            case Power(base=base, exponent=exponent):
                power = self.expression(base), self.expression(exponent)
                return self.operation(values.arithmetic, ast.Constant("^"), *power)
            case Negative(operand=operand):
                return self.helper(values.negate, self.expression(operand))
            case Call():
                return self.call(node)

    def display(self, value: Any) -> ast.expr:
        """A constant; lists and objects are made anew each time, so that a caller may change them."""
        if isinstance(value, list):
            return ast.List([self.display(item) for item in value], emit.LOAD)
        if isinstance(value, dict):
            return ast.Dict([self.constant(key) for key in value], [self.display(v) for v in value.values()])
        return self.constant(value)

    def interpolation(self, parts: Sequence[Text | Insert]) -> ast.expr:
        convert, self.convert = self.convert, True
        text = emit.text_of(self.piece(part) for part in parts)
        self.convert = convert
        if len(parts) < 2:
            return text
        return self.helper(bounded, text, ast.Constant(self.limits.output))

    def condition(self, node: Expression) -> ast.expr:
        """A value that must be a bool."""
        value = self.expression(node)
        return value if isinstance(node, _BOOLS) else self.helper(values.require_bool, value)

    def logic(self, node: Logic) -> ast.expr:
        """`a and b and c`; from the first operand that needs statements on, `t = a` and `if t: t = b`."""
        ready = [self.condition(node.operands[0])]
        answer: ast.Name | None = None
        name = self.new_name()
        for operand in node.operands[1:]:
            with self.branch() as block:
                value = self.condition(operand)
                plain = not block and answer is None
                if not plain:
                    self.assign(value, name)
            if plain:
                ready.append(value)
                continue
            answer = answer or self.assign(self._run(node.operator, ready), name)
            test = answer if node.operator == "and" else ast.UnaryOp(ast.Not(), answer)
            self.block.append(ast.If(test, block, []))
        return answer or self._run(node.operator, ready)

    @staticmethod
    def _run(operator: str, operands: list[ast.expr]) -> ast.expr:
        return operands[0] if len(operands) == 1 else ast.BoolOp(_LOGIC[operator](), operands)

    def compare(self, node: Compare) -> ast.expr:
        plain = _PLAIN.get(node.operator)
        constant, other = (
            (node.left, node.right) if isinstance(node.left, Literal) else (node.right, node.left)
        )
        equality = node.operator in ("=", "!=")
        if not isinstance(constant, Literal) or constant.value.__class__ not in (
            _EQUAL if equality else _ORDERED
        ):
            plain = None
        if plain is None or not isinstance(constant, Literal):
            sides = self.expression(node.left), self.expression(node.right)
            return self.operation(COMPARISONS[node.operator], *sides)
        known = self.constant(constant.value)

        def sides_with(value: ast.expr) -> tuple[ast.expr, ast.expr]:
            return (known, value) if constant is node.left else (value, known)

        def natively(value: ast.expr) -> ast.expr:
            left, right = sides_with(value)
            return ast.Compare(left, [plain()], [right])

        if equality and constant.value is None:
            return emit.is_none(self.expression(other), negated=node.operator == "!=")
        if equality and is_plain_word(constant.value):
            return natively(self.expression(other))
        # Values of the constant's own type are compared as Python compares them.
        kind = constant.value.__class__
        quoted = _quoted(other) if kind is int else None
        first, again = self.named(self.expression(quoted or other))
        alike: ast.expr = emit.is_a(first, self.constant(kind))
        if quoted:  # The text of an integer is compared as that integer again, if it is not too long.
            alike = ast.BoolOp(ast.And(), [alike, emit.is_between(again, -SHORT, SHORT)])
        left, right = sides_with(self.as_text(again) if quoted else again)
        return ast.IfExp(alike, natively(again), self.operation(COMPARISONS[node.operator], left, right))

    def test(self, node: Test) -> ast.expr:
        with self.branch(guarded=True) as body:
            value = self.expression(node.operand)
            answer: ast.expr
            if node.test == "null":
                answer = emit.is_none(value, negated=node.negated)
            elif node.test == "empty":
                answer = self.helper(values.is_empty, value)
                answer = ast.UnaryOp(ast.Not(), answer) if node.negated else answer
            else:
                self.do(value)
                answer = ast.Constant(not node.negated)
            result = self.assign(answer)
        with self.branch() as handler:
            self.assign(ast.Constant((node.test != "defined") is not node.negated), result.id)
        self.try_missing(body, handler)
        return result

    def conditional(self, node: Conditional) -> ast.expr:
        test = self.condition(node.condition)
        result = self.new_name()
        with self.branch() as then:
            then_value = self.expression(node.then)
            plain = not then
            self.assign(then_value, result)
        with self.branch() as otherwise:
            otherwise_value = self.expression(node.otherwise)
            plain = plain and not otherwise
            self.assign(otherwise_value, result)
        if plain:
            return ast.IfExp(test, then_value, otherwise_value)
        self.block.append(ast.If(test, then, otherwise))
        return emit.load(result)

    def default(self, operands: Sequence[Expression]) -> ast.expr:
        """`t = a`, then `if t is None: t = b` and so on; the paths of all but the last may lead nowhere."""
        result = self.new_name()
        for position, operand in enumerate(operands):
            with self.branch() as block:
                if operand is operands[-1]:
                    self.assign(self.expression(operand), result)
                else:
                    with self.branch(guarded=True) as body:
                        self.assign(self.expression(operand), result)
                    with self.branch() as handler:
                        self.assign(ast.Constant(None), result)
                    self.try_missing(body, handler)
            if position:
                self.block.append(ast.If(emit.is_none(emit.load(result)), block, []))
            else:
                self.block.extend(block)
        return emit.load(result)

    def arithmetic(self, node: Arithmetic) -> ast.expr:
        value = self.expression(node.first)
        for operator, operand in node.rest:
            right = self.expression(operand)
            if operator == "+":
                value = self.operation(values.add, value, right)
            else:
                value = self.operation(values.arithmetic, ast.Constant(operator), value, right)
            if len(node.rest) > _LONG_CHAIN:
                value = self.assign(value)
        return value

    def call(self, node: Call) -> ast.expr:
        function = self.functions[node.name]
        if function.lazy:
            return self.default([argument for _, argument in function.bind(node.arguments, dict(node.named))])
        site = function.site(len(node.arguments), tuple(name for name, _ in node.named))
        return self.helper(site, *[self.expression(argument) for argument in _arguments(node)])

    # ------------------------------------------------------------------------------------------ paths

    def reference(self, node: Reference) -> ast.expr:
        keys, rest = static_prefix(node)
        length = len(keys)
        while length and keys[:length] not in self.variables:
            length -= 1
        if length:
            value: ast.expr = emit.load(self.variables[keys[:length]])
        else:
            length = 1
            value = self._keep(keys[:1], self.root(node.root))
        for size in range(length + 1, len(keys) + 1):
            value = self._keep(keys[:size], self._subscript(value, keys[size - 1]))
        return self.steps(value, rest) if rest else value

    def root(self, name: str) -> ast.expr:
        if name in self.roots:
            return self.roots[name]
        if name in self.known:
            return self.constant(self.known[name])
        return emit.subscript(emit.load("scope"), ast.Constant(name))

    def _keep(self, prefix: Prefix, value: ast.expr) -> ast.expr:
        """Hold a shared prefix in a variable, if this code surely runs before the others read it."""
        if not self.certain or prefix not in self.shared or isinstance(value, ast.Name):
            return value
        variable = self.assign(value)
        self.variables[prefix] = variable.id
        return variable

    def _subscript(self, value: ast.expr, key: str | int) -> ast.expr:
        if isinstance(key, int):  # of a list, and of nothing else: a string has no elements here
            first, again = self.named(value)
            value = ast.IfExp(emit.is_a(first, self.constant(list)), again, ast.Constant(None))
        return emit.subscript(value, ast.Constant(key))

    def steps(self, value: ast.expr, segments: tuple[Segment, ...]) -> ast.expr:
        """Follow segments of any kind; an optional one that leads nowhere makes the whole path null."""
        for position, segment in enumerate(segments):
            if isinstance(segment, Computed):
                value = self.helper(any_item, value, self.expression(segment.expression))
                continue
            key: str | int = segment.name if isinstance(segment, Key) else segment.index
            if not segment.optional:
                value = self._subscript(value, key)
                continue
            target = self.assign(value)
            with self.branch(guarded=True) as body:
                result = self.assign(self._subscript(target, key))
            with self.branch() as handler:
                self.assign(ast.Constant(None), result.id)
            self.try_missing(body, handler)
            with self.branch() as rest:
                self.assign(self.steps(result, segments[position + 1 :]), result.id)
            self.block.append(ast.If(emit.is_none(result, negated=True), rest, []))
            return result
        return value


def _quoted(node: Expression) -> Expression | None:
    """What a string literal that is one reference and nothing else refers to."""
    if isinstance(node, Interpolation) and len(node.parts) == 1 and isinstance(node.parts[0], Insert):
        return node.parts[0].expression
    return None


def _arguments(node: Call) -> list[Expression]:
    return [*node.arguments, *(argument for _, argument in node.named)]


_ORDERED = (int, float, str)
_EQUAL = (*_ORDERED, bool, type(None))
_PLAIN: dict[str, type[ast.cmpop]] = {
    "=": ast.Eq, "!=": ast.NotEq, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE,
}  # fmt: skip
_LOGIC: dict[str, type[ast.boolop]] = {"and": ast.And, "or": ast.Or}
