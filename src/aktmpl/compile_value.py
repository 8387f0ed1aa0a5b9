"""Document nodes to the closure that builds the value, and what it shares with the one that writes JSON."""

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from aktmpl import emit
from aktmpl.check import LOOP_ROOTS
from aktmpl.compile_expression import Emitter
from aktmpl.interpreter import Functions, pattern_size
from aktmpl.limits import Limits
from aktmpl.node import Node
from aktmpl.nodes import (
    Array,
    Constant,
    Document,
    Entry,
    Expansion,
    Object,
    Reference,
    Template,
    Typed,
)
from aktmpl.tiers import Closure, Tier, Tiers


def compile_value(
    nodes: Document,
    known: dict[str, Any],
    functions: Functions,
    limits: Limits,
    written: Document | None = None,
) -> Closure:
    """The closure `render(scope) -> JSON value`; arguments as `compile.compile_text` takes them."""

    def emit_value(tiers: Tiers, tier: Tier) -> tuple[Emitter, ast.expr]:
        builder = _ValueEmitter(tiers, tier)
        builder.begin(nodes)
        value = builder.document(nodes)
        builder.measure()
        return builder, value

    return Tiers(nodes, known, functions, limits, emit=emit_value, written=written).closure()


class DocumentEmitter(Emitter):
    """What both closures of a document do alike.

    Half of the output limit is for what surely is part of the result: the texts of straight code, which are
    measured at its end, all together, and what loops make, which is counted. The other half is shared out to
    the texts of branches, for the interpreter counts some of those only for a while. When there is more, the
    interpreter decides: it adds up exactly.

    Attributes:
        texts: Texts of this straight run of code that nothing has looked at yet.
        half: Half of the output limit.
        portion: Longest text in a branch.
        in_loop: The code stands in a loop.
        walked: The variable that counts what loops go through.
        made: The variable that counts what loops make, in characters.
    """

    in_loop = False
    walked = ""
    made = ""

    def __init__(self, tiers: Tiers, tier: Tier) -> None:
        super().__init__(tiers, tier)
        self.texts: dict[str, ast.expr] = {}
        self.half = self.limits.output // 2
        self.portion = 0

    def begin(self, nodes: Document) -> None:
        """Prepare for a document: counters, and the texts' portions of the output limit."""
        self.share([nodes])
        leaves, expansions = _count(nodes)
        self.portion = self.half // (leaves + 1)
        if expansions:
            self.walked = self.assign(ast.Constant(0)).id
            self.made = self.assign(ast.Constant(0)).id

    def count(self, counter: str, amount: ast.expr, limit: int) -> None:
        """Add to a counter, which must not exceed `limit`."""
        self.block.append(ast.AugAssign(ast.Name(counter, emit.STORE), ast.Add(), amount))
        self.refuse(ast.Compare(emit.load(counter), [ast.Gt()], [ast.Constant(limit)]))

    def unseen(self, text: ast.expr) -> ast.Name:
        """A text, or in the first tier what is hoped to be one, in a variable that is looked at later."""
        name = self.assign(text)
        self.texts[name.id] = name
        return name

    def all_texts(self) -> ast.expr:
        """The texts that nothing has looked at yet, joined; that refuses what is no text."""
        if len(self.texts) > 1 or not self.hopes:
            return emit.text_of(self.texts.values())
        return self.string(next(iter(self.texts.values())))

    def leaf_text(self, node: Template) -> ast.Name:
        """The text of a string leaf or a key."""
        if not self.certain:
            return self.branch_text(node)
        only = node.parts[0]
        if len(node.parts) == 1 and self.raw(only):
            self.hopes = True
            return self.unseen(self.expression(only.expression))
        return self.unseen(self.text(node.parts))

    def branch_text(self, node: Template) -> ast.Name:
        """The text of a template in a branch, within its portion of the output."""
        text = self.limited(self.text(node.parts), self.portion)
        if self.in_loop:
            self.count(self.made, length_of(text), self.half)
        return text

    def optional(self, make: Callable[[], ast.expr]) -> tuple[ast.Name, Any]:
        """Run `make` where a missing field makes the result None; also what the code is inside."""
        with self.branch(guarded=True) as body:
            result = self.assign(make())
        with self.branch() as handler:
            self.assign(ast.Constant(None), result.id)
        self.try_missing(body, handler)
        return result, emit.is_none(result, negated=True)

    def elements(self, node: Expansion) -> ast.Name:
        """The list that is expanded, in a variable."""
        return self.assign(self.expression(node.over))

    @contextmanager
    def loop(self, elements: ast.Name, node: Expansion) -> Iterator[None]:
        """The `with` body's statements, once for each element of what must be a list."""
        self.refuse(ast.Compare(emit.kind_of(elements), [ast.IsNot()], [self.constant(list)]))
        steps = ast.BinOp(length_of(elements), ast.Mult(), ast.Constant(pattern_size(node)))
        self.count(self.walked, steps, self.limits.steps)
        item, index = self.new_name(), self.new_name()
        outer = self.variables, self.shared, self.roots, self.certain, self.texts, self.in_loop
        self.variables = {
            prefix: name for prefix, name in self.variables.items() if prefix[0] not in LOOP_ROOTS
        }
        self.roots = {**self.roots, "item": emit.load(item), "index": emit.load(index)}
        self.share(node.pattern)
        self.certain = self.in_loop = True
        self.texts = {}
        with self.nested() as body:
            yield
        self.variables, self.shared, self.roots, self.certain, self.texts, self.in_loop = outer
        target: ast.expr = ast.Name(item, emit.STORE)
        over: ast.expr = elements
        if any(map(_reads_index, node.pattern)):
            target = ast.Tuple([ast.Name(index, emit.STORE), target], emit.STORE)
            over = emit.call(self.constant(enumerate), elements)
        self.block.append(ast.For(target, over, body or [ast.Pass()], []))

    def key(self, entry: Entry | Expansion) -> ast.expr:
        """A member's name: a constant, or a variable that holds the rendered text."""
        if isinstance(entry, Expansion):
            return ast.Constant(entry.name)
        if entry.key.constant is not None:
            return ast.Constant(entry.key.constant)
        return self.leaf_text(entry.key)


