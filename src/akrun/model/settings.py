"""The configuration: defaults, over them one TOML file, then environment variables, then the command line.

`akrun.toml` of the working directory is read when no other file is named:

    data = "state"            # relative paths are seen from the file's directory
    durability = "normal"
    pipe_http_timeout = 10
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from akrun.errors import Fault, FileFaults
from akrun.model import codes, servers
from akrun.model.docstrings import attribute_docstrings
from akrun.model.secret_refs import SecretError, is_reference, resolve
from akrun.model.setting_layers import CONNECTORS, SECRETS, Layer, Texts, TomlFile, parts_of
from akrun.net.networks import AllowList
from akrun.sql.config import Connector, ConnectorError, connectors_of

CONFIG_FILE: Final = "akrun.toml"
DEFAULT: Final = "default"
ENVIRONMENT: Final = "environment"
COMMAND_LINE: Final = "command line"
"""What frames and reports call the places that are no file."""

Durability = Literal["full", "normal"]
Traces = Literal["off", "failed", "all"]


def _no_truth(value: Any) -> Any:
    """Refuse true and false, which pydantic takes for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("no number")  # noqa: TRY004 - pydantic turns only this one into its own error
    return value


def _listed(value: Any) -> Any:
    """A text of the environment or the command line as a list."""
    return [part for _, part in parts_of(value)] if isinstance(value, str) else value


def _text_of_number(value: Any) -> Any:
    """A number as a text: a fault would show it."""
    return str(value) if isinstance(value, (int, float)) else value


def _destination(entry: str) -> str:
    """An entry of `http_allow` as it is; raises ValueError for what the guard cannot use."""
    AllowList([entry])
    return entry


_Count = Annotated[int, BeforeValidator(_no_truth)]
_Seconds = Annotated[float, BeforeValidator(_no_truth)]
_Secret = Annotated[SecretStr, BeforeValidator(_text_of_number)]
_Destination = Annotated[str, AfterValidator(_destination)]


