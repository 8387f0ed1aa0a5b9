"""The configuration: defaults, over them one TOML file, then environment variables, then flags.

`akrun.toml` of the working directory is read when no other file is named:

    data = "state"            # relative paths are seen from the file's directory
    durability = "normal"
    pipe_http_timeout = 10
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from akrun.errors import Fault, FileFaults
from akrun.model import codes
from akrun.model.located import read_text
from akrun.sql.config import Connector, connectors_of
from aktmpl.errors import nearest, shown
from aktmpl.source import Source, Span

CONFIG_FILE: Final = "akrun.toml"
ENVIRONMENT: Final = "environment"
"""What frames call the environment where a file's name would stand."""

Durability = Literal["full", "normal"]


def _no_truth(value: Any) -> Any:
    """Refuse true and false, which pydantic takes for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("no number")  # noqa: TRY004 - pydantic turns only this one into its own error
    return value


_Count = Annotated[int, BeforeValidator(_no_truth)]
_Seconds = Annotated[float, BeforeValidator(_no_truth)]


class Settings(BaseSettings):
    """What can be set; a setting's alias is its environment variable, its name is its key in the file."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_ignore_empty=True, use_attribute_docstrings=True
    )

    data: Path = Field(Path(".akrun"), validation_alias="AKRUN_DATA")
    """the directory of the database and the log"""
    durability: Durability = Field("full", validation_alias="AKRUN_DURABILITY")
    """full (every acknowledged write survives a power failure) or normal (the last ones may not)"""
    max_attempts: _Count = Field(5, validation_alias="AKRUN_MAX_ATTEMPTS", ge=1, le=1000)
    """a whole number from 1 to 1000: attempts before a message becomes a dead letter"""
    grace_period: _Seconds = Field(
        10.0, validation_alias="AKRUN_GRACE_PERIOD", ge=0, le=86_400, allow_inf_nan=False
    )
    """seconds from 0 to 86400 that messages under way are given after an interrupt"""
    pipe_worker_size: _Count = Field(256, validation_alias="PIPE_WORKER_SIZE", ge=1, le=100_000)
    """a whole number from 1 to 100000: most events at once in a pipe"""
    pipe_http_timeout: _Seconds = Field(
        30.0, validation_alias="PIPE_HTTP_TIMEOUT", gt=0, le=86_400, allow_inf_nan=False
    )
    """seconds above 0, at most 86400, for a whole HTTP exchange"""
    pipe_http_max_conn: _Count = Field(64, validation_alias="PIPE_HTTP_MAX_CONN", ge=1, le=10_000)
    """a whole number from 1 to 10000: most connections to a host"""
    pipe_scheduler_delay: _Seconds = Field(
        60.0, validation_alias="PIPE_SCHEDULER_DELAY", ge=0, le=31_536_000, allow_inf_nan=False
    )
    """seconds from 0 to 31536000 until an event that a `scheduled` pipe hands over is due"""
    scheduler_pipe_router_period: _Seconds = Field(
        10.0, validation_alias="SCHEDULER_PIPE_ROUTER_PERIOD", gt=0, le=3600, allow_inf_nan=False
    )
    """seconds above 0, at most 3600: events that are due are looked for at least that often"""
    pipe_sql_connection_timeout: _Seconds = Field(
        10.0, validation_alias="PIPE_SQL_CONNECTION_TIMEOUT", gt=0, le=86_400, allow_inf_nan=False
    )
    """seconds above 0, at most 86400, until there is a connection to a database"""
    pipe_sql_query_timeout: _Seconds = Field(
        30.0, validation_alias="PIPE_SQL_QUERY_TIMEOUT", gt=0, le=86_400, allow_inf_nan=False
    )
    """seconds above 0, at most 86400, for a statement and the reading of its rows"""
    connectors: Mapping[str, Connector] = Field(
        default_factory=dict, validation_alias="AKRUN_CONNECTORS", repr=False
    )
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
        """The environment goes before what the file gave, which comes as keyword arguments."""
        return env_settings, init_settings


