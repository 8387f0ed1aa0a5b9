"""The configuration: which source wins, and what is said about values that cannot be."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from akrun.cli.options import settings_option
from akrun.errors import FileFaults
from akrun.model.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory and no settings from outside."""
    monkeypatch.chdir(tmp_path)
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)


def frames(config: Path | None = None) -> str:
    with pytest.raises(FileFaults) as caught:
        load_settings(config)
    return str(caught.value)


def test_the_defaults() -> None:
    assert load_settings().model_dump() == {
        "data": Path(".akrun"),
        "durability": "full",
        "max_attempts": 5,
        "grace_period": 10.0,
        "pipe_worker_size": 256,
        "pipe_http_timeout": 30.0,
        "pipe_http_max_conn": 64,
        "pipe_scheduler_delay": 60.0,
        "scheduler_pipe_router_period": 10.0,
        "pipe_sql_connection_timeout": 10.0,
        "pipe_sql_query_timeout": 30.0,
        "connectors": {},
    }


def test_the_environment_goes_before_the_file_and_flags_before_both(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("akrun.toml").write_text('data = "file"\nmax_attempts = 2\npipe_http_timeout = 3\n')
    assert load_settings().pipe_http_timeout == 3.0
    monkeypatch.setenv("PIPE_HTTP_TIMEOUT", "4.5")
    monkeypatch.setenv("AKRUN_DATA", "environment")
    settings = load_settings(data=Path("flag"))
    assert (settings.data, settings.max_attempts, settings.pipe_http_timeout) == (Path("flag"), 2, 4.5)
    assert load_settings().data == Path("environment")


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKRUN_MAX_ATTEMPTS", "")
    assert load_settings().max_attempts == 5


def test_paths_of_a_file_are_seen_from_it(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "my.toml"
    file.write_text('data = "state"')
    assert load_settings(file).data == tmp_path / "etc" / "state"
    file.write_text('data = "/state"')
    assert load_settings(file).data == Path("/state")
    file.write_text("max_attempts = 1")
    assert load_settings(file).data == Path(".akrun")


def test_all_faults_at_once_each_at_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPE_HTTP_MAX_CONN", "many")
    Path("akrun.toml").write_text("# mine\npipe_http_timout = 3\nmax_attempts = 0\n\n[pipe]\nx = 1\n")
    assert frames().splitlines() == [
        "akrun.toml:2:1: C601 there is no setting `pipe_http_timout`",
        "  2 | pipe_http_timout = 3",
        "    | ^^^^^^^^^^^^^^^^",
        "    = hint: did you mean `pipe_http_timeout`?",
        "",
        "akrun.toml:3:1: C602 `max_attempts` is 0",
        "  3 | max_attempts = 0",
        "    | ^^^^^^^^^^^^",
        "    = hint: allowed: a whole number from 1 to 1000: attempts before a message becomes a dead letter",
        "",
        "akrun.toml:5:2: C601 there is no setting `pipe`",
        "  5 | [pipe]",
        "    |  ^^^^",
        f"    = hint: settings: {', '.join(Settings.model_fields)}",
        "",
        "environment:1:20: C602 PIPE_HTTP_MAX_CONN is 'many'",
        "  1 | PIPE_HTTP_MAX_CONN=many",
        "    |                    ^^^^",
        "    = hint: allowed: a whole number from 1 to 10000: most connections to a host",
    ]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("max_attempts =", "1:14"),
        ("max_attempts = 1\nmax_attempts = 2", "2:"),
        ("max_attempts", "1:"),
        ('data = "x', "1:"),
        ("= 1", "1:1"),
    ],
)
def test_what_is_no_toml(line: str, place: str) -> None:
    Path("akrun.toml").write_text(line)
    assert frames().startswith(f"akrun.toml:{place}")
    assert "C603 this is no TOML: " in frames()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AKRUN_DURABILITY", "half"),
        ("AKRUN_MAX_ATTEMPTS", "1.5"),
        ("AKRUN_MAX_ATTEMPTS", "0"),
        ("AKRUN_GRACE_PERIOD", "-1"),
        ("AKRUN_GRACE_PERIOD", "nan"),
        ("AKRUN_GRACE_PERIOD", "inf"),
        ("PIPE_HTTP_TIMEOUT", "0"),
        ("PIPE_HTTP_TIMEOUT", "1e9"),
        ("PIPE_WORKER_SIZE", "ten"),
        ("PIPE_HTTP_MAX_CONN", "0"),
    ],
)
def test_values_that_cannot_be(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    assert f"C602 {variable} is '{value}'" in frames()
    assert "hint: allowed: " in frames()


@pytest.mark.parametrize(
    "line", ["max_attempts = true", "grace_period = false", "data = 3", 'durability = ""']
)
def test_values_of_another_type_in_the_file(line: str) -> None:
    Path("akrun.toml").write_text(line)
    assert frames().startswith(f"akrun.toml:1:1: C602 `{line.partition(' ')[0]}` is ")


def test_a_file_that_is_not_there() -> None:
    assert "there is no such file" in frames(Path("none.toml"))


def test_commands_take_the_file_from_flag_and_variable(tmp_path: Path) -> None:
    import click  # noqa: PLC0415

    @click.command()
    @settings_option
    def command(settings: Settings) -> None:
        click.echo(f"{settings.data} {settings.max_attempts}")

    (tmp_path / "a.toml").write_text("max_attempts = 7")
    for arguments, environment in ((["--config", "a.toml"], {}), ([], {"AKRUN_CONFIG": "a.toml"})):
        result = CliRunner().invoke(command, [*arguments, "--data", "d"], env=environment)
        assert result.stdout == "d 7\n"
    assert CliRunner().invoke(command, ["--config", "none.toml"]).exit_code == 2