class Settings(BaseSettings):
    """What can be set; a setting's alias is its environment variable, its name is its key in the file."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        case_sensitive=True,
        env_ignore_empty=True,
    )

    data: Path = Field(default=Path(".akrun"), validation_alias="AKRUN_DATA")
    """the directory of the database and the log"""
    backend: Annotated[str, AfterValidator(servers.checked)] = Field(
        default=servers.EMBEDDED, validation_alias="AKRUN_BACKEND"
    )
    """embedded (a database in the data directory), or the servers of a NATS cluster, separated by commas:
    `nats://host:4222`, or `tls://host:4222`, which insists on TLS; without user and password"""
    durability: Durability = Field(default="full", validation_alias="AKRUN_DURABILITY")
    """full (every acknowledged write survives a power failure) or normal (the last ones may not)"""
    max_attempts: _Count = Field(default=5, validation_alias="AKRUN_MAX_ATTEMPTS", ge=1, le=1000)
    """a whole number from 1 to 1000: attempts before a message becomes a dead letter"""
    grace_period: _Seconds = Field(
        default=10.0, validation_alias="AKRUN_GRACE_PERIOD", ge=0, le=86_400, allow_inf_nan=False
    )
    """seconds from 0 to 86400 that messages under way are given after an interrupt"""
    pipe_worker_size: _Count = Field(default=256, validation_alias="PIPE_WORKER_SIZE", ge=1, le=100_000)
    """a whole number from 1 to 100000: most events at once in a pipe"""
    pipe_http_timeout: _Seconds = Field(
        default=30.0, validation_alias="PIPE_HTTP_TIMEOUT", gt=0, le=86_400, allow_inf_nan=False
    )
    """seconds above 0, at most 86400, for a whole HTTP exchange"""
    pipe_http_max_conn: _Count = Field(default=64, validation_alias="PIPE_HTTP_MAX_CONN", ge=1, le=10_000)
    """a whole number from 1 to 10000: most connections to a host"""
    pipe_scheduler_delay: _Seconds = Field(
        default=60.0, validation_alias="PIPE_SCHEDULER_DELAY", ge=0, le=31_536_000, allow_inf_nan=False
    )
    """seconds from 0 to 31536000 until an event that a `scheduled` pipe hands over is due"""
    scheduler_pipe_router_period: _Seconds = Field(
        default=10.0, validation_alias="SCHEDULER_PIPE_ROUTER_PERIOD", gt=0, le=3600, allow_inf_nan=False
    )
    """seconds above 0, at most 3600: events that are due are looked for at least that often"""
    pipe_sql_connection_timeout: _Seconds = Field(
        default=10.0, validation_alias="PIPE_SQL_CONNECTION_TIMEOUT", gt=0, le=86_400, allow_inf_nan=False
    )
    """seconds above 0, at most 86400, until there is a connection to a database"""
    pipe_sql_query_timeout: _Seconds = Field(
        default=30.0, validation_alias="PIPE_SQL_QUERY_TIMEOUT", gt=0, le=86_400, allow_inf_nan=False
    )
    """seconds above 0, at most 86400, for a statement and the reading of its rows"""
    http_allow: Annotated[tuple[_Destination, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(), validation_alias="AKRUN_HTTP_ALLOW"
    )
    """networks (`10.0.0.0/8`), addresses and hosts (`crm.internal`, `*.internal`) that requests may go to
    though they are not public; a list in the file, separated by commas in the environment"""
    breaker_failures: _Count = Field(default=10, validation_alias="AKRUN_BREAKER_FAILURES", ge=0, le=100_000)
    """a whole number from 0 to 100000: failures of a host in a row that open its circuit breaker; 0: never"""
    breaker_reset: _Seconds = Field(
        default=10.0, validation_alias="AKRUN_BREAKER_RESET", gt=0, le=3600, allow_inf_nan=False
    )
    """seconds above 0, at most 3600, after which an open circuit breaker lets a first request try again"""
    traces: Traces = Field(default="failed", validation_alias="AKRUN_TRACES")
    """off, failed (traces of what did not end as done are kept) or all"""
    trace_days: _Seconds = Field(
        default=7.0, validation_alias="AKRUN_TRACE_DAYS", gt=0, le=3650, allow_inf_nan=False
    )
    """days above 0, at most 3650, that traces are kept"""
    api_body_limit: _Count = Field(
        default=1_048_576, validation_alias="AKRUN_API_BODY_LIMIT", ge=1024, le=1_073_741_824
    )
    """a whole number from 1024 to 1073741824: most bytes of a body sent to the API, audiences excepted"""
    api_audience_limit: _Count = Field(
        default=1_073_741_824, validation_alias="AKRUN_API_AUDIENCE_LIMIT", ge=1024, le=1_099_511_627_776
    )
    """a whole number from 1024 to 1099511627776: most bytes of an audience sent to the API"""
    api_key_days: _Seconds = Field(
        default=7.0, validation_alias="AKRUN_API_KEY_DAYS", gt=0, le=3650, allow_inf_nan=False
    )
    """days above 0, at most 3650, that the API remembers idempotency keys"""
    nats_prefix: str = Field(
        default="akrun", validation_alias="AKRUN_NATS_PREFIX", pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$"
    )
    """a name of at most 32 of a-z, 0-9, - and _: installations with different ones share a cluster"""
    nats_replicas: _Count = Field(default=3, validation_alias="AKRUN_NATS_REPLICAS", ge=1, le=5)
    """a whole number from 1 to 5: servers that each record is stored on"""
    nats_ack_wait: _Seconds = Field(
        default=30.0, validation_alias="AKRUN_NATS_ACK_WAIT", ge=1, le=3600, allow_inf_nan=False
    )
    """seconds from 1 to 3600 after which what a dead worker had goes to another one"""
    nats_keep_days: _Seconds = Field(
        default=30.0, validation_alias="AKRUN_NATS_KEEP_DAYS", gt=0, le=3650, allow_inf_nan=False
    )
    """days above 0, at most 3650, that the servers of a cluster keep messages after their end, and events"""
    nats_tls_ca: Path | None = Field(default=None, validation_alias="AKRUN_NATS_TLS_CA")
    """a PEM file of the authorities that the servers' certificates come from; it makes TLS a must"""
    nats_tls_cert: Path | None = Field(default=None, validation_alias="AKRUN_NATS_TLS_CERT")
    """a PEM file with the certificate by which akrun shows the servers who it is"""
    nats_tls_key: Path | None = Field(default=None, validation_alias="AKRUN_NATS_TLS_KEY")
    """a PEM file with the key of that certificate"""
    nats_credentials: Path | None = Field(default=None, validation_alias="AKRUN_NATS_CREDENTIALS")
    """a credentials file (`.creds`): a user's JWT and seed"""
    nats_nkey: Path | None = Field(default=None, validation_alias="AKRUN_NATS_NKEY")
    """a file with the seed of a user's NKey"""
    nats_user: str | None = Field(default=None, validation_alias="AKRUN_NATS_USER")
    """a user's name"""
    nats_password: _Secret | None = Field(default=None, validation_alias="AKRUN_NATS_PASSWORD")
    """the user's password, or a reference to it: `env:NAME`, `file:PATH`"""
    report_database: _Secret | None = Field(default=None, validation_alias="AKRUN_REPORT_DATABASE")
    """SQLAlchemy's URL of the database for the reports of a cluster, such as
    `postgresql+psycopg://user:password@host/database`, or a reference to it; `reports.db` in the data
    directory if there is none"""
    # A table of tables belongs into the file; no environment can hold a variable of this name.
    connectors: Mapping[str, Connector] = Field(default_factory=dict, validation_alias="", repr=False)
    """tables `[connectors.<id>]` of the file: the databases that pipes and audiences may ask"""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Keyword arguments hold what goes before the environment, and what it does not have."""
        return init_settings, env_settings


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings, and where they come from.

    Attributes:
        settings: all of them.
        origins: of each, `default`, `environment`, `command line` or the name of the file.
        file: the file that was read, if any.
    """

    settings: Settings
    origins: Mapping[str, str]
    file: TomlFile | None


