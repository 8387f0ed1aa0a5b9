"""What the fast ways do without, counted: no clock is read here."""

import dis
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest

import aktmpl
from aktmpl import lark_parser, parse
from aktmpl.limits import Limits
from aktmpl.parse import parse_text
from aktmpl.source import Source
from aktmpl.tiers import Tiers

HEAVY = {"lark", "orjson", "re2", "pydantic", "dataclasses", "inspect", "ast", "difflib", "json", "datetime"}
COMPILED = "import aktmpl; aktmpl.compile_text('Hi $in.a ${in.b}').render({'in': {'a': 'x', 'b': 1}})"
DOCUMENT = "import aktmpl; aktmpl.compile_document({'a': ['$in.a']}).render_json({'in': {'a': 'x'}})"


def loaded(program: str) -> set[str]:
    """The modules that a fresh process has loaded in the end."""
    program += "; import sys; print(*sys.modules)"
    command = [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {program}"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_importing_the_package_loads_next_to_nothing() -> None:
    modules = loaded("import aktmpl")
    assert modules & HEAVY == set()
    assert {name for name in modules if name.startswith("aktmpl.")} == {
        "aktmpl.codes",
        "aktmpl.errors",
        "aktmpl.source",
    }


@pytest.mark.parametrize("name", aktmpl.__all__)
def test_everything_exported_is_there_and_listed(name: str) -> None:
    assert getattr(aktmpl, name) is getattr(aktmpl, name)
    assert name in dir(aktmpl)


def test_what_is_not_exported_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        aktmpl.nothing  # noqa: B018


def test_texts_load_neither_parser_nor_encoder_nor_types() -> None:
    assert loaded(COMPILED) & {"lark", "orjson", "re2", "aktmpl.schema", "aktmpl.infer", "difflib"} == set()


def test_documents_without_expressions_load_no_parser() -> None:
    modules = loaded(DOCUMENT)
    assert "orjson" in modules
    assert modules & {"lark", "re2", "aktmpl.schema", "aktmpl.infer", "difflib"} == set()


def function_of(closure: Callable[..., Any]) -> FunctionType:
    assert isinstance(closure, FunctionType)
    return closure


def operations(closure: Callable[..., Any]) -> Counter[str]:
    """How often each operation stands in a closure's code."""
    return Counter(each.opname for each in dis.get_instructions(function_of(closure)))


def counted(closure: Callable[..., Any]) -> Counter[str]:
    """The calls of a closure's constants from now on, by their names."""
    calls: Counter[str] = Counter()
    constants = function_of(closure).__globals__

    def counting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            calls[name] += 1
            return call(*arguments)

        return run

    for key, value in [*constants.items()]:
        if key != "__builtins__" and callable(value) and not isinstance(value, type):
            constants[key] = counting(value.__name__, value)
    return calls


FLAT = {"a": 1, "b": "$in.x", "c": {"d": "Hi $in.y, $in.x", "e": [True, "$in.z"]}}
SCOPE = {"in": {"x": "1", "y": "я", "z": ""}}


def test_json_is_written_without_a_second_tree_and_looked_at_once() -> None:
    render = aktmpl.Environment(cache_size=0).compile_document(FLAT).render_json
    found = operations(render)
    assert not {name for name in found if name.startswith(("BUILD_MAP", "BUILD_CONST_KEY_MAP", "BUILD_LIST"))}
    calls = counted(render)
    assert json.loads(render(SCOPE)) == {"a": 1, "b": "1", "c": {"d": "Hi я, 1", "e": [True, ""]}}
    assert calls == {"dumps": 1}


def test_a_list_is_expanded_without_a_call_for_each_element() -> None:
    template = aktmpl.Environment(cache_size=0).compile_document({"$$in.l[m]": {"a": "[$]a", "b": "<[$]b>"}})
    render = template.render_json
    calls = counted(render)
    scope = {"in": {"l": [{"a": str(n), "b": "б"} for n in range(50)]}}
    assert json.loads(render(scope)) == template.render(scope)
    assert calls == {"interleaved": 1, "dumps": 1}
    assert render({"in": {"l": []}}) == b'{"m":[]}'


def test_a_path_prefix_is_read_once() -> None:
    environment = aktmpl.Environment(cache_size=0)
    text = environment.compile_text("$in.a.x $in.a.y $in.a.x $in.b")
    assert operations(text.render)["BINARY_SUBSCR"] == 5  # in, in.a, in.a.x, in.a.y, in.b
    query = environment.compile_query("in.a.x = 'u' and (in.a.y = 'v' or in.b = 'w')")
    assert operations(query.evaluate)["BINARY_SUBSCR"] == 5


@pytest.mark.parametrize("path", ["in.%0", "in.a.%-1.b"])
def test_an_index_is_followed_without_a_call(path: str) -> None:
    render = aktmpl.Environment(cache_size=0).compile_text(f"$#{path}").render
    calls = counted(render)
    scope = {"in": ["x"]} if path == "in.%0" else {"in": {"a": [{"b": "x"}]}}
    assert render(scope) == "x"
    assert not calls


@pytest.mark.parametrize(
    ("make", "hopeful", "other"),
    [
        (lambda environment: environment.compile_text("<$in.x>").render, "x", 5),
        (lambda environment: environment.compile_text("$in.x").render, "x", None),
        (lambda environment: environment.compile_document(["$in.x"]).render, "x", 1.5),
        (lambda environment: environment.compile_document(["$in.x"]).render_json, "x", False),
    ],
    ids=["text", "bare path", "value", "json"],
)
def test_the_first_tier_takes_the_code_of_the_second(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[aktmpl.Environment], Any], hopeful: Any, other: Any
) -> None:
    tried: list[Any] = []
    converting = Tiers.converting

    def counting(self: Tiers, scope: Any) -> Any:
        tried.append(scope)
        return converting(self, scope)

    monkeypatch.setattr(Tiers, "converting", counting)
    monkeypatch.delattr(Tiers, "interpreted")
    monkeypatch.setattr(Tiers, "interpreted", lambda *_: pytest.fail("interpreted"), raising=False)
    render = make(aktmpl.Environment(cache_size=0))
    first = render({"in": {"x": hopeful}})
    assert tried == []
    expected = render({"in": {"x": other}})
    assert len(tried) == 1
    assert render({"in": {"x": other}}) == expected
    assert render({"in": {"x": hopeful}}) == first
    assert len(tried) == 1


