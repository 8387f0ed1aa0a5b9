"""Document nodes to Python closures: one that builds the value, one that writes JSON bytes directly.

The writer joins pre-encoded constants and encoded leaves; no intermediate tree is built. Its bytes are
those of serialising the value.
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any, TypeAlias

import orjson

from aktmpl import emit
from aktmpl.compile import Closure, Emitter, or_interpreted
from aktmpl.interpret import Functions, interpret, interpret_json, pattern_size
from aktmpl.limits import Limits
from aktmpl.nodes import Array, Constant, Document, Entry, Expansion, Node, Object, Template, Typed
from aktmpl.values import to_json

Chunk: TypeAlias = bytes | ast.expr
"""A piece of JSON: known now, or an expression that gives it."""


def compile_value(
    nodes: Document,
    known: dict[str, Any],
    functions: Functions,
    limits: Limits,
    written: Document | None = None,
) -> Closure:
    """The closure `render(scope) -> JSON value`; arguments as `compile.compile_text` takes them."""

    def interpreted(scope: dict[str, Any]) -> Any:
        return interpret(written or nodes, {**scope, **known}, functions=functions, limits=limits)

    def closure() -> Closure:
        builder = _ValueEmitter(known, functions, limits, convert=True)
        builder.begin(nodes)
        return builder.function(builder.document(nodes), interpreted)

    return or_interpreted(nodes, interpreted, closure)


def compile_json(
    nodes: Document,
    known: dict[str, Any],
    functions: Functions,
    limits: Limits,
    written: Document | None = None,
) -> Closure:
    """The closure `render_json(scope) -> bytes`."""

    def interpreted(scope: dict[str, Any]) -> bytes:
        return interpret_json(written or nodes, {**scope, **known}, functions=functions, limits=limits)

    def closure() -> Closure:
        builder = _JsonEmitter(known, functions, limits, convert=True)
        builder.begin(nodes)
        text = builder.joined(builder.chunks(nodes))
        return builder.function(builder.limited(text, limits.output), interpreted)

    return or_interpreted(nodes, interpreted, closure)


class _DocumentEmitter(Emitter):
    """What both closures of a document do alike.

    The output limit is shared out: every text may have its part of it, so that no sum needs to be kept
    where there is no loop. When a text has more, or loops make more, the interpreter decides: it adds up.

    Attributes:
        portion: Longest text of one leaf, and of all that loops make.
        walked: The variable that counts what loops go through.
        made: The variable that counts what loops make, in characters or bytes.
        loops: How many loops are around this point of the code.
    """

    portion = 0
    walked = ""
    made = ""
    loops = 0

    def begin(self, nodes: Document) -> None:
        """Prepare for a document: counters, and the texts' portions of the output limit."""
        self.share([nodes])
        leaves, expansions = _count(nodes)
        self.portion = self.limits.output // (leaves + 1)
        if expansions:
            self.walked = self.assign(ast.Constant(0)).id
            self.made = self.assign(ast.Constant(0)).id

    def count(self, counter: str, amount: ast.expr, limit: int) -> None:
        """Add to a counter, which must not exceed `limit`."""
        self.block.append(ast.AugAssign(ast.Name(counter, ast.Store()), ast.Add(), amount))
        self.refuse(ast.Compare(emit.load(counter), [ast.Gt()], [ast.Constant(limit)]))

    def count_made(self, value: ast.Name) -> None:
        """Text or bytes that a loop has made."""
        self.count(self.made, emit.call(emit.load("len"), value), self.portion)

    def limited_text(self, node: Template) -> ast.Name:
        """The template's text, within its portion of the output."""
        text = self.limited(self.text(node.parts), self.portion)
        if self.loops:
            self.count_made(text)
        return text

    def leaf(self, node: Template) -> ast.expr:
        """The value of a string leaf."""
        if node.constant is not None:
            return ast.Constant(node.constant)
        if isinstance(node.parts[0], Typed):
            return self.expression(node.parts[0].expression)
        return self.limited_text(node)

    def optional(self, make: Any) -> tuple[ast.Name, Any]:
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
        kind = ast.Attribute(elements, "__class__", ast.Load())
        self.refuse(ast.Compare(kind, [ast.IsNot()], [self.constant(list)]))
        item, index = self.new_name(), self.new_name()
        outer = self.variables, self.shared, self.roots, self.certain
        self.variables = {prefix: name for prefix, name in self.variables.items() if prefix[0] not in _LOOP}
        self.roots = {**self.roots, "item": emit.load(item), "index": emit.load(index)}
        self.share(node.pattern)
        self.certain = True
        self.loops += 1
        with self.nested() as body:
            self.count(self.walked, ast.Constant(pattern_size(node)), self.limits.steps)
            yield
        self.loops -= 1
        self.variables, self.shared, self.roots, self.certain = outer
        target = ast.Tuple([ast.Name(index, ast.Store()), ast.Name(item, ast.Store())], ast.Store())
        numbered = emit.call(self.constant(enumerate), elements)
        self.block.append(ast.For(target, numbered, body, []))

    def key(self, entry: Entry | Expansion) -> ast.expr:
        """A member's name: a constant, or a variable that holds the rendered text."""
        if isinstance(entry, Expansion):
            return ast.Constant(entry.name)
        if entry.key.constant is not None:
            return ast.Constant(entry.key.constant)
        return self.assign(self.limited_text(entry.key))


