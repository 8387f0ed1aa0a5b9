"""XML there and back: what `unpack` reads and refuses, what `pack` writes, and hostile documents.

`xml/` holds documents with what becomes of them. Sizes, depths, and values that nobody has thought of are
below.
"""

import ast
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.engine.run import Result, run
from akrun.errors import PipeFailure
from akrun.pipes.pure.parsers import MAX_BODY, MAX_DEPTH, parse_xml
from akrun.pipes.pure.xml_writer import to_xml
from tests.akrun.pipes.bench import Bench, chain, compiled, error, pipe, step_by_hand
from tests.akrun.pipes.written import bytes_of, cases

READING = compiled(chain(pipe("unpack", type="XML"))).pipeline("message")
THERE_AND_BACK = compiled(
    chain(pipe("pack", type="XML", template="$#in.value"), pipe("unpack", type="XML"))
).pipeline("message")


def unpacked(body: bytes) -> Result:
    with step_by_hand(run(READING, Bench().event({"body": body}))) as result:
        assert isinstance(result, Result)
        return result


def test_there_are_documents_of_every_kind() -> None:
    assert [len(cases(f"xml/{name}.txt")) for name in ("read", "refused")] == [71, 91]


@pytest.mark.parametrize(("text", "value"), cases("xml/read.txt"))
def test_a_document_is_read(text: str, value: str) -> None:
    result = unpacked(bytes_of(text))
    assert (result.error, repr(result.data["data"])) == (None, value)
    assert ast.literal_eval(value) == result.data["data"]


@pytest.mark.parametrize(("text", "place"), cases("xml/refused.txt"))
def test_a_document_is_refused_with_its_place(text: str, place: str) -> None:
    result = unpacked(bytes_of(text))
    assert result.error is not None
    message = result.error["message"]
    line, column = place.split(":")
    assert message.startswith("XML: ")
    assert message.endswith(f" at line {line} column {column}")
    assert result.error == error("parse", message, kind="data")
    assert "data" not in result.data


def test_a_document_that_would_grow_without_end_is_refused_before_it_does() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 30))
    body = f'<!DOCTYPE a [<!ENTITY e0 "ha">{entities}]><a>&e29;</a>'.encode()
    result = unpacked(body)
    assert result.error is not None
    assert "a document type declaration is not accepted" in result.error["message"]


@pytest.mark.parametrize("inner", ["", "<b/>", "x"])
def test_depth_has_a_bound(inner: str) -> None:
    def nested(depth: int) -> bytes:
        return ("<a>" * depth + inner + "</a>" * depth).encode()

    levels = MAX_DEPTH - inner.startswith("<")
    assert unpacked(nested(levels)).error is None
    for depth in (levels + 1, 1000, 200_000):
        assert unpacked(nested(depth)).error == error(
            "too_deep", "XML: nested more than 64 deep", kind="data"
        )
    assert unpacked(b"<a>" * 200_000).error == error("too_deep", "XML: nested more than 64 deep", kind="data")


def test_size_has_a_bound() -> None:
    def large(size: int) -> bytes:
        return b"<a>" + b"x" * (size - 7) + b"</a>"

    assert unpacked(large(MAX_BODY)).data["data"] == {"a": "x" * (MAX_BODY - 7)}
    result = unpacked(large(MAX_BODY + 1))
    assert result.error == error("too_large", f"$in.body is larger than {MAX_BODY} bytes", kind="data")


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'<a b="' + b"x" * 1_000_000 + b'"/>', {"a": {"@b": "x" * 1_000_000}}),
        (
            b"<a " + b" ".join(b'b%d="%d"' % (n, n) for n in range(20_000)) + b"/>",
            {"a": {f"@b{n}": str(n) for n in range(20_000)}},
        ),
        (b"<a>" + b"<b/>" * 100_000 + b"</a>", {"a": {"b": [None] * 100_000}}),
        (b"<a>" + b"x<b/>" * 50_000 + b"</a>", {"a": {"b": [None] * 50_000, "#text": "x" * 50_000}}),
        (b"<a>" + b"&lt;" * 200_000 + b"</a>", {"a": "<" * 200_000}),
        (b"<a>" + b"<![CDATA[<]]>" * 50_000 + b"</a>", {"a": "<" * 50_000}),
        (b"<a>" + b"<?p x?><!-- c -->" * 50_000 + b"</a>", {"a": None}),
        (b"<" + b"n" * 100_000 + b"/>", {"n" * 100_000: None}),
        (
            b"<a " + b" ".join(b'xmlns:n%d="urn:%d"' % (n, n) for n in range(5_000)) + b"/>",
            {"a": {f"@xmlns:n{n}": f"urn:{n}" for n in range(5_000)}},
        ),
    ],
    ids=[
        "a long attribute", "many attributes", "many elements", "many pieces of text", "many references",
        "many sections", "many instructions", "a long name", "many namespaces",
    ],
)  # fmt: skip
def test_what_is_much_but_not_deep_is_read(body: bytes, value: Any) -> None:
    result = unpacked(body)
    assert result.error is None
    assert result.data["data"] == value