def length_of(value: ast.expr) -> ast.Call:
    """`len(value)`."""
    return emit.call(emit.load("len"), value)


def _count(nodes: Document) -> tuple[int, int]:
    """How many texts with references a document has, keys among them, and how many expansions."""
    leaves = expansions = 0
    stack: list[Node] = [nodes]
    while stack:
        node = stack.pop()
        if isinstance(node, Template):
            leaves += node.constant is None
        elif isinstance(node, Array | Object | Entry | Expansion):
            expansions += isinstance(node, Expansion)
            stack.extend(node.children())
    return leaves, expansions


def _reads_index(node: Node) -> bool:
    if isinstance(node, Reference) and node.root == "index":
        return True
    return any(map(_reads_index, node.children()))


def has_dynamic_key(node: Object) -> bool:
    """Whether the name of a member depends on the data."""
    return any(isinstance(entry, Entry) and entry.key.constant is None for entry in node.entries)


def has_optional(node: Object) -> bool:
    """Whether a member may be left out."""
    return any(entry.optional for entry in node.entries)


class _ValueEmitter(DocumentEmitter):
    """Builds the value."""

    def measure(self) -> None:
        """Refuse a result that is too large, at its end or at that of a loop's round."""
        if not self.texts:
            return
        length = length_of(self.all_texts())
        if self.in_loop:
            self.count(self.made, length, self.half)
        else:
            total = ast.BinOp(length, ast.Add(), emit.load(self.made)) if self.made else length
            self.refuse(ast.Compare(total, [ast.Gt()], [ast.Constant(self.half)]))

    def leaf(self, node: Template) -> ast.expr:
        """The value of a string leaf."""
        if isinstance(node.parts[0], Typed):
            return self.expression(node.parts[0].expression)
        return self.leaf_text(node)

    def document(self, node: Document) -> ast.expr:
        match node:
            case Constant(value=value):
                return self.display(value)
            case Template():
                return self.display(node.constant) if node.constant is not None else self.leaf(node)
            case Array(items=items):
                return ast.List([self.document(item) for item in items], emit.LOAD)
            case Object(entries=entries):
                if has_optional(node) or has_dynamic_key(node):
                    return self.object_by_statements(node)
                keys = [self.key(entry) for entry in entries]
                return ast.Dict(list(keys), [self.member(entry) for entry in entries])

    def member(self, entry: Entry | Expansion) -> ast.expr:
        if isinstance(entry, Entry):
            return self.document(entry.value)
        return self.expansion(self.elements(entry), entry)

    def expansion(self, elements: ast.Name, node: Expansion) -> ast.Name:
        result = self.assign(ast.List([], emit.LOAD))
        with self.loop(elements, node):
            for item in node.pattern:
                self.do(emit.method(result, "append", self.document(item)))
            self.measure()
        return result

    def object_by_statements(self, node: Object) -> ast.expr:
        result = self.assign(ast.Dict([], []))
        for entry in node.entries:
            key = self.key(entry)
            if not entry.optional:
                self.store(result, key, self.member(entry))
            elif isinstance(entry, Expansion):
                elements, present = self.optional(partial(self.expression, entry.over))
                with self.branch() as body:
                    self.store(result, key, self.expansion(elements, entry))
                self.block.append(ast.If(present, body, []))
            else:
                value, present = self.optional(partial(self.member, entry))
                with self.branch() as body:
                    self.store(result, key, value)
                self.block.append(ast.If(present, body, []))
        return result

    def store(self, target: ast.Name, key: ast.expr, value: ast.expr) -> None:
        value = self.assign(value)
        self.refuse(ast.Compare(key, [ast.In()], [target]))
        self.block.append(ast.Assign([ast.Subscript(target, key, emit.STORE)], value))
