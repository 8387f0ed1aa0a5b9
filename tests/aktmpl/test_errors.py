"""Errors: classes, what they say, and what they never say."""

import json
import pickle
from pathlib import Path

import pytest

import aktmpl
from aktmpl.codes import CODES
from aktmpl.errors import Fault, cut, described, error, nearest, shown, together, type_name
from aktmpl.source import Source, Span

SOURCE = Source("Hello $nme", "greeting")


@pytest.mark.parametrize("code", CODES)
def test_the_class_of_an_error_follows_from_its_code(code: str) -> None:
    fault = error(code, "message", SOURCE, Span(6, 10))
    kinds = {
        "E1": aktmpl.SyntaxFault,
        "E2": aktmpl.CheckFault,
        "E3": aktmpl.MissingError,
        "E4": aktmpl.EvaluationError,
        "E5": aktmpl.LimitError,
    }
    assert type(fault) is kinds[code[:2]]
    assert isinstance(fault, aktmpl.TemplateError)


def test_an_error_as_text_and_as_json() -> None:
    fault = error("E201", "unknown root `nme`", SOURCE, Span(7, 10), "did you mean `name`?")
    assert str(fault) == "greeting:1:8: E201 unknown root `nme`"
    assert json.loads(json.dumps(fault.to_dict())) == {
        "code": "E201",
        "message": "unknown root `nme`",
        "hint": "did you mean `name`?",
        "name": "greeting",
        "line": 1,
        "column": 8,
        "start": 7,
        "end": 10,
        "pointer": None,
    }


def test_an_error_survives_pickling() -> None:
    fault = error("E301", "missing", SOURCE, Span(1, 2), "hint")
    again = pickle.loads(pickle.dumps(fault))
    assert again.frame() == fault.frame()
    assert type(again) is type(fault)


def test_the_first_of_several_knows_all() -> None:
    first, second = (error("E201", text, SOURCE, Span(0, 1)) for text in "ab")
    assert together([first, second]) is first
    assert first.faults == (first, second)
    assert second.faults == (second,)
    again = pickle.loads(pickle.dumps(first))
    assert [each.message for each in again.faults] == ["a", "b"]
    assert again.faults[0] is again


def test_a_fault_gets_its_place() -> None:
    fault = Fault("E408", "division by zero", "hint").at(SOURCE, Span(0, 5))
    assert (fault.code, fault.hint, fault.span) == ("E408", "hint", Span(0, 5))


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("profil", ["in", "profile"], "did you mean `profile`?"),
        ("IN", ["in", "inn"], "did you mean `in`?"),
        ("Имя", ["имя"], "did you mean `имя`?"),
        ("zzz", ["in", "profile"], None),
        ("a", [], None),
    ],
)
def test_the_nearest_name(name: str, known: list[str], hint: str | None) -> None:
    assert nearest(name, known) == hint


@pytest.mark.parametrize(
    ("value", "text", "in_words"),
    [
        (None, "null", "null"),
        (True, "true", "the bool true"),
        (5, "5", "the int 5"),
        (1.5, "1.5", "the float 1.5"),
        ("x", "'x'", "the string 'x'"),
        ("x" * 100, f"'{'x' * 79}…'", f"the string '{'x' * 79}…'"),
        ("a\nb\x1b", "'a\\nb\\x1b'", "the string 'a\\nb\\x1b'"),
        (10**200, "an integer of about 200 digits", "an integer of about 200 digits"),
        ([1, "secret"], "a value of type list", "a list"),
        ({"password": "secret"}, "a value of type object", "an object"),
        (b"secret", "a value of type bytes", "bytes"),
        (Path(), "a value of type PosixPath", "a value of type PosixPath"),
    ],
)
def test_a_value_is_shown_cut_and_a_collection_not_at_all(value: object, text: str, in_words: str) -> None:
    assert shown(value) == text
    assert described(value) == in_words


def test_type_names_are_those_of_the_language() -> None:
    values: list[object] = [None, True, 1, 1.0, "", b"", [], {}, Span(0, 0)]
    names = ["null", "bool", "int", "float", "string", "bytes", "list", "object", "Span"]
    assert [type_name(value) for value in values] == names


def test_a_long_text_is_cut() -> None:
    assert cut("x" * 80) == "x" * 80
    assert cut("x" * 81) == "x" * 79 + "…"


SECRET = "hunter2"


@pytest.mark.parametrize(
    "template",
    [
        "$in.a.x",
        "${in.a + 1}",
        "${in.a ? 1 : 2}",
        "${in.a < 1}",
        "$#{in[in.a]}",
        "${-in.a}",
        "${in.a ~= 'x'}",
        "$in.nope",
        "${in.a contains null}",
        "${upper(in.a)}",
        "${[in.a] contains in.nope}",
    ],
)
def test_no_error_shows_what_is_inside_a_collection(template: str) -> None:
    scope = {"in": {"a": {"password": SECRET, "list": [SECRET]}}}
    with pytest.raises(aktmpl.TemplateError) as caught:
        aktmpl.compile_text(template).render(scope)
    assert SECRET not in caught.value.frame()
    assert SECRET not in json.dumps(caught.value.to_dict())
    assert "password" not in caught.value.frame()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
