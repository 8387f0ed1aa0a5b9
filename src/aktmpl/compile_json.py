"""Document nodes to the closure that writes JSON: one text of constants and values, encoded at the end.

No intermediate tree is built, and as long as no value has a character that JSON escapes, no leaf is encoded
on its own: the values stand in the text as they are, and one look at all of them together says whether that
was right. Where it was not, another tier encodes each text. The bytes are those of serialising the value.
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

import orjson

from aktmpl import emit
from aktmpl.check import LOOP_ROOTS
from aktmpl.closure_helpers import interleaved
from aktmpl.compile_expression import Emitter
from aktmpl.compile_value import DocumentEmitter, has_dynamic_key, has_optional, length_of
from aktmpl.interpreter import Functions, interpret_json
from aktmpl.json_form import json_text, to_json
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

Chunk: TypeAlias = str | ast.expr
"""A piece of JSON as text: known now, or an expression that gives it."""

_MOST_COLLECTED = 30
"""Values of one element that are collected without a look at their size."""

_BACKSLASH = 92
"""Every escape of JSON begins with it."""


def compile_json(
    nodes: Document,
    known: dict[str, Any],
    functions: Functions,
    limits: Limits,
    written: Document | None = None,
) -> Closure:
    """The closure `render_json(scope) -> bytes`; arguments as `compile.compile_text` takes them."""

    def emit_json(tiers: Tiers, tier: Tier) -> tuple[Emitter, ast.expr]:
        builder = _JsonEmitter(tiers, tier)
        builder.begin(nodes)
        return builder, builder.encoded(builder.chunks(nodes))

    tiers = Tiers(nodes, known, functions, limits, emit=emit_json, written=written, run=interpret_json)
    return tiers.closure()


class _JsonEmitter(DocumentEmitter):
    """Writes the bytes.

    Attributes:
        plain: Values are inserted as they are and looked at later; `texts` are those.
        branched: There are texts in branches.
    """

    def __init__(self, tiers: Tiers, tier: Tier) -> None:
        super().__init__(tiers, tier)
        self.plain = tier is not Tier.ESCAPING
        self.branched = False
        self._escaping = tiers.escaping

    @contextmanager
    def branch(self, *, guarded: bool = False) -> Iterator[list[ast.stmt]]:
        """As it is, with each text encoded where it is made: what comes after cannot look at it."""
        plain, self.plain = self.plain, False
        with super().branch(guarded=guarded) as block:
            yield block
        self.plain = plain

    def encoded(self, chunks: list[Chunk]) -> ast.expr:
        """The whole as bytes, refused when too long."""
        constants = [chunk for chunk in chunks if isinstance(chunk, str)]
        if len(constants) == len(chunks):
            return ast.Constant("".join(constants).encode())
        text = emit.text_of(chunks)
        made = self.limited(emit.method(text, "encode"), self.half if self.branched else self.limits.output)
        if self.texts:
            look = ast.Compare(ast.Constant(_BACKSLASH), [ast.In()], [self.dumped(self.all_texts())])
            again = emit.call(self.constant(self._escaping), emit.load("scope"))
            self.block.append(ast.If(look, [ast.Return(again)], []))
        return made

    def chunks(self, node: Document) -> list[Chunk]:
        match node:
            case Constant(value=value):
                return [to_json(value, self.limits, nested=self.limits.depth).decode()]
            case Template():
                return self.leaf(node)
            case Array(items=items):
                return ["[", *_separated([self.chunks(item) for item in items]), "]"]
            case Object():
                return self.object_by_statements(node) if has_optional(node) else self.plain_object(node)

    # ---------------------------------------------------------------------------------------- leaves

    def leaf(self, node: Template) -> list[Chunk]:
        """A string leaf."""
        if node.constant is not None:
            return [to_json(node.constant, self.limits).decode()]
        if isinstance(node.parts[0], Typed):
            return [self.operation(json_text, self.expression(node.parts[0].expression))]
        if not self.plain:
            return [self.string_json(self.leaf_text(node))]
        chunks: list[Chunk] = []
        for part in node.parts:
            piece = self.piece(part)
            chunks.append(_escaped(piece) if isinstance(piece, str) else self.unseen(piece))
        return ['"', *chunks, '"']

    def leaf_text(self, node: Template) -> ast.Name:
        if self.plain:
            return super().leaf_text(node)
        return self.assign(self.text(node.parts)) if self.certain else self.branch_text(node)

    def branch_text(self, node: Template) -> ast.Name:
        self.branched = True
        return super().branch_text(node)

    def dumped(self, text: ast.expr) -> ast.Call:
        return self.helper(orjson.dumps, text)

    def string_json(self, text: ast.expr) -> ast.expr:
        """A text as JSON. In a guarded branch the encoder's own error would be taken for a missing field."""
        if self.guarded:
            return self.operation(json_text, text)
        return emit.method(self.dumped(text), "decode")

    # --------------------------------------------------------------------------------------- objects

    def plain_object(self, node: Object) -> list[Chunk]:
        members: list[list[Chunk]] = []
        names: list[ast.expr] = []
        for entry in node.entries:
            names.append(self.key(entry))
            members.append([*self.name(names[-1]), *self.member(entry)])
        if has_dynamic_key(node):
            self.refuse_equal(emit.tuple_of(names))
        return ["{", *_separated(members), "}"]

    def name(self, key: ast.expr) -> list[Chunk]:
        if isinstance(key, ast.Constant):
            return [to_json(key.value).decode() + ":"]
        return ['"', key, '":'] if self.plain else [self.string_json(key), ":"]

    def member(self, entry: Entry | Expansion) -> list[Chunk]:
        if isinstance(entry, Entry):
            return self.chunks(entry.value)
        return self.expansion(self.elements(entry), entry)

    def expansion(self, elements: ast.Name, node: Expansion) -> list[Chunk]:
        if self.plain and len(node.pattern) == 1 and _reads_element_only(node.pattern[0]):
            short = self.collected(elements, node)
            if short is not None:
                return short
        parts = self.assign(ast.List([], emit.LOAD))
        start = len(self.block)
        looked_at = None
        with self.loop(elements, node):
            for item in node.pattern:
                made = self.assign(emit.text_of(self.chunks(item)))
                self.count(self.made, length_of(made), self.half)
                self.do(emit.method(parts, "append", made))
            if self.texts:
                looked_at = emit.load(self.new_name())
                self.do(emit.method(looked_at, "append", self.all_texts()))
        if looked_at:
            empty = ast.Assign([ast.Name(looked_at.id, emit.STORE)], ast.List([], emit.LOAD))
            self.block.insert(start, empty)
            self.unseen(_joined("", looked_at))
        return ["[", _joined(",", parts), "]"]

    def collected(self, elements: ast.Name, node: Expansion) -> list[Chunk] | None:
        """The short way for a pattern of constants and plain values: the loop only collects these.

        They are the elements' own, and few of each, so that all together are not much larger than the data.
        """
        start = len(self.block)
        values = self.assign(ast.List([], emit.LOAD))
        with self.loop(elements, node):
            chunks = _merged(self.chunks(node.pattern[0]))
            assigned = {
                each.targets[0].id: each
                for each in self.block
                if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name)
            }
            names = [each.id for each in chunks if isinstance(each, ast.Name)]
            short = (
                0 < len(names) <= _MOST_COLLECTED
                and len(assigned) == len(self.block)
                and names == [*self.texts]
                and len(chunks) == 2 * len(names) + 1
            )
            self.block[:] = [each for name, each in assigned.items() if name not in self.texts]
            row = emit.tuple_of([assigned[name].value for name in names if name in assigned])
            self.block.append(ast.AugAssign(ast.Name(values.id, emit.STORE), ast.Add(), row))
        if not short:
            del self.block[start:]
            return None
        first, *between, last = [each for each in chunks if isinstance(each, str)]
        text = self.unseen(_joined("", values))
        made = sum(map(len, (first, *between, last))) + 1
        size = ast.BinOp(length_of(elements), ast.Mult(), ast.Constant(made))
        self.count(self.made, ast.BinOp(size, ast.Add(), length_of(text)), self.half)
        pattern = self.constant([piece for each in (f"{last},{first}", *between) for piece in (each, "")])
        return ["[", self.helper(interleaved, ast.Constant(first), pattern, ast.Constant(last), values), "]"]

    def object_by_statements(self, node: Object) -> list[Chunk]:
        members = self.assign(ast.List([], emit.LOAD))
        names = self.assign(ast.List([], emit.LOAD)) if has_dynamic_key(node) else None

        def add(key: ast.expr, value: list[Chunk]) -> None:
            self.do(emit.method(members, "append", emit.text_of([*self.name(key), *value])))
            if names:
                self.do(emit.method(names, "append", key))

        for entry in node.entries:
            key = self.key(entry)
            if not entry.optional:
                add(key, self.member(entry))
                continue
            value, present = self.optional(partial(self.optional_value, entry))
            with self.branch() as body:
                add(key, self.present_value(value, entry))
            self.block.append(ast.If(present, body, []))
        if names:
            self.refuse_equal(names)
        return ["{", _joined(",", members), "}"]

    def optional_value(self, entry: Entry | Expansion) -> ast.expr:
        """What is null when the member is left out: the list, a leaf's value, or JSON that never is."""
        if isinstance(entry, Expansion):
            return self.expression(entry.over)
        value = entry.value
        if isinstance(value, Template) and value.constant is None:
            part = value.parts[0]
            return self.expression(part.expression) if isinstance(part, Typed) else self.branch_text(value)
        if isinstance(value, Constant) and value.value is None:
            return ast.Constant(None)
        return emit.text_of(self.chunks(value))

    def present_value(self, value: ast.Name, entry: Entry | Expansion) -> list[Chunk]:
        if isinstance(entry, Expansion):
            return self.expansion(value, entry)
        node = entry.value
        if isinstance(node, Template) and node.constant is None:
            typed = isinstance(node.parts[0], Typed)
            return [self.operation(json_text, value) if typed else self.string_json(value)]
        return [value]

    def refuse_equal(self, names: ast.expr) -> None:
        """Raise when two of the names are the same."""
        distinct = length_of(emit.call(emit.load("set"), names))
        self.refuse(ast.Compare(distinct, [ast.NotEq()], [length_of(names)]))


def _joined(separator: str, parts: ast.expr) -> ast.Call:
    return emit.method(ast.Constant(separator), "join", parts)


def _escaped(text: str) -> str:
    """Text as it stands between the quotes of a JSON string."""
    return to_json(text).decode()[1:-1]


def _merged(chunks: list[Chunk]) -> list[Chunk]:
    """The chunks with constants between all others, and no two constants side by side."""
    merged: list[Chunk] = [""]
    for chunk in chunks:
        last = merged[-1]
        if isinstance(chunk, str) and isinstance(last, str):
            merged[-1] = last + chunk
        elif isinstance(chunk, str) or isinstance(last, str):
            merged.append(chunk)
        else:
            merged += ["", chunk]
    return merged if isinstance(merged[-1], str) else [*merged, ""]


def _reads_element_only(node: Node) -> bool:
    if isinstance(node, Reference):
        return node.root in LOOP_ROOTS
    return all(map(_reads_element_only, node.children()))


def _separated(members: list[list[Chunk]]) -> list[Chunk]:
    """The members' chunks with commas between them."""
    chunks: list[Chunk] = []
    for position, member in enumerate(members):
        if position:
            chunks.append(",")
        chunks.extend(member)
    return chunks
