"""The plugin of pytest, in sessions of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.akrun.testkit.shop import ONE, case, shop

pytest_plugins = ["pytester"]

BAD = case("bad", "failed")


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error", *arguments)


def test_cases_are_items(pytester: pytest.Pytester) -> None:
    shop(pytester.path, ONE + BAD)
    result = run(pytester, "-v")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["shop.test.yaml::one PASSED*", "shop.test.yaml::bad FAILED*", "shop.test.yaml:16: state",
         '    - "failed"', '    + "done"']
    )  # fmt: skip


def test_cases_are_selected(pytester: pytest.Pytester) -> None:
    path = shop(pytester.path, ONE + BAD)
    run(pytester, "-k", "one").assert_outcomes(passed=1, deselected=1)
    run(pytester, f"{path.name}::one").assert_outcomes(passed=1)


def test_a_file_that_cannot_be_read(pytester: pytest.Pytester) -> None:
    (pytester.path / "x.test.yaml").write_text("chanel: x\n")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*x.test.yaml:1:1: C802 unknown key `chanel`", "*did you mean `channel`?*"])


def test_a_channel_with_faults(pytester: pytest.Pytester) -> None:
    path = shop(pytester.path)
    channel = Path(path.parent, "channel.yaml")
    channel.write_text(channel.read_text().replace("type: sql_pipe", "type: sql_pip"))
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*C501 there is no pipe of type `sql_pip`*"])


def test_other_files_are_left_alone(pytester: pytest.Pytester) -> None:
    (pytester.path / "x.yaml").write_text("chanel: x\n")
    pytester.makepyfile("def test_x(): pass")
    run(pytester).assert_outcomes(passed=1)


def test_loading_the_plugin_imports_little() -> None:
    """It is loaded in every session of pytest, most of which have no channels."""
    code = "import sys, akrun.testkit.pytest_plugin; print([m for m in sys.modules if m.startswith('akrun')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['akrun', 'akrun.testkit', 'akrun.testkit.pytest_plugin']"
