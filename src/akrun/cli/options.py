"""Options that several commands share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from akrun.exact_json import decode
from akrun.model.mailing import VALUE_OBJECTS
from akrun.model.settings import Settings, load_settings

R = TypeVar("R")

LOG = "procpiper.log"


@dataclass(frozen=True, slots=True)
class SettingFlags:
    """What the command line says of settings: the file, and settings by name."""

    config: Path | None
    given: Mapping[str, str]


def data_option(function: Callable[..., R]) -> Callable[..., R]:
    """The options of settings; the command gets the data directory as `data: Path`."""

    @settings_option
    @wraps(function)
    def command(*args: Any, settings: Settings, **kwargs: Any) -> R:
        return function(*args, data=settings.data, **kwargs)

    return command


def settings_option(function: Callable[..., R]) -> Callable[..., R]:
    """The options of settings; the command gets all settings as `settings: Settings`."""

    @flags_option
    @wraps(function)
    def command(*args: Any, flags: SettingFlags, **kwargs: Any) -> R:
        return function(*args, settings=load_settings(flags.config, flags.given), **kwargs)

    return command


def flags_option(function: Callable[..., R]) -> Callable[..., R]:
    """`--data`, `--backend`, `--config` and `--option`; the command gets them as `flags: SettingFlags`."""

    @click.option(
        "--data",
        type=click.Path(file_okay=False),
        help="Directory of the database and the log.  [setting: data; env var: AKRUN_DATA; default: .akrun]",
    )
    @click.option(
        "--backend",
        metavar="URL",
        help="Servers of a NATS cluster (nats://host:4222), which hold everything instead of the database.  "
        "[setting: backend; env var: AKRUN_BACKEND; default: embedded]",
    )
    @click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar="AKRUN_CONFIG",
        show_envvar=True,
        help="TOML file of settings; else akrun.toml in the working directory, if it is there.",
    )
    @click.option(
        "-o",
        "--option",
        "options",
        multiple=True,
        callback=_parse_options,
        metavar="NAME=VALUE",
        help="A setting, before environment and file: -o max_attempts=3. `akrun doctor` shows them all.",
    )
    @wraps(function)
    def command(
        *args: Any,
        data: str | None,
        backend: str | None,
        config: Path | None,
        options: dict[str, str],
        **kwargs: Any,
    ) -> R:
        named = {"data": data, "backend": backend}
        given = {**options, **{name: value for name, value in named.items() if value is not None}}
        return function(*args, flags=SettingFlags(config, given), **kwargs)

    return command


def _parse_options(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    given = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"{pair[:80]!r} is not of the form NAME=VALUE")
        given[name.strip()] = value.strip()
    return given


def parse_set(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, Any]:
    """`path=text` and `path:=json` as values by path."""
    given: dict[str, Any] = {}
    for pair in pairs:
        path, equals, text = pair.partition("=")
        is_json = path.endswith(":")
        path = path.removesuffix(":")
        if not equals or path.partition(".")[0] not in VALUE_OBJECTS or not all(path.split(".")[1:] or [""]):
            raise click.BadParameter(
                f"{pair.partition('=')[0]!r} is not of the form object.field=text or object.field:=json with "
                f"one of the objects {', '.join(VALUE_OBJECTS)}"
            )
        try:
            given[path] = decode(text.encode()) if is_json else text
        except orjson.JSONDecodeError as error:
            raise click.BadParameter(f"the value of {path} is no JSON: {error}") from error
    return given
