"""What a host configures and gets: roots, cache, threads, lazy loading, documents from files."""

import datetime as dt
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import aktmpl
from aktmpl.source import Origin, Source


@pytest.mark.parametrize(
    "root", ["", "1a", "_a", "a b", "a.b", "true", "Null", "not", "NOT", "item", "index", "a-b", "$a"]
)
def test_a_root_that_no_path_can_begin_with_is_refused(root: str) -> None:
    with pytest.raises(ValueError, match="cannot be a root"):
        aktmpl.Environment(("in", root))


@pytest.mark.parametrize(
    "root", ["a", "привет", "é", "and", "or", "is", "class", "None", "defined", "名前", "a1_b"]
)
def test_any_other_name_can_be_a_root(root: str) -> None:
    env = aktmpl.Environment((root,))
    assert env.compile_text(f"${root} ${{{root}.x}}").render({root: {"x": 1}}) == '{"x":1} 1'
    assert env.compile_query(f"{root}.x = 1 and ${root}.x = 1").evaluate({root: {"x": 1}}) is True


def test_a_template_is_compiled_once_and_kept() -> None:
    env = aktmpl.Environment(cache_size=2)
    first = env.compile_text("$in.a")
    assert env.compile_text("$in.a") is first
    assert env.compile_query("in.a = 1") is env.compile_query("in.a = 1")
    assert env.compile_document({"a": ["$in.a", 1]}) is env.compile_document({"a": ["$in.a", 1]})
    env.compile_text("x")
    env.compile_text("y")
    assert env.compile_text("$in.a") is not first


def test_documents_that_differ_in_types_alone_are_different() -> None:
    for value in (1, 1.0, True, "1"):
        assert type(aktmpl.compile_document([value]).render({})[0]) is type(value)


def test_the_order_of_keys_makes_another_document() -> None:
    assert list(aktmpl.compile_document({"a": 1, "b": 2}).render({})) == ["a", "b"]
    assert list(aktmpl.compile_document({"b": 2, "a": 1}).render({})) == ["b", "a"]


def test_a_document_is_not_the_value_it_was_compiled_from() -> None:
    value: dict[str, Any] = {"l": [1, {"k": []}], "t": "$in.a"}
    template = aktmpl.compile_document(value)
    value["l"][1]["k"].append(2)
    value["t"] = "changed"
    assert template.render({"in": {"a": 1}}) == {"l": [1, {"k": []}], "t": "1"}


def test_what_is_rendered_may_be_changed() -> None:
    template = aktmpl.compile_document({"l": [1, {"k": []}], "e": "$#{[1, {a: []}]}"})
    template.render({})["l"][1]["k"].append("mine")
    template.render({})["e"][1]["a"].append("mine")
    assert template.render({}) == {"l": [1, {"k": []}], "e": [1, {"a": []}]}


def test_a_typed_value_is_the_scopes_own() -> None:
    scope = {"in": {"l": [1]}}
    assert aktmpl.compile_text("$#in.l").render(scope) is scope["in"]["l"]


def test_many_threads_may_use_one_environment() -> None:
    env = aktmpl.Environment()

    def work(number: int) -> Any:
        template = env.compile_text(f"${{in.a + {number % 7}}}")
        document = env.compile_document({"a": [f"$#{{in.a * {number % 5}}}"]})
        query = env.compile_query(f"in.a = {number % 3} or 'x' ~= 'x'")
        scope = {"in": {"a": number}}
        return template.render(scope), document.render_json(scope), query.evaluate(scope)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(400)))
    assert found == [(str(n + n % 7), b'{"a":[%d]}' % (n * (n % 5)), True) for n in range(400)]


