"""What the checks say about templates against a schema."""

from typing import Any

import pytest

import aktmpl
from aktmpl import Environment, Schema

SCHEMA = Schema(
    {
        "profile": {
            "name?": "string",
            "age": "int",
            "tags": ["string"],
            "home": ({"city": "string"}, "null"),
            "orders": [{"id": "int", "title?": "string"}],
            "vip": "bool",
        },
        "template": {"body": "string", "...": "any"},
        "in": "any",
    }
)
ENV = Environment(schema=SCHEMA)


def said(findings: list[aktmpl.Finding]) -> list[str]:
    return [
        f"{each.code} {each.source.text[each.span.start : each.span.end]}: {each.message}"
        for each in findings
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$profile.age ${profile.name ?? 'you'} $in.anything.at.all $template.other", []),
        ("$profile.nmae", ["E202 nmae: `profile` has no field `nmae`"]),
        ("$prfile.age", ["E201 prfile: unknown root `prfile`"]),
        ("$profile.age.years", ["E207 years: `profile.age` is an int and has no field `years`"]),
        ("$profile.orders.id", ["E207 id: `profile.orders` is a list and has no field `id`"]),
        ("$profile.%0", ["E207 %0: `profile` is an object and has no element %0"]),
        ("$profile.name", ["W202 name: `profile.name` may be missing"]),
        ("$profile.home.city", ["W202 city: `profile.home` may be null and then has no field `city`"]),
        ("${profile.home?.city}", []),
        ("${profile.home is not null ? profile.home.city : ''}", []),
        ("${profile.home is null ? '' : profile.home.city}", []),
        ("${profile.name is defined and profile.name = 'x'}", []),
        ("${profile.name is not defined or profile.name = 'x'}", []),
        ("${not (profile.name is empty) ? profile.name : ''}", []),
        ("${profile.name is defined or profile.name = 'x'}", ["W202 name: `profile.name` may be missing"]),
        ("${profile.nmae ?? 'x'}", ["W205 nmae: `profile` has no field `nmae`"]),
        ("${profile.nmae | default('x')}", ["W205 nmae: `profile` has no field `nmae`"]),
        ("${profile?.nmae}", ["W205 nmae: `profile` has no field `nmae`"]),
        ("${profile.nmae is defined}", ["W205 nmae: `profile` has no field `nmae`"]),
        ("$profile.tags", ["W203 $profile.tags: a list is inserted as JSON text"]),
        ("$profile.home", ["W203 $profile.home: an object is inserted as JSON text"]),
        ("$#profile.tags", []),
        ("${profile.age + 'a'}",
         ["E207 profile.age + 'a': `+` takes numbers, not an int and the string 'a'"]),
        ("${profile.tags * 2}", ["E207 profile.tags * 2: `*` takes numbers, not a list and the int 2"]),
        ("${-profile.vip}", ["E207 -profile.vip: `-` takes a number, not a bool"]),
        ("${profile.vip ^ 2}", ["E207 profile.vip ^ 2: `^` takes numbers, not a bool and the int 2"]),
        ("${profile.age ? 1 : 2}", ["E207 profile.age: a condition is a bool, and this is an int"]),
        ("${profile[profile.tags]}", ["E207 [profile.tags]: a key is a string or an integer, not a list"]),
        ("${profile['age']} ${profile['agee']}", ["E202 ['agee']: `profile` has no field `agee`"]),
        ("${profile.tags | upper}", ["E207 profile.tags: `upper`: `text` is string, and this is a list"]),
        ("${(profile.tags | length) + 'a'}",
         ["E207 (profile.tags | length) + 'a': `+` takes numbers, not an int and the string 'a'"]),
        ("${profile.orders[0].title}", ["W202 title: `profile.orders.%0.title` may be missing"]),
        ("${true ? 1 : 2}", ["W201 true: this condition always holds"]),
    ],
)  # fmt: skip
def test_a_text(text: str, expected: list[str]) -> None:
    assert said(ENV.check_text(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("profile.age = '5'", []),
        ("profile.age = 'five'", ["W201 profile.age = 'five': this condition always fails"]),
        ("profile.vip != 'yes'", ["W201 profile.vip != 'yes': this condition always holds"]),
        ("profile.vip = 'true'", []),
        ("profile.tags = 'a'", ["W201 profile.tags = 'a': this condition always fails"]),
        ("profile.age is null", ["W201 profile.age is null: this condition always fails"]),
        ("profile.age is defined", ["W201 profile.age is defined: this condition always holds"]),
        ("profile.age is empty", ["W201 profile.age is empty: this condition always fails"]),
        ("profile.name is empty", []),
        ("profile.home is null", []),
        ("profile.tags < 5", ["E207 profile.tags < 5: a list and the int 5 have no order"]),
        ("profile.age contains 5", ["E207 profile.age contains 5: an int cannot contain the int 5"]),
        ("profile.tags contains null", ["W201 profile.tags contains null: this condition always fails"]),
        ("profile.tags ~= 'a'",
         ["E207 profile.tags ~= 'a': `~=` takes text and a pattern, not a list and the string 'a'"]),
        ("profile.age", ["E207 profile.age: a condition is a bool, and this is an int"]),
        ("profile.vip and profile.tags", ["E207 profile.tags: a condition is a bool, and this is a list"]),
        ("1 = 1", ["W201 1 = 1: this condition always holds"]),
        ("in.x = 1 or 2 > 3", ["W201 2 > 3: this condition always fails"]),
    ],
)  # fmt: skip
def test_a_query(text: str, expected: list[str]) -> None:
    assert said(ENV.check_query(text)) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"$$profile.orders[lines]": [{"id": "$#item.id", "n": "$index"}]}, []),
        ({"$$profile.orders[lines]": ["[$]title"]}, ["W202 title: `item.title` may be missing"]),
        ({"$$profile.orders[lines]": ["[$]titel"]}, ["E202 titel: `item` has no field `titel`"]),
        ({"$$profile.orders[lines]": [{"$?t": "[$]title"}]}, []),
        ({"$$profile.orders[lines]": ["same"]},
         ["W204 $$profile.orders[lines]: the pattern never reads the element"]),
        ({"$$profile.age[lines]": ["[$]"]},
         ["E207 $$profile.age: an expansion needs a list, and this is an int"]),
        ({"$$profile.orders[a]": [{"$$profile.tags[b]": ["[$]"]}]},
         ["W204 $$profile.orders[a]: the pattern never reads the element"]),
        ({"$$profile.orders[a]": [{"$$item.tags[b]": ["[$]"]}]}, ["E202 tags: `item` has no field `tags`"]),
        ({"$?name": "$profile.name", "$?home": "$profile.home.city"}, []),
        ({"$?name": "$profile.nmae"}, ["W205 nmae: `profile` has no field `nmae`"]),
        ({"$profile.tags": 1}, ["W203 $profile.tags: a list is inserted as JSON text"]),
        ({"b": "$profile.x", "a": ["$profile.y"]},
         ["E202 x: `profile` has no field `x`", "E202 y: `profile` has no field `y`"]),
    ],
)  # fmt: skip
def test_a_document(document: Any, expected: list[str]) -> None:
    assert said(ENV.check_document(document)) == expected


