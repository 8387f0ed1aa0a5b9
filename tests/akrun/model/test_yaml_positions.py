"""The YAML reader: JSON values of YAML 1.2, with the place of every character in all ways to write a text."""

from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from akrun.errors import FileFaults
from akrun.model import LocatedDocument, codes, parse_located
from aktmpl.source import Span

PRINTABLE = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufeff"), max_size=12
)
KEYS = st.text("abcxyz", min_size=1, max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | PRINTABLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def read(text: str) -> LocatedDocument:
    document, faults = parse_located(text, "f.yaml", is_json=False)
    assert faults == ()
    return document


def written_at(document: LocatedDocument, pointer: str) -> list[str]:
    """The character of the file at the place of each character of a text."""
    origin = document.origin(pointer)
    assert origin is not None
    return [document.source.text[offset] for offset in origin.offsets[:-1]]


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_reads_what_ruamel_writes(value: Any) -> None:
    stream = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.dump(value, stream)
    assert read(stream.getvalue()).value == value


@given(st.text("ab $.{}é\n", min_size=1, max_size=30))
def test_letters_of_a_block_stand_where_their_place_says(body: str) -> None:
    text = "k: |2+\n" + "".join(f"  {line}\n" for line in body.split("\n"))
    document = read(text)
    assert document.value == {"k": body + "\n"}
    assert written_at(document, "/k") == list(body + "\n")


@pytest.mark.parametrize(
    ("text", "value", "offsets"),
    [
        ("k: plain", "plain", [3, 4, 5, 6, 7, 8]),
        ("k: one\n  two", "one two", [3, 4, 5, 6, 9, 10, 11, 12]),
        ("k: 'it''s'", "it's", [4, 5, 6, 8, 9]),
        ('k: "a\\tb"', "a\tb", [4, 5, 7, 8]),
        ('k: "\\x41\\u0042\\U00000043"', "ABC", [4, 8, 14, 24]),
        ('k: "\\ud83d\\ude00!"', "😀!", [4, 16, 17]),
        ('k: "a \\\n   b"', "a b", [4, 5, 11, 12]),
        ('k: "a\n\n   b"', "a\nb", [4, 6, 10, 11]),
        ("k: |\n  ab\n   c\n", "ab\n c\n", [7, 8, 9, 12, 13, 14, 15]),
        ("k: >\n  ab\n  cd\n\n  e\n", "ab cd\ne\n", [7, 8, 9, 12, 13, 14, 18, 19, 20]),
        ("k: >-\n  ab\n  cd\n", "ab cd", [8, 9, 10, 13, 14, 16]),
        ("k: &x $a\nj: *x", "$a", [6, 7, 8]),
        ("k: !!str 5", "5", [9, 10]),
    ],
)
def test_places_of_each_way_to_write_a_text(text: str, value: str, offsets: list[int]) -> None:
    document = read(text)
    origin = document.origin("/k")
    assert document.value["k"] == value
    assert origin is not None
    assert list(origin.offsets) == offsets


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("- - |1\n    a\n", "/0/0"),
        ("- k: |1\n    a\n", "/0/k"),
        ("a:\n  k: |1\n    a\n", "/a/k"),
    ],
)
def test_indentation_of_a_block_is_counted_from_its_parent(text: str, pointer: str) -> None:
    document = read(text)
    assert written_at(document, pointer) == list(document.part(pointer))
    origin = document.origin(pointer)
    assert origin is not None
    assert origin.offsets[-2] == len(text) - 1


def test_crlf_files_have_the_same_text() -> None:
    document = read("k: |\r\n  ab\r\n  c\r\n")
    assert document.value == {"k": "ab\nc\n"}
    assert written_at(document, "/k") == list("ab\nc\n")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("~", None),
        ("", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("12", 12),
        ("-7", -7),
        ("+7", 7),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("2026-05-01", "2026-05-01"),
        ("12:30", "12:30"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("+79990000001", 79990000001),
        ("1.2.3", "1.2.3"),
        ("$in.x", "$in.x"),
    ],
)
def test_plain_values_are_those_of_yaml_1_2(written: str, value: Any) -> None:
    assert read(f"k: {written}\n").value == {"k": value}


