"""`akrun token`: the bearer tokens of the HTTP API, made, listed and revoked."""

import time
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from akrun.cli.database import make_directory
from akrun.cli.options import data_option
from akrun.cli.text import plain
from akrun.exact_json import to_json
from akrun.server.api.tokens import Scope, Token, TokenFile
from aktmpl.cli.example import example

_DAY = 86_400.0


@click.group()
def token() -> None:
    """Make and revoke tokens for the HTTP API; a serving process takes note at once."""


@token.command(epilog=example("akrun token create --name shop --scope send --expires 90"))
@click.option("--name", required=True, help="Tells it from others: who or what has it.")
@click.option(
    "--scope",
    type=click.Choice([each.value for each in Scope]),
    default=Scope.READ.value,
    show_default=True,
    help="What it is for; each includes the ones before it.",
)
@click.option("--expires", type=click.FloatRange(0, min_open=True), metavar="DAYS", help="When it ends.")
@data_option
def create(name: str, scope: str, expires: float | None, data: Path) -> None:
    """Make a token and print it. Only its hash is kept: it cannot be shown again."""
    make_directory(data)
    now = time.time()
    until = None if expires is None else now + expires * _DAY
    click.echo(TokenFile(data).create(name, Scope(scope), now, until))


@token.command("list", epilog=example("akrun token list"))
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(data: Path, *, as_json: bool) -> None:
    """List all tokens; what they are is not kept."""
    tokens = TokenFile(data).tokens()
    if as_json:
        click.echo(to_json([_about(each) for each in tokens]))
        return
    table = Table("name", "scope", "created", "expires")
    for each in tokens:
        about = _about(each)
        table.add_row(*(plain(about[key] or "") for key in ("name", "scope", "created", "expires")))
    Console().print(table)


@token.command(epilog=example("akrun token revoke shop"))
@click.argument("name")
@data_option
def revoke(name: str, data: Path) -> None:
    """End the token of that NAME."""
    make_directory(data)
    TokenFile(data).revoke(name)


def _about(token: Token) -> dict[str, str | None]:
    return {
        "name": token.name,
        "scope": token.scope.value,
        "created": _time(token.created),
        "expires": None if token.expires is None else _time(token.expires),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ", timespec="seconds")
