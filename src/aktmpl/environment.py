"""What a host configures, and the compiled templates it gets."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Generic, Self, TypeVar

import orjson

from aktmpl.check import LOOP_ROOTS, check
from aktmpl.compile import compile_as_text, compile_query, compile_text
from aktmpl.compile_document import compile_json, compile_value
from aktmpl.document import Locate, parse_document
from aktmpl.errors import error, together
from aktmpl.limits import Limits
from aktmpl.nodes import AnyNodes, Condition, Document, Template
from aktmpl.parse import parse_query, parse_text
from aktmpl.references import PathRead, references
from aktmpl.source import Source, Span
from aktmpl.specialize import specialize

CHANNEL_ROOTS = (
    "in", "origin", "template", "sender", "resource", "campaign", "subscription", "account",
    "camp_schedule", "error", "profile", "channel",
)  # fmt: skip
"""The roots of a channel's pipelines."""

_RESERVED = frozenset({"true", "false", "null", "not", *LOOP_ROOTS})

Scope = Mapping[str, Any]
Render = Callable[[Scope], Any]
NodesT = TypeVar("NodesT", bound=AnyNodes)


class _Compiled(Generic[NodesT]):
    """What the three kinds of compiled template share.

    Attributes:
        nodes: The tree, as it was parsed or as specialising left it.
    """

    def __init__(
        self, nodes: NodesT, source: Source, environment: "Environment", known: dict[str, Any]
    ) -> None:
        self.nodes = nodes
        self.source = source
        self._environment = environment
        self._known = known

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.source.text!r}>"

    def references(self) -> list[PathRead]:
        """Every path the template reads, with its place and whether it may be missing."""
        return list(references(self.nodes))

    def specialize(self, scope: Scope) -> Self:
        """The template with the roots in `scope` folded in, for many renderings that share them.

        For every other scope `b` without these roots,
        `t.specialize(a).render(b) == t.render({**a, **b})`. The values are taken as they are now and
        must not be changed afterwards; what a rendering passes for a folded root does not count.
        """
        known = {**scope, **self._known}
        nodes = specialize(self.nodes, known, self._environment.limits)
        return type(self)(nodes, self.source, self._environment, known)  # type: ignore[arg-type]

    def _compile(self, make: Callable[..., Render], name: str) -> Render:
        """A closure that is compiled when it is first called, and then takes this one's place."""

        def first(scope: Scope) -> Any:
            if self.__dict__[name] is first:
                folded = specialize(self.nodes, self._known, self._environment.limits)
                closure = make(folded, self._known, self._environment.functions, self._environment.limits)
                self.__dict__[name] = closure
            return self.__dict__[name](scope)

        return first


class TextTemplate(_Compiled[Template]):
    """A compiled text template.

    Attributes:
        render: Scope to value: a string, or any value when the whole text is one `$#` reference.
        render_text: Scope to string: a typed value in its text form.
        source: The text.

    Both raise `MissingError`, `EvaluationError` or `LimitError` with the place in the text.
    """

    def __init__(
        self, nodes: Template, source: Source, environment: "Environment", known: dict[str, Any]
    ) -> None:
        super().__init__(nodes, source, environment, known)
        self.render: Render = self._compile(compile_text, "render")
        self.render_text: Callable[[Scope], str] = self._compile(compile_as_text, "render_text")

    @property
    def constant(self) -> str | None:
        """The text, when the template has no reference (left)."""
        return self.nodes.constant


class DocumentTemplate(_Compiled[Document]):
    """A compiled document: JSON with templates in its strings and keys.

    Attributes:
        render: Scope to JSON value. Lists and objects are new; values that were inserted with their
            type are the scope's own.
        render_json: Scope to JSON in UTF-8, the bytes of serialising that value.
        source: The first text of the document.
    """

    def __init__(
        self, nodes: Document, source: Source, environment: "Environment", known: dict[str, Any]
    ) -> None:
        super().__init__(nodes, source, environment, known)
        self.render: Render = self._compile(compile_value, "render")
        self.render_json: Callable[[Scope], bytes] = self._compile(compile_json, "render_json")


