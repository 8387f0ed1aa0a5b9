"""The effects that pipes state are those that their examples have."""

from typing import Any

import pytest

from akrun.lint.state import merged
from akrun.pipes import SPECS
from akrun.pipes.effect import Effect
from akrun.pipes.examples import PipeExample
from akrun.pipes.spec import PipeSpec
from aktmpl.schema import ANY, Field, Type, object_of, type_of
from tests.akrun.lint.values import fits
from tests.akrun.pipes.bench import compiled

CASES = [
    (spec, example)
    for spec in SPECS
    for example in spec.examples
    if spec.effect is not None and example.after and not example.outs
]


def effect_in(spec: PipeSpec[Any], example: PipeExample) -> Effect:
    pipe = {"id": 1, "type": spec.name, "params": example.params, "outs": {}}
    step = compiled([pipe]).pipeline("message").entry
    assert spec.effect is not None
    return spec.effect(step.pure or step.io, lambda _: object_of({}, is_open=True))


@pytest.mark.parametrize(("spec", "example"), CASES, ids=[f"{s.name}-{e.title}" for s, e in CASES])
def test_what_a_pipe_leaves_is_of_the_type_that_it_states(spec: PipeSpec[Any], example: PipeExample) -> None:
    sets = effect_in(spec, example).sets
    for name, value in example.after.items():
        member = sets.member(name)
        assert member is not None
        assert fits(value, member.type)


def test_kinds_that_write_something_definite_have_an_effect() -> None:
    assert {spec.name for spec in SPECS if spec.writes and spec.effect is None} == {"foreach"}


def test_what_is_merged_replaces_or_may_replace() -> None:
    data = object_of({"a": type_of("x"), "b": type_of(1)})
    surely = merged(data, object_of({"a": type_of(2), "c": type_of(None)}))
    assert (surely.fields["a"].type, surely.fields["b"].type) == (type_of(2), type_of(1))
    assert "c" in surely.fields
    perhaps = merged(data, object_of({"a": Field(type_of(2), optional=True), "c": Field(ANY, optional=True)}))
    assert perhaps.fields["a"] == Field(type_of("x") | type_of(2))
    assert perhaps.fields["c"].optional
    opened: Type = merged(data, object_of({}, is_open=True))
    assert opened.open
    assert opened.fields["a"] == Field(ANY)
