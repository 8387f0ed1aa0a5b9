"""Audiences in JSON: an array cut into rows, whatever its layout, with the places of its faults."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.errors import Fault
from akrun.model import AudienceRow, Channel, audience_json, codes, read_audience
from akrun.model.audience_row import MAX_ROW_BYTES
from tests.akrun.model.test_audience import CHANNEL

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "profile": st.fixed_dictionaries(
                {"id": st.text('[]{},"\\ ёa', min_size=1)}, optional={"x": st.lists(TEXT)}
            )
        },
        optional={"subscription": st.fixed_dictionaries({"phone": st.just("+7")})},
    ),
    max_size=5,
)


def read(path: Path, content: str | bytes, channel: Channel = CHANNEL) -> list[AudienceRow | Fault]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_audience(path, channel))


def places(found: list[AudienceRow | Fault]) -> list[Any]:
    """Profile ids of rows; code, line and column of faults."""
    shown: list[Any] = []
    for each in found:
        if isinstance(each, AudienceRow):
            shown.append(each.profile_id)
        else:
            about = each.to_dict()
            shown.append((about["code"], about["line"], about["column"]))
    return shown


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audience.json"


@given(
    rows=ROWS,
    indent=st.sampled_from([None, 0, 2]),
    ascii_only=st.booleans(),
    chunk=st.sampled_from([1, 7, 65536]),
)
def test_it_reads_what_jsonl_reads(
    tmp_path_factory: pytest.TempPathFactory,
    rows: Any,
    indent: int | None,
    ascii_only: bool,  # noqa: FBT001
    chunk: int,
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audience_json, "_CHUNK", chunk)
        found = read(folder / "a.json", json.dumps(rows, indent=indent, ensure_ascii=ascii_only))
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    expected = read(folder / "a.jsonl", lines)
    assert [
        (row.profile, row.subscription, row.skip_reason) for row in found if isinstance(row, AudienceRow)
    ] == [
        (row.profile, row.subscription, row.skip_reason) for row in expected if isinstance(row, AudienceRow)
    ]
    assert len(found) == len(expected) == len(rows)


def test_places_of_rows_and_faults(path: Path) -> None:
    content = '[\n  {"id": 1},\n  {"ид": 2}, {"id": 3, "subscription": {"vip": "x"}},\n  5, {"id": 4}]'
    assert places(read(path, content)) == [
        "1", (codes.PROFILE_ID, 3, 3), (codes.SUBSCRIPTION_VALUE, 3, 48), (codes.ROW_SHAPE, 4, 3), "4",
    ]  # fmt: skip


def test_a_frame_shows_the_place_on_its_line(path: Path) -> None:
    [_, fault] = read(path, '[{"id": 1}, {"id": true}]')
    assert isinstance(fault, Fault)
    assert fault.frame().splitlines()[1:3] == [
        '  1 |             {"id": true}',
        "    |                    ^^^^",
    ]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("[]", []),
        (" \n[ ]\n ", []),
        ('\ufeff[{"id":1}]', ["1"]),
        ("", [(codes.ROW_SHAPE, 1, 1)]),
        ('{"id": 1}', [(codes.ROW_SHAPE, 1, 1)]),
        ('[{"id":1}', ["1", (codes.ROW_SYNTAX, 1, 10)]),
        ('[{"id":1},', ["1", (codes.ROW_SYNTAX, 1, 11)]),
        ('[{"id":1},]', ["1", (codes.ROW_SYNTAX, 1, 11)]),
        ('[{"id":1} {"id":2}]', [(codes.ROW_SYNTAX, 1, 11)]),
        ('[{"id":1}]\n{', ["1", (codes.ROW_SYNTAX, 2, 1)]),
        ('[{"id":1, "x": }, {"id":2}]', [(codes.ROW_SYNTAX, 1, 16), "2"]),
        ('[{"id":1}}]', ["1", (codes.ROW_SYNTAX, 1, 10)]),
        ('[{"id":"1}]', [(codes.ROW_SYNTAX, 1, 8)]),
        ('["a", {"id":2}]', [(codes.ROW_SHAPE, 1, 2), "2"]),
    ],
)
def test_faults_of_the_array(path: Path, content: str, found: list[Any]) -> None:
    assert places(read(path, content))[: len(found)] == found


def test_bytes_that_are_not_utf8(path: Path) -> None:
    assert places(read(path, b'[{"id":1},\n {"id":"\xff"}]')) == ["1", (codes.ROW_ENCODING, 2, 9)]


def test_a_row_that_is_too_large_is_passed_over(path: Path) -> None:
    large = '{"id": 1, "x": "' + "a]}" * (MAX_ROW_BYTES // 2) + '", "y": [{"z": "\\""}]}'
    assert places(read(path, f'[{large}, {{"id": 2}}, "{"b" * (3 * MAX_ROW_BYTES)}", {{"id": 3}}]')) == [
        (codes.ROW_TOO_LARGE, 1, 2), "2", (codes.ROW_TOO_LARGE, 1, len(large) + 15), "3",
    ]  # fmt: skip


def test_memory_does_not_grow_with_the_file(path: Path) -> None:
    row = json.dumps({"id": 1, "x": "y" * 900})
    path.write_text("[" + ",".join([row] * 20_000) + "]")
    tracemalloc.start()
    count = sum(1 for _ in read_audience(path, CHANNEL))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 2_000_000