_LOOP = ("item", "index")


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


def _has_dynamic_key(node: Object) -> bool:
    return any(isinstance(entry, Entry) and entry.key.constant is None for entry in node.entries)


def _has_optional(node: Object) -> bool:
    return any(entry.optional for entry in node.entries)


class _ValueEmitter(_DocumentEmitter):
    """Builds the value."""

    def document(self, node: Document) -> ast.expr:
        match node:
            case Constant(value=value):
                return self.display(value)
            case Template():
                return self.leaf(node)
            case Array(items=items):
                return ast.List([self.document(item) for item in items], ast.Load())
            case Object(entries=entries):
                if _has_optional(node) or _has_dynamic_key(node):
                    return self.object_by_statements(node)
                keys = [self.key(entry) for entry in entries]
                return ast.Dict(list(keys), [self.member(entry) for entry in entries])

    def member(self, entry: Entry | Expansion) -> ast.expr:
        if isinstance(entry, Entry):
            return self.document(entry.value)
        return self.expansion(self.elements(entry), entry)

    def expansion(self, elements: ast.Name, node: Expansion) -> ast.Name:
        result = self.assign(ast.List([], ast.Load()))
        with self.loop(elements, node):
            for item in node.pattern:
                self.do(emit.method(result, "append", self.document(item)))
        return result

    def object_by_statements(self, node: Object) -> ast.expr:
        result = self.assign(ast.Dict([], []))
        for entry in node.entries:
            key = self.key(entry)
            if not entry.optional:
                self.store(result, key, self.member(entry))
            elif isinstance(entry, Expansion):
                elements, present = self.optional(lambda entry=entry: self.expression(entry.over))
                with self.branch() as body:
                    self.store(result, key, self.expansion(elements, entry))
                self.block.append(ast.If(present, body, []))
            else:
                value, present = self.optional(lambda entry=entry: self.member(entry))
                with self.branch() as body:
                    self.store(result, key, value)
                self.block.append(ast.If(present, body, []))
        return result

    def store(self, target: ast.Name, key: ast.expr, value: ast.expr) -> None:
        value = self.assign(value)
        self.refuse(ast.Compare(key, [ast.In()], [target]))
        self.block.append(ast.Assign([ast.Subscript(target, key, ast.Store())], value))


