"""What the pages on editors have readers paste: it can be read, and names our server, schemas and tags."""

import json
import re
import tomllib
from pathlib import Path

from akrun.testkit.matchers import TAGS
from tests.akrun.editor.node import installed, run

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "editor.md").read_text(encoding="utf-8")
SCHEMAS = (DOCS / "schema.md").read_text(encoding="utf-8")
PLAIN = Path(__file__).with_name("plain")


def blocks(language: str, page: str = PAGE) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_the_configuration_of_helix() -> None:
    (text,) = blocks("toml")
    given = tomllib.loads(text)
    server = given["language-server"]["akrun"]
    assert [server["command"], *server["args"]] == ["akrun", "lsp"]
    assert [each["name"] for each in given["language"]] == ["json", "yaml"]
    assert all("akrun" in each["language-servers"] for each in given["language"])


def test_the_configuration_of_neovim(tmp_path: Path) -> None:
    programs = blocks("lua")
    started = [text for text in programs if "cmd = " in text]
    assert len(started) >= 2
    for text in started:
        assert 'cmd = { "akrun", "lsp" }' in text
        assert '{ "json", "jsonc", "yaml" }' in text
    programs += blocks("lua", SCHEMAS)
    run("node", "lua.mjs", folder=installed(PLAIN, tmp_path / "plain"), given=programs)


def test_the_settings_of_visual_studio_code() -> None:
    settings = json.loads(next(text for text in blocks("json", SCHEMAS) if "yaml.schemas" in text))
    assert {each.partition(" ")[0] for each in settings["yaml.customTags"]} == TAGS
    named = [each["url"] for each in settings["json.schemas"]]
    assert sorted(named) == sorted(settings["yaml.schemas"])
    assert all((DOCS / each).exists() for each in named)
