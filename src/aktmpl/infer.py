"""Nodes and a schema give the type of a template's result, and findings on the way.

An inferred type is never narrower than the values that rendering can give for data that fits the schema.
A fault is found only where evaluating that part would fail for all such data; what may be right for some
is at most a warning.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from aktmpl import type_rules
from aktmpl.errors import Fault
from aktmpl.findings import Finding
from aktmpl.functions.function import Function, Parameter
from aktmpl.functions.types import ValueType
from aktmpl.infer_paths import Absence, Present, Step, both, described, path_name, present_when, step
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
    Insert,
    Interpolation,
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
from aktmpl.paths import Prefix
from aktmpl.schema import (
    ANY,
    BOOL,
    INT,
    KINDS,
    NEVER,
    NULL,
    STRING,
    Field,
    Schema,
    Type,
    kind,
    list_of,
    object_of,
    one_of,
    type_of,
    union,
)
from aktmpl.source import Source, Span

_LISTS = {"list", "object"}


def infer(
    nodes: AnyNodes, schema: Schema, functions: Mapping[str, Function] | None = None
) -> tuple[Type, list[Finding]]:
    """The type of what a template gives, and what is wrong with it.

    Args:
        nodes: A template, condition or document.
        schema: Types of the roots.
        functions: What calls may name.

    Returns:
        The result's type; findings in the order of the text.
    """
    inference = _Inference(schema, functions or {})
    result = inference.document(nodes)
    return result, inference.findings


@dataclass(slots=True)
class _Guard:
    """What is known about an operand whose missing fields are coped with."""

    may_miss: bool = False
    surely_missing: bool = False


class _Inference:
    """One method per kind of node, named after it; each gives the node's type.

    Attributes:
        findings: What was found so far.
        loop: Types of `item` and `index` where an expansion's pattern is.
        guard: Set where a missing field is coped with.
        present: Paths that a condition around this place has tested.
    """

    def __init__(self, schema: Schema, functions: Mapping[str, Function]) -> None:
        self.schema = schema
        self.functions = functions
        self.findings: list[Finding] = []
        self.source = Source("")
        self.loop: dict[str, Type] = {}
        self.guard: _Guard | None = None
        self.present: Present = {}

    def find(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.findings.append(Finding(code, message, self.source, span, hint))

    @contextmanager
    def guarded(self) -> Iterator[_Guard]:
        outer, self.guard = self.guard, _Guard()
        try:
            yield self.guard
        finally:
            self.guard = outer

    @contextmanager
    def assuming(self, condition: Expression, *, holds: bool) -> Iterator[None]:
        """The `with` body stands where a condition has this answer."""
        outer, self.present = self.present, both(self.present, present_when(condition, holds=holds))
        try:
            yield
        finally:
            self.present = outer

    # ------------------------------------------------------------------------------------- documents

    def document(self, node: Document | Condition) -> Type:
        match node:
            case Template():
                return self.template(node)
            case Condition(expression=expression, source=source):
                self.source = source
                self.condition(expression)
                return BOOL
            case Constant(value=value):
                return type_of(value)
            case Array(items=items):
                return list_of(union([self.document(item) for item in items]))
            case Object(entries=entries):
                fields: dict[str, Field] = {}
                is_open = False
                for entry in entries:
                    name, made = self.entry(entry)
                    is_open = is_open or name is None
                    if name is not None:
                        fields[name] = made
                return object_of(fields, is_open=is_open)

    def entry(self, node: Entry | Expansion) -> tuple[str | None, Field]:
        if isinstance(node, Expansion):
            return node.name, Field(self.expansion(node), node.optional)
        self.template(node.key)
        if not node.optional:
            return node.key.constant, Field(self.document(node.value))
        with self.guarded() as guard:
            value = self.document(node.value)
        optional = guard.may_miss or "null" in value.kinds or not value.kinds
        return node.key.constant, Field(value.without("null"), optional)

    def expansion(self, node: Expansion) -> Type:
        self.source = node.source
        if node.optional:
            with self.guarded():
                over = self.expression(node.over).without("null")
        else:
            over = self.expression(node.over)
        if over.kinds and "list" not in over.kinds:
            self.find("E207", f"an expansion needs a list, and this is {described(over)}", node.over.span)
        if node.pattern and not any(map(_reads_element, node.pattern)):
            hint = "`[$]` is the element, `$index` its number; without them write a plain key"
            self.find("W204", "the pattern never reads the element", Span(0, len(node.source.text)), hint)
        outer, self.loop = self.loop, {"item": over.element, "index": INT}
        items = union([self.document(item) for item in node.pattern])
        self.loop = outer
        return list_of(items)

    # ------------------------------------------------------------------------------------- templates

    def template(self, node: Template) -> Type:
        self.source = node.source
        if node.constant is not None:
            return one_of([node.constant])
        if isinstance(node.parts[0], Typed):
            return self.expression(node.parts[0].expression)
        for part in node.parts:
            self.part(part)
        return STRING

    def part(self, node: Text | Insert | Typed) -> None:
        if isinstance(node, Text):
            return
        inserted = self.expression(node.expression).without("null")
        if inserted.kinds and inserted.kinds <= _LISTS:
            hint = "`$#` keeps it as it is; to choose from it, follow the path further"
            self.find("W203", f"{described(inserted)} is inserted as JSON text", node.span, hint)

    # ----------------------------------------------------------------------------------- expressions

    def expression(self, node: Expression) -> Type:
        match node:
            case Literal(value=value):
                return type_of(value) if isinstance(value, list | dict) else one_of([value])
            case Reference(root=root, segments=segments):
                start = self.loop.get(root) or self.schema.root(root)
                known = self.schema.scope.fields.get(root)
                if self.guard is not None and root not in self.loop and known is not None and known.optional:
                    self.guard.may_miss = True
                return self.path(start, segments, (root,))
            case Access(target=target, segments=segments):
                return self.path(self.expression(target), segments, ())
            case Interpolation(parts=parts):
                for part in parts:
                    self.part(part)
                return STRING
            case ListDisplay(items=items):
                return list_of(union([self.expression(item) for item in items]))
            case ObjectDisplay():
                return self.object_display(node)
            case Logic():
                return self.logic(node)
            case Not(operand=operand):
                return type_rules.inverse(self.condition(operand))
            case Compare():
                return self.compare(node)
            case Test():
                return self.test(node)
            case Conditional():
                return self.conditional(node)
            case Default(operands=operands):
                return self.default(operands)
            case Arithmetic(first=first, rest=rest):
                result = self.expression(first)
                for operator, operand in rest:
                    span = Span(node.span.start, operand.span.end)
                    result = self.arithmetic(operator, result, self.expression(operand), span)
                return result
            case Power(base=base, exponent=exponent):
                return self.arithmetic("^", self.expression(base), self.expression(exponent), node.span)
            case Negative(operand=operand):
                of = self.expression(operand)
                message = f"`-` takes a number, not {described(of)}"
                return self.allowed(type_rules.negation(of), message, node.span)
            case Call():
                return self.call(node)

    def allowed(self, result: Type | None, message: str, span: Span, hint: str | None = None) -> Type:
        """A rule's result; none means a definite type error."""
        if result is None:
            self.find("E207", message, span, hint)
            return NEVER
        return result

    def condition(self, node: Expression) -> Type:
        found = self.expression(node)
        if found.kinds and "bool" not in found.kinds:
            hint = "compare it: `= true`, `is not null`, `is not empty`"
            self.find("E207", f"a condition is a bool, and this is {described(found)}", node.span, hint)
            return BOOL
        if found.values is not None and not isinstance(node, Compare | Test | Not | Logic):
            self.decided(found, node.span)
        return found.only("bool") if found.kinds else BOOL

    def decided(self, answer: Type, span: Span) -> Type:
        """Warn of a condition whose answer is known."""
        if answer.values is not None and len(answer.values) == 1:
            word = "holds" if answer.values[0] else "fails"
            self.find("W201", f"this condition always {word}", span)
        return answer

    def logic(self, node: Logic) -> Type:
        outer = self.present
        operands = []
        for operand in node.operands:
            operands.append(self.condition(operand))
            self.present = both(self.present, present_when(operand, holds=node.operator == "and"))
        self.present = outer
        return type_rules.junction(node.operator, operands)

    def compare(self, node: Compare) -> Type:
        left, right = self.expression(node.left), self.expression(node.right)
        operator = node.operator
        if operator in ("=", "!="):
            return self.decided(type_rules.equality(left, right, negated=operator == "!="), node.span)
        if operator == "contains":
            message = f"{described(left)} cannot contain {described(right)}"
            result = type_rules.containment(left, right)
        elif operator in ("~=", "!~="):
            message = f"`{operator}` takes text and a pattern, not {described(left)} and {described(right)}"
            result = type_rules.matching(left, right)
        else:
            message = f"{described(left)} and {described(right)} have no order"
            result = type_rules.ordering(operator, left, right)
        if result is None:
            self.find("E207", message, node.span)
            return BOOL
        return self.decided(result, node.span)

    def test(self, node: Test) -> Type:
        with self.guarded() as guard:
            operand = self.expression(node.operand)
        surely = guard.surely_missing and not operand.kinds  # with a value, only a branch of it is missing
        if surely:
            answer: bool | None = node.test != "defined"
        elif guard.may_miss or guard.surely_missing:
            answer = True if operand.kinds == NULL.kinds and node.test != "defined" else None
        elif node.test == "defined":
            answer = True
        else:
            rule = type_rules.nullness if node.test == "null" else type_rules.emptiness
            answer = rule(operand)
        if answer is None:
            return BOOL
        result = one_of([answer is not node.negated])
        return result if surely else self.decided(result, node.span)

    def conditional(self, node: Conditional) -> Type:
        self.condition(node.condition)
        with self.assuming(node.condition, holds=True):
            then = self.expression(node.then)
        with self.assuming(node.condition, holds=False):
            otherwise = self.expression(node.otherwise)
        return then | otherwise

    def default(self, operands: tuple[Expression, ...]) -> Type:
        result = NEVER
        for operand in operands[:-1]:
            with self.guarded():
                result |= self.expression(operand).without("null")
        return result | self.expression(operands[-1])

    def arithmetic(self, operator: str, left: Type, right: Type, span: Span) -> Type:
        message = f"`{operator}` takes numbers, not {described(left)} and {described(right)}"
        hint = "to join them as text write `'$a$b'`" if operator == "+" else None
        return self.allowed(type_rules.arithmetic(operator, left, right), message, span, hint)

    def object_display(self, node: ObjectDisplay) -> Type:
        fields = {}
        is_open = False
        for key, value in node.entries:
            self.expression(key)
            made = Field(self.expression(value))
            if isinstance(key, Literal):
                fields[str(key.value)] = made
            else:
                is_open = True
        return object_of(fields, is_open=is_open)

    # ----------------------------------------------------------------------------------------- calls

    def call(self, node: Call) -> Type:
        function = self.functions.get(node.name)
        pairs: list[tuple[Parameter, Expression]] = []
        if function is not None:
            with suppress(Fault):  # what is wrong with the call itself, `check` reports
                pairs = function.bind(node.arguments, dict(node.named))
            if function.lazy and pairs:
                return self.default(tuple(value for _, value in pairs))
        operands = (*node.arguments, *(value for _, value in node.named))
        arguments = {id(value): self.expression(value) for value in operands}
        if self.guard is not None:
            self.guard.may_miss = True  # a host's function may do as it likes
        for parameter, value in pairs:
            wanted, given = _value_type(parameter.type), arguments[id(value)]
            if given.kinds and not given.kinds & wanted.kinds:
                what = f"`{node.name}`: `{parameter.name}` is {parameter.type}"
                self.find("E207", f"{what}, and this is {described(given)}", value.span)
        return ANY if function is None else _value_type(function.result)

    # ----------------------------------------------------------------------------------------- paths

    def path(self, start: Type, segments: tuple[Segment, ...], keys: Prefix) -> Type:
        here, nulls = start, NEVER
        if self.present.get(keys):
            here = here.without("null")
        whole = bool(keys)
        for segment in segments:
            reached = self.step(here, segment)
            name = path_name(keys) if whole else "the value"
            whole = whole and reached.key is not None
            keys = (*keys, reached.key) if reached.key is not None else keys
            if whole and keys in self.present:
                reached = reached.present(non_null=self.present[keys])
            optional = not isinstance(segment, Computed) and segment.optional
            self.report(reached, segment, name, optional=optional)
            here = reached.type
            if optional:
                if reached.absence is not Absence.NEVER or "null" in here.kinds:
                    nulls = NULL
                here = here.without("null")
        return here | nulls if segments else here

    def step(self, here: Type, segment: Segment) -> Step:
        if not isinstance(segment, Computed):
            return step(here, segment)
        key = self.expression(segment.expression)
        if key.kinds and not key.kinds & {"string", "int"}:
            self.find("E207", f"a key is a string or an integer, not {described(key)}", segment.span)
        return step(here, segment, key)

    def report(self, reached: Step, segment: Segment, name: str, *, optional: bool) -> None:
        """Say that a step leads nowhere, or may; or tell the guard, which copes with it."""
        if reached.absence is Absence.NEVER:
            return
        if self.guard is not None and not optional:
            self.guard.may_miss = True
            self.guard.surely_missing = self.guard.surely_missing or reached.absence is Absence.SURE
        coped = optional or self.guard is not None
        message, hint = reached.complaint(name)
        if reached.absence is Absence.SURE:
            self.find("W205" if coped else reached.code, message, segment.span, hint)
        elif reached.absence is Absence.POSSIBLE and not coped:
            self.find("W202", message, segment.span, hint)


def _reads_element(node: Node) -> bool:
    """Whether a pattern reads the element or index of the loop it belongs to."""
    if isinstance(node, Reference) and node.root in ("item", "index"):
        return True
    if isinstance(node, Expansion):
        return _reads_element(node.over)  # what its pattern reads is its own
    return any(map(_reads_element, node.children()))


def _value_type(spec: ValueType) -> Type:
    """The type that a function's spec states."""
    return one_of(spec.choices) if spec.choices else kind(*(spec.names or KINDS))
