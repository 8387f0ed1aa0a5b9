"""`akrun history`: what happened to one profile."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from akrun.backend import EventRecord
from akrun.channels import channel_of
from akrun.cli.database import reading
from akrun.cli.options import data_option
from akrun.cli.text import plain, to_json
from akrun.model.events import Event


@click.command()
@click.argument("profile")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def history(profile: str, data: Path, *, as_json: bool) -> None:
    """List the events of PROFILE (its id) over all mailings, the oldest first."""
    records, defined = asyncio.run(_read(data, profile))
    if as_json:
        listed = [_to_dict(record, defined) for record in records]
        click.echo(to_json(listed))
    elif records:
        Console().print(_table(records, defined))
    else:
        click.echo(f"nothing has happened to profile {profile} yet")


_Defined = dict[tuple[int, int | None], Event]
"""(channel id, event id) → the event as its channel defines it."""


async def _read(data: Path, profile: str) -> tuple[list[EventRecord], _Defined]:
    async with reading(data) as backend:
        records = await backend.history(profile)
        channels = [channel_of(record) for record in await backend.channels()]
    return records, {(channel.id, event.id): event for channel in channels for event in channel.events}


def _to_dict(record: EventRecord, defined: _Defined) -> dict[str, Any]:
    known = defined.get((record.channel_id, record.action_type))
    return {
        "time": datetime.fromtimestamp(record.time, UTC).isoformat(timespec="milliseconds"),
        "channel_id": record.channel_id,
        "mailing_id": record.mailing_id,
        "launch_id": record.launch_id,
        "send_message_id": record.send_message_id,
        "event_type": record.event_type,
        "action_type": record.action_type,
        "name": known.name if known else record.event_type,
        "reason": record.reason,
        "data": record.data,
    }


def _table(records: list[EventRecord], defined: _Defined) -> Table:
    table = Table("time", "mailing", "channel", "event", "type", "reason")
    for record in records:
        known = defined.get((record.channel_id, record.action_type))
        time = datetime.fromtimestamp(record.time, UTC).isoformat(sep=" ", timespec="seconds")
        name = Text(known.name if known else record.event_type, style=known.color if known else "")
        mailing = "" if record.mailing_id is None else str(record.mailing_id)
        table.add_row(
            time, mailing, str(record.channel_id), name, record.event_type, plain(record.reason or "")
        )
    return table
