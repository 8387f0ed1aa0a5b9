"""`akrun graph`: a channel's pipelines as a picture, with what happened in them laid over it."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from akrun.backend import Backend
from akrun.cli.control import ServingControl
from akrun.cli.database import reading
from akrun.cli.options import settings_option
from akrun.engine.trace_record import decode_trace
from akrun.errors import AkrunError
from akrun.mailing.job import PIPELINE
from akrun.model.channel import Channel
from akrun.model.load import load_channel_file
from akrun.model.settings import Settings
from aktmpl.cli.example import example
from aktmpl.errors import nearest

if TYPE_CHECKING:
    from akrun.picture.diagram import Diagram
    from akrun.picture.overlay import Overlay

_SUFFIXES = {".mmd": "mermaid", ".md": "mermaid", ".dot": "dot", ".gv": "dot", ".svg": "svg", ".html": "html",
             ".htm": "html"}  # fmt: skip
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(epilog=example("akrun graph examples/sms/channel.json --output sms.svg"))
@click.argument("channel", type=_FILE)
@click.option("--pipeline", metavar="NAME", help="Only this one: message, …, or category.list of an entity.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot", "svg", "html"]),
    help="What is written; by default what the file's name ends with, without a file mermaid.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--trace", metavar="MESSAGE_ID", help="Show the way of a message or job, from its last trace.")
@click.option("--coverage", type=_FILE, help="Run this test file, and show which exits its cases take.")
@click.option("--counts", metavar="URL", help="Show how often exits were taken, by a process that serves.")
@click.option("--token", envvar="AKRUN_TOKEN", show_envvar=True, help="For --counts; its scope: read.")
@settings_option
def graph(  # noqa: PLR0913, PLR0917 - one parameter per option
    channel: Path,
    pipeline: str | None,
    form: str | None,
    output: Path | None,
    trace: str | None,
    coverage: Path | None,
    counts: str | None,
    token: str | None,
    settings: Settings,
) -> None:
    """Draw a channel: its pipelines, pipes, exits, and what they use.

    Success exits are green, error exits red and dashed, those by a condition blue; what waits for something
    outside is filled. SVG and HTML need nothing else, and are light or dark as the reader is.
    """
    from akrun.picture.diagram import diagrams_of  # noqa: PLC0415 - help and completion stay quick

    if sum(each is not None for each in (trace, coverage, counts)) > 1:
        raise click.UsageError("--trace, --coverage and --counts exclude each other")
    form = form or (_SUFFIXES.get(output.suffix.lower()) if output is not None else "mermaid")
    if form is None:
        raise click.UsageError(f"{output}: --format is needed: nothing is known of names that end like this")
    loaded, _ = load_channel_file(channel)
    overlay: Overlay | None = None
    if trace is not None:
        overlay = asyncio.run(_trace(trace, loaded, settings))
    elif coverage is not None:
        overlay = _coverage(coverage, channel)
    elif counts is not None:
        overlay = _counts(counts, token or _token(counts, settings), loaded)
    text = _written(_chosen(diagrams_of(loaded), pipeline, channel), loaded, overlay, form)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AkrunError(f"{output}: {error.strerror}") from error


def _chosen(diagrams: "list[Diagram]", name: str | None, path: Path) -> "list[Diagram]":
    if not diagrams:
        raise AkrunError(f"{path}: the channel has no pipelines: a module drives it")
    if name is None:
        return diagrams
    chosen = [diagram for diagram in diagrams if diagram.name == name]
    if not chosen:
        known = [diagram.name for diagram in diagrams]
        hint = nearest(name, known) or "there are " + ", ".join(known)
        raise AkrunError(f"{path}: there is no pipeline `{name}`; {hint}")
    return chosen


def _written(diagrams: "list[Diagram]", channel: Channel, overlay: "Overlay | None", form: str) -> str:
    from akrun.picture.dot import dot  # noqa: PLC0415
    from akrun.picture.mermaid import mermaid  # noqa: PLC0415
    from akrun.picture.page import page  # noqa: PLC0415
    from akrun.picture.svg import draw  # noqa: PLC0415

    if form == "mermaid":
        return mermaid(diagrams, overlay)
    if form == "dot":
        return dot(diagrams, channel.string_id, overlay)
    svg = draw(diagrams, channel, overlay)
    return svg if form == "svg" else page(channel.name, svg)


async def _trace(unit: str, channel: Channel, settings: Settings) -> "Overlay":
    from akrun.picture.overlay import trace_overlay  # noqa: PLC0415

    async with reading(settings) as backend:
        found = await _owner(backend, unit)
        if found is None:
            raise AkrunError(f"there is no message or job {unit!r}: `akrun history PROFILE` prints ids")
        owner, pipeline = found
        if owner != channel.string_id:
            raise AkrunError(f"{unit} is of the channel `{owner}`, not of `{channel.string_id}`")
        traces = await backend.traces(unit)
    if not traces:
        raise AkrunError(f"no trace of {unit} is stored: `akrun trace {unit}` says why")
    trace = decode_trace(traces[-1].body)
    state = f": {trace['state']}" if "state" in trace else ""
    return trace_overlay(pipeline, trace, f"{unit}, attempt {traces[-1].attempt}{state}")


async def _owner(backend: Backend, unit: str) -> tuple[str, str] | None:
    """The channel and the pipeline of a message or job."""
    job = await backend.job(unit)
    if job is not None:
        return job.channel, job.pipeline
    message = await backend.message(unit)
    launch = None if message is None else await backend.find_launch(message.launch_id)
    mailing = None if launch is None else await backend.mailing(launch.mailing_id)
    return None if mailing is None else (mailing.channel, PIPELINE)


def _coverage(path: Path, channel: Path) -> "Overlay":
    from akrun.picture.overlay import coverage_overlay  # noqa: PLC0415
    from akrun.testkit.suite import coverage_of, run_suite  # noqa: PLC0415

    reports = list(run_suite([path]))
    if any(report.error is not None for report in reports):
        raise AkrunError("\n".join(report.error for report in reports if report.error is not None))
    if any(report.channel is None or report.channel.resolve() != channel.resolve() for report in reports):
        raise AkrunError(f"{path} tests another channel than {channel}")
    found = coverage_of(reports)
    if not found:
        raise AkrunError(f"{path} has no cases")
    failed = sum(not each.passed for report in reports for each in report.results)
    overlay = coverage_overlay(found[0].counts, found[0].pipes)
    if failed:
        cases = "1 case" if failed == 1 else f"{failed} cases"
        overlay = replace(overlay, caption=f"{overlay.caption}; {cases} failed")
    return overlay


def _token(url: str, settings: Settings) -> str | None:
    """The token of the process that serves the data directory, if it is the one that is asked."""
    control = ServingControl.find(settings.data)
    return control.token if control is not None and control.url == url.rstrip("/") else None


def _counts(url: str, token: str | None, channel: Channel) -> "Overlay":
    from akrun.picture.overlay import counts_overlay  # noqa: PLC0415
    from akrun.picture.served import served_counts  # noqa: PLC0415

    return counts_overlay(served_counts(url, token, channel.string_id), f"counted by {url} since it began")
