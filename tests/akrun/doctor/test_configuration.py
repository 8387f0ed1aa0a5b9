"""The configuration: faults with their places, origins of settings, files that others can read."""

from dataclasses import replace
from pathlib import Path

import pytest

from akrun.doctor.checks import configuration
from akrun.doctor.finding import Level
from akrun.errors import FileFaults
from akrun.model.settings import read_configuration, variables
from tests.akrun.doctor.scene import look, scope_of, told


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)


def test_where_each_setting_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPE_HTTP_TIMEOUT", "7")
    scope = scope_of(tmp_path, toml="max_attempts = 3\n", given={"http_allow": "10.0.0.0/8"})
    found = {each.subject: each.message for each in look(configuration.check, scope)}
    assert found["max_attempts"] == f"3 ({tmp_path}/akrun.toml)"
    assert found["pipe_http_timeout"] == "7 (environment)"
    assert found["http_allow"] == "[10.0.0.0/8] (command line)"
    assert "durability = full, grace_period = 10, " in found["at their defaults"]
    assert "max_attempts" not in found["at their defaults"]


def test_every_fault_is_a_finding(tmp_path: Path) -> None:
    file = tmp_path / "akrun.toml"
    file.write_text('max_atempts = 3\nhttp_allow = ["a b"]\n')
    with pytest.raises(FileFaults) as caught:
        read_configuration(file)
    scope = replace(scope_of(tmp_path), configuration=None, faults=caught.value)
    found = look(configuration.check, scope)
    assert [each.level for each in found] == [Level.FAIL] * 2
    assert [each.subject for each in found] == [f"{file}:1:1", f"{file}:2:15"]
    assert found[0].message.splitlines()[0] == "C601 there is no setting `max_atempts`"
    assert found[0].message.count("\n") == 2
    assert found[0].cure == "did you mean `max_attempts`?"


def test_misspelt_variables(tmp_path: Path) -> None:
    environ = {
        "AKRUN_MAX_ATEMPTS": "3",
        "AKRUN_CONFIG": "x",
        "AKRUN_DATA": "y",
        "AKRUN_CUSTOMER_GREETING_TEXT": "z",
    }
    found = look(configuration.check, scope_of(tmp_path, environ={**environ, "PIPE_X": "1"}))
    assert told(found, Level.WARN) == ["AKRUN_MAX_ATEMPTS: this environment variable sets nothing"]


def test_a_password_that_others_can_read(tmp_path: Path) -> None:
    toml = '[connectors]\na.url = "mysql://u:hunter22@h/d"\nb.url = "mysql://u@h/d"\nc.url = "file:c"\n'
    (tmp_path / "c").write_text("mysql://u:hunter22@h/d")
    (tmp_path / "c").chmod(0o640)
    scope = scope_of(tmp_path, toml=toml)
    file = tmp_path / "akrun.toml"
    assert told(look(configuration.check, scope), Level.WARN) == [
        f"{tmp_path}/c: others can read this secret"
    ]
    file.chmod(0o644)
    (tmp_path / "c").chmod(0o600)
    found = look(configuration.check, scope)
    assert told(found, Level.WARN) == [f"{file}: others can read it, and it holds the password of a"]
    assert "hunter22" not in str(found)