_FILES: Final = ("data", "nats_tls_ca", "nats_tls_cert", "nats_tls_key", "nats_credentials", "nats_nkey")


def variables() -> dict[str, str]:
    """The environment variables of settings, each with the setting's name; connectors have none."""
    return {
        str(field.validation_alias): name
        for name, field in Settings.model_fields.items()
        if name != CONNECTORS
    }


def load_settings(config: Path | None = None, given: Mapping[str, str] | None = None) -> Settings:
    """The settings alone; see `read_configuration`."""
    return read_configuration(config, given).settings


def read_configuration(config: Path | None = None, given: Mapping[str, str] | None = None) -> Configuration:
    """Read the configuration.

    Args:
        config: The TOML file; `akrun.toml` in the working directory, if it is there, when None.
        given: Settings of the command line by name, which go before all others.

    Raises:
        FileFaults: Every fault of the file, the environment's variables and the command line, with its place.
    """
    names = variables()
    if config is None and Path(CONFIG_FILE).is_file():
        config = Path(CONFIG_FILE)
    file = None if config is None else TomlFile(config, names.values())
    environ = {name: os.environ[name] for name in names if os.environ.get(name)}
    environment = Texts(ENVIRONMENT, environ, names)
    command_line = Texts(COMMAND_LINE, given or {}, {name: name for name in names.values()})
    layers: list[Layer] = [each for each in (file, environment, command_line) if each is not None]
    giving = {name: layer for layer in layers for name in layer.values}
    faults = [fault for layer in layers for fault in layer.faults]
    values = {alias: giving[name].values[name] for alias, name in names.items() if name in giving}
    settings: Settings | None = None
    try:
        settings = Settings(**values)
    except ValidationError as error:
        faults.extend(_value_faults(error, giving))
    connectors, more = _connectors(file, config)
    faults.extend(more)
    secrets, more = _secrets(settings, giving, file, config)
    faults.extend(more)
    if settings is None or faults:
        raise FileFaults(faults)
    update: dict[str, Any] = {CONNECTORS: connectors, **secrets}
    if config is not None:
        for name in _FILES:
            if giving.get(name) is file and (path := getattr(settings, name)) is not None:
                update[name] = config.parent / path
    origins = {name: giving[name].name if name in giving else DEFAULT for name in names.values()}
    if file is not None and connectors:
        origins[CONNECTORS] = file.name
    return Configuration(settings.model_copy(update=update), origins, file)


def _value_faults(error: ValidationError, giving: Mapping[str, Layer]) -> list[Fault]:
    """What is wrong with settings that were refused, at the places that gave them their values."""
    faults = []
    meanings = attribute_docstrings(Settings)
    for each in error.errors(include_url=False):
        variable, *inner = each["loc"]
        name = variables()[str(variable)]
        why = each.get("ctx", {}).get("error") if inner else None
        allowed = f"allowed: {' '.join(meanings[name].split())}"
        faults.append(giving[name].value_fault((name, *inner), allowed, None if why is None else str(why)))
    return faults


def _secrets(
    settings: Settings | None, giving: Mapping[str, Layer], file: TomlFile | None, config: Path | None
) -> tuple[dict[str, SecretStr], list[Fault]]:
    """What the references in secret settings stand for, or what is wrong with them."""
    found: dict[str, SecretStr] = {}
    faults: list[Fault] = []
    for name in SECRETS:
        secret = getattr(settings, name, None)
        if secret is None or not is_reference(reference := secret.get_secret_value()):
            continue
        base = config.parent if config is not None and giving[name] is file else Path()
        try:
            found[name] = SecretStr(resolve(reference, base))
        except SecretError as error:
            hint = "name a variable that is set, or a file that can be read"
            faults.append(giving[name].value_fault((name,), hint, str(error)))
    return found, faults


def _connectors(file: TomlFile | None, config: Path | None) -> tuple[dict[str, Connector], list[Fault]]:
    """The file's connectors, or what is wrong with them."""
    if file is None or config is None:
        return {}, []
    try:
        return connectors_of(file.connectors, config.parent), []
    except ConnectorError as error:
        return {}, [
            file.fault(
                codes.SETTING_UNKNOWN if each.unknown else codes.SETTING_VALUE,
                f"{'.'.join(map(str, each.path))}: {each.message}",
                each.path,
                each.hint,
            )
            for each in error.faults
        ]