# `pack` writes names by the fifth edition of XML 1.0; expat reads those of the fourth, with fewer letters.
START = st.sampled_from("abzAZ_éÿЖяєα日")
NAMES = st.builds(
    lambda prefix, start, rest: prefix + start + rest,
    st.sampled_from(["", "", "", "n:"]),
    START,
    st.text(START | st.sampled_from("-.0159"), max_size=4),
)
TEXTS = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\t\n\r"
    ),
    max_size=12,
)
"""What XML can hold, but for control characters that are no white space."""
WRITTEN = TEXTS.map(str.strip).filter(bool)
"""A text of an element: the mapping leaves out the space around it, and tells no empty one from none."""


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    def joined(attributes: dict[str, str], children: dict[str, Any], text: list[str]) -> dict[str, Any]:
        named = {f"@{name}": value for name, value in attributes.items()}
        return {**named, **children, **({"#text": text[0]} if text else {})}

    children = st.dictionaries(NAMES, inner | st.lists(inner, min_size=2, max_size=3), max_size=3)
    made = st.builds(
        joined, st.dictionaries(NAMES, TEXTS, max_size=2), children, st.lists(WRITTEN, max_size=1)
    )
    return made.filter(lambda value: bool(value.keys() - {"#text"}))


ELEMENTS = st.recursive(st.none() | WRITTEN, objects, max_leaves=12)


@given(name=NAMES, content=ELEMENTS)
def test_what_pack_writes_unpack_reads(name: str, content: Any) -> None:
    with step_by_hand(run(THERE_AND_BACK, Bench().event({"value": {name: content}}))) as result:
        assert result.error is None
        assert result.data["data"] == {name: content}
        again = to_xml(result.data["data"])
        assert again == result.data["body"]


def test_a_carriage_return_comes_back_as_one() -> None:
    value = {"a": {"@b": "1\r2\r\n3", "c": "1\r2\r\n3", "#text": "4\r5"}}
    body = to_xml(value, declaration=False)
    assert body == b'<a b="1&#13;2&#13;&#10;3"><c>1&#13;2&#13;\n3</c>4&#13;5</a>'
    assert unpacked(body).data["data"] == value


def nested_value(depth: int) -> Any:
    value: Any = "x"
    for number in range(depth):
        value = {"a": [value, None] if (depth - number) % 2 == 0 else value}
    return value


def test_pack_writes_no_deeper_than_unpack_reads() -> None:
    body = to_xml(nested_value(MAX_DEPTH))
    assert unpacked(body).data["data"] == nested_value(MAX_DEPTH)
    for depth in (MAX_DEPTH + 1, 500, 5000):
        with step_by_hand(run(THERE_AND_BACK, Bench().event({"value": nested_value(depth)}))) as result:
            assert result.error == error("too_deep", "XML: nested more than 64 deep", kind="data")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
ANY_KEYS = st.text('aZ_éЖ:-.1 <>&@#/="\0', max_size=4) | st.sampled_from(
    ["@a", "#text", "#comment", "a", "b", "@", "#", "@xmlns", "a:b:c"]
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_KEYS, inner, max_size=3),
    max_leaves=10,
)


@given(value=ANYTHING | st.dictionaries(ANY_KEYS, ANYTHING, min_size=1, max_size=1))
def test_whatever_is_packed_is_a_document_or_a_failure(value: Any) -> None:
    try:
        body = to_xml(value)
    except PipeFailure as failure:
        assert failure.kind in {"data", "parameter"}
        assert failure.message
        return
    assert isinstance(parse_xml(body), dict)


@given(
    text=st.text(st.sampled_from("AzЖуkÀé€ <&>'\"]"), max_size=20).map(str.strip).filter(bool),
    encoding=st.sampled_from(
        ["utf-8", "utf-8-sig", "utf-16", "windows-1251", "koi8-r", "iso-8859-1", "us-ascii"]
    ),
)
def test_a_text_is_the_same_in_every_encoding_that_holds_it(text: str, encoding: str) -> None:
    named = encoding.removesuffix("-sig")
    written = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    document = f'<?xml version="1.0" encoding="{named}"?><a>{written}</a>'
    body = document.encode(encoding, "xmlcharrefreplace")
    assert parse_xml(body) == {"a": text}


@given(text=TEXTS.filter(lambda text: "]]>" not in text and "\r" not in text))
def test_a_section_holds_its_text_as_it_is(text: str) -> None:
    value = parse_xml(f"<a><![CDATA[{text}]]></a>".encode())
    assert value == {"a": text.strip() or None}
    assert parse_xml(to_xml(value)) == value


PIECES = st.sampled_from(
    ["<a>", "</a>", "<a/>", "<b ", 'c="1"', ">", "/>", "x", "&lt;", "&", "<!--", "-->", "<![CDATA[", "]]>",
     "<?p", "?>", "<!DOCTYPE a", "[", "]", "<!ENTITY x 'y'", "&x;", "\x00", "\n", "é"]
)  # fmt: skip


@given(body=st.lists(PIECES, max_size=12).map("".join))
def test_anything_else_is_read_or_refused_with_its_place(body: str) -> None:
    result = unpacked(body.encode())
    if result.error is not None:
        assert result.error["code"] == "parse"
        assert re.search(r" at line \d+ column \d+$", result.error["message"])
    else:
        assert isinstance(result.data["data"], dict)
        assert ET.fromstring(body) is not None
