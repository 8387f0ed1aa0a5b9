"""Python functions built from `ast` nodes: names are made here, constants enter as objects.

Nothing that a template says becomes an identifier or source text, so nothing it says can become code.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import groupby
from typing import Any

LOAD = ast.Load()
STORE = ast.Store()

_ATOMS = (ast.Name, ast.Constant, ast.Load, ast.Store)
_PLAIN = (str, bytes, int, float, bool, type(None))

MOST_OPERANDS = 30
"""Python's compiler puts more operands of one operation than this into a list first, which takes longer."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A function's code before it is compiled, and what its global names stand for."""

    module: ast.Module
    globals: dict[str, Any]


LISTING: ContextVar[list[Listing] | None] = ContextVar("listing", default=None)
"""Where `explain` collects the code of the functions that are built in its context."""


def load(name: str) -> ast.Name:
    """Read a variable."""
    return ast.Name(name, LOAD)


def call(function: ast.expr, *arguments: ast.expr) -> ast.Call:
    """Call with positional arguments."""
    return ast.Call(function, list(arguments), [])


def method(target: ast.expr, name: str, *arguments: ast.expr) -> ast.Call:
    """Call a method; `name` is always one of ours."""
    return call(ast.Attribute(target, name, LOAD), *arguments)


def subscript(target: ast.expr, key: ast.expr) -> ast.Subscript:
    """`target[key]`."""
    return ast.Subscript(target, key, LOAD)


def tuple_of(items: list[ast.expr]) -> ast.Tuple:
    """`(a, b)`."""
    return ast.Tuple(items, LOAD)


def text_of(pieces: Iterable[str | ast.expr]) -> ast.expr:
    """The pieces joined, neighbouring constants merged: what an f-string without conversions is.

    Joining refuses what is no string with a TypeError, so it is also the cheapest check that all are strings.
    A piece that stands alone is given as it is, unchecked.
    """
    merged: list[ast.expr] = []
    for is_constant, run in groupby(pieces, key=lambda piece: isinstance(piece, str)):
        if not is_constant:
            merged.extend(piece for piece in run if isinstance(piece, ast.expr))
        elif text := "".join(piece for piece in run if isinstance(piece, str)):
            merged.append(ast.Constant(text))
    while len(merged) > MOST_OPERANDS:
        starts = range(0, len(merged), MOST_OPERANDS)
        merged = [ast.JoinedStr(list(merged[start : start + MOST_OPERANDS])) for start in starts]
    if not merged:
        return ast.Constant("")
    return merged[0] if len(merged) == 1 else ast.JoinedStr(list(merged))


def kind_of(value: ast.expr) -> ast.Attribute:
    """`value.__class__`; reading the attribute takes less than calling `type`."""
    return ast.Attribute(value, "__class__", LOAD)


def is_a(value: ast.expr, kind: ast.expr) -> ast.Compare:
    """`value.__class__ is kind`."""
    return ast.Compare(kind_of(value), [ast.Is()], [kind])


def is_none(value: ast.expr, *, negated: bool = False) -> ast.Compare:
    """`value is None`."""
    return ast.Compare(value, [ast.IsNot() if negated else ast.Is()], [ast.Constant(None)])


def is_between(value: ast.expr, least: int, most: int) -> ast.Compare:
    """`least < value < most`."""
    return ast.Compare(ast.Constant(least), [ast.Lt(), ast.Lt()], [value, ast.Constant(most)])


class FunctionBuilder:
    """Collects statements, then makes them a function of the parameter `scope`.

    Args:
        constants: Global names and what they stand for; functions that have them in common may take each
            other's code.

    Attributes:
        hopes: The code counts on something that another tier does without.
    """

    hopes = False

    def __init__(self, constants: dict[str, Any] | None = None) -> None:
        self.block: list[ast.stmt] = []
        self.globals: dict[str, Any] = {} if constants is None else constants
        self.globals.setdefault("__builtins__", {"Exception": Exception, "len": len, "set": set})
        self._names = {id(value): name for name, value in self.globals.items() if name[0] == "k"}
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
            name = self._names[id(value)] = f"k{len(self.globals)}"
            self.globals[name] = value
        return load(name)

    def helper(self, function: Callable[..., Any], *arguments: ast.expr) -> ast.Call:
        """Call a function of ours."""
        return call(self.constant(function), *arguments)

    def assign(self, value: ast.expr, name: str | None = None) -> ast.Name:
        """Store a value in a variable (a new one unless named) and give the variable."""
        name = name or self.new_name()
        self.block.append(ast.Assign([ast.Name(name, STORE)], value))
        return load(name)

    def named(self, value: ast.expr) -> tuple[ast.expr, ast.Name]:
        """A value that is used twice: the expression of its first use, and the variable of the second."""
        if isinstance(value, ast.Name):
            return value, value
        name = self.new_name()
        return ast.NamedExpr(ast.Name(name, STORE), value), load(name)

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
        made: Callable[[Any], Any] = self.globals.pop("render")
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
        return _placed(ast.Module([definition], []))


def _placed(module: ast.Module) -> ast.Module:
    """Give every node a place, which Python's compiler asks for; `ast.fix_missing_locations` takes long."""
    stack: list[Any] = [module]
    while stack:
        node = stack.pop()
        if node.__class__ not in _ATOMS:
            for value in vars(node).values():
                if value.__class__ is list:
                    stack += value
                elif isinstance(value, ast.AST):
                    stack.append(value)
        node.lineno = 1
        node.col_offset = 0
    return module