class Query(_Compiled[Condition]):
    """A compiled query.

    Attributes:
        evaluate: Scope to bool.
        source: The text.
    """

    def __init__(
        self, nodes: Condition, source: Source, environment: "Environment", known: dict[str, Any]
    ) -> None:
        super().__init__(nodes, source, environment, known)
        self.evaluate: Callable[[Scope], bool] = self._compile(compile_query, "evaluate")


class Environment:
    """Roots, functions and limits that a host's templates share, and a cache of compiled ones.

    An environment is immutable and may be used by many threads.

    Args:
        roots: Names that may begin a path. A name starts with a letter.
        limits: What templates may cost.
        cache_size: How many compiled templates of each kind are kept.
    """

    def __init__(
        self,
        roots: Iterable[str] = CHANNEL_ROOTS,
        *,
        limits: Limits | None = None,
        cache_size: int = 1_024,
    ) -> None:
        self.roots = frozenset(roots)
        self.limits = limits or Limits()
        self.functions: Mapping[str, Callable[..., Any]] = {}
        for root in self.roots:
            if not (root.isidentifier() and root[0].isalpha()) or root.lower() in _RESERVED:
                raise ValueError(
                    f"{root!r} cannot be a root: a root is a name that is not a word of the language"
                )
        self._text = lru_cache(cache_size)(self._compile_text)
        self._query = lru_cache(cache_size)(self._compile_query)
        self._document = lru_cache(cache_size)(self._compile_cached_document)

    def compile_text(self, text: str, source: Source | None = None) -> TextTemplate:
        """Compile a text template.

        Args:
            text: The template.
            source: Where it was read from, for frames; its text is `text`.

        Raises:
            TemplateError: With all faults of the text; nothing of them is left for rendering.
        """
        return self._text(text) if source is None else self._compile_text(text, source)

    def compile_query(self, text: str, source: Source | None = None) -> Query:
        """Compile a condition; arguments and errors as for `compile_text`."""
        return self._query(text) if source is None else self._compile_query(text, source)

    def compile_document(
        self, value: Any, name: str = "<document>", locate: Locate | None = None
    ) -> DocumentTemplate:
        """Compile a JSON value whose strings and keys are templates.

        Args:
            value: The JSON value.
            name: What frames call it.
            locate: Gives the place in a file of the string at a pointer (or of the key, when the second
                argument is true), if the value was read from one.

        Raises:
            TemplateError: With all faults of the document.
        """
        if locate is not None:
            return self._compile_document(value, name, locate)
        try:
            key = orjson.dumps(value)
        except (TypeError, RecursionError):  # too deep or no JSON: compiling says what and where
            return self._compile_document(value, name, None)
        return self._document(key, name)

    def _compile_text(self, text: str, source: Source | None = None) -> TextTemplate:
        source = source or Source(text)
        nodes = parse_text(source, self.limits)
        self._check(nodes)
        return TextTemplate(nodes, source, self, {})

    def _compile_query(self, text: str, source: Source | None = None) -> Query:
        source = source or Source(text, "<query>")
        nodes = parse_query(source, self.limits)
        self._check(nodes)
        return Query(nodes, source, self, {})

    def _compile_cached_document(self, text: bytes, name: str) -> DocumentTemplate:
        if len(text) > self.limits.template:
            message = f"a document of {len(text):,} bytes; the limit is {self.limits.template:,}"
            raise error("E501", message, Source("", name), Span(0, 0))
        return self._compile_document(orjson.loads(text), name, None)

    def _compile_document(self, value: Any, name: str, locate: Locate | None) -> DocumentTemplate:
        nodes, faults = parse_document(value, name, self.limits, locate)
        faults += check(nodes, self.roots, self.functions)
        if faults:
            raise together(faults)
        return DocumentTemplate(nodes, Source("", name), self, {})

    def _check(self, nodes: AnyNodes) -> None:
        faults = check(nodes, self.roots, self.functions)
        if faults:
            raise together(faults)
