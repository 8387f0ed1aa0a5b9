"""Audiences: rows of both formats, rows to skip, and faults that do not stop the reading."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.errors import Fault, FileFaults
from akrun.model import AudienceRow, Channel, codes, read_audience, validate_audience
from akrun.model.audience_row import MAX_ROW_BYTES

CHANNEL = Channel.model_validate(
    {
        "name": "C",
        "id": 1,
        "string_id": "c",
        "communication": "direct",
        "module": "m",
        "fields": {
            "subscription": [
                {"type": "string", "name": "phone", "required": True, "secret": True, "pattern": "\\+[0-9]+"},
                {"type": "int", "name": "opt.tries", "default": 3},
                {"type": "bool", "name": "vip"},
            ]
        },
    }
)


def rows(path: Path, content: str | bytes) -> list[AudienceRow | Fault]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_audience(path, CHANNEL))


def sound(path: Path, content: str | bytes) -> list[AudienceRow]:
    found = [row for row in rows(path, content) if isinstance(row, AudienceRow)]
    assert len(found) == len(list(read_audience(path, CHANNEL)))
    return found


def faults(path: Path, content: str | bytes) -> list[tuple[str, int, int]]:
    """Code, line and column of each fault."""
    found = [row.to_dict() for row in rows(path, content) if isinstance(row, Fault)]
    return [(fault["code"], fault["line"], fault["column"]) for fault in found]


@pytest.mark.parametrize(
    ("line", "profile", "subscription"),
    [
        (
            '{"profile": {"id": 1, "n": "x"}, "subscription": {"phone": "+7"}}',
            {"id": 1, "n": "x"},
            {"phone": "+7"},
        ),
        ('{"id": "a", "subscription": {"phone": "+7"}}', {"id": "a"}, {"phone": "+7"}),
        (
            '{"subscription": {"phone": "+7", "vip": true}, "profile": {"id": 2}}',
            {"id": 2},
            {"phone": "+7", "vip": True},
        ),
    ],
)
def test_jsonl_row(tmp_path: Path, line: str, profile: dict[str, Any], subscription: dict[str, Any]) -> None:
    (row,) = sound(tmp_path / "a.jsonl", line)
    filled = {**subscription, "opt": {"tries": 3}}
    assert row == AudienceRow(1, str(profile["id"]), profile, filled)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_row(tmp_path: Path, separator: str, newline: str, mark: str) -> None:
    cells = [
        [
            "id",
            "profile.name",
            "address.city",
            "subscription.phone",
            "subscription.opt.tries",
            "subscription.vip",
        ],
        ["1", f'"Анна{separator} ""А"""', '"two\nlines"', "+7", "5", "TRUE"],
        ["2", "", "", "+8", "", "0"],
    ]
    text = mark + newline.join(separator.join(line) for line in cells) + newline
    first, second = sound(tmp_path / "a.csv", text)
    profile = {"id": "1", "name": f'Анна{separator} "А"', "address": {"city": "two\nlines"}}
    assert first == AudienceRow(2, "1", profile, {"phone": "+7", "opt": {"tries": 5}, "vip": True})
    assert second == AudienceRow(4, "2", {"id": "2"}, {"phone": "+8", "vip": False, "opt": {"tries": 3}})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '{"id": 1}'),
        ("a.jsonl", '{"id": 1, "subscription": null}'),
        ("a.jsonl", '{"id": 1, "subscription": {"phone": null}}'),
        ("a.ndjson", '{"id": 1, "subscription": {"phone": ""}}'),
        ("a.csv", "id\n1\n"),
        ("a.csv", "id,subscription.phone\n1,\n"),
    ],
)
def test_row_without_the_needed_field_is_skipped_not_faulty(tmp_path: Path, name: str, content: str) -> None:
    (row,) = sound(tmp_path / name, content)
    assert row.skip_reason == "the required `subscription.phone` is missing"


@pytest.mark.parametrize(
    ("written", "read"), [("7", "7"), ('"07"', "07"), ("-1", "-1"), ("1" * 30, "1" * 30)]
)
def test_profile_id_is_text(tmp_path: Path, written: str, read: str) -> None:
    (row,) = sound(tmp_path / "a.jsonl", f'{{"id": {written}}}')
    assert row.profile_id == read
    assert row.profile["id"] == json.loads(written)


@pytest.mark.parametrize("written", ["null", '""', "1.5", "true", "[1]", "{}"])
def test_profile_id_of_another_kind_is_a_fault(tmp_path: Path, written: str) -> None:
    assert faults(tmp_path / "a.jsonl", f'\n\n{{"id": {written}}}') == [(codes.PROFILE_ID, 3, 8)]


def test_blank_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    assert [row.line for row in sound(tmp_path / "a.jsonl", '\n{"id": 1}\n \r\n\n{"id": 2}')] == [2, 5]
    assert [row.line for row in sound(tmp_path / "a.csv", "id,name\n\n1,a\n,\n\n2,b")] == [3, 6]


