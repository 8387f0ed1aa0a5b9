"""What a template reads: which paths, whether it copes when they are missing, whether always."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from aktmpl.check import LOOP_ROOTS
from aktmpl.functions.function import LAZY
from aktmpl.infer_paths import Present, both, present_when
from aktmpl.node import Node
from aktmpl.nodes import (
    AnyNodes,
    Call,
    Computed,
    Condition,
    Conditional,
    Default,
    Entry,
    Expansion,
    Expression,
    Index,
    Key,
    Logic,
    Reference,
    Template,
    Test,
)
from aktmpl.source import Source, Span


@dataclass(frozen=True, slots=True)
class Read:
    """One path in a template.

    Attributes:
        root: the root's name.
        path: keys and indexes after it, up to the first that depends on the data.
        source: the text it stands in.
        span: its place there, up to and including the first key.
        key_span: the first key's place; the whole's where there is none.
        whole_span: its place as a whole.
        root_guarded: the template copes when the root is not there, or has made sure that it is.
        guarded: the same of the first key.
        certain: it is read whenever the template is rendered.
    """

    root: str
    path: tuple[str | int, ...]
    source: Source
    span: Span
    key_span: Span
    whole_span: Span
    root_guarded: bool
    guarded: bool
    certain: bool

    @property
    def key(self) -> str | None:
        """The first key, if it is one; None for the root as a whole."""
        return self.path[0] if self.path and isinstance(self.path[0], str) else None


def reads(nodes: AnyNodes) -> Iterator[Read]:
    """Every path that a template reads, in the order of the text; not the elements of expansions."""
    yield from _walk(nodes, _Around(Source("")))


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known of the place of a node: its text, and what holds when it is evaluated."""

    source: Source
    guarded: bool = False
    certain: bool = True
    loop: bool = False
    present: Present | None = None

    def coping(self) -> "_Around":
        return replace(self, guarded=True)

    def later(self, present: Present | None = None) -> "_Around":
        """A part that is not always evaluated, and only when these paths are there."""
        return replace(self, certain=False, present=both(self.present or {}, present or {}))


def _walk(node: Node, around: _Around) -> Iterator[Read]:
    if isinstance(node, Template | Condition | Expansion):
        around = replace(around, source=node.source)
    match node:
        case Reference():
            if not (around.loop and node.root in LOOP_ROOTS):
                yield _read(node, around)
            yield from _all(node, around)
        case Test():
            yield from _walk(node.operand, around.coping())
        case Default(operands=operands):
            yield from _candidates(operands, around)
        case Call(name=name) if name in LAZY:
            yield from _candidates((*node.arguments, *(value for _, value in node.named)), around)
        case Logic():
            inner = around
            for operand in node.operands:
                yield from _walk(operand, inner)
                inner = inner.later(present_when(operand, holds=node.operator == "and"))
        case Conditional():
            yield from _walk(node.condition, around)
            yield from _walk(node.then, around.later(present_when(node.condition, holds=True)))
            yield from _walk(node.otherwise, around.later(present_when(node.condition, holds=False)))
        case Entry():
            yield from _walk(node.key, around)
            yield from _walk(node.value, around.coping() if node.optional else around)
        case Expansion():
            yield from _walk(node.over, around.coping() if node.optional else around)
            for item in node.pattern:
                yield from _walk(item, replace(around.later(), loop=True))
        case _:
            yield from _all(node, around)


def _all(node: Node, around: _Around) -> Iterator[Read]:
    for child in node.children():
        yield from _walk(child, around)


def _candidates(operands: tuple[Expression, ...], around: _Around) -> Iterator[Read]:
    """Operands of which each is evaluated only if those before it gave nothing."""
    for index, operand in enumerate(operands):
        inner = around if index == 0 else around.later()
        yield from _walk(operand, inner if index == len(operands) - 1 else inner.coping())


def _read(node: Reference, around: _Around) -> Read:
    path: list[str | int] = []
    for segment in node.segments:
        if isinstance(segment, Computed):
            break
        path.append(segment.name if isinstance(segment, Key) else segment.index)
    present = around.present or {}
    first = node.segments[0] if node.segments else None
    optional = isinstance(first, Key | Index) and first.optional
    return Read(
        root=node.root,
        path=tuple(path),
        source=around.source,
        span=Span(node.span.start, first.span.end) if first is not None and path else node.span,
        key_span=first.span if first is not None and path else node.span,
        whole_span=node.span,
        root_guarded=around.guarded or (node.root,) in present,
        guarded=around.guarded or optional or (bool(path) and (node.root, path[0]) in present),
        certain=around.certain,
    )
