"""Whatever the arguments are, a function gives a value or a fault that it has foreseen."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aktmpl.errors import Fault
from aktmpl.functions import Context, Function, Parameter, builtin
from aktmpl.limits import Limits
from tests.aktmpl import strategies

SMALL = Context(Limits(string=2_000))
TEXTS = st.one_of(
    strategies.texts,
    st.text("0123456789+-.eE: TZ%", max_size=30),
    st.text("%YmdHIMSfjuVGsBbAapzFT-: ", max_size=12),
    st.text(st.characters(), max_size=5),
    st.sampled_from(
        ["2024-05-01T12:00:00Z", "0001-01-01", "9999-12-31T23:59:59-12:00", "Europe/Moscow", "+14:00", "ru",
         "de-AT", "[1, {}]", "a.b.%0", "(a)|(?P<b>b)", "+7 900 1234567", "RU", "YWJj", "%41%zz", "и", "é",
         "😀", "\ud800"]
    ),
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-3, 70),
    st.integers(-(10**400), 10**400),
    st.sampled_from([2**31, 2**63, -(2**63), 10**18, 10**3990]),
)
FLOATS = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([1e308, 5e-324, -0.0]))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "bool": st.booleans(),
    "int": NUMBERS,
    "float": FLOATS,
    "string": TEXTS,
    "bytes": st.binary(max_size=20),
    "list": st.lists(st.one_of(strategies.json_values, NUMBERS, FLOATS, TEXTS), max_size=5),
    "object": st.one_of(
        strategies.objects, st.dictionaries(st.sampled_from(["one", "few", "many", "other"]), TEXTS)
    ),
}


def values(parameter: Parameter) -> st.SearchStrategy[Any]:
    if parameter.type.choices:
        return st.sampled_from(parameter.type.choices)
    return st.one_of([VALUES[name] for name in parameter.type.names or VALUES])


@st.composite
def arguments(draw: st.DrawFn, function: Function) -> tuple[list[Any], dict[str, Any]]:
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in function.parameters:
        if parameter.named_only:
            if parameter.required or draw(st.booleans()):
                named[parameter.name] = draw(values(parameter))
        elif parameter.variadic:
            positional += draw(st.lists(values(parameter), max_size=3))
        elif parameter.required or draw(st.booleans()):
            positional.append(draw(values(parameter)))
        else:
            break
    return positional, named


@pytest.mark.parametrize("function", builtin().values(), ids=lambda function: function.name)
@given(st.data())
@settings(max_examples=settings().max_examples // 3)
def test_only_faults_that_were_foreseen_come_out(function: Function, data: st.DataObject) -> None:
    positional, named = data.draw(arguments(function))
    try:
        result = function.bound(SMALL)(*positional, **named)
    except Fault as fault:
        assert "failed" not in str(fault)
        assert fault.code[:2] in ("E2", "E3", "E4", "E5")
        assert len(str(fault)) < 400
    else:
        assert function.result.accepts(result)
