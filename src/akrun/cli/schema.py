"""`akrun schema`: the JSON Schemas of channel and mailing files, for editors and other tools."""

from pathlib import Path

import click
import orjson

from akrun.pipes.json_schema import channel_schema, mailing_schema

_SCHEMAS = {"channel": channel_schema, "mailing": mailing_schema}


@click.command()
@click.argument("kind", type=click.Choice(list(_SCHEMAS)), default="channel")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
def schema(kind: str, output: Path | None) -> None:
    """Print the JSON Schema (draft 2020-12) of channel or mailing files.

    An editor that knows it completes keys and pipes and marks mistakes while they are written.
    """
    text = orjson.dumps(_SCHEMAS[kind](), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_bytes(text)