def test_reading_goes_on_after_a_fault(tmp_path: Path) -> None:
    found = rows(tmp_path / "a.jsonl", '{"id": 1}\n{"id"\n{"id": 3}\n')
    assert [type(each).__name__ for each in found] == ["AudienceRow", "Fault", "AudienceRow"]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ('{"id": 1,}', 9),
        ('{"id": NaN}', 8),
        ('{"id": 1, "x": 1e999}', 16),
        ('{"id": "\\ud83d"}', 9),
        ('{"id": 1, "x": ' + "9" * 500 + "}", 16),
        ('{"id": 1, "x": ' + "[" * 64 + "]" * 64 + "}", 79),
        ('{"x": ' + "[" * 10_000, 70),
        ('{"id": 1} {"id": 2}', 11),
    ],
)
def test_broken_json_has_line_and_column(tmp_path: Path, line: str, column: int) -> None:
    assert faults(tmp_path / "a.jsonl", f'{{"id": 0}}\n{line}\n') == [(codes.ROW_SYNTAX, 2, column)]


def test_pair_of_surrogates_is_read(tmp_path: Path) -> None:
    (row,) = sound(tmp_path / "a.jsonl", '{"id": "\\ud83d\\ude00"}')
    assert row.profile_id == "😀"


def test_line_that_is_too_long_is_a_fault_and_the_next_is_read(tmp_path: Path) -> None:
    long = '{"id": "' + "x" * (3 * MAX_ROW_BYTES) + '"}'
    found = rows(tmp_path / "a.jsonl", f'{long}\n{{"id": 2}}\n')
    assert [each.code if isinstance(each, Fault) else each.profile_id for each in found] == [
        codes.ROW_TOO_LARGE,
        "2",
    ]


def test_quote_that_is_never_closed_does_not_take_in_the_file(tmp_path: Path) -> None:
    lines = "".join(f"{number},{'x' * 1000}\n" for number in range(3000))
    found = rows(tmp_path / "a.csv", 'id,name\n0,"open\n' + lines)
    assert isinstance(found[0], Fault)
    assert found[0].code == codes.ROW_TOO_LARGE
    assert found[0].to_dict()["line"] == 2
    assert isinstance(found[-1], AudienceRow)
    assert found[-1].profile_id == "2999"


def test_csv_line_that_is_too_long_is_a_fault_and_the_next_is_read(tmp_path: Path) -> None:
    found = rows(tmp_path / "a.csv", "id,name\n0," + "x" * (2 * MAX_ROW_BYTES) + "\n1,y\n")
    assert [each.code if isinstance(each, Fault) else each.profile_id for each in found] == [
        codes.ROW_TOO_LARGE,
        "1",
    ]


def test_frames_hide_secret_subscription_values(tmp_path: Path) -> None:
    secret = "89990000002"
    line = json.dumps({"id": 1, "subscription": {"phone": secret, "vip": "yes"}})
    table = f"id,subscription.phone,subscription.vip\n1,{secret},yes\n"
    for path, content in ((tmp_path / "a.jsonl", line), (tmp_path / "a.csv", table)):
        frames = "\n".join(each.frame() for each in rows(path, content) if isinstance(each, Fault))
        assert frames.count("subscription.") == 2
        assert secret not in frames


def test_validate_counts_all_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1}\n{"id": 2, "subscription": {"phone": "+7"}}\n')
    assert validate_audience(path, CHANNEL) == 2


def test_validate_shows_twenty_faults_and_counts_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("[1]\n" * 123)
    with pytest.raises(FileFaults) as caught:
        validate_audience(path, CHANNEL)
    assert (len(caught.value.faults), caught.value.omitted) == (20, 103)
    assert caught.value.frames().endswith("\n\nand 103 more")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", b"", codes.UNKNOWN_FORMAT),
        ("a.csv", "id\n1\n".encode("utf-16"), codes.NOT_UTF8),
        ("a.jsonl", '{"id": 1}'.encode("utf-16-be"), codes.ROW_SYNTAX),
    ],
)
def test_files_of_another_kind(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileFaults) as caught:
        validate_audience(path, CHANNEL)
    assert [fault.code for fault in caught.value.faults] == [code]


def test_missing_file_is_told_before_the_first_row() -> None:
    with pytest.raises(FileFaults, match="there is no such file"):
        next(read_audience("nowhere.csv", CHANNEL))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = tmp_path / f"{count}.jsonl"
        path.write_text("".join(f'{{"id": {number}}}\n' for number in range(count)))
        tracemalloc.start()
        for _ in read_audience(path, CHANNEL):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(8_000) < peak(1_000) + 100_000


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(',;"\n\t'), max_size=8)


@given(st.lists(st.tuples(st.integers(0, 99), CELLS, CELLS), min_size=1, max_size=5))
def test_quoted_cells_come_back_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[int, str, str]]
) -> None:
    quoted = [
        [f'"{cell}"' for cell in (str(number), a.replace('"', '""'), b.replace('"', '""'))]
        for number, a, b in table
    ]
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    read = sound(path, "id,a,b\n" + "\n".join(",".join(row) for row in quoted) + "\n")
    assert [(row.profile_id, row.profile.get("a", ""), row.profile.get("b", "")) for row in read] == [
        (str(number), a, b) for number, a, b in table
    ]


@given(st.binary(max_size=80))
def test_any_bytes_are_rows_or_located_faults(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    for name in ("a.jsonl", "a.csv"):
        path = tmp_path_factory.mktemp("any") / name
        path.write_bytes(b"id,name\n" + content if name == "a.csv" else b"\n" + content)
        for each in read_audience(path, CHANNEL):
            if isinstance(each, Fault):
                assert each.frame().startswith(f"{path}:")
