"""The compiled templates that a host gets from its environment."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Self, TypeAlias, TypeVar

from aktmpl.errors import within_stack
from aktmpl.nodes import AnyNodes, Condition, Document, Template
from aktmpl.pickling import Shareable, reduction
from aktmpl.source import Source

if TYPE_CHECKING:
    from aktmpl.environment import Environment
    from aktmpl.findings import Finding
    from aktmpl.references import PathRead
    from aktmpl.schema import Schema

Scope: TypeAlias = Mapping[str, Any]
"""What a template is rendered with: its roots by name, each a JSON value."""
Render: TypeAlias = Callable[[Scope], Any]
NodesT = TypeVar("NodesT", bound=AnyNodes)

# A closure is compiled when it is first asked for, and what compiles it is imported then: hosts that only
# check templates, and commands that only print help, do without.


class _Compiled(Shareable, Generic[NodesT]):
    """What the three kinds of compiled template share.

    A template can be pickled if its environment can.

    Attributes:
        nodes: The tree, as it was parsed or as specialising left it.
    """

    def __init__(
        self,
        nodes: NodesT,
        source: Source,
        environment: "Environment",
        known: dict[str, Any],
        written: NodesT | None = None,
    ) -> None:
        self.nodes = nodes
        self.source = source
        self._environment = environment
        self._known = known
        self._written: NodesT = nodes if written is None else written

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.source.text!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        given = {"nodes": self.nodes, "source": self.source, "known": self._known, "written": self._written}
        return reduction(type(self), given, environment=self._environment)

    @property
    def warnings(self) -> "tuple[Finding, ...]":
        """What may be wrong with the template as it was written, in the order of the text.

        Computed on each call, against the environment's schema if it has one.
        """
        return tuple(each for each in self.findings() if each.severity == "warning")

    @within_stack
    def findings(self, schema: "Schema | None" = None) -> "list[Finding]":
        """All that the checks say about the template as it was written.

        Args:
            schema: Types of the roots; the environment's unless given. Without any the checks still
                find what is wrong with constants.
        """
        from aktmpl.check import check_types  # noqa: PLC0415

        environment = self._environment
        return check_types(
            self._written, environment.roots, environment.functions, schema or environment.schema
        )

    @within_stack
    def references(self) -> "list[PathRead]":
        """Every path the template reads, with its place and whether it may be missing."""
        from aktmpl.references import references  # noqa: PLC0415

        return list(references(self.nodes))

    @within_stack
    def specialize(self, scope: Scope) -> Self:
        """The template with the roots in `scope` folded in, for many renderings that share them.

        For every other scope `b` without these roots,
        `t.specialize(a).render(b) == t.render({**a, **b})`. The values are taken as they are now and
        must not be changed afterwards; what a rendering passes for a folded root does not count.
        """
        known = {**scope, **self._known}
        return type(self)(self._folded(known), self.source, self._environment, known, self._written)

    def _folded(self, known: dict[str, Any]) -> NodesT:
        from aktmpl.specialize import specialize  # noqa: PLC0415

        environment = self._environment
        return specialize(self.nodes, known, environment.limits, environment.functions)  # type: ignore[return-value]

    def _closure(self, compiler: Callable[..., Render]) -> Render:
        environment = self._environment
        nodes = self._folded(self._known)
        return compiler(nodes, self._known, environment.functions, environment.limits, self.nodes)


class TextTemplate(_Compiled[Template]):
    """A compiled text template.

    Both ways to render it raise `MissingError`, `EvaluationError` or `LimitError` with the place in the text.

    Attributes:
        source: The text.
    """

    @property
    def constant(self) -> str | None:
        """The text, when the template has no reference (left)."""
        return self.nodes.constant

    @cached_property
    @within_stack
    def render(self) -> Render:
        """Scope to value: a string, or any value when the whole text is one `$#` reference."""
        from aktmpl.compile import compile_text  # noqa: PLC0415

        return self._closure(compile_text)

    @cached_property
    @within_stack
    def render_text(self) -> Callable[[Scope], str]:
        """Scope to string: a typed value in its text form."""
        from aktmpl.compile import compile_as_text  # noqa: PLC0415

        return self._closure(compile_as_text)


class DocumentTemplate(_Compiled[Document]):
    """A compiled document: JSON with templates in its strings and keys.

    Attributes:
        source: The first text of the document.
    """

    @cached_property
    @within_stack
    def render(self) -> Render:
        """Scope to JSON value.

        Lists and objects are new; values that were inserted with their type are the scope's own.
        """
        from aktmpl.compile_value import compile_value  # noqa: PLC0415

        return self._closure(compile_value)

    @cached_property
    @within_stack
    def render_json(self) -> Callable[[Scope], bytes]:
        """Scope to JSON in UTF-8, the bytes of serialising that value."""
        from aktmpl.compile_json import compile_json  # noqa: PLC0415

        return self._closure(compile_json)


class Query(_Compiled[Condition]):
    """A compiled query.

    Attributes:
        source: The text.
    """

    @cached_property
    @within_stack
    def evaluate(self) -> Callable[[Scope], bool]:
        """Scope to bool."""
        from aktmpl.compile import compile_query  # noqa: PLC0415

        return self._closure(compile_query)
