"""Every example of the embedding guide runs as it is written."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "embedding.md"


def test_the_examples_run_as_written() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.failed == 0
    assert result.attempted > 20
