"""The configuration: which source wins, and what is said about values that cannot be."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from akrun.cli.options import settings_option
from akrun.errors import FileFaults
from akrun.model.settings import Settings, load_settings, read_configuration, variables


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory and no settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in variables():
        monkeypatch.delenv(name, raising=False)


def frames(config: Path | None = None) -> str:
    with pytest.raises(FileFaults) as caught:
        load_settings(config)
    return str(caught.value)


def test_the_defaults() -> None:
    assert load_settings().model_dump() == {
        "data": Path(".akrun"),
        "backend": "embedded",
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
        "http_allow": (),
        "breaker_failures": 10,
        "breaker_reset": 10.0,
        "traces": "failed",
        "trace_days": 7.0,
        "api_body_limit": 1_048_576,
        "api_audience_limit": 1_073_741_824,
        "api_key_days": 7.0,
        "nats_prefix": "akrun",
        "nats_replicas": 3,
        "nats_ack_wait": 30.0,
        "nats_keep_days": 30.0,
        "nats_tls_ca": None,
        "nats_tls_cert": None,
        "nats_tls_key": None,
        "nats_credentials": None,
        "nats_nkey": None,
        "nats_user": None,
        "nats_password": None,
        "report_database": None,
        "connectors": {},
    }


def test_the_environment_goes_before_the_file_and_flags_before_both(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("akrun.toml").write_text('data = "file"\nmax_attempts = 2\npipe_http_timeout = 3\n')
    assert load_settings().pipe_http_timeout == 3.0
    monkeypatch.setenv("PIPE_HTTP_TIMEOUT", "4.5")
    monkeypatch.setenv("AKRUN_DATA", "environment")
    settings = load_settings(given={"data": "flag"})
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


@pytest.mark.parametrize(
    ("entries", "wrong", "index"),
    [
        ('["10.0.0.0/8", "10.0.0.1/8"]', "10.0.0.1/8", 1),
        ('[  # ours\n  "crm.internal",\n  "*.internal", "no host"]', "no host", 2),
        ('["http://crm"]', "http://crm", 0),
        ('["300.1.1.1"]', "300.1.1.1", 0),
        ('["*"]', "*", 0),
    ],
    ids=["host bits", "blank", "URL", "no address", "everything"],
)
def test_a_wrong_destination_is_shown_by_itself(entries: str, wrong: str, index: int) -> None:
    Path("akrun.toml").write_text(f"http_allow = {entries}\n")
    lines = frames().splitlines()
    assert f" C602 `http_allow[{index}]`: `{wrong}` is n" in lines[0]
    assert lines[2].count("^") == len(wrong) + 2


def test_destinations_of_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKRUN_HTTP_ALLOW", " 127.0.0.1 ,, *.Internal, fd00::/8")
    assert load_settings().http_allow == ("127.0.0.1", "*.Internal", "fd00::/8")
    assert load_settings(given={"http_allow": ""}).http_allow == ()
    monkeypatch.setenv("AKRUN_HTTP_ALLOW", "127.0.0.1, no host ,x")
    assert frames().splitlines()[:3] == [
        "environment:1:29: C602 AKRUN_HTTP_ALLOW[1]: `no host` is neither network, address nor host",
        "  1 | AKRUN_HTTP_ALLOW=127.0.0.1, no host ,x",
        "    |                             ^^^^^^^",
    ]


def test_the_command_line_goes_before_all_and_is_shown_when_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKRUN_MAX_ATTEMPTS", "nonsense that nobody reads")
    Path("akrun.toml").write_text("max_attempts = 2\ngrace_period = 3\n")
    found = read_configuration(given={"max_attempts": "9"})
    assert (found.settings.max_attempts, found.settings.grace_period) == (9, 3.0)
    assert found.origins["max_attempts"] == "command line"
    assert found.origins["grace_period"] == "akrun.toml"
    assert found.origins["data"] == "default"
    with pytest.raises(FileFaults) as caught:
        read_configuration(given={"max_atempts": "9", "grace_period": "soon", "connectors": "x"})
    assert [
        line
        for line in str(caught.value).splitlines()
        if line.startswith(("command line", "environment", "    ="))
    ] == [
        "command line:1:1: C601 there is no setting `max_atempts`",
        "    = hint: did you mean `max_attempts`?",
        "command line:1:1: C601 there is no setting `connectors`",
        f"    = hint: settings: {', '.join(variables().values())}",
        "command line:1:14: C602 grace_period is 'soon'",
        "    = hint: allowed: seconds from 0 to 86400 that messages under way are given after an interrupt",
        "environment:1:20: C602 AKRUN_MAX_ATTEMPTS is 'nonsense that nobody reads'",
        "    = hint: allowed: a whole number from 1 to 1000: attempts before a message becomes a dead letter",
    ]


def test_faults_of_connectors_have_their_place_and_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_URL", raising=False)
    Path("akrun.toml").write_text(
        "[connectors.crm]\n"
        'url = "env:CRM_URL"\n'
        "\n"
        "[connectors]\n"
        'dwh = {uri = "postgresql://u:hunter22@db/x", url = "postgresql://u:hunter22@db/x"}\n'
        'old.url = "hunter22"\n'
        'old.pool_size = "hunter22"\n'
        'api_token = "hunter22"\n'
    )
    text = frames()
    assert "hunter22" not in text
    assert [line for line in text.splitlines() if line.startswith("akrun.toml")] == [
        "akrun.toml:2:1: C602 connectors.crm.url: the environment variable `CRM_URL` is not set",
        "akrun.toml:5:8: C601 connectors.dwh.uri: unknown key",
        "akrun.toml:7:5: C602 connectors.old.pool_size: input should be a valid integer",
        (
            "akrun.toml:8:1: C602 connectors.api_token: input should be a valid dictionary or instance of "
            "Connector"
        ),
    ]


def test_an_unknown_setting_may_be_a_secret() -> None:
    Path("akrun.toml").write_text('password = "hunter22"\n')
    assert "there is no setting `password`" in frames()
    assert "hunter22" not in frames()


def test_connectors_read_their_urls_from_environment_and_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_URL", "postgresql://u:p@db/crm")
    folder = Path("etc")
    folder.mkdir()
    (folder / "dwh.url").write_text("sqlite:///dwh.db\n")
    (folder / "my.toml").write_text(
        '[connectors]\ncrm.url = "env:CRM_URL"\ndwh.url = "file:dwh.url"\nin.url = "mysql://u:pw@h/d"\n'
    )
    found = read_configuration(folder / "my.toml")
    urls = {name: each.url.get_secret_value() for name, each in found.settings.connectors.items()}
    assert urls == {
        "crm": "postgresql://u:p@db/crm",
        "dwh": f"sqlite:///{folder.absolute()}/dwh.db",
        "in": "mysql://u:pw@h/d",
    }
    assert found.origins["connectors"] == "etc/my.toml"
    assert found.file is not None
    assert found.file.passwords() == ["in"]
    assert found.file.secret_files() == ["dwh.url"]


def test_commands_take_settings_by_name() -> None:
    import click  # noqa: PLC0415

    @click.command()
    @settings_option
    def command(settings: Settings) -> None:
        click.echo(f"{settings.data} {settings.max_attempts} {settings.http_allow}")

    arguments = [
        "-o",
        "max_attempts=7",
        "--option",
        "http_allow=10.0.0.0/8,crm",
        "-o",
        "data=x",
        "--data",
        "y",
    ]
    assert CliRunner().invoke(command, arguments).stdout == "y 7 ('10.0.0.0/8', 'crm')\n"
    wrong = CliRunner().invoke(command, ["-o", "max_attempts"])
    assert (wrong.exit_code, "'max_attempts' is not of the form NAME=VALUE" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    "backend",
    ["embedded", "nats://h", "tls://h:4222", "nats://[::1]:4222,nats://b.example:1", "nats://a:1, tls://b"],
)
def test_what_a_backend_can_be(backend: str) -> None:
    assert load_settings(given={"backend": backend}).backend == backend


@pytest.mark.parametrize(
    "backend",
    [
        "sqlite",
        "",
        "http://h",
        "nats://",
        "nats://h:port",
        "nats://h:99999",
        "nats://h/x",
        "nats://h,",
        "nats://h?a",
    ],
)
def test_what_a_backend_cannot_be(backend: str) -> None:
    with pytest.raises(FileFaults, match=r"hint: allowed: embedded .* or the servers of a NATS cluster"):
        load_settings(given={"backend": backend})


def test_a_password_in_a_url_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("akrun.toml").write_text('backend = "nats://u:hunter22@h"\n')
    assert frames().splitlines()[:2] == [
        "akrun.toml:1:1: C602 `backend` is 'nats://**********@h'",
        '  1 | backend = "nats://**********@h"',
    ]
    monkeypatch.setenv("AKRUN_BACKEND", "nats://a,nats://hunter22@h")
    assert "hunter22" not in frames()
    assert "AKRUN_BACKEND=nats://a,nats://********@h" in frames()


def test_secret_settings_are_given_as_they_are_or_by_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("etc").mkdir()
    Path("etc/url").write_text("postgresql://u:hunter22@h/d\n")
    file = Path("etc/my.toml")
    file.write_text('nats_password = "hunter22"\nreport_database = "file:url"\n')
    settings = load_settings(file)
    assert settings.nats_password is not None
    assert settings.report_database is not None
    assert settings.nats_password.get_secret_value() == "hunter22"
    assert settings.report_database.get_secret_value() == "postgresql://u:hunter22@h/d"
    assert "hunter22" not in repr(settings)
    monkeypatch.setenv("AKRUN_NATS_PASSWORD", "env:NATS_PW")
    monkeypatch.setenv("NATS_PW", "other")
    assert load_settings(file).nats_password.get_secret_value() == "other"  # type: ignore[union-attr]


def test_references_of_secret_settings_that_lead_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("akrun.toml").write_text('report_database = "file:missing"\n')
    monkeypatch.setenv("AKRUN_NATS_PASSWORD", "env:NATS_PW")
    told = frames()
    assert "akrun.toml:1:1: C602 `report_database`: the file `missing` cannot be read" in told
    assert "environment:1:21: C602 AKRUN_NATS_PASSWORD: the environment variable `NATS_PW` is not set" in told


def test_no_frame_shows_a_secret_setting() -> None:
    Path("akrun.toml").write_text('nats_password = ["hunter22"]\n')
    assert "hunter22" not in frames()
    Path("akrun.toml").write_text("nats_password = 12345678\n")
    password = load_settings().nats_password
    assert password is not None
    assert password.get_secret_value() == "12345678"


def test_all_paths_of_a_file_are_seen_from_it(tmp_path: Path) -> None:
    names = [name for name, field in Settings.model_fields.items() if "Path" in str(field.annotation)]
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "my.toml"
    file.write_text("".join(f'{name} = "{name}.x"\n' for name in names))
    settings = load_settings(file)
    assert len(names) == 6
    assert [getattr(settings, name) for name in names] == [tmp_path / "etc" / f"{name}.x" for name in names]
