"""Functions in words, for a terminal: the list of all and the page of one."""

from collections.abc import Iterable
from itertools import groupby

from aktmpl.functions.function import Example, Function
from aktmpl.json_form import to_json


def summary(functions: Iterable[Function]) -> str:
    """All functions by family, each with its one line."""
    known = list(functions)
    width = max(len(each.name) for each in known)
    blocks = []
    for category, members in groupby(known, key=lambda function: function.category):
        lines = [f"  {each.name:<{width}}  {each.doc}" for each in members]
        blocks.append("\n".join([category, *lines]))
    return "\n\n".join(blocks)


def description(function: Function) -> str:
    """Signature, documentation and examples of one function."""
    pieces = [function.signature, *_indented(function.doc + ("" if function.pure else " Impure."))]
    if function.details:
        pieces += ["", *_indented(function.details)]
    if function.examples:
        pieces += ["", *(f"  {_example(each)}" for each in function.examples)]
    return "\n".join(pieces)


def _indented(text: str) -> list[str]:
    return [f"  {line}".rstrip() for line in text.split("\n")]


def _example(example: Example) -> str:
    result = f"error {example.error}" if example.error else _json(example.result)
    data = ", ".join(f"{root} = {_json(value)}" for root, value in example.scope.items())
    return f"{example.expression}  →  {result}" + (f"    with {data}" if data else "")


def _json(value: object) -> str:
    return to_json(value).decode("utf-8")