def test_keys_and_parts_have_spans() -> None:
    text = "pipelines:\n  message:\n    - id: 1\n      type: log\n"
    document = read(text)
    assert document.span("/pipelines/message/0/type") == Span(text.index("log"), text.index("log") + 3)
    assert document.span("/pipelines/message/0/type", key=True) == Span(
        text.index("type"), text.index("type") + 4
    )


def test_aliases_give_the_anchored_value_and_its_place() -> None:
    document = read("a: &x {b: [1, hi]}\nc: *x\n")
    assert document.value == {"a": {"b": [1, "hi"]}, "c": {"b": [1, "hi"]}}
    assert document.span("/c/b/1") == document.span("/a/b/1")


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("[" * 10_000, codes.TOO_LARGE, "nested deeper than 64 levels"),
        ("a: &x [*x]", codes.SYNTAX, "no anchor `&x` stands before this alias"),
        ("# nothing", codes.EMPTY, "the file holds nothing but comments"),
        ("a: [1", codes.SYNTAX, "the list is not closed, or a comma is missing"),
        ("a: {b: 1]", codes.SYNTAX, "the object is not closed, or a comma is missing"),
        ('a: "x', codes.SYNTAX, "the text has no closing quote"),
        ('a: "\\q"', codes.SYNTAX, "a backslash that starts no escape of YAML"),
        ("a: @x", codes.SYNTAX, "no value starts with this character"),
        (
            "a: 1\nb\nc: 2",
            codes.SYNTAX,
            "a key without a colon, or a text that the lines before do not continue",
        ),
        ("a: - b", codes.SYNTAX, "a list item cannot stand here"),
        ("a: |x\n  t", codes.SYNTAX, "only `+`, `-` and a digit may follow `|` or `>` on its line"),
        ("a: \x01", codes.SYNTAX, "the control character U+0001"),
        ("{a: 1,, b}", codes.SYNTAX, "a value is missing here"),
    ],
)
def test_each_slip_has_its_words(text: str, code: str, words: str) -> None:
    with pytest.raises(FileFaults) as caught:
        parse_located(text, "f.yaml", is_json=False)
    (fault,) = caught.value.faults
    assert (fault.code, fault.message) == (code, words)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('a: "\\ud83d"', codes.LONE_SURROGATE),
        ("a: .inf", codes.NUMBER_RANGE),
        ("a: 1e999", codes.NUMBER_RANGE),
        ("{[1]: 2}", codes.NOT_JSON),
        ("a: !x 1", codes.NOT_JSON),
        ("a: 1\na: 2", codes.DUPLICATE_KEY),
    ],
)
def test_what_json_has_not_is_a_fault_that_leaves_the_rest_readable(text: str, code: str) -> None:
    document, faults = parse_located(text, "f.yaml", is_json=False)
    assert [fault.code for fault in faults] == [code]
    assert isinstance(document.value, dict)


@given(st.text("ab:-[]{}#&*!|>'\"\n ,?%@\\\t", max_size=30))
def test_any_text_is_read_or_has_a_located_fault(text: str) -> None:
    try:
        document, _ = parse_located(text, "f.yaml", is_json=False)
    except FileFaults as faults:
        assert faults.frames().startswith("f.yaml:")
    else:
        check_places(document, document.value, "")


def check_places(document: LocatedDocument, value: Any, pointer: str) -> None:
    """Every text has one place per character, in order and within the file."""
    if isinstance(value, str):
        origin = document.origin(pointer)
        assert origin is not None
        offsets = list(origin.offsets)
        assert len(offsets) == len(value) + 1
        assert offsets == sorted(offsets)
        assert 0 <= offsets[0] <= offsets[-1] <= len(document.source.text)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_places(document, item, f"{pointer}/{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            check_places(document, item, pointer + "/" + key.replace("~", "~0").replace("/", "~1"))
