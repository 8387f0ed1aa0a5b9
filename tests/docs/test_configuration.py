"""The page of the configuration: its table has every setting, its checks are those of the doctor."""

import re
from pathlib import Path
from typing import Any

from akrun.doctor.checks import CHECKS
from akrun.model.docstrings import attribute_docstrings
from akrun.model.setting_layers import CONNECTORS
from akrun.model.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")


def table() -> str:
    """The settings as the page lists them."""
    meanings = attribute_docstrings(Settings)
    rows = ["| key | variable | default | meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if name != CONNECTORS:
            meaning = " ".join(meanings[name].split())
            rows.append(f"| `{name}` | `{field.validation_alias}` | {written(field.default)} | {meaning} |")
    return "\n".join(rows)


def written(default: Any) -> str:
    if default in ((), None):
        return "none"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def test_the_table_of_settings() -> None:
    found = re.search(r"<!-- settings: begin -->\n(.*?)\n?<!-- settings: end -->", PAGE, re.DOTALL)
    assert found is not None
    assert found[1] == table(), f"put this into the page:\n{table()}"


def test_the_checks() -> None:
    section = PAGE.partition("## akrun doctor")[2]
    assert re.findall(r"^\| (\w+) \|", section, re.MULTILINE)[1:] == [check.name for check in CHECKS]
