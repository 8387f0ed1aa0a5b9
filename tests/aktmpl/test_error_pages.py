"""Every code has a page, its example shows it, and `docs/errors.md` is what the pages say."""

from pathlib import Path

import pytest

from aktmpl.codes import CODES, WARNINGS
from aktmpl.error_pages import pages, reference

DOCS = Path(__file__).parents[2] / "docs" / "errors.md"
OUTSIDE = {"E411", "E508"}
"""Their cause is not in the template."""


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert list(pages()) == [*CODES, *WARNINGS]


@pytest.mark.parametrize("code", [*CODES, *WARNINGS])
def test_the_example_of_a_page_shows_its_code(code: str) -> None:
    sample = pages()[code].sample
    assert (sample is None) == (code in OUTSIDE)
    if sample is not None:
        assert f" {code} " in sample.frame().partition("\n")[0]


@pytest.mark.parametrize("code", [*CODES, *WARNINGS])
def test_a_page_explains_and_cures_in_sentences(code: str) -> None:
    page = pages()[code]
    for text in (page.explanation, page.cure):
        assert text.endswith((".", "`."))
        assert text[0].isupper() or text[0] == "`"


def test_the_reference_page_is_up_to_date() -> None:
    assert DOCS.read_text(encoding="utf-8") == reference.page(), (
        "run python -m aktmpl.error_pages.reference > docs/errors.md"
    )


def test_a_page_as_plain_text_has_title_explanation_frame_and_cure() -> None:
    text = reference.plain("E301")
    assert text.startswith("E301  missing field\n\nA path asks")
    assert "  <template>:1:16: E301 `profile` has no field `nmae`\n" in text
    assert "\n\nCure: Correct the name" in text
