"""`akrun new`: a channel to begin with, with a mailing and tests that pass."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from akrun.scaffold import KINDS, Kind, Names, id_of, new_channel, string_id_of
from aktmpl.cli.example import example

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command(epilog=example("akrun new acme --kind json --name Acme"))
@click.argument("directory", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), help="How the service wants a message.  [default: json]")
@click.option(
    "--direct/--indirect",
    default=None,
    help="One message for every profile, or one content for a mailing.  [default: direct]",
)
@click.option("--name", help="The channel's name for people; by default the directory's.")
@click.option("--string-id", help="Its name for machines; by default made of the name.")
@click.option(
    "--id", "number", type=click.IntRange(min=0), help="Its number; by default made of the string id."
)
def new(  # noqa: PLR0913, PLR0917 - one parameter per option
    directory: Path | None,
    kind: Kind | None,
    direct: bool | None,  # noqa: FBT001 - click's flag
    name: str | None,
    string_id: str | None,
    number: int | None,
) -> None:
    """Make a channel in DIRECTORY, with a mailing, an audience, tests and a README.

    On a terminal, without options, it asks for what is not given. No file is overwritten. The channel is
    clean for `akrun lint --strict` and passes `akrun test`: a mistake in the next change can be seen.
    """
    given = (kind, direct, name, string_id, number)
    ask = sys.stdin.isatty() and all(each is None for each in given)
    if directory is None:
        if not ask:
            raise click.UsageError("DIRECTORY is missing: where the channel is made")
        directory = Path(click.prompt("Directory", default="channel"))
    name = name or directory.resolve().name or "Channel"
    if ask:
        name = click.prompt("Name of the channel", default=name)
        string_id = click.prompt("Name for machines", default=string_id_of(name))
        number = click.prompt("Number", default=id_of(string_id), type=click.IntRange(min=0))
        kind = click.prompt("How the service wants a message", default="json", type=click.Choice(KINDS))
        direct = click.confirm("One message for every profile", default=True)
    string_id = string_id or string_id_of(name)
    names = Names(name, string_id, id_of(string_id) if number is None else number)
    made = new_channel(directory, names, kind or "json", direct=direct is not False)
    _say(directory, made, names)


def _say(directory: Path, made: "Sequence[Path]", names: Names) -> None:
    click.echo(f"{names.name}: channel {names.string_id} ({names.id}) in {directory}")
    for path in made:
        click.echo(f"  {path.name}")
    click.echo("\nNow:\n")
    folder = shlex.quote(str(directory))
    click.echo(f"    cd {folder}")
    click.echo("    akrun lint --strict .")
    click.echo("    akrun test .")
    click.echo(f"    {names.variable}=none akrun send channel.json mailing.json --dry-run")
