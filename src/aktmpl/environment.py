"""What a host configures, and the compiled templates it gets."""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import orjson

from aktmpl.check import LOOP_ROOTS, check, check_types
from aktmpl.compile import compile_as_text, compile_query, compile_text
from aktmpl.compile_document import compile_json, compile_value
from aktmpl.document import Locate, parse_document
from aktmpl.errors import Fault, TemplateError, together, within_stack
from aktmpl.findings import Finding
from aktmpl.functions.registry import Context, Function, Functions, builtin, utc_now
from aktmpl.limits import Limits
from aktmpl.nodes import AnyNodes, Condition, Document, Template
from aktmpl.parse import parse_parts, parse_query, parse_text
from aktmpl.references import PathRead, references
from aktmpl.schema import Schema
from aktmpl.source import Source
from aktmpl.specialize import specialize
from aktmpl.values import STRICT_JSON, check_content

if TYPE_CHECKING:
    from datetime import datetime

    from aktmpl.sql import Dialect, SqlTemplate

CHANNEL_ROOTS = (
    "in", "origin", "template", "sender", "resource", "campaign", "subscription", "account",
    "camp_schedule", "error", "profile", "channel",
)  # fmt: skip
"""The roots of a channel's pipelines."""

_RESERVED = frozenset({"true", "false", "null", "not", *LOOP_ROOTS})


Scope = Mapping[str, Any]
Render = Callable[[Scope], Any]
NodesT = TypeVar("NodesT", bound=AnyNodes)


def is_root_name(name: str) -> bool:
    """Whether a name can be a root: it begins with a letter and is no word of the language."""
    return name.isidentifier() and name[0].isalpha() and name.lower() not in _RESERVED