def load_settings(config: Path | None = None, *, data: Path | None = None) -> Settings:
    """Read the configuration.

    Args:
        config: The TOML file; `akrun.toml` in the working directory, if it is there, when None.
        data: The flag `--data`, which goes before file and environment.

    Raises:
        FileFaults: Every fault of the file and of the environment's variables, with its place.
        ConnectorError: What is wrong with the connectors.
    """
    if config is None and Path(CONFIG_FILE).is_file():
        config = Path(CONFIG_FILE)
    file = None if config is None else _File(config)
    given = {} if file is None else file.known
    faults = [] if file is None else list(file.unknown)
    try:
        settings = Settings(**{_variable(name): value for name, value in given.items()})
    except ValidationError as error:
        found = (_value_fault(each["loc"][0], file) for each in error.errors(include_url=False))
        raise FileFaults([*faults, *found]) from error
    if faults:
        raise FileFaults(faults)
    if file is not None and config is not None:
        settings = settings.model_copy(update={"connectors": connectors_of(file.connectors, config.parent)})
    if data is not None:
        return settings.model_copy(update={"data": data})
    if config is not None and "data" in given and not os.environ.get(_variable("data")):
        return settings.model_copy(update={"data": config.parent / settings.data})
    return settings


class _File:
    """A TOML file of settings: which of them it has, and where."""

    def __init__(self, path: Path) -> None:
        self._source = Source(read_text(path), str(path))
        values = self._parsed()
        self.connectors = values.pop("connectors", {})
        self.known: dict[str, Any] = {
            name: each for name, each in values.items() if name in Settings.model_fields
        }
        self.unknown = [self._unknown(name) for name in values if name not in Settings.model_fields]

    def span(self, name: str) -> Span:
        """Where a setting's line begins; the file has no tables but unknown ones."""
        pattern = rf"""^[ \t]*\[*[ \t]*(["']?{re.escape(name)}["']?)[ \t]*[].=]"""
        found = re.search(pattern, self._source.text, re.MULTILINE)
        return Span(0, 0) if found is None else Span(*found.span(1))

    def fault(self, code: str, message: str, name: str, hint: str | None) -> Fault:
        """A fault at a setting."""
        return Fault(code, message, hint, self._source, self.span(name))

    def _parsed(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._source.text)
        except tomllib.TOMLDecodeError as error:
            message, at, place = str(error).partition(" (at ")
            found = re.search(r"line (\d+), column (\d+)", place)
            lines = self._source.text.splitlines(keepends=True)
            offset = len(self._source.text) if at else 0
            if found:
                line, column = (int(each) - 1 for each in found.groups())
                offset = sum(map(len, lines[:line])) + column
            offset = min(offset, max(len(self._source.text) - 1, 0))
            fault = Fault(
                codes.SETTING_SYNTAX,
                f"this is no TOML: {message[:1].lower()}{message[1:]}",
                None,
                self._source,
                Span(offset, offset + 1),
            )
            raise FileFaults([fault]) from error

    def _unknown(self, name: str) -> Fault:
        known = Settings.model_fields
        hint = nearest(name.lower(), known) or "settings: " + ", ".join(known)
        return self.fault(codes.SETTING_UNKNOWN, f"there is no setting `{name[:80]}`", name, hint)


def _variable(name: str) -> str:
    """The environment variable of a setting."""
    return str(Settings.model_fields[name].validation_alias)


def _value_fault(variable: int | str, file: _File | None) -> Fault:
    """What is wrong with a setting that was refused, at the place that gave it its value."""
    name = next(each for each in Settings.model_fields if _variable(each) == variable)
    allowed = f"allowed: {Settings.model_fields[name].description}"
    value = os.environ.get(str(variable))
    if not value and file is not None:
        message = f"`{name}` is {shown(file.known[name])}"
        return file.fault(codes.SETTING_VALUE, message, name, allowed)
    text = f"{variable}={value}"
    source, span = Source(text, ENVIRONMENT), Span(len(f"{variable}="), len(text))
    return Fault(codes.SETTING_VALUE, f"{variable} is {shown(value)}", allowed, source, span)
