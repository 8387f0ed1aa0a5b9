"""Files on disk read into documents, and the faults of files that cannot be."""

from pathlib import Path

import pytest

from akrun.errors import FileFaults
from akrun.model import codes, located, parse_located, read_located
from aktmpl.source import Source, Span, frame


def only_fault(caught: pytest.ExceptionInfo[FileFaults]) -> tuple[str, str]:
    (fault,) = caught.value.faults
    return fault.code, fault.message


def test_name_is_the_path_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert read_located("a.json").source.name == "a.json"
    assert read_located(tmp_path / "a.json").source.name == str(tmp_path / "a.json")


def test_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    document = read_located(tmp_path / "a.json")
    assert document.value == {"a": 1}
    assert document.span("/a") == Span(6, 7)


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".YML"])
def test_extension_names_the_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("a: [1, x]")
    assert read_located(path).value == {"a": [1, "x"]}


def test_file_that_is_not_there() -> None:
    with pytest.raises(FileFaults) as caught:
        read_located("nowhere.json")
    assert only_fault(caught) == (codes.UNREADABLE, "there is no such file")
    assert str(caught.value).startswith("nowhere.json:1:1: C101 there is no such file")


def test_folder(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(FileFaults) as caught:
        read_located(tmp_path / "a.json")
    assert only_fault(caught) == (codes.UNREADABLE, "this is a folder, not a file")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied"), "the file may not be read"),
        (OSError(5, "Input/output error"), "the file cannot be read: Input/output error"),
    ],
)
def test_file_that_the_system_withholds(error: OSError, message: str) -> None:
    (fault,) = located.unreadable("a.json", error).faults
    assert (fault.code, fault.message) == (codes.UNREADABLE, message)


def test_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.truncate(located.MAX_FILE_BYTES + 1)
    with pytest.raises(FileFaults) as caught:
        read_located(path)
    assert only_fault(caught) == (codes.TOO_LARGE, "the file is larger than 16 MiB")


def test_pointer_to_nothing_gives_the_start_of_the_innermost_part_there() -> None:
    document, _ = parse_located('{"a": {"b": 1}}', "f.json")
    assert document.span("/a/c/d") == Span(6, 7)
    assert document.span("/a/b/c") == Span(12, 13)
    assert document.origin("/a/c") is None
    with pytest.raises(KeyError):
        document.part("/a/c")


def test_parts_that_are_no_text_have_no_origin() -> None:
    document, _ = parse_located('{"a": [1, "x"]}', "f.json")
    assert document.origin("/a") is None
    assert document.origin("/a/0") is None
    assert document.origin("/a/1", is_key=True) is None
    assert document.origin("", is_key=True) is None


def test_frame_of_a_leaf_shows_the_file_under_the_character_meant() -> None:
    document, _ = parse_located('{"text": "\\u0048i $profil"}', "f.json")
    leaf = Source("Hi $profil", "f.json", "/text", document.origin("/text"))
    assert frame(leaf, Span(3, 10), "unknown root").splitlines() == [
        "f.json:1:19: unknown root (at /text)",
        '  1 | {"text": "\\u0048i $profil"}',
        "    |                   ^^^^^^^",
    ]


def test_odd_keys_are_reached_by_their_pointers() -> None:
    document, _ = parse_located('{"a/b": {"~": {"": [5]}}}', "f.json")
    assert document.part("/a~1b/~0//0") == 5
    assert document.span("/a~1b/~0//0") == Span(20, 21)


@pytest.mark.parametrize("index", ["-1", "1", "٠", "00000", "x"])
def test_what_is_no_index_of_a_list_leads_nowhere(index: str) -> None:
    document, _ = parse_located("[[5]]", "f.json")
    assert document.span(f"/0/{index}") == Span(1, 2)


def test_masked_document_hides_values_and_keeps_places() -> None:
    document, _ = parse_located('{"key": "a b", "n": 12}', "f.json")
    masked = document.masked(["/key", "/n"])
    assert masked.source.text == '{"key": ** **, "n": **}'
    assert masked.span("/n") == document.span("/n")
    assert masked.value == document.value
