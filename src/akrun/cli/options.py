"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from akrun.model.mailing import VALUE_OBJECTS

F = TypeVar("F", bound=Callable[..., Any])

DATABASE = "akrun.db"
LOG = "procpiper.log"


def data_option(function: F) -> F:
    """`--data DIR`: where the database and the log are."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path(".akrun"),
        envvar="AKRUN_DATA",
        show_default=True,
        show_envvar=True,
        help="Directory of the database and the log.",
    )(function)


def parse_set(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, Any]:
    """`path=text` and `path:=json` as values by path."""
    given: dict[str, Any] = {}
    for pair in pairs:
        path, equals, text = pair.partition("=")
        is_json = path.endswith(":")
        path = path.removesuffix(":")
        if not equals or path.partition(".")[0] not in VALUE_OBJECTS or "." not in path:
            raise click.BadParameter(
                f"{pair.partition('=')[0]!r} is not of the form object.field=text or object.field:=json, with "
                f"one of the objects {', '.join(VALUE_OBJECTS)}"
            )
        try:
            given[path] = orjson.loads(text) if is_json else text
        except orjson.JSONDecodeError as error:
            raise click.BadParameter(f"the value of {path} is no JSON: {error}") from error
    return given
