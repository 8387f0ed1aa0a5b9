"""`akrun send`: a mailing, from its files to the report."""

import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click
from rich.console import Console

from akrun.backend import Backend, Counts, LaunchState
from akrun.backend.launch_states import ENDS
from akrun.backend.memory import MemoryStore
from akrun.backend.sharing import shared_rates
from akrun.cli.database import make_directory, writing
from akrun.cli.dry_run import print_requests
from akrun.cli.event_loop import run
from akrun.cli.log_file import log_file
from akrun.cli.options import LOG, parse_set, settings_option
from akrun.cli.progress import duration
from akrun.cli.report import print_report
from akrun.cli.sending import run_with_progress
from akrun.cli.text import plain
from akrun.cli.timeline import render_trace
from akrun.engine.event import Services
from akrun.engine.log import LogRecord
from akrun.engine.run import run as run_event
from akrun.engine.trace_record import trace_to_dict
from akrun.errors import AkrunError
from akrun.exact_json import decode, to_json
from akrun.mailing.job import PIPELINE, Job, payload, read_job
from akrun.mailing.launch import Opened, open_launch
from akrun.mailing.report import make_report
from akrun.mailing.run import End, MailingRun, sleep_until
from akrun.model.settings import Settings
from akrun.net.client import HttpClient
from akrun.server.announcing import announced
from akrun.services import opened_services, pipe_defaults, sql_of
from aktmpl.cli.example import example

if TYPE_CHECKING:
    from akrun.sql import NoConnectors
    from akrun.sql.connectors import Connectors

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_EXIT_CODES = {End.FINISHED: 0, End.PAUSED: 1, End.STOPPED: 1, End.INTERRUPTED: 130, End.RUNNING: 0}


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for besides the files."""

    settings: Settings
    sql: "Connectors | NoConnectors"
    dry_run: bool
    one: str | None
    relaunch: bool
    as_json: bool


@click.command(epilog=example("akrun send examples/sms/channel.json examples/sms/mailing.json --dry-run"))
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
@settings_option
@click.option("--dry-run", is_flag=True, help="Print each request it would send; send nothing.")
@click.option("--one", metavar="ID", help="Send to this profile only, with a trace; leaves no record.")
@click.option("--relaunch", is_flag=True, help="Send a mailing that has ended once more.")
@click.option("--json", "as_json", is_flag=True, help="Print the report, dry run or trace as JSON.")
def send(  # noqa: PLR0913 - one parameter per option
    channel: Path,
    mailing: Path,
    audience: Path | None,
    given: dict[str, Any],
    settings: Settings,
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
    if dry_run + (one is not None) + relaunch > 1:
        raise click.UsageError("--dry-run, --one and --relaunch exclude each other")
    sql = sql_of(settings)
    job = read_job(channel, mailing, audience, given, pipe_defaults(settings), sql)
    wish = _Wish(settings, sql, dry_run, one, relaunch, as_json)
    sys.exit(run(_run(job, wish)))


async def _run(job: Job, wish: _Wish) -> int:
    async with _services(job, wish) as services:
        if wish.dry_run:
            print_requests(job, services, as_json=wish.as_json)
            return 0
        if wish.one is not None:
            return await _send_one(job, wish.one, services, as_json=wish.as_json)
        return await _send_all(job, services, wish)


@asynccontextmanager
async def _services(job: Job, wish: _Wish) -> AsyncIterator[Services]:
    if not wish.dry_run:
        make_directory(wish.settings.data)
    logging = nullcontext(_no_log) if wish.dry_run else log_file(wish.settings.data / LOG)
    with logging as log:
        async with opened_services(wish.settings, log, job.masker, wish.sql) as services:
            yield services


def _no_log(_: LogRecord) -> None:
    """A dry run leaves nothing behind."""


async def _send_one(job: Job, profile_id: str, services: Services, *, as_json: bool) -> int:
    """A test: a real message under ids of its own, so that the mailing's launch knows nothing of it."""
    row = job.row(profile_id)
    if row.skip_reason is not None:
        raise AkrunError(f"profile {profile_id} is skipped: {row.skip_reason}")
    services = services.keeping(MemoryStore())
    event, trace = job.traced_event(str(uuid4()), profile_id, decode(payload(row)), services)
    result = await run_event(job.compiled.pipeline(PIPELINE, job.constants), event)
    shown = trace_to_dict(trace, result)
    if as_json:
        click.echo(to_json(shown))
    else:
        Console().print(render_trace(shown))
    return 0 if result.state == "done" else 1


