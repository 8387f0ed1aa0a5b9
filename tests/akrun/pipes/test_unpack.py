from typing import Any

import pytest

from akrun.pipes.pure import parsers, unpack
from tests.akrun.pipes.bench import Found, after, error, failure_of, faults_of, pipe


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, 2.5, "\\u00e9", null, true]}', {"a": [1, 2.5, "é", None, True]}),
        (b' "x" ', "x"),
        (b"0", 0),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"\xef\xbb\xbf{}", {}),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b'{"id": 18446744073709551617, "x": 1.5}', {"id": 18446744073709551617, "x": 1.5}),
        (b"[" * 64 + b"]" * 64, "deep"),
        (b"[" + b"[]," * 100 + b"[]]", [[] for _ in range(101)]),
    ],
)
async def test_json_by_the_book(body: bytes, value: Any) -> None:
    data = await after(pipe("unpack"), origin={"body": body})
    if value == "deep":
        for _ in range(63):
            [data["data"]] = data["data"]
        assert data["data"] == []
    else:
        assert data["data"] == value
        assert data["body"] == body


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"NaN", "line 1 column 1"),
        (b'{"a": Infinity}', "line 1 column 7"),
        (b'{"a": 1,}', "line 1 column 8"),
        (b'{\n "a" 1}', "line 2 column 6"),
        (b"", "line 1 column 1"),
        (b"[1] x", "line 1 column 5"),
        (b"'a'", "line 1 column 1"),
        (b"01", "line 1 column 1"),
        (b'"\x01"', "line 1 column"),
        (b"\xff", "line 1 column 1"),
        (b'"\\ud800"', "line 1 column"),
        (b"<html>", "line 1 column 1"),
    ],
)
async def test_what_is_no_json_is_a_failure_with_its_place(body: bytes, place: str) -> None:
    failure = await failure_of(pipe("unpack"), origin={"body": body})
    assert failure == error("parse", failure["message"], kind="data")
    assert failure["message"].startswith("JSON: ")
    assert place in failure["message"]


@pytest.mark.parametrize(
    "body", [b"[" * 65 + b"]" * 65, b'{"a":' * 65 + b"1" + b"}" * 65, b"[" * 5000 + b"]" * 5000]
)
async def test_json_nested_too_deep_is_a_failure(body: bytes) -> None:
    failure = await failure_of(pipe("unpack"), origin={"body": body})
    assert failure == error("too_deep", "JSON: nested more than 64 deep", kind="data")


@pytest.mark.parametrize("body", [b"1" * 5000, b"1e999"])
async def test_a_number_beyond_floats_is_a_failure(body: bytes) -> None:
    failure = await failure_of(pipe("unpack"), origin={"body": body})
    assert (failure["code"], failure["kind"]) == ("parse", "data")


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"<a/>", {"a": None}),
        (b"<a> x </a>", {"a": "x"}),
        (b'<a i="1"><b>1</b><b/><c>2</c></a>', {"a": {"@i": "1", "b": ["1", None], "c": "2"}}),
        (b'<a i="1">t</a>', {"a": {"@i": "1", "#text": "t"}}),
        (b'<n:a xmlns:n="u"><n:b/></n:a>', {"n:a": {"@xmlns:n": "u", "n:b": None}}),
        (b"<a>&lt;&#1046;<![CDATA[<x>]]></a>", {"a": "<Ж<x>"}),
        ('<?xml version="1.0" encoding="windows-1251"?><a>Ж</a>'.encode("cp1251"), {"a": "Ж"}),
        (b"<!-- c --><?pi x?><a/>", {"a": None}),
        (b"<a>" * 64 + b"</a>" * 64, "deep"),
    ],
)
async def test_xml_by_the_mapping(body: bytes, value: Any) -> None:
    data = await after(pipe("unpack", type="XML"), origin={"body": body})
    if value == "deep":
        found = data["data"]
        for _ in range(64):
            found = found["a"]
        assert found is None
    else:
        assert data["data"] == value


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<a>", "XML: no element found at line 1 column 4"),
        (b"<a>\n</b>", "XML: mismatched tag at line 2 column 3"),
        (b"", "XML: no element found at line 1 column 1"),
        (b"{}", "XML: not well-formed (invalid token) at line 1 column 1"),
        (b"<a>&x;</a>", "XML: undefined entity at line 1 column 4"),
        (b"<!DOCTYPE a><a/>", "XML: a document type declaration is not accepted"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "XML: a document type declaration is not accepted"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "XML: a document type declaration is not accepted"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "XML: unknown encoding"),
    ],
)
async def test_xml_that_is_refused(body: bytes, message: str) -> None:
    failure = await failure_of(pipe("unpack", type="XML"), origin={"body": body})
    assert failure["message"].startswith(message)
    assert failure == error("parse", failure["message"], kind="data")


async def test_xml_nested_too_deep_is_a_failure() -> None:
    failure = await failure_of(pipe("unpack", type="xml"), origin={"body": b"<a>" * 65 + b"</a>" * 65})
    assert failure == error("too_deep", "XML: nested more than 64 deep", kind="data")


async def test_forms() -> None:
    data = await after(pipe("unpack", type="FORM"), origin={"body": b"a=1&b=&a=%D0%96+x&a=3&c"})
    assert data["data"] == {"a": ["1", "Ж x", "3"], "b": "", "c": ""}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"a=\xff", "FORM: not UTF-8 at byte 3"),
        (b"a=%FF", "FORM: "),
        (b"a&" * 10_001, "FORM: more than 10000 fields"),
    ],
)
async def test_forms_that_are_refused(body: bytes, message: str) -> None:
    failure = await failure_of(pipe("unpack", type="FORM"), origin={"body": body})
    assert failure["message"].startswith(message)
    assert (failure["code"], failure["kind"]) == ("parse", "data")


async def test_there_must_be_a_body_of_bytes() -> None:
    missing = error("body_missing", "there is no $in.body to unpack: a request must come before", kind="data")
    assert await failure_of(pipe("unpack")) == missing
    assert await failure_of(pipe("unpack"), origin={"body": None}) == missing
    failure = await failure_of(pipe("unpack"), origin={"body": "{}"})
    assert (failure["code"], failure["kind"]) == ("not_bytes", "data")


async def test_a_body_that_is_too_large_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MAX_BODY", 3)
    failure = await failure_of(pipe("unpack"), origin={"body": b"[1] "})
    assert failure == error("too_large", "$in.body is larger than 3 bytes", kind="data")
    assert parsers.MAX_BODY == 16 * 1024 * 1024


async def test_the_alias_and_a_type_from_the_data() -> None:
    data = await after(pipe("unpacker", type="$in.kind"), origin={"body": b"a=1", "kind": "FORM"})
    assert data["data"] == {"a": "1"}
    failure = await failure_of(pipe("unpack", type="$in.kind"), origin={"body": b"a=1", "kind": "CSV"})
    assert failure == error("parameter", "type: 'CSV' is not one of JSON, XML, FORM", kind="parameter")


def test_faults() -> None:
    assert faults_of(pipe("unpack", type="YAML")) == [
        Found("C503", "`type`: 'YAML' is not one of JSON, XML, FORM", None, '"type": "YAML"')
    ]
    [found] = faults_of(pipe("unpack", typ="JSON"))
    assert (found.code, found.hint) == ("C202", "did you mean `type`?")
