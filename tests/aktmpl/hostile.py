"""Templates and data made to be expensive, and the codes that refuse them.

`python -m tests.aktmpl.hostile NAME` runs one under a bound of memory and prints its code, or the length of
what comes of it. A test runs each so, with a bound of time: the fault to be found is a hang or a crash.
"""

import json
import resource
import sys
from collections.abc import Callable
from functools import reduce
from typing import Any

import aktmpl
from aktmpl.values import text_form

N = 10_000
MEMORY = 1_500 * 1024 * 1024
"""Bytes of address space: a process with the engine loaded has about 300 million."""


def text(template: str, scope: dict[str, Any] | None = None) -> Any:
    return len(
        text_form(aktmpl.compile_text(template).render(scope or {"in": {"a": 1, "t": True, "f": False}}))
    )


def query(template: str, scope: dict[str, Any] | None = None) -> Any:
    return aktmpl.compile_query(template).evaluate(scope or {"in": {"a": 1}})


def document(template: Any, scope: dict[str, Any] | None = None) -> Any:
    compiled = aktmpl.compile_document(template)
    compiled.render(scope or {"in": {"a": 1, "l": [1]}})
    return len(compiled.render_json(scope or {"in": {"a": 1, "l": [1]}}))


def wrapped(step: Callable[[Any], Any], seed: Any, times: int = N) -> Any:
    return reduce(lambda inner, _: step(inner), range(times), seed)


def deep(times: int = N) -> list[Any]:
    value: list[Any] = wrapped(lambda inner: [inner], [])
    return value if times == N else wrapped(lambda inner: [inner], [], times)


def cyclic() -> list[Any]:
    value: list[Any] = []
    value.extend([value, value])
    return value


def huge() -> int:
    value: int = 10**1_000_000
    return value


def specialized(template: Any, known: dict[str, Any]) -> Any:
    special = aktmpl.compile_document(template).specialize(known)
    return len(special.render_json({}))