@pytest.mark.parametrize("text", ['"', "\\", "\n", "\x00", "\x1f", "a\tb", "\x7f", "\u2028", "😀", "я"])
def test_text_that_json_escapes_is_escaped(text: str) -> None:
    environment = aktmpl.Environment(cache_size=0)
    document = {"a": "$in.x", "b": "<$in.x>", "$?c": "$in.x", "$$in.l[m]": "[$]", "k$in.y": 1}
    template = environment.compile_document(document)
    for value in ("plain", text, "plain"):
        scope = {"in": {"x": value, "l": [value, ""], "y": value}}
        assert json.loads(template.render_json(scope)) == template.render(scope)


def test_a_missing_field_leaves_the_first_tier_as_it_is() -> None:
    template = aktmpl.Environment(cache_size=0).compile_text("<$in.x>")
    code = function_of(template.render).__code__
    with pytest.raises(aktmpl.MissingError):
        template.render({"in": {}})
    assert function_of(template.render).__code__ is code


def test_the_shipped_tables_are_those_of_the_grammar() -> None:
    grammar = lark_parser.grammar_text()
    shipped = json.loads(lark_parser.TABLES.read_text(encoding="utf-8"))
    assert shipped["made of"] == lark_parser.tables_of(grammar)["made of"], (
        "run `python -m aktmpl.lark_parser`"
    )


@pytest.mark.parametrize("tables", ["none", "no JSON", "of another grammar"])
def test_without_fitting_tables_the_parser_is_built(
    tables: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    path = tmp_path / "tables.json"
    if tables == "no JSON":
        path.write_text("{")
    elif tables == "of another grammar":
        path.write_text('{"made of": ["0", 0], "data": {}, "memo": {}}')
    monkeypatch.setattr(lark_parser, "TABLES", path)
    text = "a ${in.b ?? 'c $in.d' | upper} \\$ ${[1, {x: -2 ^ 2}]}"
    expected = parse_text(Source(text), Limits())
    built = lark_parser.parser()
    monkeypatch.setattr(parse, "_parser", lambda: built)
    assert parse_text(Source(text), Limits()) == expected
