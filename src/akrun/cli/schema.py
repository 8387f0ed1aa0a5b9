"""`akrun schema`: the JSON Schemas of channel, mailing and test files, the OpenAPI document of the API."""

from pathlib import Path
from typing import Any

import click
import orjson

from akrun.pipes.json_schema import channel_schema, mailing_schema
from aktmpl.cli.example import example


def _api() -> dict[str, Any]:
    from akrun.server.api.app import make_app  # noqa: PLC0415 - the others do without a web framework

    return make_app().openapi()


def _test() -> dict[str, Any]:
    from akrun.testkit.schema import case_schema  # noqa: PLC0415 - the others do without the testkit

    return case_schema()


_SCHEMAS = {"channel": channel_schema, "mailing": mailing_schema, "test": _test, "api": _api}


@click.command(epilog=example("akrun schema channel --output channel.schema.json"))
@click.argument("kind", type=click.Choice(list(_SCHEMAS)), default="channel")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
def schema(kind: str, output: Path | None) -> None:
    """Print the JSON Schema (draft 2020-12) of channel, mailing or test files, or the API's OpenAPI document.

    An editor that knows a schema completes keys and pipes and marks mistakes while they are written.
    """
    text = orjson.dumps(_SCHEMAS[kind](), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_bytes(text)
