"""The examples' tests themselves: each kind of example that is wrong is told."""

from pathlib import Path

import pytest

from tests.docs import examples
from tests.docs.blocks import Page, read_page


@pytest.fixture
def page(tmp_path: Path, request: pytest.FixtureRequest) -> Page:
    path = tmp_path / "page.md"
    path.write_text(request.param, encoding="utf-8")
    return read_page(path)


WRONG = {
    "a doctest": ("```python\n>>> 1 + 1\n3\n```\n", "Got:"),
    "a value": ("```python\nn = 1\nn + 1  # 3\n```\n", "line 3: gives 2, the page says 3"),
    "a program": ("```python\nn\n```\n", "NameError"),
    "text": ("<!-- data -->\n```json\n{}\n```\n```aktmpl\nHello\n=> Bye\n```\n", "gives 'Hello'"),
    "no result": ("```aktmpl\nHello\n```\n", "no result follows"),
    "an error": ("```aktmpl-query\ntrue\n=! E000 no\n```\n", "line 3"),
    "json": ('```json\n{"a": …}\n```\n', "line 2"),
    "a pipe": ('```json\n{"id": 1, "type": "log", "params": {"mesage": "x"}}\n```\n', "mesage"),
    "a part": ('```json\n"listener": {"methods": ["GIVE"]}\n```\n', "methods"),
    "a channel": ('```json\n{"communication": "direct"}\n```\n', "string_id"),
    "a test file": ("```yaml\nchannel: c.json\ncases: [{nam: x}]\n```\n", "nam"),
    "toml": ("```toml\na = \n```\n", "line 2"),
    "a command": ("    akrun sned CHANNEL\n", "no command `sned`"),
    "an option": ("    akrun send CHANNEL --dryrun \\\n        --one ID\n", "no option `--dryrun`"),
    "a target": ("    make tests\n", "no target `tests`"),
    "an extra": ("    pip install 'akrun[sqll]'\n", "no extra `sqll`"),
    "a path": ("    src/nowhere/    what is there\n", "no `src/nowhere/`"),
    "no synopsis": ("    something else\n", "neither a synopsis"),
}


@pytest.mark.parametrize(("page", "told"), WRONG.values(), ids=WRONG, indirect=["page"])
def test_what_is_wrong_is_told(page: Page, told: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert told in "\n".join(examples.of_languages(page, folder))


@pytest.mark.parametrize(
    "page",
    ["```text\nx\n```\n", "```\nx\n```\n", "```lua\nx\n```\n"],
    ids=["text", "no language", "another language"],
    indirect=True,
)
def test_a_block_without_a_mark_is_told(page: Page) -> None:
    assert list(examples.unattended(page)) == ["line 2: say by a mark what this is, or why it is not run"]


SESSION = """\
<!-- run: greet() { echo "hello $1"; sleep 0.1; echo "bye $1"; } -->
<!-- file: a/who.txt -->
```text
Ann
```

```console
$ greet $(cat a/who.txt)
hello Ann
bye Ann
$ cat <<END
2026-01-01T00:00:00Z, 17 ms
END
2026-01-02T12:34:56Z, 3.5 s
$ python3 -c '
print("in quotes")' |
    cat
in quotes
$ greet Eve &
hello Eve
bye Eve
$ false
$ true
$ echo 127.0.0.1:8099
127.0.0.1:8099
```

<!-- output: greet Bob; greet all -->
```text
hello …
…
bye all
```
"""


@pytest.mark.parametrize("page", [SESSION], ids=["page"], indirect=True)
def test_a_session_is_one_shell(page: Page, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert examples.of_session(page, tmp_path / "folder") == ["page.md, line 23: false\nended with 1:\n"]


@pytest.mark.parametrize(
    "page",
    [
        "```console\n$ echo 1\n2\n```\n",
        "```console\n$ echo 1\n```\n",
        "<!-- run: false -->\n",
        "<!-- output: echo 1 -->\n```text\n2\n```\n",
    ],
    ids=["something else", "not shown", "a hidden failure", "by a mark"],
    indirect=True,
)
def test_what_is_printed_otherwise_is_told(page: Page, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert len(examples.of_session(page, tmp_path / "folder")) == 1


def test_a_page_goes_on_where_another_ended(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text("```console\n$ cd /; N=1\n```\n", encoding="utf-8")
    (tmp_path / "two.md").write_text(
        "<!-- after: one.md -->\n\n```console\n$ echo $PWD $N\n/ 1\n```\n", encoding="utf-8"
    )
    (tmp_path / "folder").mkdir()
    assert examples.of_session(read_page(tmp_path / "two.md"), tmp_path / "folder") == []
    assert examples.ends_of_sessions((tmp_path / "one.md", tmp_path / "two.md")) == [tmp_path / "two.md"]


def test_excuses_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.docs.pages.ROOT", tmp_path)
    path = tmp_path / "page.md"
    path.write_text("<!-- not run: it is long -->\n```text\nfirst\nsecond\n```\n", encoding="utf-8")
    assert "\n## page.md\n\n* `first`: it is long\n" in examples.list_of_excuses((path,))


def test_a_mark_without_its_block_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("<!-- file: a -->\n\nNo block.\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 1: no block follows the mark `file`"):
        read_page(tmp_path / "page.md")
