"""Limits: each is refused with its code at once, and an environment's own govern everywhere.

What could hang or crash runs in a process of its own, with a bound of time and memory.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import aktmpl
from aktmpl.interpreter import interpret_json
from aktmpl.limits import Limits
from aktmpl.specialize import specialize
from tests.aktmpl import hostile, stack

ROOT = Path(__file__).parents[2]
SECONDS = 240
"""For one process, of which most take less than one; a hang is what the bound is for."""


def batches() -> Iterator[list[str]]:
    names = list(hostile.CASES)
    for start in range(0, len(names), 12):
        yield names[start : start + 12]


@pytest.mark.parametrize("names", list(batches()), ids=lambda names: names[0])
def test_hostile_input_is_refused_at_once(names: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.aktmpl.hostile", *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert json.loads(done.stdout) == {name: hostile.CASES[name][0] for name in names}


# ------------------------------------------------------------------------------- an environment's own limits


def code(run: Callable[[], Any]) -> str:
    with pytest.raises(aktmpl.TemplateError) as caught:
        run()
    return caught.value.code


def nested(depth: int) -> Any:
    return hostile.wrapped(lambda inner: [inner], 1, depth)


@pytest.mark.parametrize("name", ["template", "segments", "output", "steps", "string", "depth"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_is_positive(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"`{name}` is from"):
        Limits(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"), [("depth", 101), ("segments", 1_001), ("digits", 4_301), ("digits", 19)]
)
def test_no_limit_goes_beyond_what_the_engine_bears(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"`{name}` is from"):
        Limits(**{name: value})


@pytest.mark.parametrize("depth", [4, 10, 64, 100])
def test_the_environments_depth_governs_values(depth: int) -> None:
    env = aktmpl.Environment(limits=Limits(depth=depth))
    fits, breaks = {"in": {"a": nested(depth)}}, {"in": {"a": nested(depth + 1)}}

    text = env.compile_text("<$in.a>")
    assert text.render(fits) == f"<{'[' * depth}1{']' * depth}>"
    assert code(lambda: text.render(breaks)) == "E502"
    assert code(lambda: text.specialize(breaks).render({})) == "E502"

    document = env.compile_document({"a": "$#in.a"})
    assert document.render_json(fits) == b'{"a":' + b"[" * depth + b"1" + b"]" * depth + b"}"
    assert code(lambda: document.render_json(breaks)) == "E502"
    assert document.specialize(fits).render_json({}) == document.render_json(fits)
    assert code(lambda: document.specialize(breaks).render_json({})) == "E502"

    equal = env.compile_query("in.a = in.b")
    assert equal.evaluate({"in": {**fits["in"], "b": nested(depth)}}) is True
    assert code(lambda: equal.evaluate({"in": {**breaks["in"], "b": nested(depth + 1)}})) == "E502"
    contains = env.compile_query("[in.a] contains in.b")
    assert contains.evaluate({"in": {**fits["in"], "b": nested(depth)}}) is True
    assert code(lambda: contains.evaluate({"in": {**breaks["in"], "b": nested(depth + 1)}})) == "E502"


def test_a_typed_value_may_be_deeper_than_what_is_written() -> None:
    template = aktmpl.Environment(limits=Limits(depth=2)).compile_text("$#in")
    value = nested(50)
    assert template.render({"in": value}) is value
    assert code(lambda: template.render_text({"in": value})) == "E502"


@pytest.mark.parametrize("depth", [1, 10, 64, 100])
def test_the_environments_depth_governs_syntax_and_documents(depth: int) -> None:
    env = aktmpl.Environment(limits=Limits(depth=depth))
    for opening, closing in ("()", "[]"):
        fits = f"$#{{{opening * (depth - 1)}1{closing * (depth - 1)}}}"
        assert env.compile_text(fits).render({}) == (1 if opening == "(" else nested(depth - 1))
    assert code(lambda: env.compile_text(f"${{{'(' * (depth + 1)}1{')' * (depth + 1)}}}")) == "E502"
    assert env.compile_document(nested(depth)).render({}) == nested(depth)
    assert code(lambda: env.compile_document(nested(depth + 1))) == "E502"


def test_the_environments_digits_govern_numbers() -> None:
    env = aktmpl.Environment(limits=Limits(digits=50))
    fits, breaks = {"in": {"n": 10**49}}, {"in": {"n": 10**50}}
    for template in (
        "$in.n",
        "${in.n + 0}",
        "${in.n % 7}",
        "${'$in.n'}",
        "${[in.n]}",
        "${10 ^ 49 + in.n * 0}",
    ):
        assert env.compile_text(template).render(fits)
        assert code(partial(env.compile_text(template).render, breaks)) == "E505"
        assert aktmpl.compile_text(template).render(breaks)
    assert code(lambda: env.compile_text("${10 ^ 50}").render({})) == "E505"
    assert code(lambda: env.compile_text(f"${{{10**50}}}")) == "E505"
    assert code(lambda: env.compile_document("$#in.n").render_json(breaks)) == "E505"
    assert code(lambda: env.compile_document([10**50])) == "E505"


def test_the_environments_string_governs_joins() -> None:
    env = aktmpl.Environment(limits=Limits(string=10))
    template = env.compile_text("${in.a + in.a}")
    assert template.render({"in": {"a": "12345"}}) == "1234512345"
    assert code(lambda: template.render({"in": {"a": "123456"}})) == "E506"
    assert code(lambda: template.specialize({"in": {"a": "123456"}}).render({})) == "E506"


def test_the_environments_output_governs_every_kind_of_result() -> None:
    env = aktmpl.Environment(limits=Limits(output=100))
    scope = {"in": {"a": "x" * 60, "l": list(range(30))}}
    for template in ("$in.a$in.a", "${'$in.a$in.a'}", "${in.a}${in.a}"):
        assert code(partial(env.compile_text(template).render, scope)) == "E504"
        assert code(partial(env.compile_text(template).specialize(scope).render, {})) == "E504"
    assert code(lambda: env.compile_text("$#in").render_text(scope)) == "E504"
    assert env.compile_text("$#in").render(scope) == scope["in"]
    two = env.compile_document(["$in.a", "$in.a"])
    assert code(lambda: two.render(scope)) == "E504"
    assert code(lambda: two.render_json(scope)) == "E504"
    expansion = env.compile_document({"$$in.l[x]": ["abcd$index"]})
    assert code(lambda: expansion.render(scope)) == "E504"
    assert code(lambda: expansion.render_json(scope)) == "E504"


@pytest.mark.parametrize("size", [1, 2, 99, 100, 101, 150])
def test_a_document_is_refused_exactly_when_it_is_too_long(size: int) -> None:
    env = aktmpl.Environment(limits=Limits(output=110))
    document = env.compile_document({"k": "$in.a", "$?o": "$in.a.b", "l": ["$#in.n", "$in.n"]})
    scope = {"in": {"a": "x" * size, "n": 5}}
    expected = len(b'{"k":"","l":[5,"5"]}') + size
    assert document.render(scope)["k"] == "x" * size if size + 4 <= 110 else True
    if expected <= 110:
        assert len(document.render_json(scope)) == expected
    else:
        assert code(lambda: document.render_json(scope)) == "E504"
        assert code(lambda: interpret_json(document.nodes, scope, limits=env.limits)) == "E504"


def test_the_environments_steps_govern_expansions() -> None:
    env = aktmpl.Environment(limits=Limits(steps=300))
    document = env.compile_document({"$$in.l[x]": ["[$]"]})
    most = 100  # three nodes each: the template, the insert, the reference
    assert len(document.render({"in": {"l": [0] * most}})["x"]) == most
    for run in (document.render, document.render_json):
        assert code(partial(run, {"in": {"l": [0] * (most + 1)}})) == "E507"


# -------------------------------------------------------------------------------------- a deep host stack

DEEP_TEMPLATE = "${" + "(" * 60 + "in.a" + ")" * 60 + "}"
LEFT = [15, 20, 30, 50, 80, 120, 200, 300]


@pytest.mark.parametrize("left", LEFT)
def test_a_deep_stack_is_an_error_of_ours_or_none(left: int) -> None:
    env = aktmpl.Environment()  # its cache is empty, and so are those of its templates
    document = {"a": nested(60), "$$in.l[x]": [{"y": "${(((in.a + 1) * 2) ^ 2) ?? 0}"}]}
    scope = {"in": {"a": 1, "l": [1]}}
    env.compile_text("${1}")

    def attempt(run: Callable[[], Any]) -> str:
        try:
            stack.deep_down(left, run)
        except aktmpl.LimitError as fault:
            return fault.code
        return "done"

    text, whole, query = (
        env.compile_text(DEEP_TEMPLATE),
        env.compile_document(document),
        env.compile_query("in.a = 1 and (in.x ?? 1) ~= '1'"),
    )
    outcomes = {
        attempt(run)
        for run in (
            lambda: env.compile_text(f"{DEEP_TEMPLATE}!"),
            lambda: env.compile_document([document]),
            lambda: env.compile_query("in.a = 1 and 1 < 2"),
            lambda: text.render(scope),
            lambda: text.render_text(scope),
            lambda: whole.render(scope),
            lambda: whole.render_json(scope),
            lambda: query.evaluate(scope),
            lambda: text.specialize(scope),
            whole.references,
            lambda: aktmpl.unparse(whole.nodes),
            lambda: aktmpl.interpret(whole.nodes, scope),
            lambda: interpret_json(whole.nodes, scope),
        )
    }
    assert outcomes <= {"done", "E508"}
    if left <= 20:
        assert "E508" in outcomes


def test_after_a_deep_stack_everything_works() -> None:
    env = aktmpl.Environment()
    template = env.compile_text(DEEP_TEMPLATE)
    with pytest.raises(aktmpl.LimitError) as caught:
        stack.deep_down(15, lambda: template.render({"in": {"a": 1}}))
    assert caught.value.frame().startswith("<template>:1:1: E508 ")
    assert caught.value.__cause__ is None
    assert template.render({"in": {"a": 1}}) == "1"


def test_the_first_use_of_the_parser_on_a_deep_stack_does_no_harm() -> None:
    program = (
        "import sys; from tests.aktmpl import stack; import aktmpl\n"
        "for left in (15, 40, 80, 150):\n"
        "    try: stack.deep_down(left, lambda: aktmpl.compile_text('${in.a + 1}'))\n"
        "    except aktmpl.LimitError as fault: assert fault.code == 'E508'\n"
        "print(aktmpl.compile_text('${in.a + 1}').render({'in': {'a': 1}}))\n"
        "print(aktmpl.compile_query(\"'abc' ~= 'b'\").evaluate({}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert done.stdout == "2\nTrue\n"


def test_folding_stops_before_it_costs_more_than_it_saves() -> None:
    known = {"in": {"l": list(range(100_000)), "m": list(range(60))}}
    document = aktmpl.compile_document(
        {"big": "$#in.l", "$$in.l[x]": ["[$#]"], "$$in.m[y]": {"$$in.m[z]": "[$#]"}}
    )
    folded = specialize(document.nodes, known, Limits())
    assert folded.size < 10_000
    assert document.specialize(known).render_json({}) == document.render_json(known)


def test_a_host_may_allow_python_fewer_digits_than_we_do() -> None:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        scope = {"in": {"n": 10**1_000}}
        assert code(lambda: aktmpl.compile_text("<$in.n>").render(scope)) == "E505"
        assert code(lambda: aktmpl.Environment().compile_text("${" + "1" * 700 + "}")) == "E505"
        assert code(lambda: aktmpl.compile_document(["$#in.n"]).render_json(scope)) in ("E505", "E407")
        assert aktmpl.compile_text("${10 ^ 999 / 10 ^ 998}").render({}) == "10"
    finally:
        sys.set_int_max_str_digits(before)
