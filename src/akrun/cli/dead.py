"""`akrun dead`: messages that failed for good."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from akrun.backend import Backend, DeadLetter
from akrun.channels import channel_of
from akrun.cli.database import reading
from akrun.cli.options import data_option
from akrun.cli.text import plain, to_json
from akrun.engine.compile import secret_fields
from akrun.engine.payload import decode_payload
from akrun.engine.secrets import Masker, secrets_in
from akrun.engine.trace import shown
from akrun.errors import AkrunError


@click.group()
def dead() -> None:
    """Look at messages that failed for good."""


@dead.command("list")
@data_option
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="Most to list.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, without the inputs.")
def list_(data: Path, limit: int, *, as_json: bool) -> None:
    """List dead letters, the oldest first."""
    letters = asyncio.run(_read(data, limit))
    if as_json:
        click.echo(to_json([_about(letter) for letter in letters]))
    else:
        Console().print(_table(letters))


@dead.command()
@click.argument("dead_id", type=int)
@data_option
def show(dead_id: int, data: Path) -> None:
    """Show one dead letter as JSON: its error, and what entered the pipe that failed."""
    found = asyncio.run(_find(data, dead_id))
    if found is None:
        raise AkrunError(f"there is no dead letter {dead_id}; `akrun dead list` shows those there are")
    letter, entered = found
    click.echo(to_json({**_about(letter), "input": entered}))


def _about(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "message_id": letter.message_id,
        "pipeline": letter.pipeline,
        "pipe": letter.pipe,
        "attempts": letter.attempts,
        "time": datetime.fromtimestamp(letter.time, UTC).isoformat(timespec="milliseconds"),
        "error": dict(letter.error),
    }


def _table(letters: list[DeadLetter]) -> Table:
    table = Table("id", "message", "time", "pipe", "attempts", "code", "error")
    for letter in letters:
        time = datetime.fromtimestamp(letter.time, UTC).isoformat(sep=" ", timespec="seconds")
        code, message = (letter.error.get(key) for key in ("code", "message"))
        table.add_row(
            str(letter.id),
            letter.message_id or "",
            time,
            "" if letter.pipe is None else str(letter.pipe),
            str(letter.attempts),
            plain("" if code is None else code),
            plain("" if message is None else message),
        )
    return table


async def _read(data: Path, limit: int) -> list[DeadLetter]:
    async with reading(data) as backend:
        return await backend.dead_letters(limit=limit)


async def _find(data: Path, dead_id: int) -> tuple[DeadLetter, Any] | None:
    """A dead letter, and its input as it may be shown."""
    async with reading(data) as backend:
        letter = await backend.dead_letter(dead_id)
        if letter is None:
            return None
        entered = decode_payload(letter.input)
        secrets = await _row_secrets(backend, letter, entered)
    return letter, shown(entered, Masker(secrets))


async def _row_secrets(backend: Backend, letter: DeadLetter, entered: Any) -> list[str]:
    """Secrets in the input of a message that was given up before any pipe failed.

    Its input is the row as it was stored for sending; all other inputs were masked when they were stored.
    """
    status = None if letter.message_id is None else await backend.message(letter.message_id)
    launch = None if status is None else await backend.find_launch(status.launch_id)
    mailing = None if launch is None else await backend.mailing(launch.mailing_id)
    record = None if mailing is None else await backend.channel(mailing.channel)
    if record is None or not isinstance(entered, dict):
        return []
    return secrets_in(entered, secret_fields(channel_of(record)))
