"""Templates and environments in pickles: what comes out does the same, or the error says what cannot."""

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

import aktmpl
from aktmpl.sql import Bound
from tests.aktmpl import picklable

T = TypeVar("T")

TEXT = "${in.cents | price} ${in.name ?? 'friend' | shout} $sender.name ${now()} ${uuid()}"
SCOPE = {"in": {"cents": 1250, "name": "Ann"}, "sender": {"name": "Bakery"}}


def again(value: T) -> T:
    found: T = pickle.loads(pickle.dumps(value))
    return found


def test_a_text_renders_the_same_in_a_spawned_process() -> None:
    template = picklable.made().compile_text(TEXT)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        answers = pool.map(picklable.render, [(template, SCOPE)] * 3, chunksize=1)
    assert {text for text, _ in answers} == {template.render(SCOPE)}
    assert len({identity for _, identity in answers}) == 1, "it is compiled once in the process"


def test_every_kind_of_template_travels() -> None:
    env = picklable.made()
    document = env.compile_document(
        {"a": ["$#in.cents", TEXT], "$?b": "$in.name", "$$in.l[n]": {"i": "[$]x"}}
    )
    scope = SCOPE | {"in": {"cents": 5, "l": [{"x": 1}, {"x": 2}]}}
    assert again(document).render(scope) == document.render(scope)
    assert again(document).render_json(scope) == document.render_json(scope)
    assert again(env.compile_query("in.cents > 1000 and sender.name ~= '^B'")).evaluate(SCOPE) is True
    sql = again(env.compile_sql("SELECT $in.cents, '$in.name'")).render(SCOPE)
    assert [part.value for part in sql if isinstance(part, Bound)] == [1250, "Ann"]


def test_a_specialised_template_stays_so() -> None:
    template = picklable.made().compile_text("$sender.name $in.name ${in.name ?? 1}")
    special = template.specialize({"sender": {"name": "Bakery"}})
    found = again(special)
    assert found.render({"in": {"name": "Ann"}}) == "Bakery Ann Ann"
    assert [str(read) for read in found.references()] == [str(read) for read in special.references()]
    assert found.warnings == special.warnings
    assert found.specialize({"in": {"name": "Bob"}}).render({}) == "Bakery Bob Bob"


def test_an_error_has_its_place_on_the_other_side_too() -> None:
    source = aktmpl.Source("Hi $in.name", "mail.txt")
    template = again(aktmpl.Environment().compile_text(source.text, source))
    with pytest.raises(aktmpl.MissingError, match=r"mail\.txt:1:8: E301 `in` has no field `name`"):
        template.render({"in": {}})


def test_an_environment_keeps_all_that_was_configured() -> None:
    env = again(picklable.made())
    assert env.roots == {"in", "sender"}
    assert env.limits == aktmpl.Limits(output=1000)
    assert env.functions["price"].signature == picklable.price.signature
    assert env.functions["shout"].pure is False
    with pytest.raises(aktmpl.CheckFault, match="E202"):
        env.compile_text("$in.nmae")
    assert "now" not in again(aktmpl.Environment(pure=True)).functions
    assert again(aktmpl.Environment(("a",))).compile_text("$a").render({"a": 1}) == "1"


def test_equal_pickles_give_one_object() -> None:
    template = picklable.made().compile_text(TEXT)
    assert again(template) is again(template)
    first, second = again([template, picklable.made().compile_text(TEXT)])
    assert first is second


def test_the_deepest_template_travels() -> None:
    env = aktmpl.Environment(limits=aktmpl.Limits(depth=100))
    text = "${" + "not " * 98 + "in.a" + "}"
    assert again(env.compile_text(text)).render({"in": {"a": True}}) == "true"
    with pytest.raises(aktmpl.LimitError):
        env.compile_text(text.replace("{", "{not not "))


@pytest.mark.parametrize("named", ["functions", "clock", "entropy"])
def test_what_cannot_travel_is_said_with_the_cure(named: str) -> None:
    given: dict[str, Any] = {named: [local_function()] if named == "functions" else local_function()}
    env = aktmpl.Environment(**given)
    said = rf"an environment's {named} cannot be pickled: .*local_function.*top level of a module"
    for held in (env, env.compile_text("$in.a")):
        with pytest.raises(TypeError, match=said):
            pickle.dumps(held)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_a_copy_is_the_thing_itself(duplicate: Callable[[Any], Any]) -> None:
    env = aktmpl.Environment(functions=[local_function()])
    template = env.compile_text("${loud(in.a)}")
    assert duplicate(env) is env
    assert duplicate(template) is template
    assert duplicate({"held": [template]})["held"][0] is template


def local_function() -> Callable[[str], str]:
    def loud(text: str) -> str:
        return text.upper()

    return loud
