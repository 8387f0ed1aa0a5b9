"""JSON of every kind through both readers: `unpack`, and the reader of channel files.

`json_suite/` holds texts with what becomes of them. What no line of a file can hold (sizes, depths) and texts
that nobody has thought of are below.
"""

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akrun.engine.run import Result, run
from akrun.errors import Fault, FileFaults
from akrun.model.located import MAX_FILE_BYTES, read_with_faults
from akrun.pipes.pure.parsers import MAX_BODY, MAX_DEPTH
from tests.akrun.pipes.bench import Bench, chain, compiled, pipe, step_by_hand
from tests.akrun.pipes.written import bytes_of, cases

PIPELINE = compiled(chain(pipe("unpack"))).pipeline("message")
Outcome = tuple[str, Any]
"""`value` and the value, `faults` and the first fault of a usable one, or `refused` with code and place."""


def unpacked(body: bytes) -> Outcome:
    with step_by_hand(run(PIPELINE, Bench().event({"body": body}))) as result:
        assert isinstance(result, Result)
    if result.error is None:
        return "value", result.data["data"]
    assert (result.error["kind"], result.error["pipe"]) == ("data", 1)
    place = re.search(r" at line (\d+) column (\d+)$", result.error["message"])
    return "refused", result.error["code"] + (f" {place[1]}:{place[2]}" if place else "")


def from_file(body: bytes, file: Path) -> Outcome:
    file.write_bytes(body)
    try:
        document, faults = read_with_faults(file)
    except FileFaults as error:
        [fault] = error.faults
        assert isinstance(fault, Fault)
        return "refused", _placed(fault)
    return ("faults", _placed(faults[0])) if faults else ("value", document.value)


def _placed(fault: Fault) -> str:
    line, column = fault.source.position(fault.span.start)
    return f"{fault.code} {line}:{column}"


def shown(outcome: Outcome) -> str:
    kind, found = outcome
    return f"{kind} {ascii(found) if kind == 'value' else found}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "channel.json"


def test_there_are_texts_of_every_kind() -> None:
    counts = {name: len(cases(f"json_suite/{name}.txt")) for name in ("valid", "invalid", "open")}
    assert counts == {"valid": 195, "invalid": 282, "open": 43}


@pytest.mark.parametrize(("text", "value"), cases("json_suite/valid.txt"))
def test_json_is_accepted_with_its_exact_value(text: str, value: str, file: Path) -> None:
    # repr tells 1 from 1.0 and True, 0.0 from -0.0, and the order of keys.
    wanted = repr(ast.literal_eval(value))
    assert [repr(each) for each in unpacked(bytes_of(text))] == ["'value'", wanted]
    assert [repr(each) for each in from_file(bytes_of(text), file)] == ["'value'", wanted]


@pytest.mark.parametrize(("text", "places"), cases("json_suite/invalid.txt"))
def test_what_is_not_json_is_refused_with_its_place(text: str, places: str, file: Path) -> None:
    in_pipe, in_file = places.split(" | ")
    assert unpacked(bytes_of(text)) == ("refused", in_pipe)
    assert from_file(bytes_of(text), file) == ("refused", in_file)


@pytest.mark.parametrize(("text", "outcomes"), cases("json_suite/open.txt"))
def test_what_the_standard_leaves_open_is_settled(text: str, outcomes: str, file: Path) -> None:
    in_pipe, in_file = outcomes.split(" | ")
    assert shown(unpacked(bytes_of(text))) == in_pipe
    assert shown(from_file(bytes_of(text), file)) == in_file


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_depth_has_a_bound(opening: str, closing: str, file: Path) -> None:
    levels = MAX_DEPTH // len(re.findall(r"[\[{]", opening))

    def nested(depth: int) -> bytes:
        return (opening * depth + "0" + closing * depth).encode()

    assert unpacked(nested(levels))[0] == "value"
    assert from_file(nested(levels), file)[0] == "value"
    place = len(opening) * levels + 1
    for depth in (levels + 1, 1000, 100_000):
        assert unpacked(nested(depth)) == ("refused", "too_deep")
        assert from_file(nested(depth), file) == ("refused", f"C107 1:{place}")
    for depth in (levels + 1, 1000, 100_000):  # never closed
        assert unpacked((opening * depth).encode())[0] == "refused"
        assert from_file((opening * depth).encode(), file) == ("refused", f"C107 1:{place}")


