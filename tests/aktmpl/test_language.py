"""The language cases in `tests/language`: each by closure, interpreter, specialisation and unparse.

`RECORD_LANGUAGE=1 pytest tests/aktmpl/test_language.py` writes what comes of them into the files; the
difference is then to be read line by line.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import pytest

import aktmpl
from aktmpl.codes import CODES
from aktmpl.interpreter import interpret_json, interpret_text
from aktmpl.limits import Limits
from aktmpl.values import text_form
from tests.aktmpl import language_cases, stack
from tests.aktmpl.language_cases import Case

CASES = language_cases.cases()
PLAIN = [case for case in CASES if not {"sql", "without", "stack"} & set(case.fields)]
SECTIONS = {"2-text", "3-expressions", "4-queries", "5-documents", "7-errors", "9-limits", "10-specialize"}


def environment(case: Case) -> aktmpl.Environment:
    limits = Limits(**case.loaded("limits", {}))
    schema = aktmpl.Schema(case.loaded("schema", {})) if "schema" in case.fields else None
    return aktmpl.Environment(case.loaded("roots", None), limits=limits, schema=schema)


def compiled(case: Case) -> Any:
    """The template: three kinds have different classes, and methods with different names."""
    env = environment(case)
    if case.kind == "document":
        return env.compile_document(case.template)
    return getattr(env, f"compile_{case.kind}")(case.template)


def results(template: Any, scope: dict[str, Any]) -> dict[str, str]:
    """What comes of a template, in the words of a case."""
    if isinstance(template, aktmpl.Query):
        return {"value": exact(template.evaluate(scope))}
    if isinstance(template, aktmpl.DocumentTemplate):
        return {"json": template.render_json(scope).decode()}
    if isinstance(template, aktmpl.TextTemplate):
        value = template.render(scope)
        assert template.render_text(scope) == text_form(value)
        return {"gives": value} if isinstance(value, str) else {"value": exact(value)}
    return {"gives": repr(template.render(scope))}


def exact(value: Any) -> str:
    """A value as JSON; 1 and 1.0 differ, and integers may be long."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def outcome(case: Case) -> dict[str, str]:
    """What comes of a case, as its file shall say it."""
    with circumstances(case):
        try:
            return _outcome_of(case)
        except aktmpl.TemplateError as fault:
            return {"error": "\n\n".join(each.frame() for each in fault.faults)}


@contextmanager
def circumstances(case: Case) -> Iterator[None]:
    """Modules that a case does without."""
    with pytest.MonkeyPatch.context() as patch:
        for name in case.loaded("without", []):
            patch.setitem(sys.modules, name, None)
        yield


def _outcome_of(case: Case) -> dict[str, str]:
    if "stack" in case.fields:
        env = environment(case)
        return stack.deep_down(
            case.loaded("stack", 0), lambda: {"value": repr(env.compile_text(case.template))}
        )
    template, scope = compiled(case), case.loaded("scope", {})
    if "known" not in case.fields:
        return results(template, scope)
    template = template.specialize(case.loaded("known", {}))
    left = aktmpl.unparse(template.nodes)
    found = {"leaves": left if isinstance(left, str) else exact(left)}
    try:
        return found | results(template, scope)
    except aktmpl.TemplateError as fault:
        return found | {"error": fault.frame()}


def by_value_or_code(run: Callable[[], Any]) -> Any:
    try:
        return exact(run())
    except aktmpl.TemplateError as fault:
        return fault.code


@pytest.mark.skipif(not language_cases.recording(), reason="RECORD_LANGUAGE is not set")
def test_record() -> None:
    for path, group in groupby(CASES, key=lambda case: case.path):
        found = list(group)
        for case in found:
            for name in language_cases.RESULTS:
                case.fields.pop(name, None)
            case.fields |= outcome(case)
        language_cases.write(path, found)
    assert language_cases.cases() == CASES


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    assert outcome(case) == case.expected


@pytest.mark.parametrize("case", PLAIN, ids=str)
def test_every_other_way_gives_the_same(case: Case) -> None:
    try:
        template = compiled(case)
    except aktmpl.TemplateError as fault:
        assert fault.frame() in case.fields["error"]  # there is no other way
        return
    scope = {**case.loaded("scope", {}), **case.loaded("known", {})}
    limits = Limits(**case.loaded("limits", {}))
    nodes = template.nodes
    _same_by_interpreter(template, scope, limits)

    written = aktmpl.unparse(nodes)
    source = json.dumps(written) if case.kind == "document" else written
    again = compiled(Case(case.title, case.path, {**case.fields, case.kind: source}))
    assert again.nodes == nodes

    if "limits" in case.fields:
        return  # what is folded costs less, so a limit may then not be met

    for known in ({}, scope, *({root: value} for root, value in scope.items())):
        special = template.specialize(known)
        rest = {root: value for root, value in scope.items() if root not in known}
        whole = by_value_or_code(lambda: results(template, scope))
        assert by_value_or_code(lambda: results(special, rest)) == whole  # noqa: B023 - called at once


def _same_by_interpreter(template: Any, scope: dict[str, Any], limits: Limits) -> None:
    nodes = template.nodes
    if isinstance(template, aktmpl.Query):
        _same(lambda: template.evaluate(scope), lambda: aktmpl.interpret(nodes, scope, limits=limits))
        return
    _same(lambda: template.render(scope), lambda: aktmpl.interpret(nodes, scope, limits=limits))
    if isinstance(template, aktmpl.DocumentTemplate):
        _same(lambda: template.render_json(scope), lambda: interpret_json(nodes, scope, limits=limits))
        assert _outcome(lambda: template.render_json(scope)) in (
            _outcome(lambda: exact(template.render(scope)).encode()),
            _outcome(lambda: interpret_json(nodes, scope, limits=limits)),
        )
    else:
        _same(lambda: template.render_text(scope), lambda: interpret_text(nodes, scope, limits=limits))


def _same(by_closure: Callable[[], Any], by_interpreter: Callable[[], Any]) -> None:
    assert _outcome(by_closure) == _outcome(by_interpreter)


def _outcome(run: Callable[[], Any]) -> Any:
    try:
        return repr(run())
    except aktmpl.TemplateError as fault:
        return type(fault), fault.frame()


def test_a_third_of_the_cases_are_errors() -> None:
    assert len(CASES) >= 300
    assert sum("error" in case.fields for case in CASES) * 3 > len(CASES)


def test_every_case_says_what_comes_of_it_and_has_its_own_title() -> None:
    assert {case.path.parent.name for case in CASES} == SECTIONS
    assert all(case.expected for case in CASES)
    assert len({str(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_file_that_shows_its_frame(code: str) -> None:
    path = language_cases.FOLDER / "7-errors" / f"{code}.txt"
    assert any(f" {code} " in case.fields.get("error", "") for case in language_cases.read(path))
