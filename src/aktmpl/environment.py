"""What a host configures, and the compiled templates it gets."""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from aktmpl.check import LOOP_ROOTS, check, check_types
from aktmpl.errors import TemplateError, together, within_stack
from aktmpl.findings import Finding
from aktmpl.functions.function import Context, Function, utc_now
from aktmpl.functions.registry import Functions, builtin
from aktmpl.limits import Limits
from aktmpl.nodes import AnyNodes, Template
from aktmpl.parse import parse_parts, parse_query, parse_text
from aktmpl.pickling import Shareable, reduction
from aktmpl.source import Source
from aktmpl.templates import DocumentTemplate, Query, TextTemplate

if TYPE_CHECKING:
    from datetime import datetime

    from aktmpl.document import Locate
    from aktmpl.schema import Schema
    from aktmpl.sql import Dialect, SqlTemplate

# What not every host needs is imported where it is needed.

CHANNEL_ROOTS = (
    "in", "origin", "template", "sender", "resource", "campaign", "subscription", "account",
    "camp_schedule", "error", "profile", "channel",
)  # fmt: skip
"""The roots of a channel's pipelines."""

_RESERVED = frozenset({"true", "false", "null", "not", *LOOP_ROOTS})


def is_root_name(name: str) -> bool:
    """Whether a name can be a root: it begins with a letter and is no word of the language."""
    return name.isidentifier() and name[0].isalpha() and name.lower() not in _RESERVED


class Environment(Shareable):
    """Roots, functions and limits that a host's templates share, and a cache of compiled ones.

    An environment is immutable and may be used by many threads. It can be pickled if its own functions,
    clock and entropy can: those at the top level of a module can.

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
        schema: "Schema | None" = None,
        limits: Limits | None = None,
        cache_size: int = 1_024,
        functions: Iterable[Function | Callable[..., Any]] = (),
        pure: bool = False,
        clock: "Callable[[], datetime]" = utc_now,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        if roots is None:
            roots = (schema and schema.scope.fields) or CHANNEL_ROOTS
        self.roots = frozenset(roots)
        self.schema = schema
        self.limits = limits or Limits()
        self.pure = pure
        self._cache_size = cache_size
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

    def __reduce__(self) -> tuple[Any, ...]:
        given = {
            "roots": sorted(self.roots),
            "schema": self.schema,
            "limits": self.limits,
            "cache_size": self._cache_size,
            "pure": self.pure,
        }
        of_the_host = {
            "functions": self._own_functions,
            "clock": self._context.clock,
            "entropy": self._context.entropy,
        }
        return reduction(type(self), given, of_the_host)

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
        self, value: Any, name: str = "<document>", locate: "Locate | None" = None
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
        from aktmpl.json_form import exact_json  # noqa: PLC0415

        key = None if locate else exact_json(value)
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
        faults: list[TemplateError] = []
        nodes = parse_text(source or Source(text), self.limits, faults=faults)
        found = [*map(Finding.of, faults), *self._findings(nodes)]
        return sorted(found, key=lambda finding: finding.span)

    @within_stack
    def check_query(self, text: str, source: Source | None = None) -> list[Finding]:
        """All faults and warnings of a condition."""
        try:
            nodes = parse_query(source or Source(text, "<query>"), self.limits)
        except TemplateError as fault:  # one that cannot be parsed leaves nothing to check
            return [Finding.of(fault)]
        return self._findings(nodes)

    @within_stack
    def check_document(
        self, value: Any, name: str = "<document>", locate: "Locate | None" = None
    ) -> list[Finding]:
        """All faults and warnings of a document; arguments as `compile_document` takes them."""
        from aktmpl.document import parse_document  # noqa: PLC0415

        nodes, faults = parse_document(value, name, self.limits, locate)
        return [*map(Finding.of, faults), *self._findings(nodes)]

    def _findings(self, nodes: AnyNodes) -> list[Finding]:
        return check_types(nodes, self.roots, self.functions, self.schema)

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
        from orjson import loads  # noqa: PLC0415

        return self._compile_document(loads(text), name, None)

    def _compile_document(self, value: Any, name: str, locate: "Locate | None") -> DocumentTemplate:
        from aktmpl.document import parse_document  # noqa: PLC0415

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