def test_size_has_a_bound(file: Path) -> None:
    def large(size: int) -> bytes:
        return b'"' + b"a" * (size - 2) + b'"'

    assert unpacked(large(MAX_BODY)) == ("value", "a" * (MAX_BODY - 2))
    assert unpacked(large(MAX_BODY + 1)) == ("refused", "too_large")
    assert from_file(large(MAX_FILE_BYTES), file) == ("value", "a" * (MAX_FILE_BYTES - 2))
    assert from_file(large(MAX_FILE_BYTES + 1), file) == ("refused", "C107 1:1")


@pytest.mark.parametrize("written", ["{}", "-{}", "[0, {}]", '{{"a": {}}}'])
def test_an_integer_of_a_hundred_thousand_digits_is_refused(written: str, file: Path) -> None:
    place = written.replace("{{", "{").index("{}") - written.startswith("-") + 1
    body = written.replace("{{", "{").replace("}}}", "}}", 1).replace("{}", "7" * 100_000).encode()
    assert unpacked(body) == ("refused", f"parse 1:{place}")
    assert from_file(body, file) == ("refused", f"C110 1:{place}")


def test_a_fraction_of_a_hundred_thousand_digits_is_read_or_refused_by_its_length(file: Path) -> None:
    body = b"0." + b"3" * 100_000
    assert unpacked(body) == ("value", 1 / 3)
    assert from_file(body, file) == ("refused", "C110 1:1")


def test_many_keys_and_many_items(file: Path) -> None:
    value = {"list": list(range(50_000)), "object": {f"k{n}": n for n in range(50_000)}}
    body = json.dumps(value).encode()
    assert unpacked(body) == ("value", value)
    assert from_file(body, file) == ("value", value)


TOKENS = st.sampled_from(
    ["[", "]", "{", "}", ",", ":", " ", "\n", '"', '"a"', '"\\u00e9"', '"\\', "0", "-", "1", ".", "e", "+",
     "12", "true", "false", "null", "nul", "NaN", "Infinity", "'", "/", "\t", "\x00", "é", '"k":', "[1,2]",
     '{"k":1}', "\\", "u", "E5"]
)  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abж\n\0", max_size=3), inner),
    max_leaves=12,
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """JSON with a token put in, or a character left out, at some place."""
    text = json.dumps(draw(VALUES), ensure_ascii=draw(st.booleans()))
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(TOKENS | st.just("")) + text[at + draw(st.integers(0, 1)) :]


def standard(text: str) -> Outcome:
    """What the standard library makes of it, without the words that JSON does not have."""

    def no_constant(word: str) -> Any:
        raise ValueError(word)

    try:
        return "value", json.loads(text, parse_constant=no_constant)
    except ValueError:
        return "refused", None


def is_odd(value: Any) -> bool:
    """Whether it holds what our readers refuse: half characters, numbers beyond a float."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("read", [unpacked, from_file], ids=["unpack", "file"])
@given(text=damaged() | st.lists(TOKENS, max_size=9).map("".join))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_readers_agree_with_the_standard_library(
    read: Callable[..., Outcome], file: Path, text: str
) -> None:
    kind, value = standard(text)
    outcome = read(text.encode()) if read is unpacked else read(text.encode(), file)
    if kind == "value" and not is_odd(value):
        assert outcome[0] == "faults" or repr(outcome[1]) == repr(value)
    else:
        assert outcome[0] in {"refused", "faults"}
    if outcome[0] == "refused":
        assert re.fullmatch(r"\w+ \d+:\d+", outcome[1])


@given(value=VALUES)
def test_what_pack_writes_unpack_reads(value: Any) -> None:
    packing = compiled(chain(pipe("pack", template="$#in.value"), pipe("unpack"))).pipeline("message")
    with step_by_hand(run(packing, Bench().event({"value": value}))) as result:
        assert repr(result.data["data"]) == repr(value)
