"""`akrun dead`: messages that failed for good."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.table import Table

from akrun.backend import DeadLetter, Embedded
from akrun.cli.options import DATABASE, data_option
from akrun.engine.secrets import Masker
from akrun.engine.trace import shown
from akrun.errors import AkrunError
from akrun.mailing.dead import decode_input


@click.group()
def dead() -> None:
    """Look at messages that failed for good."""


@dead.command("list")
@data_option
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="Most to list.")
def list_(data: Path, limit: int) -> None:
    """List dead letters, the oldest first."""
    letters = asyncio.run(_read(data, limit))
    table = Table("id", "message", "time", "pipe", "attempts", "code", "error")
    for letter in letters:
        time = datetime.fromtimestamp(letter.time, UTC).isoformat(sep=" ", timespec="seconds")
        error = letter.error
        table.add_row(
            str(letter.id),
            letter.message_id or "",
            time,
            "" if letter.pipe is None else str(letter.pipe),
            str(letter.attempts),
            str(error.get("code", "")),
            str(error.get("message", "")),
        )
    Console().print(table)


@dead.command()
@click.argument("dead_id", type=int)
@data_option
def show(dead_id: int, data: Path) -> None:
    """Show one dead letter as JSON: its error, and what entered the pipe that failed."""
    letter = asyncio.run(_find(data, dead_id))
    if letter is None:
        raise AkrunError(f"there is no dead letter {dead_id}; `akrun dead list` shows those there are")
    about = {
        "id": letter.id,
        "message_id": letter.message_id,
        "pipeline": letter.pipeline,
        "pipe": letter.pipe,
        "attempts": letter.attempts,
        "time": datetime.fromtimestamp(letter.time, UTC).isoformat(timespec="milliseconds"),
        "error": dict(letter.error),
        "input": shown(decode_input(letter.input), Masker()),
    }
    click.echo(orjson.dumps(about, option=orjson.OPT_INDENT_2).decode())


async def _read(data: Path, limit: int) -> list[DeadLetter]:
    async with Embedded(data / DATABASE, read_only=True) as backend:
        return await backend.dead_letters(limit=limit)


async def _find(data: Path, dead_id: int) -> DeadLetter | None:
    async with Embedded(data / DATABASE, read_only=True) as backend:
        return await backend.dead_letter(dead_id)