def _cache_key(value: Any) -> bytes | None:
    """A document as JSON; None for what has no exact form, of which compiling will say what and where."""
    try:
        text: bytes = orjson.dumps(value, None, STRICT_JSON)
    except (TypeError, RecursionError):
        return None
    if b"null" in text:  # what it writes for a NaN as well
        try:
            check_content(value)
        except Fault:
            return None
    return text


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
        self._written: AnyNodes = nodes

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.source.text!r}>"

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What may be wrong with the template as it was written, in the order of the text.

        Computed on each call, against the environment's schema if it has one.
        """
        return tuple(each for each in self.findings() if each.severity == "warning")

    @within_stack
    def findings(self, schema: Schema | None = None) -> list[Finding]:
        """All that the checks say about the template as it was written.

        Args:
            schema: Types of the roots; the environment's unless given. Without any the checks still
                find what is wrong with constants.
        """
        environment = self._environment
        schema = schema or environment.schema or Schema()
        return check_types(self._written, environment.roots, environment.functions, schema)

    @within_stack
    def references(self) -> list[PathRead]:
        """Every path the template reads, with its place and whether it may be missing."""
        return list(references(self.nodes))

    @within_stack
    def specialize(self, scope: Scope) -> Self:
        """The template with the roots in `scope` folded in, for many renderings that share them.

        For every other scope `b` without these roots,
        `t.specialize(a).render(b) == t.render({**a, **b})`. The values are taken as they are now and
        must not be changed afterwards; what a rendering passes for a folded root does not count.
        """
        known = {**scope, **self._known}
        nodes = specialize(self.nodes, known, self._environment.limits, self._environment.functions)
        special = type(self)(nodes, self.source, self._environment, known)  # type: ignore[arg-type]
        special._written = self._written  # noqa: SLF001 - one of us
        return special

    def _compile(self, make: Callable[..., Render], name: str) -> Render:
        """A closure that is compiled when it is first called, and then takes this one's place."""

        @within_stack
        def first(scope: Scope) -> Any:
            if self.__dict__[name] is first:
                functions, limits = self._environment.functions, self._environment.limits
                folded = specialize(self.nodes, self._known, limits, functions)
                closure = make(folded, self._known, functions, limits, self.nodes)
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
        roots: Names that may begin a path: those of the schema unless given, and without a schema those
            of a channel. A name starts with a letter.
        schema: Types of the roots. With one, what cannot be right for data that fits it is refused when
            a template is compiled (E202, E207), and `template.warnings` knows more.
        limits: What templates may cost.
        cache_size: How many compiled templates of each kind are kept.
        functions: What calls may name besides the language's own functions, or instead of those with the
            same name. A plain Python function counts as impure; the decorator `aktmpl.function` says more.
        pure: Only functions that give the same for the same arguments for ever.
        clock: What `now` asks, a time with a zone; the system's clock unless given.
        entropy: What `uuid` and `random` ask for so many random bytes; the system's unless given.

    Raises:
        ValueError: A root that cannot be one; a function that replaces a form of `??`; an impure one
            with `pure`.
        TypeError: A function whose signature templates cannot use.
    """

    def __init__(  # noqa: PLR0913 - all that a host configures stands in one place
        self,
        roots: Iterable[str] | None = None,
        *,
        schema: Schema | None = None,
        limits: Limits | None = None,
        cache_size: int = 1_024,
        functions: Iterable[Function | Callable[..., Any]] = (),
        pure: bool = False,
        clock: Callable[[], "datetime"] = utc_now,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        if roots is None:
            roots = (schema and schema.scope.fields) or CHANNEL_ROOTS
        self.roots = frozenset(roots)
        self.schema = schema
        self.limits = limits or Limits()
        self.pure = pure
        self._context = Context(self.limits, clock, entropy)
        self._own_functions = [Function.of(each) for each in functions]
        for function in self._own_functions:
            if function.lazy:
                raise ValueError(f"`{function.name}` is a form of `??` and cannot be replaced")
            if pure and not function.pure:
                raise ValueError(f"`{function.name}` is impure: a pure environment cannot have it")
        for root in self.roots:
            if not is_root_name(root):
                raise ValueError(
                    f"{root!r} cannot be a root: a root is a name that is not a word of the language"
                )
        self._text = lru_cache(cache_size)(self._compile_text)
        self._query = lru_cache(cache_size)(self._compile_query)
        self._document = lru_cache(cache_size)(self._compile_cached_document)

    @cached_property
    def functions(self) -> Mapping[str, Function]:
        """Every function that templates may call, by name."""
        return Functions(self._bound_functions)

    def _bound_functions(self) -> dict[str, Function]:
        known = {**builtin(), **{function.name: function for function in self._own_functions}}
        return {name: each.bound(self._context) for name, each in known.items() if each.pure or not self.pure}

    @within_stack
    def compile_text(self, text: str, source: Source | None = None) -> TextTemplate:
        """Compile a text template.

        Args:
            text: The template.
            source: Where it was read from, for frames; its text is `text`.

        Raises:
            TemplateError: With all faults of the text; nothing of them is left for rendering.
        """
        return self._text(text) if source is None else self._compile_text(text, source)

    @within_stack
    def compile_query(self, text: str, source: Source | None = None) -> Query:
        """Compile a condition; arguments and errors as for `compile_text`."""
        return self._query(text) if source is None else self._compile_query(text, source)

    @within_stack
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
        key = None if locate else _cache_key(value)
        if key is None or len(key) > self.limits.template:
            return self._compile_document(value, name, locate)
        return self._document(key, name)

    @within_stack
    def compile_sql(
        self, text: str, source: Source | None = None, dialect: "Dialect | None" = None
    ) -> "SqlTemplate":
        """Compile a text template that is SQL: its references become parameters, whatever their quotes.

        Args:
            text: One statement.
            source: Where it was read from, for frames.
            dialect: How the database quotes; what most have in common unless given.

        Raises:
            TemplateError: With all faults; E210 for a reference that cannot be a parameter.
        """
        from aktmpl.sql.compile import compile_sql  # noqa: PLC0415 - only hosts with databases need it
        from aktmpl.sql.lexer import Dialect  # noqa: PLC0415

        source = source or Source(text, "<sql>")
        parts = parse_parts(source, self.limits)
        return compile_sql(parts, source, dialect or Dialect.STANDARD, self._made, self._faults)

    def _made(self, nodes: Template) -> TextTemplate:
        return TextTemplate(nodes, nodes.source, self, {})

    @within_stack
    def check_text(self, text: str, source: Source | None = None) -> list[Finding]:
        """All faults and warnings of a text template, in order; arguments as `compile_text` takes them."""
        source = source or Source(text)
        return self._findings(lambda: parse_text(source, self.limits))

    @within_stack
    def check_query(self, text: str, source: Source | None = None) -> list[Finding]:
        """All faults and warnings of a condition."""
        source = source or Source(text, "<query>")
        return self._findings(lambda: parse_query(source, self.limits))

    @within_stack
    def check_document(
        self, value: Any, name: str = "<document>", locate: Locate | None = None
    ) -> list[Finding]:
        """All faults and warnings of a document; arguments as `compile_document` takes them."""
        nodes, faults = parse_document(value, name, self.limits, locate)
        return [*map(Finding.of, faults), *self._findings(lambda: nodes)]

    def _findings(self, parse: Callable[[], AnyNodes]) -> list[Finding]:
        try:
            nodes = parse()
        except TemplateError as fault:
            return [*map(Finding.of, fault.faults)]
        return check_types(nodes, self.roots, self.functions, self.schema or Schema())

    def _compile_text(self, text: str, source: Source | None = None) -> TextTemplate:
        source = source or Source(text)
        faults: list[TemplateError] = []
        nodes = parse_text(source, self.limits, faults=faults)
        faults += self._faults(nodes)
        if faults:
            raise together(sorted(faults, key=lambda fault: fault.span))
        return TextTemplate(nodes, source, self, {})

    def _compile_query(self, text: str, source: Source | None = None) -> Query:
        source = source or Source(text, "<query>")
        nodes = parse_query(source, self.limits)
        self._check(nodes)
        return Query(nodes, source, self, {})

    def _compile_cached_document(self, text: bytes, name: str) -> DocumentTemplate:
        return self._compile_document(orjson.loads(text), name, None)

    def _compile_document(self, value: Any, name: str, locate: Locate | None) -> DocumentTemplate:
        nodes, faults = parse_document(value, name, self.limits, locate)
        if not any(fault.code == "E501" for fault in faults):
            faults += self._faults(nodes)
        if faults:
            raise together(faults)
        return DocumentTemplate(nodes, Source("", name), self, {})

    def _check(self, nodes: AnyNodes) -> None:
        faults = self._faults(nodes)
        if faults:
            raise together(faults)

    def _faults(self, nodes: AnyNodes) -> list[TemplateError]:
        if self.schema is None:
            return check(nodes, self.roots, self.functions)
        found = check_types(nodes, self.roots, self.functions, self.schema)
        return [each.to_error() for each in found if each.severity == "error"]
