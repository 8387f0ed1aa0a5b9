"""Folding: nodes and the values of some roots give nodes of what is left to do.

What cannot be folded stays as it was, so that its error is the same as without folding: a path that leads
nowhere in a known root, or an operation that fails.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from aktmpl import values
from aktmpl.build import merge
from aktmpl.check import LOOP_ROOTS
from aktmpl.errors import Fault, MissingError, TemplateError
from aktmpl.functions.registry import builtin
from aktmpl.interpreter import Functions, interpret, pattern_size
from aktmpl.limits import Limits
from aktmpl.node import Node, replace
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
    count_values,
)
from aktmpl.source import Source

Known = Mapping[str, Any]

_MOST_NODES = 5_000
"""Nodes that folding may add; then lists and objects stay references, and expansions stay loops."""


def specialize(nodes: AnyNodes, known: Known, limits: Limits, functions: Functions | None = None) -> AnyNodes:
    """Fold the roots in `known`, and everything that is constant with them.

    Args:
        nodes: A template, condition or document.
        known: Root names and their values.
        limits: Bounds within which parts are evaluated.
        functions: What calls may name; the language's own unless given. Impure ones are left.

    Returns:
        Nodes that give for a scope what the original gives for the scope with `known` added.
    """
    known_functions = builtin() if functions is None else functions
    return _Folder(known, limits, known_functions, _Budget(limits.string)).any(nodes)


def constant_members(node: Object) -> Constant | Object:
    """One constant, if every member of the object is one."""
    members: dict[str, Any] = {}
    for entry in node.entries:
        if isinstance(entry, Expansion) or entry.optional or not isinstance(entry.value, Constant):
            return node
        name = entry.key.constant
        if name is None or name in members:
            return node
        members[name] = entry.value.value
    return Constant(node.span, members)


def constant_items(node: Array) -> Constant | Array:
    """One constant, if every element of the array is one."""
    if all(isinstance(item, Constant) for item in node.items):
        return Constant(node.span, [item.value for item in node.items if isinstance(item, Constant)])
    return node


class _Budget:
    """How much more folding may make.

    A short template can hold a hundred calls that make a megabyte each, or expansions of expansions, and a
    compiled template is kept.

    Attributes:
        left: Characters of the results of calls.
        nodes: Nodes, those of unrolled expansions and of lists and objects.
    """

    def __init__(self, left: int, nodes: int = _MOST_NODES) -> None:
        self.left = left
        self.nodes = nodes

    def allows(self, nodes: int) -> bool:
        """Whether so many nodes more may be made; they are charged for if so."""
        if nodes > self.nodes:
            return False
        self.nodes -= nodes
        return True

    def affords(self, value: Any) -> bool:
        """Whether the value may be kept; it is charged for even if not, so that trying has an end."""
        from aktmpl.json_form import to_json  # noqa: PLC0415 - most texts do without its encoder

        try:
            self.left -= len(value) if isinstance(value, str | bytes) else len(to_json(value))
        except Fault:
            return False
        return self.left >= 0


class _Folder:
    def __init__(self, known: Known, limits: Limits, functions: Functions, budget: _Budget) -> None:
        self.known = known
        self.limits = limits
        self.functions = functions
        self.budget = budget

    def within(self, known: Known) -> "_Folder":
        """The same with other known roots."""
        return _Folder(known, self.limits, self.functions, self.budget)

    def any(self, node: AnyNodes) -> AnyNodes:
        if isinstance(node, Condition):
            return replace(node, expression=self.expression(node.expression, node.source))
        return self.template(node) if isinstance(node, Template) else self.document(node)

    # ------------------------------------------------------------------------------------- documents

    def document(self, node: Document) -> Document:
        match node:
            case Constant():
                return node
            case Template():
                return self.leaf(self.template(node))
            case Array(items=items):
                return constant_items(replace(node, items=tuple(self.document(item) for item in items)))
            case Object():
                return self.object(node)

    def leaf(self, node: Template) -> Document:
        """A leaf that has become constant, unless JSON cannot hold it: its error is for rendering."""
        part = node.parts[0] if node.parts else None
        if node.constant is not None:
            value = node.constant
        elif isinstance(part, Typed) and isinstance(part.expression, Literal):
            value = part.expression.value
        else:
            return node
        from aktmpl.json_form import to_json  # noqa: PLC0415 - texts and queries do without its encoder

        try:
            to_json(value, self.limits)
        except Fault:
            return node
        return Constant(node.span, value)

    def object(self, node: Object) -> Document:
        entries: list[Entry | Expansion] = []
        names = {_static_name(entry) for entry in node.entries} - {None}
        for entry in node.entries:
            if entry.optional and self.surely_absent(entry):
                continue
            if isinstance(entry, Expansion):
                entries.append(self.expansion(entry))
                continue
            key = self.template(entry.key)
            if entry.key.constant is None and key.constant is not None:
                if key.constant in names:
                    key = entry.key  # two keys that are the same: an error for rendering
                names.add(key.constant)
            value = self.document(entry.value)
            optional = entry.optional and not (isinstance(value, Constant) and value.value is not None)
            entries.append(replace(entry, key=key, value=value, optional=optional))
        return constant_members(replace(node, entries=tuple(entries)))

    def surely_absent(self, entry: Entry | Expansion) -> bool:
        """Whether what an optional member depends on is known, and null or missing."""
        what = entry.over if isinstance(entry, Expansion) else entry.value
        if not self.closed(what) or (isinstance(entry, Entry) and entry.key.constant is None):
            return False
        try:
            return self.value(what, entry.source if isinstance(entry, Expansion) else Source("")) is None
        except MissingError:
            return True
        except TemplateError:
            return False

    def expansion(self, node: Expansion) -> Entry | Expansion:
        over = self.expression(node.over, node.source)
        elements = self.known_list(over, node.source)
        if elements is not None and self.budget.allows(len(elements) * pattern_size(node)):
            items = [
                self.within({**self.known, "item": element, "index": index}).document(item)
                for index, element in enumerate(elements)
                for item in node.pattern
            ]
            if not any(_reads_loop(item) for item in items):
                key = Template(node.span, (Text(node.span, node.name),), node.source)
                return Entry(node.span, key, constant_items(Array(node.span, tuple(items))))
        inner = self.within({k: v for k, v in self.known.items() if k not in LOOP_ROOTS})
        return replace(node, over=over, pattern=tuple(inner.document(item) for item in node.pattern))

    def known_list(self, over: Expression, source: Source) -> list[Any] | None:
        """What is expanded, if that is known and can be."""
        if not isinstance(over, Literal) and not self.closed(over):
            return None
        try:
            elements = self.value(over, source)
        except TemplateError:
            return None
        return elements if isinstance(elements, list) else None

    # ------------------------------------------------------------------------------------- templates

    def template(self, node: Template) -> Template:
        if node.constant is not None:
            return node
        if isinstance(node.parts[0], Typed):
            folded = self.expression(node.parts[0].expression, node.source)
            return replace(node, parts=(replace(node.parts[0], expression=folded),))
        parts = self.parts([part for part in node.parts if not isinstance(part, Typed)], node.source)
        if sum(len(part.value) for part in parts if isinstance(part, Text)) > self.limits.output:
            return node  # too large whatever the rest is: an error for rendering
        return replace(node, parts=tuple(parts))

    def parts(self, parts: Iterable[Text | Insert], source: Source) -> list[Any]:
        """Parts with known values as text, joined to the text beside them."""
        pieces: list[Any] = []
        for part in parts:
            if isinstance(part, Text):
                pieces.append((part.value, part.span))
                continue
            if self.untouched(part.expression):
                pieces.append(part)
                continue
            expression = self.expression(part.expression, source)
            text = self.text_of(expression)
            pieces.append(replace(part, expression=expression) if text is None else (text, part.span))
        return merge(pieces)

    def text_of(self, node: Expression) -> str | None:
        """The text that an expression surely gives."""
        if not isinstance(node, Literal):
            return None
        try:
            return values.text_form(node.value, self.limits)
        except Fault:
            return None

    # ----------------------------------------------------------------------------------- expressions

    def untouched(self, node: Expression) -> bool:
        """Whether the node is a path from a root that is not known."""
        return isinstance(node, Reference) and node.root not in self.known and node.is_static

    def closed(self, node: Node) -> bool:
        """Whether the node reads nothing but known roots, and calls nothing that is not pure."""
        stack = [node]
        while stack:
            current = stack.pop()
            if isinstance(current, Call) and not self.foldable(current):
                return False
            if isinstance(current, Reference) and current.root not in self.known:
                return False
            if isinstance(current, Expansion):
                return False
            stack.extend(current.children())
        return True

    def foldable(self, node: Call) -> bool:
        """Whether a call gives the same each time, and folding has not made too much already."""
        function = self.functions.get(node.name)
        return function is not None and function.pure and self.budget.left > 0

    def value(self, node: Expression | Document, source: Source) -> Any:
        """The value of a closed node."""
        if not isinstance(node, Constant | Template | Array | Object):
            node = Template(node.span, (Typed(node.span, node),), source)
        return interpret(node, self.known, functions=self.functions, limits=self.limits)

    def expression(self, node: Expression, source: Source) -> Expression:
        if isinstance(node, Literal) or self.untouched(node):
            return node
        if self.closed(node):
            try:
                value = self.value(node, source)
                values.check_depth(value, self.limits.depth)
            except (TemplateError, Fault):
                return node
            if isinstance(value, list | dict) and not self.budget.allows(count_values(value, _MOST_NODES)):
                return node
            return Literal(node.span, value) if not _calls(node) or self.budget.affords(value) else node
        return self.rebuilt(node, source)

    def rebuilt(self, node: Expression, source: Source) -> Expression:
        """The node with its children folded; branches that are decided are taken."""

        def fold(child: Expression) -> Expression:
            return self.expression(child, source)

        match node:
            case Logic():
                return _decided_logic(node, tuple(map(fold, node.operands)))
            case Conditional():
                condition = fold(node.condition)
                if isinstance(condition, Literal) and isinstance(condition.value, bool):
                    return fold(node.then if condition.value else node.otherwise)
                return replace(
                    node, condition=condition, then=fold(node.then), otherwise=fold(node.otherwise)
                )
            case Default():
                return self.decided_default(node, source)
            case Reference():
                return replace(node, segments=self.segments(node.segments, source))
            case Access():
                segments = self.segments(node.segments, source)
                return replace(node, target=fold(node.target), segments=segments)
            case Interpolation():
                return replace(node, parts=tuple(self.parts(node.parts, source)))
            case ListDisplay():
                return replace(node, items=tuple(map(fold, node.items)))
            case ObjectDisplay():
                return replace(node, entries=tuple((fold(key), fold(value)) for key, value in node.entries))
            case Not() | Negative() | Test():
                return replace(node, operand=fold(node.operand))
            case Compare():
                return replace(node, left=fold(node.left), right=fold(node.right))
            case Arithmetic():
                rest = tuple((operator, fold(operand)) for operator, operand in node.rest)
                return replace(node, first=fold(node.first), rest=rest)
            case Power():
                return replace(node, base=fold(node.base), exponent=fold(node.exponent))
            case Call() if (function := self.functions.get(node.name)) and function.lazy:
                bound = function.bind(node.arguments, dict(node.named))
                operands = tuple(argument for _, argument in bound)
                return self.decided_default(Default(node.span, operands), source)
            case Call():
                named = tuple((name, fold(value)) for name, value in node.named)
                return replace(node, arguments=tuple(map(fold, node.arguments)), named=named)
            case Literal():
                return node

    def segments(self, segments: tuple[Segment, ...], source: Source) -> tuple[Segment, ...]:
        return tuple(
            replace(segment, expression=self.expression(segment.expression, source))
            if isinstance(segment, Computed)
            else segment
            for segment in segments
        )

    def decided_default(self, node: Default, source: Source) -> Expression:
        """`a ?? b` without the candidates that are known to be missing or null."""
        operands: list[Expression] = []
        for operand in node.operands[:-1]:
            if self.closed(operand) and self.is_missing(operand, source):
                continue
            folded = self.expression(operand, source)
            if isinstance(folded, Literal) and folded.value is None:
                continue
            operands.append(folded)
            if isinstance(folded, Literal):
                break
        else:
            operands.append(self.expression(node.operands[-1], source))
        return operands[0] if len(operands) == 1 else replace(node, operands=tuple(operands))

    def is_missing(self, node: Expression, source: Source) -> bool:
        try:
            self.value(node, source)
        except MissingError:
            return True
        except TemplateError:
            return False
        return False


def _decided_logic(node: Logic, operands: tuple[Expression, ...]) -> Expression:
    """Operands after one that decides are never evaluated; a first one that decides is the answer."""
    decisive = node.operator == "or"
    for position, operand in enumerate(operands):
        if isinstance(operand, Literal) and operand.value is decisive:
            return operand if position == 0 else replace(node, operands=operands[: position + 1])
    needed = [each for each in operands if not (isinstance(each, Literal) and each.value is (not decisive))]
    return replace(node, operands=tuple(needed) if len(needed) > 1 else operands)


def _calls(node: Node) -> bool:
    """Whether there is a call in the node."""
    return isinstance(node, Call) or any(map(_calls, node.children()))


def _static_name(entry: Entry | Expansion) -> str | None:
    return entry.name if isinstance(entry, Expansion) else entry.key.constant


def _reads_loop(node: Node) -> bool:
    """Whether the node still reads the element or index of a loop around it."""
    if isinstance(node, Reference) and node.root in LOOP_ROOTS:
        return True
    if isinstance(node, Expansion):
        return _reads_loop(node.over)  # what its pattern reads is its own
    return any(_reads_loop(child) for child in node.children())
