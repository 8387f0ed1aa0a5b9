"""`akrun dead`: messages that failed for good, or of which nobody knows whether they were sent."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from akrun.cli.database import reading
from akrun.cli.dead_change import carry_out, dropping, replaying
from akrun.cli.dead_dry_run import Trial, print_tried, try_letters
from akrun.cli.dead_letters import Filter, Letter, Letters, describe
from akrun.cli.dead_options import Chosen, choose_options, filter_options, no_letter
from akrun.cli.options import parse_set, settings_option
from akrun.cli.text import plain
from akrun.exact_json import to_json
from akrun.mailing.job import PIPELINE
from akrun.model.settings import Settings
from akrun.rerun.plan import Given
from aktmpl.cli.example import example


@click.group()
def dead() -> None:
    """Look at messages that failed for good or are uncertain; send them again, or let them go.

    A message is uncertain when a request of it may have reached the service, and is not to be sent again
    unasked.
    """


@dead.command("list", epilog=example("akrun dead list --state uncertain"))
@filter_options
@settings_option
@click.option("--after", default=0, show_default=True, type=click.IntRange(0), help="Only ids above this.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="Most to list.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, without the inputs.")
def list_(wanted: Filter, settings: Settings, after: int, limit: int, *, as_json: bool) -> None:
    """List dead letters, the oldest first."""
    letters = asyncio.run(_list(settings, wanted, after, limit + 1))
    more, letters = len(letters) > limit, letters[:limit]
    if as_json:
        click.echo(to_json([letter.to_dict() for letter in letters]))
    elif letters:
        Console().print(_table(letters))
    else:
        click.echo("no dead letters")
    if more:
        click.echo(f"there are more: --after {letters[-1].dead.id}", err=True)


@dead.command(epilog=example("akrun dead show 7"))
@click.argument("dead_id", type=int)
@settings_option
def show(dead_id: int, settings: Settings) -> None:
    """Show one dead letter as JSON: its error and place, what entered its pipe, what a replay would do."""
    click.echo(to_json(asyncio.run(_show(settings, dead_id))))


@dead.command(epilog=example("akrun dead replay --all --mailing 501"))
@choose_options
@settings_option
@click.option("--from-start", is_flag=True, help="Begin at the first pipe, not at the one that failed.")
@click.option("--dry-run", is_flag=True, help="Show what it would send beside what failed; send nothing.")
@click.option(
    "--by",
    "edited",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For --dry-run: the edited channel; else the one that is registered.",
)
@click.option(
    "--set",
    "given",
    multiple=True,
    callback=parse_set,
    metavar="PATH=TEXT",
    help="For --dry-run: a value in place of the stored one.",
)
@click.option("--json", "as_json", is_flag=True, help="For --dry-run: print JSON.")
def replay(  # noqa: PLR0913 - one parameter per option
    chosen: Chosen,
    settings: Settings,
    edited: Path | None,
    given: dict[str, Any],
    *,
    from_start: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Let messages be sent again, by the channel's present version, with all their attempts before them.

    They go on at the pipe that failed, with what entered it. The serving process takes them up at once;
    without one they wait for the next `akrun serve`, or for `akrun send` of their mailing.

    With --dry-run nothing is sent: it shows, as a diff, the requests that the failed attempts sent and those
    that a replay would send by the edited channel.
    """
    if not dry_run and (edited is not None or given or as_json):
        raise click.UsageError("--by, --set and --json are for --dry-run")
    letters = _choose(chosen, settings)
    if dry_run:
        trial = Trial(edited, Given(given), from_start)
        print_tried(asyncio.run(try_letters(letters, trial, settings)), trial, as_json=as_json)
        return
    uncertain = sum(letter.state == "uncertain" for letter in letters)
    question = f"Replay {_number(letters)}?"
    if uncertain:
        about = f"The service may have got the request of {uncertain:,} already; a replay sends it again."
        question = f"{about} {question}"
    if not chosen.agreed(letters, question, ask=bool(uncertain)):
        return
    changed = carry_out(replaying(from_start=from_start), letters, settings)
    if changed.count:
        click.echo(f"{changed.count:,} to be sent again; {_by_whom(letters, served=changed.served)}")
    sys.exit(0 if changed.count == len(letters) else 1)


@dead.command(epilog=example("akrun dead drop 7"))
@choose_options
@settings_option
def drop(chosen: Chosen, settings: Settings) -> None:
    """Let go of dead letters: they cannot be replayed any more. The messages keep their outcome."""
    letters = _choose(chosen, settings)
    if not chosen.agreed(letters, f"Drop {_number(letters)}? They cannot be replayed then."):
        return
    changed = carry_out(dropping(), letters, settings)
    click.echo(f"{changed.count:,} dropped")
    sys.exit(0 if changed.count == len(letters) else 1)


async def _list(settings: Settings, wanted: Filter, after: int, limit: int) -> list[Letter]:
    found: list[Letter] = []
    async with reading(settings) as backend:
        async for letter in Letters(backend).each(wanted, after):
            found.append(letter)
            if len(found) == limit:
                break
    return found


async def _show(settings: Settings, dead_id: int) -> dict[str, Any]:
    async with reading(settings) as backend:
        letter = await Letters(backend).find(dead_id)
        if letter is None:
            raise no_letter(dead_id)
        record = None if letter.channel is None else await backend.channel(letter.channel)
        return describe(letter, record)


def _choose(chosen: Chosen, settings: Settings) -> list[Letter]:
    async def read() -> list[Letter]:
        async with reading(settings) as backend:
            return await chosen.letters(backend)

    return asyncio.run(read())


def _number(letters: list[Letter]) -> str:
    return f"{len(letters):,} dead letter{'s' if len(letters) > 1 else ''}"


def _by_whom(letters: list[Letter], *, served: bool) -> str:
    """Who carries out what was made pending."""
    if served:
        return "the serving process takes them up now"
    jobs = any(letter.dead.job_id is not None for letter in letters)
    mailings = {str(letter.mailing) for letter in letters if letter.dead.job_id is None}
    if not mailings:
        return "`akrun serve` takes them up"
    names = ", ".join(sorted(mailings))
    text = f"`akrun send` takes up those of mailing {names}, or `akrun serve`"
    return f"{text}, which takes up the others too" if jobs else text


def _table(letters: list[Letter]) -> Table:
    table = Table("id")
    table.add_column("message", no_wrap=True)
    table.add_column("error", overflow="fold")
    for letter in letters:
        dead = letter.dead
        time = datetime.fromtimestamp(dead.time, UTC).isoformat(sep=" ", timespec="seconds")
        lines = [dead.message_id or dead.job_id, _place(letter), f"{letter.state} {time[:19]} UTC"]
        if dead.attempts != 1:
            lines.append(f"{dead.attempts} attempts")
        code, text = (dead.error.get(key) for key in ("code", "message"))
        table.add_row(str(dead.id), Text("\n").join(map(plain, lines)), plain(f"{code}: {text}"))
    return table


def _place(letter: Letter) -> str:
    """`mailing 1, pipe 3`, or `channel chat, listener pipe 2`."""
    dead = letter.dead
    owner = f"channel {letter.channel}" if letter.mailing is None else f"mailing {letter.mailing}"
    pipeline = "" if dead.pipeline in (None, PIPELINE) else f"{dead.pipeline} "
    return owner if dead.pipe is None else f"{owner}, {pipeline}pipe {dead.pipe}"