def test_all_faults_are_raised_together_and_warnings_are_not() -> None:
    with pytest.raises(aktmpl.CheckFault) as caught:
        ENV.compile_text("$profile.nmae $profile.tags ${profile.age + 'a'} $prfile")
    assert [fault.code for fault in caught.value.faults] == ["E202", "E207", "E201"]
    template = ENV.compile_text("$profile.tags $profile.name")
    assert [each.code for each in template.warnings] == ["W203", "W202"]
    assert template.render({"profile": {"tags": ["a"], "name": "b"}}) == '["a"] b'


def test_warnings_stay_those_of_the_template_as_written() -> None:
    template = ENV.compile_query("profile.age = 5 and in.x = 1")
    special = template.specialize({"profile": {"age": 5}})
    assert special.warnings == template.warnings == ()


def test_without_a_schema_only_constants_are_judged_and_nothing_is_raised() -> None:
    template = aktmpl.compile_text("${1 + 'a'} ${[1]} $in.x.y")
    assert said(template.findings()) == [
        "E207 1 + 'a': `+` takes numbers, not the int 1 and the string 'a'",
        "W203 ${[1]}: a list is inserted as JSON text",
    ]
    assert [each.code for each in template.findings(Schema({"in": {}}))] == ["E207", "W203", "E202"]


def test_a_finding_prints_as_a_frame_and_as_json() -> None:
    (finding,) = ENV.check_text("Hi $profile.nmae")
    assert finding.frame() == (
        "<template>:1:13: E202 `profile` has no field `nmae`\n"
        "  1 | Hi $profile.nmae\n"
        "    |             ^^^^\n"
        "    = hint: did you mean `name`?"
    )
    (warning,) = ENV.check_text("$profile.tags")
    assert warning.frame().splitlines()[0] == ("<template>:1:1: warning W203 a list is inserted as JSON text")
    assert warning.to_dict() == {
        "severity": "warning", "code": "W203", "message": "a list is inserted as JSON text",
        "hint": "`$#` keeps it as it is; to choose from it, follow the path further",
        "name": "<template>", "line": 1, "column": 1, "start": 0, "end": 13, "pointer": None,
    }  # fmt: skip
    assert warning.severity == "warning"
    assert str(finding) == "<template>:1:13: E202 `profile` has no field `nmae`"


def test_syntax_faults_are_findings_too() -> None:
    assert [each.code for each in ENV.check_text("${profile. } ${")] == ["E101", "E102"]


def test_syntax_faults_hide_no_other_finding() -> None:
    text = "${profile.tags ?? } $profil.name $profile.tags $profile.nmae"
    assert said(ENV.check_text(text)) == [
        "E101 }: expected a value before `}`",
        "E201 profil: unknown root `profil`",
        "W203 $profile.tags: a list is inserted as JSON text",
        "E202 nmae: `profile` has no field `nmae`",
    ]


def test_the_roots_are_those_of_the_schema() -> None:
    assert ENV.roots == {"profile", "template", "in"}
    assert Environment(schema=Schema()).roots == set(aktmpl.CHANNEL_ROOTS)
    assert Environment(("in", "x"), schema=SCHEMA).roots == {"in", "x"}
