"""`akrun report`: what became of a mailing."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from akrun.backend import LaunchState
from akrun.cli.database import reading
from akrun.cli.options import settings_option
from akrun.cli.text import plain
from akrun.exact_json import to_json
from akrun.mailing.chart import draw
from akrun.mailing.report import MailingReport, make_report
from akrun.mailing.table import to_csv
from akrun.model.settings import Settings
from aktmpl.cli.example import example

_REASONS_SHOWN = 10
_PICTURE = click.Path(dir_okay=False, path_type=Path)


@click.command(epilog=example("akrun report 501 --json"))
@click.argument("mailing", required=False)
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--svg", type=_PICTURE, metavar="FILE", help="Write the funnel as an SVG picture.")
@click.option("--png", type=_PICTURE, metavar="FILE", help="Write the funnel as a PNG picture.")
def report(  # noqa: PLR0913 - one parameter per option
    mailing: str | None,
    settings: Settings,
    *,
    as_json: bool,
    as_csv: bool,
    svg: Path | None,
    png: Path | None,
) -> None:
    """Report on the latest launch of MAILING (its id), or of the mailing that was launched last."""
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    made = asyncio.run(_make(settings, mailing))
    for file, suffix in ((svg, ".svg"), (png, ".png")):
        if file is not None:
            if file.suffix.lower() != suffix:
                raise click.UsageError(f"{file}: the name of the picture must end in {suffix}")
            draw(made, file)
    if as_csv:
        click.echo(to_csv(made), nl=False)
    else:
        print_report(made, as_json=as_json)


async def _make(settings: Settings, mailing: str | None) -> MailingReport:
    async with reading(settings) as backend:
        return await make_report(backend, mailing)


def print_report(made: MailingReport, *, as_json: bool, state: str | None = None) -> None:
    """Print the report to standard output, as tables or as JSON.

    Args:
        made: The report.
        as_json: Which of the two.
        state: What the tables' heading says in place of the launch's state.
    """
    if as_json:
        click.echo(to_json(made.to_dict()))
    else:
        Console().print(render(made, state))


def render(made: MailingReport, state: str | None = None) -> Group:
    """The report as tables: messages, events, failures."""
    heading = _heading(made, state or made.state)
    parts: list[RenderableType] = [heading, _messages(made), _events(made)]
    if any(row.reasons for row in made.events):
        parts.append(_reasons(made))
    if made.failures:
        parts.append(_failures(made))
    return Group(*parts)


def _heading(made: MailingReport, state: str) -> Text:
    text = f"Mailing {made.mailing_id} “{made.name}” by {made.channel}: {state}"
    return plain(text, "bold")


def _messages(made: MailingReport) -> Table:
    table = Table(title="Messages", title_justify="left")
    counts = made.counts
    columns = {
        "total": counts.total,
        "done": counts.done,
        "failed": counts.failed,
        "skipped": counts.skipped,
        "uncertain": counts.uncertain,
    }
    rest = "not sent" if made.state == LaunchState.STOPPED else "in progress"
    columns[rest] = counts.pending + counts.in_progress
    for name in columns:
        table.add_column(name, justify="right")
    table.add_row(*(f"{number:,}" for number in columns.values()))
    return table


def _events(made: MailingReport) -> Table:
    table = Table(title="Events", title_justify="left")
    for name in ("event", "type", "count", "share", "first", "last"):
        table.add_column(name, justify="right" if name in ("count", "share") else "left")
    for row in made.events:
        event = plain(row.name, row.color or "")
        share = f"{row.share:.1%}"
        table.add_row(event, row.event_type, f"{row.count:,}", share, _time(row.first), _time(row.last))
    if made.unknown_events:
        table.caption = f"{made.unknown_events:,} events name a message that was never sent"
    return table


def _reasons(made: MailingReport) -> Table:
    table = Table(title="Reasons that the provider gave", title_justify="left")
    for name in ("count", "event", "reason"):
        table.add_column(name, justify="right" if name == "count" else "left")
    for row in made.events:
        for reason, count in list(row.reasons.items())[:_REASONS_SHOWN]:
            table.add_row(f"{count:,}", plain(row.name, row.color or ""), plain(reason))
        if len(row.reasons) > _REASONS_SHOWN:
            rest = sum(list(row.reasons.values())[_REASONS_SHOWN:])
            table.add_row(f"{rest:,}", plain(row.name, row.color or ""), "other reasons")
    return table


def _failures(made: MailingReport) -> Table:
    table = Table(title="Failures", title_justify="left")
    for name in ("count", "pipe", "code", "error"):
        table.add_column(name, justify="right" if name == "count" else "left")
    for row in made.failures:
        pipe = "" if row.pipe is None else str(row.pipe)
        table.add_row(f"{row.count:,}", pipe, plain(row.code), plain(row.message))
    return table


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%m-%d %H:%M:%S")
