"""`akrun send`: a mailing, from its files to the report."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import orjson
from rich.console import Console

from akrun.backend import Embedded, LaunchState
from akrun.cli.dry_run import print_requests
from akrun.cli.log_file import log_file
from akrun.cli.options import DATABASE, LOG, data_option, parse_set
from akrun.cli.progress import show_progress
from akrun.cli.report import render
from akrun.cli.trace import render_trace
from akrun.engine.event import Services
from akrun.engine.run import run as run_event
from akrun.engine.trace import Trace
from akrun.errors import AkrunError
from akrun.mailing.job import PIPELINE, Job, payload, read_job
from akrun.mailing.launch import ENDED, Opened, open_launch
from akrun.mailing.report import make_report
from akrun.mailing.run import End, MailingRun
from akrun.net.client import HttpClient

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_EXIT_CODES = {End.FINISHED: 0, End.PAUSED: 1, End.STOPPED: 1, End.INTERRUPTED: 130}


@click.command()
@click.argument("channel", type=_FILE)
@click.argument("mailing", type=_FILE)
@click.option("--audience", type=_FILE, help="JSONL or CSV file; else the one that the mailing names.")
@click.option(
    "--set",
    "given",
    multiple=True,
    callback=parse_set,
    metavar="PATH=TEXT",
    help="A value instead of the mailing's: sender.url=https://…, or campaign.size:=3 for JSON.",
)
@data_option
@click.option("--dry-run", is_flag=True, help="Print each request it would send; send nothing.")
@click.option("--one", metavar="ID", help="Send to this profile only, with a trace; leaves no record.")
@click.option("--relaunch", is_flag=True, help="Send a mailing that has ended once more.")
@click.option("--json", "as_json", is_flag=True, help="Print the report, or the dry run, as JSON.")
def send(  # noqa: PLR0913 - one parameter per option
    channel: Path,
    mailing: Path,
    audience: Path | None,
    given: dict[str, Any],
    data: Path,
    *,
    dry_run: bool,
    one: str | None,
    relaunch: bool,
    as_json: bool,
) -> None:
    """Send MAILING through CHANNEL to its audience.

    Everything is checked and compiled before the first message is sent. A mailing that was interrupted goes
    on where it was; no message with a recorded outcome is sent again. Ctrl-C lets messages that are being
    sent come to their end; a second one does not.
    """
    if dry_run and one:
        raise click.UsageError("--dry-run and --one exclude each other")
    job = read_job(channel, mailing, audience, given)
    data.mkdir(parents=True, exist_ok=True)
    code = asyncio.run(_run(job, data, one=one, dry_run=dry_run, relaunch=relaunch, as_json=as_json))
    sys.exit(code)


async def _run(  # noqa: PLR0913 - one parameter per option
    job: Job, data: Path, *, one: str | None, dry_run: bool, relaunch: bool, as_json: bool
) -> int:
    async with _services(job, data) as services:
        if dry_run:
            print_requests(job, services, as_json=as_json)
            return 0
        if one is not None:
            return await _send_one(job, one, services)
        return await _send_all(job, data, services, relaunch=relaunch, as_json=as_json)


@asynccontextmanager
async def _services(job: Job, data: Path) -> AsyncIterator[Services]:
    with log_file(data / LOG) as log:
        async with HttpClient() as client:
            yield Services(client, log, masker=job.masker)


async def _send_one(job: Job, profile_id: str, services: Services) -> int:
    """A test: a real message under ids of its own, so that the mailing's launch knows nothing of it."""
    row = job.row(profile_id)
    if row.skip_reason is not None:
        raise AkrunError(f"profile {profile_id} is skipped: {row.skip_reason}")
    trace = Trace(services.masker)
    event = job.event(str(uuid4()), profile_id, orjson.loads(payload(row)), services, trace)
    result = await run_event(job.compiled.pipeline(PIPELINE, job.constants), event)
    Console().print(render_trace(trace, result))
    return 0 if result.state == "done" else 1


async def _send_all(job: Job, data: Path, services: Services, *, relaunch: bool, as_json: bool) -> int:
    console = Console(stderr=True)
    async with Embedded(data / DATABASE) as backend:
        opened = await open_launch(backend, job, relaunch=relaunch)
        console.print(_opening(job, opened), highlight=False)
        end = End.FINISHED
        if opened.launch.state not in ENDED:
            run = MailingRun(backend, opened.launch, job, services)
            end = await _with_progress(run, job.mailing.name, console)
        report = await make_report(backend, job.mailing.id)
    if as_json:
        click.echo(orjson.dumps(report.to_dict(), option=orjson.OPT_INDENT_2).decode())
    else:
        Console().print(render(report))
    if end is not End.FINISHED:
        console.print(_ending(end), style="yellow", highlight=False)
    return _EXIT_CODES[end]


async def _with_progress(run: MailingRun, title: str, console: Console) -> End:
    """Run with a progress display; the first interrupt stops intake, the second one stops at once."""
    sending = asyncio.ensure_future(run.run())
    display = asyncio.ensure_future(show_progress(run, title, console))
    loop = asyncio.get_running_loop()
    interrupts = 0

    def interrupt() -> None:
        nonlocal interrupts
        interrupts += 1
        if interrupts > 1:
            sending.cancel()
        else:
            run.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    try:
        return await sending
    except asyncio.CancelledError:
        return End.INTERRUPTED
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        display.cancel()
        with suppress(asyncio.CancelledError):
            await display


def _opening(job: Job, opened: Opened) -> str:
    total = f"{opened.launch.total:,} messages"
    if opened.launch.state in ENDED:
        return f"“{job.mailing.name}” has ended ({total}); --relaunch sends it once more"
    if opened.resumed:
        return f"resuming “{job.mailing.name}”: {total}"
    loaded = opened.loaded
    assert loaded is not None
    text = f"launched “{job.mailing.name}”: {total}"
    if loaded.duplicates:
        ids = ", ".join(loaded.first_duplicates)
        text += f"; {loaded.duplicates:,} rows left out, their profiles came before: {ids}"
        text += ", …" if loaded.duplicates > len(loaded.first_duplicates) else ""
    return text


def _ending(end: End) -> str:
    again = "the same command goes on where it stopped"
    if end is End.PAUSED:
        return f"paused: too large a share of the messages failed (see the report); {again}"
    if end is End.STOPPED:
        return f"stopped: the launch is no longer {LaunchState.SENDING}"
    return f"interrupted; {again}"
