"""Closures: what they are made of, and that nothing of a template becomes code."""

import ast
import gc
import weakref
from typing import Any

import pytest

import aktmpl
from aktmpl import emit
from aktmpl.emit import LISTING, FunctionBuilder
from aktmpl.nodes import Constant
from aktmpl.source import Span
from aktmpl.tiers import Tier, Tiers


def code_of(make: Any, method: str, scope: dict[str, Any]) -> list[emit.Listing]:
    """The modules that are compiled when a template is first rendered."""
    token = LISTING.set([])
    try:
        getattr(make(), method)(scope)
        return LISTING.get() or []
    finally:
        LISTING.reset(token)


HOSTILE = [
    "__import__('os').system('x')",
    "'); import os; ('",
    'x\\"\\n"""',
    "os",
    "scope",
    "render",
    "v1",
    "k0",
    "lambda: 0",
    "\u0000",
    "имя",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_a_template_becomes_an_identifier(name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    text = f"${{in.'{quoted}'}} ${{in['{quoted}'] ?? '{quoted}'}}"
    scope = {"in": {name: "ok"}}
    env = aktmpl.Environment(cache_size=0)
    assert env.compile_text(text).render(scope) == "ok ok"
    (listing, *_) = code_of(lambda: env.compile_text(text), "render", scope)
    allowed = {"render", "scope", "Exception", "len", "set", *listing.globals}
    for node in ast.walk(listing.module):
        names = [
            getattr(node, each)
            for each in ("id", "attr", "name", "arg")
            if isinstance(getattr(node, each, None), str)
        ]
        assert all(
            each in allowed or each[0] in "vk" or each in ("join", "append", "__class__") for each in names
        )
    builtins = listing.globals["__builtins__"]
    assert set(builtins) == {"Exception", "len", "set"}


def test_a_constant_enters_as_an_object() -> None:
    builder = FunctionBuilder()
    value = [1]
    name = builder.constant(value)
    assert isinstance(name, ast.Name)
    assert builder.constant(value).id == name.id  # type: ignore[attr-defined]
    assert builder.globals[name.id] is value


def test_the_final_error_does_not_carry_the_failed_attempt() -> None:
    template = aktmpl.compile_text("$in.a.b.c")
    for _ in range(2):
        with pytest.raises(aktmpl.MissingError) as caught:
            template.render({"in": {"a": {}}})
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_template_renders_again_after_an_error() -> None:
    template = aktmpl.compile_text("<$in.a>")
    with pytest.raises(aktmpl.MissingError):
        template.render({"in": {}})
    assert template.render({"in": {"a": "x"}}) == "<x>"
    assert template.render({"in": {"a": 5}}) == "<5>"
    assert template.render({"in": {"a": [None]}}) == "<[null]>"


def test_a_tree_too_large_or_too_deep_is_interpreted() -> None:
    def emit_nothing(_: Tiers, __: Tier) -> tuple[FunctionBuilder, ast.expr]:
        return FunctionBuilder(), ast.Constant("compiled")

    def emit_too_deep(_: Tiers, __: Tier) -> tuple[FunctionBuilder, ast.expr]:
        raise RecursionError

    def outcome(nodes: Any, emitter: Any) -> Any:
        return Tiers(nodes, {}, {}, aktmpl.Limits(), emit=emitter).closure()({})

    small, large = Constant(Span(0, 0), "interpreted"), Constant(Span(0, 0), [0] * 20_000)
    assert outcome(small, emit_nothing) == "compiled"
    assert outcome(small, emit_too_deep) == "interpreted"
    assert outcome(large, emit_nothing) == [0] * 20_000


@pytest.mark.parametrize("depth", [5, 19, 20, 21, 30])
def test_more_blocks_than_python_nests_are_interpreted(depth: int) -> None:
    text = "in.a is null"
    for _ in range(depth):
        text = f"({text}) is null"
    query = aktmpl.compile_query(text)
    assert query.evaluate({"in": {}}) is aktmpl.interpret(query.nodes, {"in": {}})
    assert query.evaluate({"in": {"a": 1}}) is False


@pytest.mark.parametrize("depth", [1, 10, 20, 30])
def test_expansions_nest_as_deep_as_documents_may(depth: int) -> None:
    document: Any = "[$#]"
    for _ in range(depth):
        document = {"$$in.l[x]": document}
    expected: Any = 1
    for _ in range(depth):
        expected = {"x": [expected]}
    template = aktmpl.compile_document(document)
    assert template.render({"in": {"l": [1]}}) == expected
    assert template.render_json({"in": {"l": [1]}}) == aktmpl.compile_document(expected).render_json({})


@pytest.mark.parametrize(
    "text",
    [
        "$in.a.b $in.a.c $in.a.b",
        "${in.x ?? in.a.b} $in.a.b",
        "${in.t ? in.a.b : in.a.c}$in.a.c",
        "${in.a.b ?? in.a.c ?? in.a}",
    ],
)
def test_shared_prefixes_mean_the_same(text: str) -> None:
    template = aktmpl.compile_text(text)
    there = {"a": {"b": "1", "c": "2"}}
    scopes: list[dict[str, Any]] = [{**there, "t": True}, {**there, "t": False}, {"a": {}}, {}]
    for scope in scopes:
        data = {"in": scope}
        try:
            expected = aktmpl.interpret(template.nodes, data)
        except aktmpl.TemplateError as fault:
            with pytest.raises(type(fault), match=fault.code):
                template.render(data)
        else:
            assert template.render(data) == expected


def test_a_scope_may_be_any_mapping_of_plain_values() -> None:
    from types import MappingProxyType  # noqa: PLC0415

    assert aktmpl.compile_text("$in.a").render(MappingProxyType({"in": {"a": 1}})) == "1"


@pytest.mark.parametrize(
    "document",
    [
        {"$$in.a[x]": "[$]"},
        {"k": 1, "$in.k": 2},
        ["$in.long"],
        {"v": "$#{in.l[null]}"},
        {"v": "$#{{k: 1, '$in.k': 2}}"},
    ],
)
def test_a_failed_rendering_keeps_nothing_of_its_data(document: Any) -> None:
    class Data(dict[str, Any]):
        """A dict that can be watched."""

    template = aktmpl.Environment(limits=aktmpl.Limits(output=100)).compile_document(document)
    data = Data(a=5, k="k", long="x" * 200, l=[1])
    watched = weakref.ref(data)
    for render in (template.render, template.render_json):
        with pytest.raises(aktmpl.TemplateError):
            render({"in": data})
    del data
    gc.collect()
    assert watched() is None
