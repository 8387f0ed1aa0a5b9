"""`akrun doctor`: what is wrong, and how to mend it."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from akrun.backend.chosen import database
from akrun.cli.control import SERVE_FILE
from akrun.cli.options import SettingFlags, flags_option
from akrun.cli.text import plain
from akrun.doctor.checks import CHECKS
from akrun.doctor.finding import Finding, Level
from akrun.doctor.run import Checked, count, run_checks
from akrun.doctor.scope import Scope
from akrun.errors import FileFaults
from akrun.exact_json import to_json
from akrun.model.settings import Settings, read_configuration
from akrun.services import pipe_defaults
from aktmpl.cli.example import example

_FILE = click.Path(dir_okay=False, path_type=Path)
_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


@click.command(epilog=example("akrun doctor examples/sms/channel.json"))
@click.argument("channels", nargs=-1, type=_FILE, metavar="[CHANNEL]...")
@flags_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(channels: tuple[Path, ...], flags: SettingFlags, *, as_json: bool) -> None:
    """Say what is wrong with this installation, its configuration and the CHANNELs, and how to mend it.

    Looks at versions, settings, the data directory and its database, the clock, the serving process, channels
    (those named here, and those that were used), the hosts and databases that they need, and at what waits
    for a person. Sends no HTTP request to any service, and changes nothing. Exit code 1 when anything fails.
    """
    checked = asyncio.run(run_checks(_scope(channels, flags), CHECKS))
    levels = count(checked)
    if as_json:
        summary = {level.value: number for level, number in levels.items()}
        click.echo(to_json({"summary": summary, "checks": [each.to_dict() for each in checked]}))
    else:
        _print(checked)
    sys.exit(1 if levels[Level.FAIL] else 0)


def _scope(channels: tuple[Path, ...], flags: SettingFlags) -> Scope:
    configuration, faults = None, None
    try:
        configuration = read_configuration(flags.config, flags.given)
    except FileFaults as error:
        faults = error
    if configuration is not None:
        data, settings = configuration.settings.data, configuration.settings
    else:
        data = Path(flags.given.get("data") or os.environ.get("AKRUN_DATA") or ".akrun")
        settings = Settings.model_construct()
    return Scope(
        configuration,
        faults,
        data,
        database(data),
        data / SERVE_FILE,
        dict(os.environ),
        channels,
        pipe_defaults(settings),
    )


def _print(checked: Sequence[Checked]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for each in checked:
        console.print(Text(each.check.title, style="bold"))
        for finding in each.findings:
            console.print(_line(finding))
    levels = count(checked)
    total = f"{levels[Level.OK]} ok, {levels[Level.WARN]} to look at, {levels[Level.FAIL]} failed"
    worst = max((level for level in Level if levels[level]), key=list(Level).index, default=Level.OK)
    console.print(plain(total, _STYLES[worst]))


def _line(finding: Finding) -> Text:
    """Mark, subject and message; further lines and the cure below them."""
    first, *rest = finding.message.splitlines() or [""]
    text = Text.assemble("  ", (f"{finding.level.value:<4}", _STYLES[finding.level]), "  ")
    text.append_text(plain(f"{finding.subject}: {first}"))
    for line in rest:
        text.append("\n        ").append_text(plain(line))
    if finding.cure and finding.level is not Level.OK:
        text.append("\n        → ", style="bold").append_text(plain(finding.cure))
    elif finding.cure:
        text.append(f" ({plain(finding.cure)})", style="dim")
    return text
