"""What the README shows is so: its channel compiles, its Python runs, its links lead somewhere."""

import re
from pathlib import Path

import pytest

from akrun.engine.compile import compile_channel
from akrun.errors import FileFaults
from akrun.model import load_channel_file

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / "README.md",
    ROOT / "DESIGN.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)")


def block(language: str) -> str:
    """The README's first block of a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def test_the_channel_compiles_and_has_thirty_lines(tmp_path: Path) -> None:
    text = block("json")
    file = tmp_path / "channel.json"
    file.write_text(text, encoding="utf-8")
    compiled = compile_channel(*load_channel_file(file))
    assert set(compiled.pipelines) == {"message"}
    assert text.count("\n") <= 32


def test_the_error_shown_is_what_a_slip_in_it_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("channel.json").write_text(block("json").replace("${profile.", "${profil."), encoding="utf-8")
    with pytest.raises(FileFaults) as caught:
        compile_channel(*load_channel_file("channel.json"))
    assert caught.value.frames() in README


def test_the_python_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    code = block("python")
    expected = re.findall(r"^(\w.*?)\s+# (.+)$", code, re.MULTILINE)
    assert len(expected) == 3
    scope: dict[str, object] = {}
    exec(code, scope)
    for expression, result in expected:
        assert repr(eval(expression, scope)) == result
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    broken = [
        link for link in _LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()
    ]
    assert broken == []