def test_importing_the_package_and_plain_templates_need_no_parser() -> None:
    program = (
        "import sys, aktmpl\n"
        "template = aktmpl.compile_text('Hello $profile.name, ${in.x.%0}!')\n"
        "assert template.render({'profile': {'name': 'Ann'}, 'in': {'x': [1]}}) == 'Hello Ann, 1!'\n"
        "document = aktmpl.compile_document({'a': ['$in.x', 1]})\n"
        "assert document.render_json({'in': {'x': 2}}) == b'{\"a\":[\"2\",1]}'\n"
        "heavy = {'lark', 're2', 'pydantic', 'babel', 'phonenumbers', 'akrun', 'click', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == "[]\n"


def test_a_source_names_the_place_a_text_was_read_from() -> None:
    source = Source("Hi $nme", "mail.txt")
    with pytest.raises(aktmpl.CheckFault, match=r"mail\.txt:1:5: E201 unknown root `nme`"):
        aktmpl.Environment().compile_text(source.text, source)
    with pytest.raises(aktmpl.CheckFault, match=r"q\.txt:1:1: E201"):
        aktmpl.Environment().compile_query("nme = 1", Source("nme = 1", "q.txt"))


def test_a_document_from_a_file_shows_the_file() -> None:
    text = '{"to": "$profil.x",\n "$?$nme": {"a": "ok $#in.x"}, "$$in.l": 1, "$$campain.l[x]": "[$]"}'
    file = Source(text, "body.json")

    def locate(pointer: str, is_key: bool) -> Origin:  # noqa: FBT001 - what `Locate` is
        last = pointer.rpartition("/")[2]
        value = {"to": "$profil.x", "a": "ok $#in.x"}.get(last, "[$]")
        start = text.index(last if is_key else value)
        return Origin(file, range(start, len(text) + 1))

    value = {"to": "$profil.x", "$?$nme": {"a": "ok $#in.x"}, "$$in.l": 1, "$$campain.l[x]": "[$]"}
    with pytest.raises(aktmpl.TemplateError) as caught:
        aktmpl.Environment().compile_document(value, "body.json", locate)
    places = sorted(str(fault).partition(" ")[0] + " " + fault.code for fault in caught.value.faults)
    assert places == [
        "body.json:1:10: E201",
        "body.json:2:22: E104",
        "body.json:2:38: E105",
        "body.json:2:48: E201",
        "body.json:2:6: E201",
    ]


@pytest.mark.parametrize(
    "value",
    [{1: 2}, {"a": {None: 1}}, [b"x"], {"a": object()}, [{1}], float("nan"), ["\ud800"]],
    ids=["int key", "null key", "bytes", "object", "set", "NaN", "surrogate"],
)
def test_what_is_no_json_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(aktmpl.SyntaxFault) as caught:
        aktmpl.compile_document(value)
    assert caught.value.code in ("E106", "E108")


def test_dates_are_refused_not_converted() -> None:
    with pytest.raises(aktmpl.SyntaxFault, match="a value of type date cannot stand"):
        aktmpl.compile_document({"d": dt.date(2026, 1, 1)})
    template = aktmpl.compile_document({"d": "$#in.d"})
    with pytest.raises(aktmpl.EvaluationError, match="E407 a value of type date"):
        template.render_json({"in": {"d": dt.date(2026, 1, 1)}})


def test_a_specialised_template_may_be_specialised_again() -> None:
    template = aktmpl.compile_text("$sender.a $template.b $in.c")
    special = template.specialize({"sender": {"a": 1}}).specialize({"template": {"b": 2}})
    assert special.render({"in": {"c": 3}}) == "1 2 3"
    assert aktmpl.unparse(special.nodes) == "1 2 ${in.c}"
    assert (
        template.specialize({"sender": {"a": 1}})
        .specialize({"sender": {"a": 9}, "in": {"c": 1}})
        .render({"template": {"b": 2}})
        == "1 2 1"
    )


def test_a_constant_template_says_so() -> None:
    assert aktmpl.compile_text("a \\$5").constant == "a $5"
    assert aktmpl.compile_text("$in.a").constant is None
    assert aktmpl.compile_text("$in.a").specialize({"in": {"a": 7}}).constant == "7"
    assert aktmpl.compile_text("").constant == ""


def test_a_template_shows_its_source() -> None:
    assert repr(aktmpl.compile_text("$in.a")) == "<TextTemplate '$in.a'>"
    assert aktmpl.compile_query("in.a = 1").source.text == "in.a = 1"
