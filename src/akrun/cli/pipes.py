"""`akrun pipes`: what the kinds of pipes do, from their specs."""

from typing import Any

import click
import orjson
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from akrun.errors import AkrunError
from akrun.pipes import REGISTRY, SPECS
from akrun.pipes.reference import describe, markdown, section
from aktmpl.cli.example import example
from aktmpl.errors import nearest


@click.command(epilog=example("akrun pipes http_request"))
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print docs/pipes.md, or a part of it.")
def pipes(name: str | None, *, as_json: bool, as_markdown: bool) -> None:
    """Show what the pipe NAME does: its parameters, exits, data and examples; without a name, list all."""
    if as_json and as_markdown:
        raise click.UsageError("--json and --markdown exclude each other")
    if name is None:
        _all(as_json=as_json, as_markdown=as_markdown)
        return
    spec = REGISTRY.get(name)
    if spec is None:
        hint = nearest(name, REGISTRY) or "there are " + ", ".join(each.name for each in SPECS)
        raise AkrunError(f"there is no pipe of type `{name}`; {hint}")
    if as_json:
        _print_json(describe(spec))
    elif as_markdown:
        click.echo(section(spec))
    else:
        Console().print(Markdown(section(spec)))


def _all(*, as_json: bool, as_markdown: bool) -> None:
    if as_json:
        _print_json([describe(spec) for spec in SPECS])
    elif as_markdown:
        click.echo(markdown(SPECS), nl=False)
    else:
        table = Table("type", "other names", "effect")
        for spec in sorted(SPECS, key=lambda spec: spec.name):
            table.add_row(spec.name, ", ".join(spec.aliases), spec.summary)
        Console().print(table)


def _print_json(value: Any) -> None:
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
