"""`akrun history`: what happened to one profile."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from akrun.backend import EventRecord
from akrun.channels import channel_of
from akrun.cli.database import reading
from akrun.cli.options import settings_option
from akrun.cli.text import plain
from akrun.exact_json import to_json
from akrun.model.events import Event
from akrun.model.settings import Settings
from aktmpl.cli.example import example


@click.command(epilog=example("akrun history p0001"))
@click.argument("profile")
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def history(profile: str, settings: Settings, *, as_json: bool) -> None:
    """List the events of PROFILE (its id) over all mailings, the oldest first."""
    records, defined, names = asyncio.run(_read(settings, profile))
    if as_json:
        listed = [_to_dict(record, defined) for record in records]
        click.echo(to_json(listed))
    elif records:
        Console().print(_table(records, defined, names))
    else:
        click.echo(f"nothing has happened to profile {profile} yet")


_Defined = dict[tuple[int, int | None], Event]
"""(channel id, event id) → the event as its channel defines it."""


async def _read(settings: Settings, profile: str) -> tuple[list[EventRecord], _Defined, dict[int, str]]:
    async with reading(settings) as backend:
        records = await backend.history(profile)
        channels = [channel_of(record) for record in await backend.channels()]
    defined: _Defined = {(channel.id, event.id): event for channel in channels for event in channel.events}
    return records, defined, {channel.id: channel.string_id for channel in channels}


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


def _table(records: list[EventRecord], defined: _Defined, names: Mapping[int, str]) -> Table:
    table = Table()
    table.add_column("time (UTC)", no_wrap=True)
    for column in ("mailing", "channel", "event", "type", "reason"):
        table.add_column(column)
    for record in records:
        known = defined.get((record.channel_id, record.action_type))
        time = datetime.fromtimestamp(record.time, UTC).isoformat(sep=" ", timespec="seconds")[:19]
        name = Text(known.name if known else record.event_type, style=known.color if known else "")
        mailing = "" if record.mailing_id is None else str(record.mailing_id)
        channel = names.get(record.channel_id, str(record.channel_id))
        table.add_row(time, mailing, channel, name, record.event_type, plain(record.reason or ""))
    return table
