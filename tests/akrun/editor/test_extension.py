"""The extension for Visual Studio Code: its files, its package, and that this starts a server."""

import json
import shutil
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from akrun.editor.tokens import LEGEND
from tests.akrun.editor.node import installed, run

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "editors" / "vscode"
STAND_IN = Path(__file__).with_name("vscode_stand_in.cjs")


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def version() -> str:
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(about["project"]["version"])


def test_its_version_is_ours() -> None:
    lock = read("package-lock.json")
    own = [read("package.json")["version"], lock["version"], lock["packages"][""]["version"]]
    assert own == [version()] * 3


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


def test_the_package_is_made_holds_what_it_should_and_starts_the_server(tmp_path: Path) -> None:
    package = packed(tmp_path)
    assert package.name == f"akrun-{version()}.vsix"
    content = tmp_path / "content"
    with zipfile.ZipFile(package) as archive:
        assert {*archive.namelist()} == {
            "[Content_Types].xml",
            "extension.vsixmanifest",
            "extension/LICENSE.txt",
            "extension/dist/extension.js",
            "extension/package.json",
            "extension/readme.md",
        }
        archive.extractall(content)
    about = json.loads((content / "extension" / "package.json").read_text(encoding="utf-8"))
    assert about["version"] == version()
    entry = content / "extension" / about["main"]
    commands = [each["command"] for each in about["contributes"]["commands"]]
    for command, said in (
        ([sys.executable, "-m", "akrun.cli", "lsp"], []),
        (["/nowhere/akrun", "lsp"], ["akrun: the language server does not start (Launching server"]),
    ):
        seen = json.loads(run("node", STAND_IN, entry, *command, folder=content))
        assert seen["commands"] == commands
        told = [each for each in seen["errors"] if each.startswith("akrun: ")]
        assert [text[: len(start)] for text, start in zip(told, said, strict=True)] == said


def packed(into: Path) -> Path:
    """The package, made in a folder of a copy of what is under version control."""
    (into / "editors").mkdir()
    shutil.copy(ROOT / "LICENSE", into)
    folder = installed(FOLDER, into / "editors" / "vscode")
    *_, path = run("npm", "run", "package", "--", into / "made", folder=folder).splitlines()
    return Path(path)
