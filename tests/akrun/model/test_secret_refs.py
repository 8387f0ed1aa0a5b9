"""Secrets by reference: `env:NAME` and `file:PATH` in a mailing."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from akrun.errors import FileFaults
from akrun.model import Channel, load_mailing_file, load_values
from akrun.model.secret_refs import MAX_BYTES, SecretError, resolve

CHANNEL = Channel.model_validate(
    {
        "name": "C",
        "id": 1,
        "string_id": "c",
        "communication": "direct",
        "module": "m",
        "fields": {
            "sender": [
                {"type": "string", "name": "key", "secret": True, "required": True, "pattern": "[a-z0-9]+"},
                {"type": "int", "name": "pin", "secret": True, "max": 9999},
                {"type": "json", "name": "credentials", "secret": True},
                {"type": "string", "name": "plain"},
            ],
            "subscription": [{"type": "string", "name": "phone"}],
        },
    }
)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKRUN_TEST_KEY", "k4711")
    monkeypatch.setenv("AKRUN_TEST_PIN", "1234")
    monkeypatch.setenv("AKRUN_TEST_EMPTY", "")
    monkeypatch.setenv("AKRUN_TEST_BAD", "HIDDEN-1")


def load(folder: Path, given: dict[str, Any] | None = None, **sender: Any) -> dict[str, Any]:
    path = folder / "mailing.json"
    path.write_text(json.dumps({"id": 1, "name": "M", "sender": sender}, indent=1))
    return load_mailing_file(path, CHANNEL, given)[0].sender


def faults(folder: Path, given: dict[str, Any] | None = None, **sender: Any) -> FileFaults:
    with pytest.raises(FileFaults) as caught:
        load(folder, given, **sender)
    return caught.value


def test_references_are_resolved_at_load(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text('{"id": "a", "n": [1]}\n')
    sender = load(
        tmp_path, key="env:AKRUN_TEST_KEY", pin="env:AKRUN_TEST_PIN", credentials="file:credentials.json"
    )
    assert sender == {"key": "k4711", "pin": 1234, "credentials": {"id": "a", "n": [1]}}


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_line_end_at_the_end_of_a_file_is_not_part_of_the_secret(tmp_path: Path, end: str) -> None:
    (tmp_path / "key").write_bytes(b"abc" + end.encode())
    assert resolve("file:key", tmp_path) == "abc"
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbfabc\n" + end.encode())
    assert resolve("file:key", tmp_path).rstrip("\n") == "abc"


def test_only_secret_fields_have_references(tmp_path: Path) -> None:
    assert load(tmp_path, key="abc", plain="env:AKRUN_TEST_KEY")["plain"] == "env:AKRUN_TEST_KEY"


def test_references_to_nothing_are_located(tmp_path: Path) -> None:
    error = faults(tmp_path, key="env:AKRUN_TEST_NONE", pin="env:AKRUN_TEST_EMPTY", credentials="file:none")
    assert [(fault.code, fault.message) for fault in error.faults] == [
        ("C314", "`sender.key`: the environment variable `AKRUN_TEST_NONE` is not set"),
        ("C314", "`sender.pin`: the environment variable `AKRUN_TEST_EMPTY` is empty"),
        ("C314", "`sender.credentials`: the file `none` cannot be read: No such file or directory"),
    ]
    assert '"key": "env:AKRUN_TEST_NONE"' in error.faults[0].frame()


def test_the_secret_itself_keeps_the_rules_and_is_not_shown(tmp_path: Path) -> None:
    error = faults(tmp_path, key="env:AKRUN_TEST_BAD", pin="env:AKRUN_TEST_KEY")
    assert [fault.code for fault in error.faults] == ["C313", "C313"]
    assert "HIDDEN" not in error.frames()
    assert "k4711" not in error.frames()
    assert "env:AKRUN_TEST_BAD" in error.frames()


def test_given_references_take_the_place_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mailings"
    folder.mkdir()
    (tmp_path / "key").write_text("fromhere")
    monkeypatch.chdir(tmp_path)
    assert load(folder, {"sender.key": "file:key"}, key="env:AKRUN_TEST_NONE")["key"] == "fromhere"
    error = faults(folder, {"sender.key": "env:AKRUN_TEST_NONE"}, key="abc")
    assert [fault.code for fault in error.faults] == ["C314"]
    assert error.faults[0].to_dict()["name"] == "--set"


def test_values_without_a_mailing_may_be_incomplete() -> None:
    assert load_values(CHANNEL, {"sender.pin": "env:AKRUN_TEST_PIN"})["sender"] == {"pin": 1234}
    assert load_values(CHANNEL, {})["sender"] == {}
    with pytest.raises(FileFaults) as caught:
        load_values(CHANNEL, {"sender.key": "env:AKRUN_TEST_BAD", "sender.kee": "x", "sender.pin": 10_000})
    assert sorted(fault.code for fault in caught.value.faults) == ["C312", "C313", "C313"]
    assert "HIDDEN" not in str(caught.value)
    assert "10000" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfeSECRET", "is not UTF-8 text"),
        (b"x" * (MAX_BYTES + 1), "is larger than 1024 KiB"),
        (b"\n", "is empty"),
    ],
)
def test_files_that_are_no_secrets(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(SecretError, match=message) as caught:
        resolve("file:key", tmp_path)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("path", ["", ".", "a\0b"])
def test_odd_paths(tmp_path: Path, path: str) -> None:
    with pytest.raises(SecretError):
        resolve(f"file:{path}", tmp_path)


def test_the_environment_may_be_passed_in(tmp_path: Path) -> None:
    assert resolve("env:NAME", tmp_path, {"NAME": "x"}) == "x"
    assert os.environ.get("NAME") is None
