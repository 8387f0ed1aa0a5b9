"""`akrun doctor`: a new user's first command, and one that finds something."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from akrun.cli import main
from akrun.doctor.checks import CHECKS
from akrun.model.settings import variables
from tests.akrun.cli.test_serve import akrun, process, write
from tests.akrun.mailing.scene import ENVIRONMENT
from tests.akrun.server.scene import direct_channel


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory and no settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in variables():
        monkeypatch.delenv(name, raising=False)


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *arguments], env=ENVIRONMENT, catch_exceptions=False)


def levels(document: dict[str, Any]) -> dict[str, set[str]]:
    return {each["check"]: {finding["level"] for finding in each["findings"]} for each in document["checks"]}


def test_with_nothing_set_up() -> None:
    result = doctor()
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Versions\n  ok    Python: ")
    assert result.stdout.endswith(" ok, 0 to look at, 0 failed\n")
    assert list(Path().iterdir()) == []


def test_every_check_says_something() -> None:
    document = json.loads(doctor("--json").stdout)
    assert set(levels(document)) == {check.name for check in CHECKS}
    assert all(levels(document).values())
    total = sum(document["summary"].values())
    assert total == sum(len(each["findings"]) for each in document["checks"])


def test_what_fails_is_told_with_its_cure_and_the_exit_code() -> None:
    Path("akrun.toml").write_text("max_atempts = 3\n")
    result = doctor("-o", "grace_period=soon")
    assert result.exit_code == 1
    assert (
        "  fail  akrun.toml:1:1: C601 there is no setting `max_atempts`\n"
        "          1 | max_atempts = 3\n"
        "            | ^^^^^^^^^^^\n"
        "        → did you mean `max_attempts`?\n"
    ) in result.stdout
    assert "  fail  command line:1:14: C602 grace_period is 'soon'\n" in result.stdout
    assert result.stdout.endswith(", 2 failed\n")


def test_flags_are_heeded() -> None:
    document = json.loads(doctor("--json", "--data", "here", "-o", "max_attempts=9").stdout)
    [configuration] = [each for each in document["checks"] if each["check"] == "configuration"]
    messages = {each["subject"]: each["message"] for each in configuration["findings"]}
    assert messages["data"] == "here (command line)"
    assert messages["max_attempts"] == "9 (command line)"


def test_channels_that_are_named(tmp_path: Path) -> None:
    channel = write(tmp_path, "chat.json", direct_channel())
    result = doctor(channel, "none.json")
    assert f"  ok    {channel}: `chat` compiles\n" in result.stdout
    assert "  fail  none.json:1:1: C101 there is no such file\n" in result.stdout
    assert result.exit_code == 1


async def test_beside_a_serving_process(tmp_path: Path) -> None:
    channel = write(tmp_path, "chat.json", direct_channel())
    async with process(tmp_path, channel) as url:
        ended = await akrun(tmp_path, "doctor", "--json")
        token = json.loads((tmp_path / "data" / "serve.json").read_text())["token"]
    assert (ended.code, ended.err) == (0, ""), ended.out
    document = json.loads(ended.out)
    [serving] = [each for each in document["checks"] if each["check"] == "serving"]
    assert any(f"at {url} takes requests" in each["message"] for each in serving["findings"])
    assert levels(document)["serving"] == {"ok"}
    assert levels(document)["channels"] == {"ok"}
    assert levels(document)["data"] <= {"ok", "warn"}
    assert token not in ended.out
