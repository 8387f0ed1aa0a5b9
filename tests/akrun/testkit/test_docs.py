"""The page about testing: its cases are test files, its code runs, and it names all there is."""

import doctest
import re
from pathlib import Path

import pytest

from akrun.cli.test import test as command
from akrun.model.located import parse_located
from akrun.testkit.format.cases import ENTRIES, CaseFile, Setup
from akrun.testkit.format.expect import ITEMS, Expect
from akrun.testkit.format.http import HttpMock, Response
from akrun.testkit.matchers import MATCHERS, TAGS

PAGE = Path(__file__).parents[3] / "docs" / "testing.md"
TEXT = PAGE.read_text()
FILES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("number", range(len(FILES)))
def test_its_files_can_be_read(number: int) -> None:
    document, faults = parse_located(FILES[number], str(PAGE), is_json=False, tags=TAGS)
    assert not faults
    CaseFile.model_validate(document.value)


def test_its_code_runs() -> None:
    assert doctest.testfile(str(PAGE), module_relative=False).failed == 0


def keys(*models: type) -> set[str]:
    return {
        field.alias or name
        for model in models
        for name, field in model.model_fields.items()  # type: ignore[attr-defined]
    }


def test_it_names_everything() -> None:
    options = {each for option in command.params for each in option.opts if each.startswith("-")}
    named = {*keys(Setup, Expect, HttpMock, Response), *ENTRIES, *MATCHERS}
    named |= {key for known in ITEMS.values() for key in known} | (
        options - {"--verbose", "--data", "--backend", "--config", "-o", "--option"}
    )
    assert sorted(name for name in named if name not in TEXT) == []