async def _send_all(job: Job, services: Services, wish: _Wish) -> int:
    console = Console(stderr=True)
    async with writing(wish.settings, services.log) as backend:
        opened = await open_launch(backend, job, services.clock.now(), relaunch=wish.relaunch)
        counts = await backend.counts(opened.launch.launch_id)
    console.print(plain(_opening(job, opened, counts)))
    if opened.launch.state not in ENDS:
        await _wait_for_start(job, services, console)
    # The database was let go of for the time of the wait, in which others may have sent, even this mailing.
    async with writing(wish.settings, services.log) as backend:
        launch = await backend.find_launch(opened.launch.launch_id)
        assert launch is not None
        end = End.STOPPED if launch.state is LaunchState.STOPPED else End.FINISHED
        if launch.state not in ENDS:
            services = replace(services, reserve=shared_rates(backend, job.channel.string_id))
            run = MailingRun(backend, launch, job, services)
            async with _announced(backend, job, services):
                end = await run_with_progress(run, job.mailing.name, console, wish.settings.grace_period)
        report = await make_report(backend, job.mailing.id)
    # Its launch is paused until somebody goes on with it, but nobody has paused it.
    state = "interrupted; start again to go on" if end is End.INTERRUPTED else None
    print_report(report, as_json=wish.as_json, state=state)
    if end is not End.FINISHED:
        console.print(plain(_ending(end, report.counts), "yellow"))
    return _EXIT_CODES[end]


def _announced(backend: Backend, job: Job, services: Services) -> AbstractAsyncContextManager[None]:
    """While it sends, the processes of a cluster know of it."""
    breakers = services.http.breakers.states if isinstance(services.http, HttpClient) else list
    return announced(backend, services.clock, "send", lambda: [job.channel.string_id], breakers)


async def _wait_for_start(job: Job, services: Services, console: Console) -> None:
    moment = job.mailing.schedule.starts_at
    if moment is None:
        return
    left = (moment - services.clock.now()).total_seconds()
    if left > 0:
        about = f"starts at {moment.isoformat(sep=' ')}, in {duration(left)}; Ctrl-C ends the wait"
        console.print(plain(about))
        await sleep_until(moment, services.clock)


def _opening(job: Job, opened: Opened, counts: Counts) -> str:
    name = job.mailing.name
    total = f"{counts.total:,} messages"
    if opened.launch.state in ENDS:
        return f"“{name}” is {opened.launch.state} ({total}); --relaunch sends it once more"
    loaded = opened.loaded
    if loaded is None:
        settled = counts.done + counts.failed + counts.skipped + counts.uncertain
        return f"resuming “{name}”: {settled:,} of {total} have an outcome"
    text = f"launched “{name}”: {total}"
    if loaded.duplicates:
        ids = ", ".join(loaded.first_duplicates)
        text += f"; {loaded.duplicates:,} rows left out, their profiles came before: {ids}"
        text += ", …" if loaded.duplicates > len(loaded.first_duplicates) else ""
    return text


def _ending(end: End, counts: Counts) -> str:
    left = f"{counts.pending + counts.in_progress:,} messages have no outcome"
    again = "the same command goes on where it stopped"
    if end is End.PAUSED:
        return f"paused: too large a share of the messages failed (see the report); {left}; {again}"
    if end is End.STOPPED:
        return f"stopped by the schedule's stop time; {left} and are not sent"
    if end is End.RUNNING:
        return "sent; the placement runs until its stop time or `akrun mailing stop`, by `akrun serve`"
    return f"interrupted; {left}; {again}"
