"""Python that a page shows: all its blocks in one namespace, as a reader would type them."""

import ast
import doctest
import io
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.docs.blocks import Block

_NOTHING: Final = object()


def faults(blocks: Sequence[Block], path: Path) -> list[str]:
    """What does not run, or gives something else than the page says. Runs in the working directory."""
    scope: dict[str, Any] = {"__name__": path.stem}
    found: list[str] = []
    for block in blocks:
        if block.text.startswith(">>>"):
            found += _as_doctest(block, path, scope)
        else:
            found += _as_program(block, path, scope)
    return found


def _as_doctest(block: Block, path: Path, scope: dict[str, Any]) -> Iterator[str]:
    test = doctest.DocTestParser().get_doctest(block.text, scope, path.name, str(path), block.line - 1)
    told: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.REPORT_ONLY_FIRST_FAILURE)
    runner.run(test, out=told.append, clear_globs=False)
    scope |= test.globs
    if runner.summarize(verbose=False).failed:
        yield "".join(told)


def _as_program(block: Block, path: Path, scope: dict[str, Any]) -> Iterator[str]:
    """Statements one after the other; an expression's value is the literal in the comment behind it."""
    comments = _comments(block.text)
    for statement in ast.parse(block.text).body:
        where = f"line {block.line + (statement.end_lineno or 1) - 1}"
        name = f"{path}:{block.line}"
        try:
            if not isinstance(statement, ast.Expr):
                exec(compile(ast.Module([statement], []), name, "exec"), scope)
                continue
            value = eval(compile(ast.Expression(statement.value), name, "eval"), scope)
        except Exception as error:  # noqa: BLE001 - whatever an example raises is told
            yield f"{where}: {type(error).__name__}: {error}"
            return
        said = _literal(comments.get(statement.end_lineno or 0, ""))
        if said is not _NOTHING and (value != said or type(value) is not type(said)):
            yield f"{where}: gives {value!r}, the page says {said!r}"


def _comments(text: str) -> dict[int, str]:
    """The comments by their lines."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.start[0]: token.string[1:] for token in tokens if token.type == tokenize.COMMENT}


def _literal(comment: str) -> Any:
    try:
        return ast.literal_eval(comment.strip())
    except (ValueError, SyntaxError):
        return _NOTHING
