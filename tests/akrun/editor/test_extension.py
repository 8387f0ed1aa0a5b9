"""The extension for Visual Studio Code, as far as it can be looked at without it."""

import json
import tomllib
from pathlib import Path
from typing import Any

from akrun.editor.tokens import LEGEND

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "editors" / "vscode"


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def test_its_version_is_ours() -> None:
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    lock = read("package-lock.json")
    assert [read("package.json")["version"], lock["version"], lock["packages"][""]["version"]] == [ours] * 3


def test_the_lock_file_names_no_registry() -> None:
    packages = read("package-lock.json")["packages"]
    assert [name for name, each in packages.items() if "resolved" in each] == []
    assert [name for name, each in packages.items() if name and "integrity" not in each] == []


def test_every_kind_of_token_has_a_colour() -> None:
    (scopes,) = read("package.json")["contributes"]["semanticTokenScopes"]
    assert {*scopes["scopes"]} == {*LEGEND}


def test_what_it_starts_is_a_command() -> None:
    settings = read("package.json")["contributes"]["configuration"]["properties"]
    assert settings["akrun.command"]["default"] == ["akrun", "lsp"]
