"""`akrun new`: what it takes, asks and says."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest
from click.testing import Result

from tests.akrun.mailing.scene import ENVIRONMENT, invoke


def new(*arguments: str) -> Result:
    return invoke("new", *arguments)


def channel(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "channel.json").read_text(encoding="utf-8"))
    return found


def test_a_directory_is_enough(tmp_path: Path) -> None:
    result = new(str(tmp_path / "Corner shop"))
    assert result.exit_code == 0
    made = channel(tmp_path / "Corner shop")
    assert (made["name"], made["string_id"], made["communication"]) == (
        "Corner shop",
        "corner_shop",
        "direct",
    )
    assert f"Corner shop: channel corner_shop ({made['id']})" in result.stdout
    assert f"cd '{tmp_path}/Corner shop'" in result.stdout
    assert "CORNER_SHOP_KEY=none akrun send channel.json mailing.json --dry-run" in result.stdout


def test_options_say_it_all(tmp_path: Path) -> None:
    options = ["--kind", "xml", "--indirect", "--name", "Shop", "--string-id", "s-1", "--id", "0"]
    assert new(str(tmp_path), *options).exit_code == 0
    made = channel(tmp_path)
    assert (made["name"], made["string_id"], made["id"], made["communication"]) == (
        "Shop",
        "s-1",
        0,
        "indirect",
    )
    assert made["pipelines"]["message"][0]["params"]["type"] == "XML"


def test_the_directory_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    assert new(".").exit_code == 0
    assert channel(Path())["name"] == "shop"


def test_without_a_directory_and_a_terminal_it_is_wrong_usage() -> None:
    result = new()
    assert result.exit_code == 2
    assert "DIRECTORY is missing" in result.stderr


def test_faults_are_told_on_one_line(tmp_path: Path) -> None:
    result = new(str(tmp_path / "x"), "--string-id", "email")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "the string id `email` is that of a channel of akrun's own\n"
    assert not (tmp_path / "x").exists()


def test_on_a_terminal_it_asks(tmp_path: Path) -> None:
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "akrun.cli", "new"],
        cwd=tmp_path,
        env={**os.environ, **ENVIRONMENT},
        timeout=120,
        encoding="utf-8",
    )
    for question, answer in [
        (r"Directory \[channel\]", "shop"),
        (r"Name of the channel \[shop\]", "Corner shop"),
        (r"Name for machines \[corner_shop\]", ""),
        (r"Number \[\d+\]", "-5"),
        (r"Number \[\d+\]", "77"),
        (r"How the service wants a message \(json, form, xml\) \[json\]", "form"),
        (r"One message for every profile \[Y/n\]", "n"),
    ]:
        terminal.expect(question)
        terminal.sendline(answer)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    made = channel(tmp_path / "shop")
    assert (made["name"], made["string_id"], made["id"]) == ("Corner shop", "corner_shop", 77)
    assert made["communication"] == "indirect"
