"""The page about lint is the registry's."""

from pathlib import Path

from akrun.lint import RULES
from akrun.lint.reference import page

PAGE = Path(__file__).parents[3] / "docs" / "lint.md"


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m akrun.lint.reference > docs/lint.md"


def test_every_rule_has_a_section_with_its_examples() -> None:
    text = page()
    for rule in RULES:
        section = text.partition(f"### {rule.id}\n")[2].partition("\n### ")[0]
        assert rule.title in section
        assert section.count("```json") == 2
        assert f" {rule.severity} {rule.id} " in section
