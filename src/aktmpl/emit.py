"""Python functions built from `ast` nodes: names are made here, constants enter as objects.

Nothing that a template says becomes an identifier or source text, so nothing it says can become code.
"""

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

_PLAIN = (str, bytes, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Listing:
    """A function's code before it is compiled, and what its global names stand for."""

    module: ast.Module
    globals: dict[str, Any]


LISTING: ContextVar[list[Listing] | None] = ContextVar("listing", default=None)
"""Where `explain` collects the code of the functions that are built in its context."""


def load(name: str) -> ast.Name:
    """Read a variable."""
    return ast.Name(name, ast.Load())


def call(function: ast.expr, *arguments: ast.expr) -> ast.Call:
    """Call with positional arguments."""
    return ast.Call(function, list(arguments), [])


def method(target: ast.expr, name: str, *arguments: ast.expr) -> ast.Call:
    """Call a method; `name` is always one of ours."""
    return call(ast.Attribute(target, name, ast.Load()), *arguments)


def subscript(target: ast.expr, key: ast.expr) -> ast.Subscript:
    """`target[key]`."""
    return ast.Subscript(target, key, ast.Load())


def tuple_of(items: list[ast.expr]) -> ast.Tuple:
    """`(a, b)`."""
    return ast.Tuple(items, ast.Load())


def is_none(value: ast.expr, *, negated: bool = False) -> ast.Compare:
    """`value is None`."""
    return ast.Compare(value, [ast.IsNot() if negated else ast.Is()], [ast.Constant(None)])


class FunctionBuilder:
    """Collects statements, then makes them a function of the parameter `scope`."""

    def __init__(self) -> None:
        self.block: list[ast.stmt] = []
        self.globals: dict[str, Any] = {"__builtins__": {"Exception": Exception, "len": len, "set": set}}
        self._names: dict[int, str] = {}
        self._count = 0

    def new_name(self) -> str:
        """A variable that nothing else uses."""
        self._count += 1
        return f"v{self._count}"

    def constant(self, value: Any) -> ast.expr:
        """A value as an expression: plain scalars in the code, all else as a global object."""
        if value.__class__ in _PLAIN:
            return ast.Constant(value)
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = f"k{len(self._names)}"
            self.globals[name] = value
        return load(name)

    def helper(self, function: Callable[..., Any], *arguments: ast.expr) -> ast.Call:
        """Call a function of ours."""
        return call(self.constant(function), *arguments)

    def assign(self, value: ast.expr, name: str | None = None) -> ast.Name:
        """Store a value in a variable (a new one unless named) and give the variable."""
        name = name or self.new_name()
        self.block.append(ast.Assign([ast.Name(name, ast.Store())], value))
        return load(name)

    def do(self, value: ast.expr) -> None:
        """Evaluate for the effect."""
        self.block.append(ast.Expr(value))

    @contextmanager
    def nested(self) -> Iterator[list[ast.stmt]]:
        """Collect the statements of the `with` body apart, for a branch or a loop."""
        outer, self.block = self.block, []
        try:
            yield self.block
        finally:
            self.block = outer

    def function(self, result: ast.expr, otherwise: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The function that runs the statements and returns `result`.

        Any exception in it means that the optimistic code does not fit the data: `otherwise` then
        decides what the result or the error is. Code that nests deeper than Python's compiler takes
        (20 loops and `try` blocks) is left to `otherwise` altogether.
        """
        module = self.module(result, otherwise)
        listing = LISTING.get()
        if listing is not None:
            listing.append(Listing(module, self.globals))
        try:
            code = compile(module, "<template>", "exec")
        except (SyntaxError, RecursionError):
            return otherwise
        exec(code, self.globals)  # noqa: S102 - the module docstring says why
        made: Callable[[Any], Any] = self.globals["render"]
        return made

    def module(self, result: ast.expr, otherwise: Callable[[Any], Any]) -> ast.Module:
        """The module that defines `render(scope)`."""
        handler = ast.ExceptHandler(load("Exception"), None, [ast.Pass()])
        body: list[ast.stmt] = [
            ast.Try([*self.block, ast.Return(result)], [handler], [], []),
            # Not in the handler: the final error shall not carry the failed attempt as its context.
            ast.Return(call(self.constant(otherwise), load("scope"))),
        ]
        arguments = ast.arguments([], [ast.arg("scope")], None, [], [], None, [])
        definition = ast.FunctionDef("render", arguments, body, [], None)
        if "type_params" in ast.FunctionDef._fields:  # Python 3.12 and later
            vars(definition)["type_params"] = []
        return ast.fix_missing_locations(ast.Module([definition], []))
