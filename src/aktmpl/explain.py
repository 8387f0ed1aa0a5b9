"""What a compiled template is made of, for people: its nodes as a tree, its closure as Python."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from aktmpl.compile import compile_query, compile_text
from aktmpl.compile_json import compile_json
from aktmpl.emit import LISTING, Listing
from aktmpl.errors import Fault, shown
from aktmpl.functions.function import Function
from aktmpl.interpreter import COMPARISONS
from aktmpl.limits import Limits
from aktmpl.node import Node
from aktmpl.nodes import (
    AnyNodes,
    Arithmetic,
    Call,
    Computed,
    Condition,
    Constant,
    Entry,
    Index,
    Key,
    Literal,
    Reference,
    Template,
    Text,
)
from aktmpl.references import PathRead
from aktmpl.unparser import unparse

_LONGEST_CONSTANT = 60
_COMPARISON_NAMES = {
    "=": "equal", "!=": "unequal", "<": "less", "<=": "at_most", ">": "greater", ">=": "at_least",
    "contains": "contains", "~=": "matches", "!~=": "matches_not",
}  # fmt: skip
_COMPARISONS = {id(function): _COMPARISON_NAMES[operator] for operator, function in COMPARISONS.items()}


# ------------------------------------------------------------------------------------------------ nodes


def tree(nodes: Node) -> str:
    """The nodes as an indented tree, one a line, with what each says for itself.

    Example:
        >>> import aktmpl
        >>> print(tree(aktmpl.compile_text("Hi ${in.name ?? 'you'}").nodes))
        Template
        ├─ Text 'Hi '
        └─ Insert
           └─ Default
              ├─ in.name
              └─ 'you'
    """
    return "\n".join(_rows(nodes, "", ""))


def _rows(node: Node, first: str, rest: str) -> Iterator[str]:
    yield first + _label(node)
    children = list(_shown_children(node))
    for child in children[:-1]:
        yield from _rows(child, f"{rest}├─ ", f"{rest}│  ")
    if children:
        yield from _rows(children[-1], f"{rest}└─ ", f"{rest}   ")


def _shown_children(node: Node) -> Iterator[Node]:
    """The children that the node's own line does not show already."""
    if isinstance(node, Entry) and node.key.constant is not None:
        yield node.value
    elif not _is_path(node):
        yield from node.children()


def _is_path(node: Node) -> bool:
    return isinstance(node, Reference) and not any(isinstance(each, Computed) for each in node.segments)


def _label(node: Node) -> str:
    match node:
        case Reference(root=root, segments=segments):
            return root + "".join(map(_segment, segments if _is_path(node) else ()))
        case Key() | Index():
            return _segment(node)
        case Literal(value=value):
            return _constant(value)
        case Text(value=value) | Constant(value=value):
            return f"{type(node).__name__} {_constant(value)}"
        case Arithmetic(rest=rest):
            return f"Arithmetic {' '.join(operator for operator, _ in rest)}"
        case Call(name=name, named=named):
            return " ".join(["Call", name, *(f"{argument}=" for argument, _ in named)])
        case Entry(key=key) if key.constant is not None:
            return f"Entry {key.constant!r}{_flags(node)}"
    words = [getattr(node, name) for name in ("operator", "test", "name") if hasattr(node, name)]
    return " ".join([type(node).__name__, *words]) + _flags(node)


def _flags(node: Node) -> str:
    return "".join(f" {flag}" for flag in ("negated", "optional") if getattr(node, flag, False))


def _segment(node: Any) -> str:
    name = f"%{node.index}" if isinstance(node, Index) else node.name
    return f"{'?' if node.optional else ''}.{name}"


def _constant(value: Any) -> str:
    if isinstance(value, list | dict):
        text = orjson.dumps(value, default=str).decode()
        return text if len(text) <= _LONGEST_CONSTANT else f"{text[:_LONGEST_CONSTANT]}…"
    return shown(value)


# ----------------------------------------------------------------------------------------------- Python


def python(nodes: AnyNodes, known: Mapping[str, Any], functions: Mapping[str, Any], limits: Limits) -> str:
    """The closure that renders the nodes, as Python source with the names of what it calls.

    For a document it is the one that writes JSON. Objects that are no plain constants have names; they
    are listed above the function.

    Args:
        nodes: The nodes.
        known: Values of roots that are fixed already.
        functions: What calls may name.
        limits: Bounds of the result.
    """
    if isinstance(nodes, Condition):
        compiler: Any = compile_query
    else:
        compiler = compile_text if isinstance(nodes, Template) else compile_json
    listings: list[Listing] = []
    token = LISTING.set(listings)
    try:
        closure: Any = compiler(nodes, dict(known), functions, limits)
    finally:
        LISTING.reset(token)
    if not listings:
        return f"render = lambda scope: {closure({})!r}"
    return _source(listings[-1])


def _source(listing: Listing) -> str:
    names: dict[str, str] = {}
    constants: list[str] = []
    for name, value in listing.globals.items():
        if name == "__builtins__":
            continue
        title = _title(value)
        if title is None:
            constants.append(f"{name} = {_constant(value)}")
        else:
            names[name] = title if title not in names.values() else f"{title}_{name}"
    module = _Renamed(names).visit(listing.module)
    return "\n".join([*constants, ast.unparse(module)])


def _title(value: Any) -> str | None:
    """What a function, class or fault is called; None for a constant."""
    if isinstance(value, Function):
        return value.name
    if id(value) in _COMPARISONS:
        return _COMPARISONS[id(value)]
    if isinstance(value, Fault):
        return f"fault_{value.code}"
    if callable(value):
        name = str(value.__qualname__)
        return name.rpartition(".<locals>.")[2].rpartition(".")[2]
    return None


class _Renamed(ast.NodeTransformer):
    """Gives constants their names, and joined pieces a form that can be written as source."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        pieces = ast.Tuple([self.visit(piece) for piece in node.values], ast.Load())
        return ast.Call(ast.Attribute(ast.Constant(""), "join", ast.Load()), [pieces], [])


# ------------------------------------------------------------------------------------------ references


def reads(paths: list[PathRead]) -> str:
    """The paths that a template reads, one a line; `?` marks one that may be missing."""
    lines: dict[str, None] = {}
    for path in paths:
        marks = ("" if path.whole else "[…]") + ("  ?" if path.may_be_missing else "")
        lines[f"{path}{marks}"] = None
    return "\n".join(lines)


def written(nodes: AnyNodes) -> str:
    """The template's own text; a document's JSON, indented."""
    text = unparse(nodes)
    if isinstance(text, str):
        return text
    return orjson.dumps(text, option=orjson.OPT_INDENT_2, default=str).decode()
