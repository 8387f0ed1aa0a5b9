"""`akrun channels`: the catalogue of channels."""

import asyncio
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from akrun.backend import ChannelRecord
from akrun.backend.chosen import chosen, database
from akrun.channels import Entry, catalogue
from akrun.cli.options import settings_option
from akrun.cli.text import plain
from akrun.errors import AkrunError
from akrun.exact_json import to_json
from akrun.model.servers import EMBEDDED
from akrun.model.settings import Settings
from aktmpl.cli.example import example
from aktmpl.errors import nearest


@click.command(epilog=example("akrun channels webhook"))
@click.argument("string_id", required=False)
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def channels(string_id: str | None, settings: Settings, *, as_json: bool) -> None:
    """List all channels: built-in, shipped with akrun, registered by use. With STRING_ID, print that one."""
    registered = asyncio.run(_registered(settings))
    entries = catalogue(registered)
    if string_id is not None:
        click.echo(_document(string_id, entries, registered))
    elif as_json:
        listed = [entry.to_dict() for entry in entries]
        click.echo(to_json(listed))
    else:
        Console().print(_table(entries))


async def _registered(settings: Settings) -> list[ChannelRecord]:
    """The channels of the backend, if there is one yet."""
    if settings.backend == EMBEDDED and not database(settings.data).exists():
        return []
    async with chosen(settings, read_only=True) as backend:
        return await backend.channels()


def _document(string_id: str, entries: Sequence[Entry], registered: Sequence[ChannelRecord]) -> str:
    """A channel's definition: a registered one as it was written."""
    for record in registered:
        if record.string_id == string_id:
            return record.document.decode()
    for entry in entries:
        if entry.channel.string_id == string_id:
            value = entry.channel.model_dump(mode="json", by_alias=True, exclude_defaults=True)
            return to_json(value)
    known = [entry.channel.string_id for entry in entries]
    hint = nearest(string_id, known) or "there are " + ", ".join(known)
    raise AkrunError(f"there is no channel `{string_id}`; {hint}")


def _table(entries: Sequence[Entry]) -> Table:
    table = Table("id", "string_id", "name", "kind", "communication", "events", "from")
    for entry in entries:
        channel = entry.channel
        events = ", ".join(dict.fromkeys(str(each.event_type) for each in channel.events))
        origin = "registered" if entry.registered else "akrun"
        cells = (channel.string_id, channel.name, channel.kind, channel.communication, events, origin)
        table.add_row(str(channel.id), *map(plain, cells))
    return table
