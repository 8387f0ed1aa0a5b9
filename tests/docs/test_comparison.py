"""What the comparison says of engines is what they do; its numbers are those of the page on performance."""

import re
from pathlib import Path

import pytest

from benchmarks.templates import slips

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "comparison.md").read_text(encoding="utf-8")


def part(name: str) -> str:
    """What stands between the marks of a name."""
    found = re.search(rf"<!-- {name}: begin -->\n(.*?)<!-- {name}: end -->", PAGE, re.DOTALL)
    assert found
    return found[1]


def rows(table: str) -> dict[str, list[str]]:
    """The cells of a table's rows by the first of them."""
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.strip().splitlines()]
    return {first: others for first, *others in cells}


@pytest.mark.parametrize("engine", slips.installed())
@pytest.mark.parametrize("slip", slips.SLIPS)
def test_the_page_shows_what_an_engine_makes_of_a_slip(slip: str, engine: str) -> None:
    if engine in slips.SLIPS[slip]:
        assert f"| {engine} | {slips.outcome(slip, engine)} |" in part("slips")


def test_every_engine_is_on_the_page() -> None:
    for slip, sources in slips.SLIPS.items():
        shown = part("slips").partition(f"{slip}:\n\n")[2].partition("\n\n")[0]
        assert list(rows(shown)) == ["engine", "---|---", *sources], slip


def test_the_numbers_are_those_of_the_page_on_performance() -> None:
    measured = re.search(
        r"^\| engine \| a \|.*?\n\n", (DOCS / "performance.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert measured
    known = rows(measured[0])
    shown = rows(part("speed"))
    assert len(shown) > 5
    for engine, numbers in shown.items():
        assert numbers == known[engine][:4], engine
