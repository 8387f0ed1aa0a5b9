"""Closures in tiers: a first that hopes for the best, others that can do more, at the end the interpreter.

A tier that raises, whatever it raises, leaves the data to the next one. Each is compiled when it is first
needed. Once the second has given a result the first takes its code, for what a template was given once it
will most likely be given again.
"""

from collections.abc import Callable
from enum import IntEnum
from threading import Lock
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeAlias

from aktmpl.errors import Fault
from aktmpl.interpreter import Functions, Scope, interpret
from aktmpl.limits import Limits
from aktmpl.nodes import AnyNodes

if TYPE_CHECKING:
    import ast

    from aktmpl.emit import FunctionBuilder

Closure: TypeAlias = Callable[[Any], Any]

MOST_COMPILED = 10_000
"""Larger trees, in nodes, are interpreted: compiling this many takes a good part of a second."""

_BUILDING = Lock()


class Tier(IntEnum):
    """What a closure can do."""

    HOPEFUL = 0
    """Inserts strings, which JSON need not escape."""
    CONVERTING = 1
    """Inserts any values; JSON need not escape their text."""
    ESCAPING = 2
    """Inserts any values and writes any text in JSON."""


class Tiers:
    """All closures of one template for one kind of result.

    Args:
        nodes: The template.
        known: Values of roots that are fixed already; the scope need not have them.
        functions: What calls may name.
        limits: Bounds of the result.
        emit: Builds one tier: the statements, and the expression of the result.
        written: The nodes before they were folded, where errors have their places; `nodes` unless given.
        run: The form of the interpreter that gives such results.

    Attributes:
        constants: What the closures' global names stand for.
    """

    def __init__(  # noqa: PLR0913 - all that a closure depends on
        self,
        nodes: AnyNodes,
        known: dict[str, Any],
        functions: Functions,
        limits: Limits,
        *,
        emit: "Callable[[Tiers, Tier], tuple[FunctionBuilder, ast.expr]]",
        written: AnyNodes | None = None,
        run: Callable[..., Any] = interpret,
    ) -> None:
        self.nodes = nodes
        self.known = known
        self.functions = functions
        self.limits = limits
        self.constants: dict[str, Any] = {}
        self._emit = emit
        self._written = written or nodes
        self._run = run
        self._closures: dict[Tier, Closure] = {}

    def closure(self, tier: Tier = Tier.HOPEFUL) -> Closure:
        """The closure of a tier, or the interpreter where none is to be had.

        That is for trees so large that compiling them takes longer than they are worth, for those that nest
        deeper than Python's compiler takes, and for those that hold what JSON cannot.
        """
        with _BUILDING:  # the closures share their constants
            made = self._closures.get(tier)
            if made is None:
                made = self._closures[tier] = self._make(tier)
            return made

    def _make(self, tier: Tier) -> Closure:
        if self.nodes.size > MOST_COMPILED:
            return self.interpreted
        try:
            builder, result = self._emit(self, tier)
            return builder.function(result, self.converting if builder.hopes else self.interpreted)
        except (RecursionError, Fault):
            return self.interpreted

    def interpreted(self, scope: Scope) -> Any:
        """The last tier, which gives the value or the located error."""
        scope = {**scope, **self.known}
        return self._run(self._written, scope, functions=self.functions, limits=self.limits)

    def converting(self, scope: Scope) -> Any:
        """The second tier; the first takes its code once it has given a result."""
        second = self.closure(Tier.CONVERTING)
        result = second(scope)
        first = self._closures[Tier.HOPEFUL]
        if isinstance(first, FunctionType) and isinstance(second, FunctionType):
            first.__code__ = second.__code__
        return result

    def escaping(self, scope: Scope) -> Any:
        """The tier that can write any text in JSON."""
        return self.closure(Tier.ESCAPING)(scope)
