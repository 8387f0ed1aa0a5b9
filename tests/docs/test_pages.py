"""Every example of every page is executed, or is in the list of those that are not, with its reason."""

from pathlib import Path

import pytest

from tests.docs import examples, session
from tests.docs.blocks import read_page
from tests.docs.pages import GENERATED, PAGES, ROOT, name_of

NOT_RUN = Path(__file__).parent / "not_run.md"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_block_is_left_out_silently(path: Path) -> None:
    assert list(examples.unattended(read_page(path))) == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_the_examples_of_a_page(path: Path, tmp_path: Path) -> None:
    faults = examples.of_languages(read_page(path), tmp_path)
    assert not faults, "\n".join(faults)


@pytest.mark.timeout(session.SECONDS + 60)
@pytest.mark.parametrize("path", examples.ends_of_sessions(PAGES), ids=name_of)
def test_the_commands_of_a_page_print_what_it_says(path: Path, tmp_path: Path) -> None:
    faults = examples.of_session(read_page(path), tmp_path)
    assert not faults, "\n\n".join(faults)


def test_the_list_of_what_is_not_run() -> None:
    assert NOT_RUN.read_text(encoding="utf-8") == examples.list_of_excuses(PAGES), (
        "python -m tests.docs --excuses > tests/docs/not_run.md"
    )


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_the_examples_of_a_generated_page_are_run_by_a_test_of_their_own(name: str) -> None:
    assert "def test_" in (ROOT / GENERATED[name]).read_text(encoding="utf-8")