class _JsonEmitter(_DocumentEmitter):
    """Writes the bytes."""

    def joined(self, chunks: list[Chunk]) -> ast.expr:
        """The chunks as one expression, neighbouring constants merged."""
        pieces: list[ast.expr] = []
        for constant, run in groupby(chunks, key=lambda chunk: isinstance(chunk, bytes)):
            if constant:
                pieces.append(ast.Constant(b"".join(chunk for chunk in run if isinstance(chunk, bytes))))
            else:
                pieces.extend(chunk for chunk in run if isinstance(chunk, ast.expr))
        if len(pieces) == 1:
            return pieces[0]
        return emit.method(ast.Constant(b""), "join", emit.tuple_of(pieces))

    def chunks(self, node: Document) -> list[Chunk]:
        match node:
            case Constant(value=value):
                return [to_json(value, self.limits, nested=self.limits.depth)]
            case Template():
                return self.encoded(self.leaf(node), node)
            case Array(items=items):
                return [b"[", *_separated([self.chunks(item) for item in items]), b"]"]
            case Object():
                if _has_optional(node):
                    return self.object_by_statements(node)
                return self.plain_object(node)

    def encoded(self, value: ast.expr, node: Template) -> list[Chunk]:
        """A leaf's value as JSON. Text needs no check of what is inside, only the encoder."""
        if isinstance(value, ast.Constant):
            return [to_json(value.value, self.limits)]
        is_text = not isinstance(node.parts[0], Typed)
        if is_text and not self.guarded:
            return [self.helper(orjson.dumps, value)]
        return [self.operation(to_json, value)]

    def plain_object(self, node: Object) -> list[Chunk]:
        members: list[list[Chunk]] = []
        names: list[ast.expr] = []
        for entry in node.entries:
            names.append(self.key(entry))
            members.append([*self.name(names[-1]), *self.member(entry)])
        if _has_dynamic_key(node):
            self.refuse_equal(emit.tuple_of(names))
        return [b"{", *_separated(members), b"}"]

    def name(self, key: ast.expr) -> list[Chunk]:
        if isinstance(key, ast.Constant):
            return [to_json(key.value) + b":"]
        return [self.operation(to_json, key), b":"]

    def member(self, entry: Entry | Expansion) -> list[Chunk]:
        if isinstance(entry, Entry):
            return self.chunks(entry.value)
        return self.expansion(self.elements(entry), entry)

    def expansion(self, elements: ast.Name, node: Expansion) -> list[Chunk]:
        parts = self.assign(ast.List([], ast.Load()))
        with self.loop(elements, node):
            for item in node.pattern:
                made = self.assign(self.joined(self.chunks(item)))
                self.count_made(made)
                self.do(emit.method(parts, "append", made))
        return [b"[", emit.method(ast.Constant(b","), "join", parts), b"]"]

    def object_by_statements(self, node: Object) -> list[Chunk]:
        members = self.assign(ast.List([], ast.Load()))
        names = self.assign(ast.List([], ast.Load())) if _has_dynamic_key(node) else None

        def add(key: ast.expr, value: list[Chunk]) -> None:
            self.do(emit.method(members, "append", self.joined([*self.name(key), *value])))
            if names:
                self.do(emit.method(names, "append", key))

        for entry in node.entries:
            key = self.key(entry)
            if not entry.optional:
                add(key, self.member(entry))
                continue
            value, present = self.optional(lambda entry=entry: self.optional_value(entry))
            with self.branch() as body:
                add(key, self.present_value(value, entry))
            self.block.append(ast.If(present, body, []))
        if names:
            self.refuse_equal(names)
        return [b"{", emit.method(ast.Constant(b","), "join", members), b"}"]

    def optional_value(self, entry: Entry | Expansion) -> ast.expr:
        """What is null when the member is left out: the list, a leaf's value, or bytes that never are."""
        if isinstance(entry, Expansion):
            return self.expression(entry.over)
        if isinstance(entry.value, Template):
            return self.leaf(entry.value)
        if isinstance(entry.value, Constant) and entry.value.value is None:
            return ast.Constant(None)
        return self.joined(self.chunks(entry.value))

    def present_value(self, value: ast.Name, entry: Entry | Expansion) -> list[Chunk]:
        if isinstance(entry, Expansion):
            return self.expansion(value, entry)
        return self.encoded(value, entry.value) if isinstance(entry.value, Template) else [value]

    def refuse_equal(self, names: ast.expr) -> None:
        """Raise when two of the names are the same."""
        distinct = emit.call(emit.load("len"), emit.call(emit.load("set"), names))
        self.refuse(ast.Compare(distinct, [ast.NotEq()], [emit.call(emit.load("len"), names)]))


def _separated(members: list[list[Chunk]]) -> list[Chunk]:
    """The members' chunks with commas between them."""
    chunks: list[Chunk] = []
    for position, member in enumerate(members):
        if position:
            chunks.append(b",")
        chunks.extend(member)
    return chunks
