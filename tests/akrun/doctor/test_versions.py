"""Versions: bounds of requirements, extras, what is missing."""

from importlib import metadata
from pathlib import Path

import pytest

from akrun.doctor.checks import versions
from akrun.doctor.finding import Level
from tests.akrun.doctor.scene import look, scope_of, told, worst


def test_all_is_well_here(tmp_path: Path) -> None:
    found = look(versions.check, scope_of(tmp_path))
    assert worst(found) is not Level.FAIL
    assert {"Python", "SQLite", "akrun", "libraries", "akrun[sql]"} <= {each.subject for each in found}


@pytest.mark.parametrize(
    ("version", "clauses", "satisfied"),
    [
        ("1.3.1", "<2,>=1.3", True),
        ("1.3", ">=1.3.0", True),
        ("2.0", "<2,>=1.3", False),
        ("1.2.9", ">=1.3", False),
        ("1.10", ">=1.9", True),
        ("1.1.20251105", ">=1.1.20250722", True),
        ("3.11.0rc1", ">=3.11,<4", True),
        ("1", "", True),
    ],
)
def test_bounds(version: str, clauses: str, *, satisfied: bool) -> None:
    assert versions.satisfies(version, clauses) is satisfied


def test_what_is_missing_or_of_the_wrong_version_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requires = [
        "click>=99",
        "no-such-library<2,>=1",
        "sqlalchemy>=2; extra == 'sql'",
        "no-such-driver[binary]>=3; extra == 'sql'",
    ]
    monkeypatch.setattr(metadata, "requires", lambda _: requires)
    found = look(versions.check, scope_of(tmp_path))
    assert told(found, Level.FAIL) == ["no-such-library: is not installed"]
    [old] = told(found, Level.WARN)
    assert old.startswith(f"click: {metadata.version('click')}, but akrun was made for >=99")
    extra = next(each for each in found if each.subject == "akrun[sql]")
    assert extra.message == "not installed (no-such-driver): databases by connectors"
    assert "pip install 'akrun[sql]'" in extra.cure


def test_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 30, 0))
    monkeypatch.setattr("sqlite3.sqlite_version", "3.30.0")
    assert told(look(versions.check, scope_of(tmp_path)), Level.FAIL) == ["SQLite: 3.30.0 is too old"]