CASES: dict[str, tuple[str, Callable[[], Any]]] = {
    # Syntax
    "parentheses": ("E502", lambda: text("${" + "(" * N + "1" + ")" * N + "}")),
    "open parentheses": ("E102", lambda: text("${" + "(" * N)),
    "closing parentheses": ("E101", lambda: text("${1" + ")" * N + "}")),
    "brackets": ("E502", lambda: text("${" + "[" * N + "]" * N + "}")),
    "open brackets": ("E102", lambda: text("${" + "[" * N)),
    "braces": ("E502", lambda: text("${" + "{a:" * N + "1" + "}" * N + "}")),
    "open braces": ("E102", lambda: text("${" + "{a:" * N)),
    "references in references": ("E101", lambda: text("${" * N)),
    "unary minus": ("E502", lambda: text("${" + "-" * N + "in.a}")),
    "not": ("E502", lambda: text("${" + "not " * N + "in.t}")),
    "exclamation marks": ("E502", lambda: text("${" + "!" * N + "in.t}")),
    "filters": ("E502", lambda: text("${in.a" + " | upper" * N + "}")),
    "calls": ("E502", lambda: text("${" + "upper(" * N + "1" + ")" * N + "}")),
    "conditionals on the right": ("E502", lambda: text("${" + "in.t ? 1 : " * N + "1}")),
    "conditionals in the middle": ("E502", lambda: text("${" + "in.t ? " * N + "1" + " : 1" * N + "}")),
    "powers": ("E502", lambda: text("${" + "1 ^ " * N + "1}")),
    "fields": ("E503", lambda: text("$in" + ".a" * N)),
    "fields in braces": ("E503", lambda: text("${in" + ".a" * N + "}")),
    "optional fields": ("E503", lambda: text("${in" + "?.a" * N + "}")),
    "indexes": ("E503", lambda: text("${in" + "[0]" * N + "}")),
    "indexes of a call": ("E503", lambda: text("${f()" + "[0]" * N + "}")),
    "indexes in indexes": ("E502", lambda: text("${in" + "[in" * N + "]" * N + "}")),
    "as many fields as fit": ("E503", lambda: query("in" + ".a" * 120_000)),
    "faults": ("E101", lambda: text("${+}" * 60_000)),
    "unknown roots": ("E201", lambda: text("$unknown " * 29_000)),
    "typed references": ("E104", lambda: text("$#in.a" * 40_000)),
    "expansions in text": ("E105", lambda: text("$$in" * 60_000)),
    "open strings": ("E103", lambda: text("${'" + "a" * 200_000)),
    "a long template": ("E501", lambda: text("a" * 300_000)),
    "comparisons": ("E107", lambda: query("1 = " * N + "1")),
    # Long, not deep: allowed
    "a long sum": ("5", lambda: text("${in.a" + " + in.a" * (N - 1) + "}")),
    "a long product": ("1", lambda: text("${in.a" + " * in.a" * (N - 1) + "}")),
    "a long and": ("4", lambda: text("${in.t" + " and in.t" * N + "}")),
    "a long or of tests": ("4", lambda: text("${in.f" + " or in.a is null" * N + " or in.t}")),
    "a long ??": ("1", lambda: text("${in.x" + " ?? in.x" * N + " ?? in.a}")),
    "a long mixture of or and ??": (
        "4",
        lambda: text("${in.x ?? in.f" + " or (in.x ?? in.f)" * N + " or in.t}"),
    ),
    "a long list": (str(2 * N + 1), lambda: text("${[" + "in.a," * N + "]}")),
    "a long object": ("98891", lambda: text("${{" + ",".join(f"k{n}: in.a" for n in range(N)) + "}}")),
    "many references": ("10000", lambda: text("$in.a" * N)),
    "many references in a string": ("10000", lambda: text("${'" + "$in.a" * N + "'}")),
    "many minus signs of a constant": ("1", lambda: text("${" + "-" * N + "1}")),
    "many dollar signs": ("250000", lambda: text("$" * 250_000)),
    "many backslashes": ("125002", lambda: text("\\" * 250_001 + "$" + "!")),
    "many brackets": ("200001", lambda: text("[" * 200_000 + "$")),
    # Documents
    "JSON lists": ("E502", lambda: document(deep())),
    "JSON objects": ("E502", lambda: document(wrapped(lambda inner: {"a": inner}, "$in.a"))),
    "expansions in expansions": ("E502", lambda: document(wrapped(lambda inner: {"$$in.l[x]": inner}, "1"))),
    "a wide document": ("40001", lambda: document(["$in.a"] * N)),
    "a document too wide": ("E501", lambda: document(["$in.a"] * 500_000)),
    "many keys": ("128891", lambda: document({f"k{n}$in.a": "$in.a" for n in range(N)})),
    "many wrong leaves": ("E101", lambda: document(["${+}"] * 50_000)),
    "many wrong keys": ("E101", lambda: document({f"{n}${{+}}": 1 for n in range(20_000)})),
    "a cyclic document": ("E502", lambda: document(cyclic())),
    "expansions that multiply": (
        "E507",
        lambda: document({"$$in.l[x]": {"$$in.l[y]": {"$$in.l[z]": ["$index"]}}}, {"in": {"l": [1] * 1_000}}),
    ),
    "an expansion of a large constant": (
        "E507",
        lambda: document({"$$in.l[x]": [list(range(20_000))]}, {"in": {"l": [1] * 100_000}}),
    ),
    "an expansion of a large text": (
        "E504",
        lambda: document({"$$in.l[x]": ["x$in.t"]}, {"in": {"l": [1] * 10_000, "t": "y" * 1_000_000}}),
    ),
    "many leaves of a large text": (
        "E504",
        lambda: document(["x$in.t"] * 10_000, {"in": {"t": "y" * 10_000_000}}),
    ),
    # Numbers
    "a power": ("E505", lambda: text("${9 ^ 999999999}")),
    "a tower of powers": ("E505", lambda: text("${9 ^ 9 ^ 9 ^ 9 ^ 9}")),
    "a power of the data": ("E505", lambda: text("${in.a ^ in.a}", {"in": {"a": huge()}})),
    "a product of the data": ("E505", lambda: text("${in.a * in.a}", {"in": {"a": huge()}})),
    "a quotient of the data": ("E505", lambda: text("${in.a / 7}", {"in": {"a": huge()}})),
    "a remainder of the data": ("E505", lambda: text("${in.a % 7}", {"in": {"a": huge()}})),
    "a huge integer as text": ("E505", lambda: text("$in.a", {"in": {"a": huge()}})),
    "a huge integer in a list": ("E505", lambda: text("$in.a", {"in": {"a": [huge()]}})),
    "a huge integer as JSON": ("E505", lambda: document("$#in.a", {"in": {"a": huge()}})),
    "a huge integer in a document": ("E505", lambda: document([huge()])),
    "a huge integer that is contained": ("E505", lambda: query("'1' contains in.a", {"in": {"a": huge()}})),
    "a huge integer in an error": ("E401", lambda: query("in.a < null", {"in": {"a": huge()}})),
    "a huge integer and text": ("False", lambda: query("in.a = '1'", {"in": {"a": huge()}})),
    "text of a million digits": ("False", lambda: query("in.a > 1", {"in": {"a": "1" * 1_000_000}})),
    "a literal of many digits": ("E505", lambda: text("${" + "1" * 200_000 + "}")),
    "a float literal of many digits": ("E505", lambda: text("${1." + "1" * 200_000 + "}")),
    "a float literal of a huge exponent": ("E505", lambda: text("${1e" + "9" * 200_000 + "}")),
    "an index of many digits": ("E505", lambda: text("$in.%" + "9" * 200_000)),
    # Strings and patterns
    "a join": ("E506", lambda: text("${in.a + in.a}", {"in": {"a": "x" * 900_000}})),
    "a join in steps": ("E506", lambda: text("${in.a" + " + in.a" * 99 + "}", {"in": {"a": "x" * 20_000}})),
    "a long result": ("E504", lambda: text("$in.a$in.a", {"in": {"a": "x" * 9_000_000}})),
    "a long interpolation": ("E504", lambda: text("${'$in.a$in.a'}", {"in": {"a": "x" * 9_000_000}})),
    "a long typed result as JSON": ("E504", lambda: document("$#in.a", {"in": {"a": "x" * 20_000_000}})),
    "a catastrophic pattern": (
        "False",
        lambda: query("in.a ~= '^(a+)+$'", {"in": {"a": "a" * 200_000 + "b"}}),
    ),
    "alternatives that repeat": (
        "False",
        lambda: query("in.a ~= '^(a|a|aa)*$'", {"in": {"a": "a" * 200_000 + "b"}}),
    ),
    "a pattern that is too large": ("E204", lambda: query("in.a ~= '((a{1000}){1000}){1000}'")),
    "a pattern too large in the data": (
        "E204",
        lambda: query("'a' ~= in.a", {"in": {"a": "(x{900}){900}"}}),
    ),
    "a pattern of many parentheses": ("E204", lambda: query("'a' ~= in.a", {"in": {"a": "(" * 500_000}})),
    # Values
    "a deep value as text": ("E502", lambda: text("$in.a", {"in": {"a": deep(100_000)}})),
    "a deep value as JSON": ("E502", lambda: document("$#in.a", {"in": {"a": deep(100_000)}})),
    "deep values compared": ("E502", lambda: query("in.a = in.b", {"in": {"a": deep(), "b": deep()}})),
    "deep values contained": (
        "E502",
        lambda: query("in.a contains in.b", {"in": {"a": [deep()], "b": deep()}}),
    ),
    "a deep value folded": ("E502", lambda: specialized(["$#in.a"], {"in": {"a": deep()}})),
    "a cyclic value as text": ("E502", lambda: text("$in.a", {"in": {"a": cyclic()}})),
    "cyclic values compared": ("E502", lambda: query("in.a = in.b", {"in": {"a": cyclic(), "b": cyclic()}})),
    "a cyclic value folded": ("E502", lambda: specialized(["$#in.a"], {"in": {"a": cyclic()}})),
    "a large list folded": ("400001", lambda: specialized("$#in.a", {"in": {"a": [1] * 200_000}})),
    "expansions that multiply, folded": (
        "E507",
        lambda: specialized(
            {"$$in.l[x]": {"$$in.l[y]": {"$$in.l[z]": ["$index"]}}}, {"in": {"l": [1] * 1_000}}
        ),
    ),
    "a field of an object with many": (
        "E301",
        lambda: text("$in.name", {"in": {f"nam{n}": n for n in range(300_000)}}),
    ),
}


def run(name: str) -> str:
    """The code that a case is refused with, or what comes of it."""
    try:
        return str(CASES[name][1]())
    except aktmpl.TemplateError as fault:
        assert all(each.frame() for each in fault.faults)
        assert len(fault.faults) <= 120
        return fault.code


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    json.dump({name: run(name) for name in sys.argv[1:]}, sys.stdout)
