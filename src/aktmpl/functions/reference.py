"""The reference page of the functions, written from the registry.

python -m aktmpl.functions.reference > docs/functions.md
"""

import sys
from collections.abc import Iterator, Mapping
from itertools import groupby

from aktmpl.functions.function import Example, Function
from aktmpl.functions.registry import builtin
from aktmpl.json_form import to_json

_HEAD = """\
# Functions

<!-- Written by `python -m aktmpl.functions.reference`; a test compares it with the registry. -->

A function is called as `f(x, name=y)` or as a filter, `x | f(name=y)`: a filter's first argument is what
stands on its left. Types are those of the language; `number` is an int or a float, and nothing is
converted on the way in: write `'$in.n'` for the text of a number, `in.text | int` for the number in a text.
Parameters after `*` are given by name. An argument of the wrong type is an error (E410, or E207 when it is
known before there is data), and so is a result beyond the limits (E5xx).

An *impure* function gives something else each time. All others are evaluated once, when a template is
compiled or specialised, if their arguments are known then. `Environment(pure=True)` has no impure function.
"""


def page(functions: Mapping[str, Function]) -> str:
    """The page in Markdown."""
    families = [
        (category, list(members))
        for category, members in groupby(functions.values(), key=lambda function: function.category)
    ]
    index = [
        f"- **{category}**: {', '.join(f'[{each.name}](#{each.name})' for each in members)}"
        for category, members in families
    ]
    sections = [
        f"## {category.capitalize()}\n\n" + "\n\n".join(map(section, members))
        for category, members in families
    ]
    return "\n\n".join([_HEAD + "\n" + "\n".join(index), *sections]) + "\n"


def section(function: Function) -> str:
    """What there is to know about one function."""
    impure = "" if function.pure else " *Impure.*"
    pieces = [f"### {function.name}", f"```text\n{function.signature}\n```", function.doc + impure]
    if function.details:
        pieces.append(function.details)
    pieces.append("| example | gives |\n| --- | --- |\n" + "\n".join(map(_row, function.examples)))
    pieces.append(f"Since {function.since}.")
    return "\n\n".join(pieces)


def _row(example: Example) -> str:
    expression = _code(example.expression)
    if example.scope:
        expression += " with " + ", ".join(f"`{root}` = {_code(text)}" for root, text in _data(example))
    result = f"error {example.error}" if example.error else _code(to_json(example.result).decode("utf-8"))
    return f"| {expression} | {result} |"


def _data(example: Example) -> Iterator[tuple[str, str]]:
    return ((root, to_json(value).decode("utf-8")) for root, value in example.scope.items())


def _code(text: str) -> str:
    """Code inside a table, where a bar would end the cell."""
    return f"`{text.replace('|', chr(92) + '|')}`"


if __name__ == "__main__":
    sys.stdout.write(page(builtin()))
