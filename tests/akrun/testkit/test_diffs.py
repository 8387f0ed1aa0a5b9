"""What is printed of every kind of expectation that is not met, and of test files that cannot be read."""

from pathlib import Path

import pytest

from tests.akrun.testkit.shop import FOLDER, akrun_test, timeless

FILES = sorted(FOLDER.glob("*.test.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
def test_what_is_printed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    result = akrun_test(path.name)
    assert timeless(result.output) == path.with_name(f"{path.name.partition('.')[0]}.txt").read_text()
    assert result.exit_code == 1


def test_no_case_of_these_files_passes() -> None:
    shown = [path.with_suffix("").with_suffix(".txt").read_text().splitlines()[0] for path in FILES]
    assert [line for line in shown if "." in line.rpartition(" ")[2].removesuffix("run")] == []
