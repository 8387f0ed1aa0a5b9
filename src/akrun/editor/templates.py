"""The templates in a channel's file, as they are written: also those of pipes that do not compile yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from akrun.editor.place import Path, pipe_depth
from akrun.model.pipes import ALIASES
from aktmpl.environment import Environment
from aktmpl.errors import TemplateError
from aktmpl.limits import Limits
from aktmpl.node import Node
from aktmpl.nodes import Call, Condition, Expansion, Key, Reference, Template
from aktmpl.parse import parse_expansion, parse_query, parse_text
from aktmpl.source import Origin, Source, Span, outermost
from aktmpl.sql import Dialect

Kind: TypeAlias = Literal["text", "query", "sql"]
"""What a text is: a text template, a condition, a statement of SQL."""

_LIMITS = Limits()
_EXPANSION = ("$$", "$?$$")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text that is a template.

    Attributes:
        path: of the text; of the value, for a key.
        text: the text.
        kind: what it is.
        is_key: whether it is a key.
        in_expansion: whether it is in the pattern of an expansion.
    """

    path: Path
    text: str
    kind: Kind
    is_key: bool = False
    in_expansion: bool = False

    @property
    def uses(self) -> "Uses":
        """What it reads and calls."""
        return _uses(self.text, self.kind, self.is_key, self.in_expansion)


@dataclass(frozen=True, slots=True)
class Read:
    """A path that a template reads; spans are of the template's text.

    Attributes:
        root: the root.
        root_span: where its name stands.
        names: the fields after it up to the first index or computed step, and where each stands.
        whole: whether nothing follows them.
    """

    root: str
    root_span: Span
    names: tuple[tuple[str, Span], ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Uses:
    """What a template reads, and the functions that it calls."""

    reads: tuple[Read, ...] = ()
    calls: tuple[tuple[str, Span], ...] = ()


def template_kind(path: Path, pipe_type: str | None) -> Kind | None:
    """What a text at a path is; None for one that is no template.

    Args:
        path: of the text.
        pipe_type: the type of the pipe that it stands in, if it stands in one.
    """
    depth = pipe_depth(path)
    if depth is None:
        return "text" if path[:2] in (("listener", "reply"), ("listener", "dedupe")) else None
    inside = path[depth:]
    if len(inside) < 2 or inside[0] != "params":
        return None
    kind = ALIASES.get(pipe_type or "", pipe_type)
    if kind == "selector" and len(inside) == 4 and inside[1] == "outs" and inside[3] == "query":
        return "query"
    return "sql" if kind == "sql_pipe" and inside == ("params", "query") else "text"


def holds_templates(path: Path) -> bool:
    """Whether the keys of an object at a path are templates: those within a document are."""
    depth = pipe_depth(path)
    if depth is None:
        return path[:3] == ("listener", "reply", "body")
    return len(path) >= depth + 2 and path[depth] == "params" and path[depth + 1] != "outs"


def leaves(value: Any) -> Iterator[Leaf]:
    """The templates of a channel's value, in the order of the file."""
    yield from _leaves(value, (), None, in_expansion=False)


def _leaves(value: Any, path: Path, pipe_type: str | None, *, in_expansion: bool) -> Iterator[Leaf]:
    if isinstance(value, str):
        kind = template_kind(path, pipe_type)
        if kind is not None and ("$" in value or kind == "query"):
            yield Leaf(path, value, kind, in_expansion=in_expansion)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _leaves(each, (*path, index), pipe_type, in_expansion=in_expansion)
    elif isinstance(value, dict):
        if pipe_depth(path) == len(path):
            pipe_type = value["type"] if isinstance(value.get("type"), str) else None
        keys = holds_templates(path)
        for key, each in value.items():
            if keys and "$" in key:
                yield Leaf((*path, key), key, "text", is_key=True, in_expansion=in_expansion)
            inside = in_expansion or (keys and key.startswith(_EXPANSION))
            yield from _leaves(each, (*path, key), pipe_type, in_expansion=inside)


@lru_cache(8192)
def _uses(text: str, kind: Kind, is_key: bool, in_expansion: bool) -> Uses:  # noqa: FBT001 - keys of a cache
    reads: list[Read] = []
    calls: list[tuple[str, Span]] = []
    try:
        for nodes, source in _nodes(text, kind, is_key=is_key, in_expansion=in_expansion):
            _collect(nodes, source, reads, calls)
    except (TemplateError, RecursionError):
        pass  # what is wrong with it, diagnostics say
    return Uses(tuple(dict.fromkeys(reads)), tuple(dict.fromkeys(calls)))


def _nodes(text: str, kind: Kind, *, is_key: bool, in_expansion: bool) -> Iterator[tuple[Node, Source]]:
    source = Source(text)
    if kind == "query":
        yield parse_query(source, _LIMITS), source
    elif kind == "sql":
        for template in _environment.compile_sql(text, source, Dialect.STANDARD).templates():
            yield template.nodes, template.source
    elif is_key and text.startswith(_EXPANSION):
        yield parse_expansion(source, _LIMITS, 2 if text.startswith("$?") else 0)[0], source
    else:
        start = 2 if is_key and text.startswith("$?") else 0
        inner = Source(text[start:], origin=Origin(source, range(start, len(text) + 1))) if start else source
        yield parse_text(inner, _LIMITS, in_expansion=in_expansion, faults=[]), inner


def _collect(node: Node, source: Source, reads: list[Read], calls: list[tuple[str, Span]]) -> None:
    if isinstance(node, Template | Condition | Expansion):
        source = node.source
    if isinstance(node, Reference):
        reads.append(_read(node, source))
    elif isinstance(node, Call):
        calls.append((node.name, outermost(source, node.name_span)[1]))
    for child in node.children():
        _collect(child, source, reads, calls)


def _read(node: Reference, source: Source) -> Read:
    names = []
    for segment in node.segments:
        if not isinstance(segment, Key):
            break
        names.append((segment.name, outermost(source, segment.span)[1]))
    root_span = outermost(source, node.root_span)[1]
    return Read(node.root, root_span, tuple(names), len(names) == len(node.segments))


_environment = Environment()
