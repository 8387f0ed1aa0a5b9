"""What must hold for any input: nothing leaks but `TemplateError`, and all ways of rendering agree."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import aktmpl
from aktmpl.interpreter import interpret_json, interpret_text
from aktmpl.limits import Limits

LIMITS = Limits(template=20_000, output=100_000, string=10_000, steps=2_000)
ENVIRONMENT = aktmpl.Environment(limits=LIMITS, pure=True, cache_size=16)

DATA: dict[str, Any] = {
    "in": {
        "a": 1, "b": "text", "c": None, "d": 1.5, "e": "", "f": True, "n": "5", "s": "$in.a '\" \\ \n",
        "l": [1, "2", None, {"a": 1}], "o": {"a": {"b": [0]}, "odd key": 2}, "имя": "Анна",
    },
    "profile": {"name": "Ann", "items": [{"id": 1, "children": []}, {"id": 2, "children": [1, 2]}]},
    "template": {}, "campaign": {"segment": [{"id": 7}]}, "error": None, "sender": [], "resource": "r",
}  # fmt: skip
"""A scope with values of every type; some roots are missing."""


def check_text(text: str, scope: dict[str, Any] = DATA) -> None:
    """Compile and render a text template in every way."""
    template = compiled(lambda: ENVIRONMENT.compile_text(text), len(text))
    if template is None:
        return
    nodes = template.nodes
    functions = ENVIRONMENT.functions
    agree(
        lambda: template.render(scope),
        lambda: aktmpl.interpret(nodes, scope, functions=functions, limits=LIMITS),
    )
    agree(
        lambda: template.render_text(scope),
        lambda: interpret_text(nodes, scope, functions=functions, limits=LIMITS),
    )
    assert ENVIRONMENT.compile_text(aktmpl.unparse(nodes)).nodes == nodes
    check_folding(template, "render", scope)


def check_query(text: str, scope: dict[str, Any] = DATA) -> None:
    """Compile and evaluate a query in every way."""
    query = compiled(lambda: ENVIRONMENT.compile_query(text), len(text))
    if query is None:
        return
    nodes = query.nodes
    agree(
        lambda: query.evaluate(scope),
        lambda: aktmpl.interpret(nodes, scope, functions=ENVIRONMENT.functions, limits=LIMITS),
    )
    assert ENVIRONMENT.compile_query(aktmpl.unparse(nodes)).nodes == nodes
    check_folding(query, "evaluate", scope)


def check_document(value: Any, scope: dict[str, Any] = DATA) -> None:
    """Compile and render a document in every way."""
    template = compiled(lambda: ENVIRONMENT.compile_document(value), None)
    if template is None:
        return
    nodes = template.nodes
    functions = ENVIRONMENT.functions
    agree(
        lambda: template.render(scope),
        lambda: aktmpl.interpret(nodes, scope, functions=functions, limits=LIMITS),
    )
    agree(
        lambda: template.render_json(scope),
        lambda: interpret_json(nodes, scope, functions=functions, limits=LIMITS),
    )
    assert ENVIRONMENT.compile_document(aktmpl.unparse(nodes)).nodes == nodes
    check_folding(template, "render", scope)
    check_folding(template, "render_json", scope)


def compiled(make: Callable[[], Any], length: int | None) -> Any:
    """The template; None for one that is refused, whose faults must all be presentable."""
    try:
        return make()
    except aktmpl.TemplateError as fault:
        assert fault.faults[0] is fault
        for each in fault.faults:
            presentable(each)
            assert each.code[:2] in ("E1", "E2", "E5") or each.code == "E409"
            assert 0 <= each.span.start <= each.span.end
            assert length is None or each.span.end <= length
        return None


def presentable(fault: aktmpl.TemplateError) -> None:
    """A frame of few printable lines, and a JSON form."""
    lines = fault.frame().split("\n")
    assert 1 <= len(lines) <= 4
    assert all(line.isprintable() for line in lines)
    assert fault.message
    assert json.loads(json.dumps(fault.to_dict()))["code"] == fault.code


def agree(closure: Callable[[], Any], interpreter: Callable[[], Any]) -> None:
    """The same value and types, or the same error at the same place; twice, for the closure's second run."""
    expected = outcome(interpreter)
    assert outcome(closure) == expected
    assert outcome(closure) == expected


def outcome(run: Callable[[], Any]) -> Any:
    """A value with its types, or an error with its place."""
    try:
        return repr(run())
    except aktmpl.TemplateError as fault:
        presentable(fault)
        return type(fault), fault.code, fault.message, fault.span, fault.source


def check_folding(template: Any, method: str, scope: dict[str, Any]) -> None:
    """Specialising with all roots, and with every other one, changes no value."""
    whole = value_or_code(lambda: getattr(template, method)(scope))
    if whole in ("E504", "E507"):
        return  # what is folded costs less
    roots = list(scope)
    for known in (scope, {root: scope[root] for root in roots[::2]}):
        rest = {root: value for root, value in scope.items() if root not in known}
        special = template.specialize(known)
        folded = value_or_code(partial(getattr(special, method), rest))
        assert folded == whole or (is_code(folded) and is_code(whole))


def value_or_code(run: Callable[[], Any]) -> str:
    """A value with its types, or an error's code: of several faults folding may find another first."""
    try:
        return repr(run())
    except aktmpl.TemplateError as fault:
        return fault.code


def is_code(text: str) -> bool:
    """Whether an outcome is an error."""
    return len(text) == 4 and text[0] == "E" and text[1:].isdigit()
