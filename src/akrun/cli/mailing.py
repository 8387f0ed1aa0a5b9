"""`akrun mailing`: mailings handed in, looked at, paused, resumed and stopped."""

import asyncio
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from akrun.backend import Backend
from akrun.cli.control import ServingControl
from akrun.cli.database import make_directory, reading, writing
from akrun.cli.options import parse_set, settings_option
from akrun.cli.text import plain
from akrun.engine.clock import SystemClock
from akrun.engine.compile import CompiledChannel, compile_channel
from akrun.engine.event import Services
from akrun.engine.host import Host
from akrun.engine.log import LogRecord
from akrun.exact_json import to_json
from akrun.mailing.job import Job, read_job
from akrun.mailing.life import MailingStatus, status, statuses
from akrun.mailing.stop import BY_PERSON
from akrun.model import Channel, MailingState, parse_located
from akrun.model.servers import servers_of
from akrun.model.settings import Settings
from akrun.net.client import HttpClient
from akrun.server.keeper import Keeper
from akrun.services import pipe_defaults, sql_of
from aktmpl.cli.example import example

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

_NEXT = {
    MailingState.MODERATING: "its service is asked, and decides, while {who} serves the channel",
    MailingState.READY: "{who} sends it when its start time comes",
    MailingState.SENDING: "{who} sends it",
    MailingState.REJECTED: "change it and submit it again",
}

_COUNTED = ("total", "done", "failed", "skipped", "uncertain")


@click.group()
def mailing() -> None:
    """Hand in mailings to be moderated and sent, look at them, steer them.

    They are carried out by the process that serves the data directory, now or when there is one; on a
    cluster by its processes, `akrun serve` and `akrun worker`, on whichever machine.
    """


@mailing.command("list", epilog=example("akrun mailing list --json"))
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(settings: Settings, *, as_json: bool) -> None:
    """List all mailings with their state and counts."""
    found = [each.to_dict() for each in asyncio.run(_statuses(settings))]
    if as_json:
        click.echo(to_json(found))
        return
    table = Table("id", "name", "channel", "state", *_COUNTED, "left")
    for each in found:
        counts = each["counts"]
        numbers = [""] * (len(_COUNTED) + 1)
        if counts is not None:
            left = counts["pending"] + counts["in_progress"]
            shown = (*(counts[key] for key in _COUNTED), left)
            numbers = [f"{number:,}" for number in shown]
        cells = (plain(each[key]) for key in ("id", "name", "channel", "state"))
        table.add_row(*cells, *numbers)
    Console().print(table)


@mailing.command(epilog=example("akrun mailing show 501"))
@click.argument("mailing_id")
@settings_option
def show(mailing_id: str, settings: Settings) -> None:
    """Show where a mailing stands, as JSON."""
    click.echo(to_json(asyncio.run(_status(settings, mailing_id)).to_dict()))


@mailing.command(epilog=example("akrun mailing submit examples/sms/channel.json examples/sms/mailing.json"))
@click.argument("channel", type=_FILE)
@click.argument("mailing_file", type=_FILE, metavar="MAILING")
@click.option("--audience", type=_FILE, help="The audience's file; else the one that the mailing names.")
@click.option(
    "--set", "given", multiple=True, callback=parse_set, metavar="PATH=TEXT", help="As of `akrun send`."
)
@click.option("--relaunch", is_flag=True, help="Send a mailing that has ended once more.")
@settings_option
def submit(  # noqa: PLR0913, PLR0917 - one parameter per option
    channel: Path,
    mailing_file: Path,
    audience: Path | None,
    given: dict[str, Any],
    relaunch: bool,  # noqa: FBT001 - the signature is click's
    settings: Settings,
) -> None:
    """Hand in MAILING: it passes moderation, if its channel has any, and is sent when it is time."""
    sql = sql_of(settings)
    job = read_job(channel, mailing_file, audience, given, pipe_defaults(settings), sql)
    control = ServingControl.on(settings)
    if control is not None:
        _print(control.submit(job, relaunch=relaunch), settings)
        return
    make_directory(settings.data)
    _print(asyncio.run(_submit(job, settings, relaunch=relaunch)).to_dict(), settings)


@mailing.command(epilog=example("akrun mailing pause 501"))
@click.argument("mailing_id")
@settings_option
def pause(mailing_id: str, settings: Settings) -> None:
    """Pause a mailing; messages under way come to their end."""
    _ask(mailing_id, "pause", settings)


@mailing.command(epilog=example("akrun mailing resume 501"))
@click.argument("mailing_id")
@settings_option
def resume(mailing_id: str, settings: Settings) -> None:
    """Go on with a paused mailing."""
    _ask(mailing_id, "resume", settings)


@mailing.command(epilog=example("akrun mailing stop 501"))
@click.argument("mailing_id")
@settings_option
def stop(mailing_id: str, settings: Settings) -> None:
    """Stop a mailing for good; a placement stops when its service has confirmed it."""
    _ask(mailing_id, "stop", settings)


def _ask(mailing_id: str, what: str, settings: Settings) -> None:
    control = ServingControl.on(settings)
    if control is not None:
        _print(control.ask(mailing_id, what), settings)
    else:
        _print(asyncio.run(_steer(mailing_id, what, settings)).to_dict(), settings)


def _print(found: dict[str, Any], settings: Settings) -> None:
    text = f"“{found['name']}” is {found['state']}"
    if found["reason"]:
        text += f" ({found['reason']})"
    if found["stopping"]:
        text += "; its service is asked to stop it"
    elif (following := _NEXT.get(MailingState(found["state"]))) is not None:
        who = "`akrun serve` or a worker" if servers_of(settings.backend) else "`akrun serve`"
        text += f"; {following.format(who=who)}"
    Console().print(plain(text))


async def _statuses(settings: Settings) -> list[MailingStatus]:
    async with reading(settings) as backend:
        return await statuses(backend)


async def _status(settings: Settings, mailing_id: str) -> MailingStatus:
    async with reading(settings) as backend:
        return await status(backend, mailing_id)


async def _submit(job: Job, settings: Settings, *, relaunch: bool) -> MailingStatus:
    async with writing(settings) as backend:
        return await _keeper(backend, job.compiled).submit(job, relaunch=relaunch)


async def _steer(mailing_id: str, what: str, settings: Settings) -> MailingStatus:
    async with writing(settings) as backend:
        found = await status(backend, mailing_id)
        record = await backend.channel(found.mailing.channel)
        assert record is not None
        text = record.document.decode()
        located, _ = parse_located(text, record.string_id, is_json=text.lstrip().startswith("{"))
        compiled = compile_channel(Channel.model_validate(located.value), located, pipe_defaults(settings))
        keeper = _keeper(backend, compiled)
        if what == "stop":
            return await keeper.stop_mailing(mailing_id, BY_PERSON)
        return await (keeper.pause if what == "pause" else keeper.resume)(mailing_id)


def _keeper(backend: Backend, compiled: CompiledChannel) -> Keeper:
    """A keeper that only writes down what is asked for: it is never run."""
    host = Host(compiled, Services(HttpClient(), _no_log))
    return Keeper(backend, {compiled.channel.string_id: host}, {}, SystemClock())


def _no_log(_: LogRecord) -> None:
    """Nothing is run here, so there is nothing to log."""
