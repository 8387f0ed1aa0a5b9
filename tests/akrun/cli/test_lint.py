"""`akrun lint`: what it looks at, what it prints, how it exits."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from akrun.cli import main

FAULTY = Path(__file__).parents[2] / "lint" / "faulty"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lint(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["lint", *arguments], input=stdin)


def take(name: str, to: Path) -> Path:
    to.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(FAULTY / name, to))


def test_errors_give_1_warnings_only_with_strict_notes_never(folder: Path) -> None:
    take("L201-forgotten-unpack.json", folder / "error.json")
    take("L202-set-on-one-way.json", folder / "warning.json")
    take("L701-old-name-of-a-type.json", folder / "note.json")
    assert lint("error.json").exit_code == 1
    assert [lint("warning.json").exit_code, lint("warning.json", "--strict").exit_code] == [0, 1]
    assert lint("note.json", "--strict").exit_code == 0
    assert lint("error.json").stdout.endswith("\n\n1 channel: 1 error\n")


def test_a_folder_is_looked_through_for_channels(folder: Path) -> None:
    take("L201-forgotten-unpack.json", folder / "a" / "one.json")
    take("L202-member-left-out.yaml", folder / "a" / "b" / "two.yaml")
    take("C105-comma-after-the-last-pipe.json", folder / "c" / "channel.json")
    take("L201-forgotten-unpack.json", folder / ".hidden" / "channel.json")
    (folder / "a" / "mailing.json").write_text('{"id": 1, "sender": {"key": "k"}}')
    (folder / "a" / "channel.test.yaml").write_text("channel: [")
    (folder / "a" / "package.json").write_text('{"name": "x"')
    result = lint()
    places = [line.split(":")[0] for line in result.stdout.splitlines() if " L2" in line or " C1" in line]
    assert places == ["a/b/two.yaml", "a/one.json", "c/channel.json"]
    assert result.stdout.endswith("3 channels: 2 errors, 1 warning\n")
    assert lint("a/one.json", "a").stdout.endswith("2 channels: 1 error, 1 warning\n")


@pytest.mark.parametrize("name", ["L201-forgotten-unpack.json", "L202-member-left-out.yaml"])
def test_standard_input_is_json_or_yaml(name: str) -> None:
    text = (FAULTY / name).read_text(encoding="utf-8")
    result = lint("-", stdin=text)
    assert f" {name[:4]} " in result.stdout
    assert result.stdout.startswith("<stdin>:")


def test_what_cannot_be_looked_at_gives_2(folder: Path) -> None:
    (folder / "notes.txt").write_text("x")
    (folder / "latin.json").write_bytes(b'{"name": "\xe9"}')
    for path, words in {
        "nowhere.json": "there is no such file",
        "notes.txt": "a channel's name ends in .json, .yaml, .yml",
        "latin.json": "not UTF-8",
        ".": "there is no channel in this folder",
    }.items():
        (folder / "latin.json").unlink() if path == "." else None
        result = lint(path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert words in result.stderr


def test_select_and_ignore_take_beginnings_of_ids_but_faults_are_always_told(folder: Path) -> None:
    take("L201-forgotten-unpack.json", folder / "channel.json")
    assert lint("--select", "L1,L3", ".").stdout == "1 channel: nothing wrong\n"
    assert "L201" in lint("--select", "l2", ".").stdout
    assert lint("--ignore", "L201", ".").exit_code == 0
    take("C503-misspelled-method.json", folder / "channel.json")
    assert "C503" in lint("--ignore", "C5", ".").stdout


def test_formats_for_programs_print_nothing_else(folder: Path) -> None:
    take("L201-forgotten-unpack.json", folder / "channel.json")
    result = lint("--format", "json", ".")
    assert (result.exit_code, json.loads(result.stdout)["summary"]["error"]) == (1, 1)
    assert json.loads(lint("--format", "sarif", ".").stdout)["runs"][0]["results"][0]["ruleId"] == "L201"
    assert lint("--format", "github", ".").stdout.startswith("::error file=channel.json,line=34,")


def test_fix_writes_the_file_and_diff_only_shows(folder: Path) -> None:
    file = take("L701-old-name-of-a-type.json", folder / "channel.json")
    before = b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n")
    file.write_bytes(before)
    shown = lint("--diff", "channel.json").stdout
    assert '-        "type": "packer",' in shown
    assert '+        "type": "pack",' in shown
    assert file.read_bytes() == before
    result = lint("--fix", "channel.json")
    assert (result.exit_code, result.stdout) == (0, "1 channel: nothing wrong\n")
    assert result.stderr == "channel.json: mended 2\n"
    assert file.read_bytes() == before.replace(b"packer", b"pack").replace(b"requester", b"request")
    assert lint("--fix", "channel.json").stderr == ""
    assert lint("--diff", "channel.json").stdout == ""


def test_standard_input_can_be_compared_but_not_mended() -> None:
    text = (FAULTY / "L701-old-name-of-a-type.json").read_text(encoding="utf-8")
    assert "+++ <stdin>" in lint("-", "--diff", stdin=text).stdout
    result = lint("-", "--fix", stdin=text)
    assert result.exit_code == 2
    assert "--fix needs files" in result.stderr
