"""What cases can do: files whose cases all pass, whatever runs before them."""

import random
import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akrun.testkit import Bench, CaseResult, Loaded, load_tests, run_case, run_file
from akrun.testkit.report import findings

FOLDER = Path(__file__).parent
FILES = sorted((FOLDER / "features").glob("*.test.yaml"))
DIFFS = [path for path in sorted((FOLDER / "diffs").glob("*.test.yaml")) if path.name != "broken.test.yaml"]


def cases() -> list[Any]:
    loaded = [load_tests(path) for path in FILES]
    return [
        pytest.param(each, case, id=f"{each.path.name.partition('.')[0]}: {case.name}")
        for each in loaded
        for case in each.cases
    ]


@pytest.mark.parametrize(("loaded", "case"), cases())
def test_a_case_passes(loaded: Loaded, case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a case reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    (result,) = run_file(loaded, [case])
    assert result.passed, "\n".join(findings(loaded.path, result))


def outcome(result: CaseResult) -> object:
    """All of a result that another run must give again."""
    return result.name, result.state, result.findings, result.counts


@pytest.mark.parametrize("path", [*FILES, *DIFFS], ids=lambda path: path.name.partition(".")[0])
@settings(max_examples=2)
@given(seed=st.integers(0, 2**32))
def test_a_result_depends_on_no_other_case(path: Path, seed: int) -> None:
    loaded = load_tests(path)
    alone = {case.name: outcome(run_file(loaded, [case])[0]) for case in loaded.cases}
    order = random.Random(seed).choices(loaded.cases, k=2 * len(loaded.cases))
    with Bench(loaded) as bench:
        together = [outcome(run_case(bench, case)) for case in order]
    assert together == [alone[case.name] for case in order]


def test_the_environment_is_the_cases_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the process is not seen, so that a case passes everywhere or nowhere."""
    monkeypatch.setenv("SHOP_KEY", "k")
    path = FOLDER / "features" / "shop.test.yaml"
    text = (
        path.read_text().replace("SHOP_KEY: k-4711-secret, ", "").replace("../diffs", str(FOLDER / "diffs"))
    )
    copy = tmp_path / "shop.test.yaml"
    copy.write_text(text.replace("script: clients.sql", "script: []"))
    (result, *_) = run_file(load_tests(copy))
    assert result.state == "error"
    assert "the environment variable `SHOP_KEY` is not set" in "\n".join(findings(copy, result))
