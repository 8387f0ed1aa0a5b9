from typing import Any

import pytest

from tests.akrun.pipes.bench import Found, after, error, failure_of, faults_of, pipe


async def test_json_is_the_default_and_compact_bytes() -> None:
    data = await after(
        pipe("pack", template={"to": "$in.phone", "n": "$#in.n", "é": None}), origin={"phone": "+7", "n": 1}
    )
    assert data["body"] == '{"to":"+7","n":1,"é":null}'.encode()


@pytest.mark.parametrize("template", [["$in.a"], "$in.a", "text", 5, None, True])
async def test_any_json_can_be_packed(template: Any) -> None:
    expected = {str: b'"A"', list: b'["A"]', int: b"5", type(None): b"null", bool: b"true"}[type(template)]
    data = await after(pipe("pack", template=template), origin={"a": "A"})
    assert data["body"] == (b'"text"' if template == "text" else expected)


async def test_the_alias_and_the_type_in_small_letters() -> None:
    data = await after(pipe("packer", type="json", template={}))
    assert data["body"] == b"{}"


async def test_the_type_may_be_a_template() -> None:
    data = await after(
        pipe("pack", type="$in.kind", template={"a": "1"}, root="$in.root"),
        origin={"kind": "XML", "root": "r"},
    )
    assert data["body"] == b'<?xml version="1.0" encoding="utf-8"?>\n<r><a>1</a></r>'
    failure = await failure_of(pipe("pack", type="$in.kind", template={}), origin={"kind": "YAML"})
    assert failure == error("parameter", "type: 'YAML' is not one of JSON, XML", kind="parameter")


async def test_xml_maps_attributes_text_lists_and_scalars() -> None:
    template = {
        "order": {
            "@id": "$#in.id",
            "#text": 'a < b & "c"',
            "item": [{"@n": 1, "#text": "x"}, "y", None],
            "empty": {},
            "none": [],
            "flag": True,
            "price": 16.0,
        }
    }
    data = await after(pipe("pack", type="XML", template=template, declaration=False), origin={"id": 3})
    assert data["body"] == (
        b'<order id="3"><item n="1">x</item><item>y</item><item></item><empty></empty>'
        b'<flag>true</flag><price>16</price>a &lt; b &amp; "c"</order>'
    )


async def test_a_root_is_put_around_the_document() -> None:
    data = await after(pipe("pack", type="XML", root="msg", template={"to": "Жук"}))
    assert data["body"] == '<?xml version="1.0" encoding="utf-8"?>\n<msg><to>Жук</to></msg>'.encode()


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({"a": 1, "b": 2}, "an XML document has one root element: give `root`, or an object with one key"),
        (["a"], "an XML document has one root element: give `root`, or an object with one key"),
        ({"a": [1, 2]}, "the root element 'a' cannot be repeated"),
        ({"#text": "a"}, "'#text' is no root element"),
        ({"@a": "a"}, "'@a' is no root element"),
        ({"a b": 1}, "'a b' is no XML name"),
        ({"1a": 1}, "'1a' is no XML name"),
        ({"a": {"><script": 1}}, "'><script' is no XML name"),
        ({"a": {"@x y": 1}}, "'x y' is no XML name"),
        ({"a": {"@x": {"y": 1}}}, "'@x' needs a text"),
        ({"a": {"b": [[1]]}}, "a list directly in the list 'b' has no XML form"),
        ({"a": "\x08"}, "the text of 'a' holds U+0008, which XML cannot"),
        ({"a": {"@b": "\uffff"}}, "the text of '@b' holds U+FFFF, which XML cannot"),
    ],
)
async def test_what_has_no_xml_form_is_a_failure(template: Any, message: str) -> None:
    assert await failure_of(pipe("pack", type="XML", template=template)) == error("xml", message, kind="data")


async def test_a_missing_field_is_a_template_failure() -> None:
    failure = await failure_of(pipe("pack", template={"to": "$in.phone"}), origin={"phon": "1"})
    assert (failure["code"], failure["kind"], failure["pipe"]) == ("E301", "template", 1)


def test_faults() -> None:
    assert faults_of(pipe("pack")) == [Found("C201", "the key `template` is missing", None, '"params": {}')]
    assert faults_of(pipe("pack", type="JSN", template="$in.a")) == [
        Found("C503", "`type`: 'JSN' is not one of JSON, XML", "did you mean `JSON`?", '"type": "JSN",')
    ]
    assert faults_of(pipe("pack", template={}, root="a", declaration=False)) == [
        Found("C503", "`root` is for the type XML", None, '"root": "a",'),
        Found("C503", "`declaration` is for the type XML", None, '"declaration": false'),
    ]
    [found] = faults_of(pipe("pack", template={"a": {"b": "$inn.x"}}))
    assert (found.code, found.line) == ("E201", '"b": "$inn.x"')
