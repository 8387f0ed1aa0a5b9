"""`akrun rerun`: a message or job run on from one of its pipes, without what came before it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from akrun.cli.options import parse_set, settings_option
from akrun.cli.rerun_source import Source, channel_of, file_source, ready, stored_source
from akrun.cli.text import plain
from akrun.cli.timeline import render_trace
from akrun.engine.pipeline import Pipeline
from akrun.engine.secrets import Masker
from akrun.errors import AkrunError
from akrun.exact_json import to_json
from akrun.model.settings import Settings
from akrun.rerun.pins import Pin, parse_pin
from akrun.rerun.plan import Given, Plan, from_start
from akrun.rerun.run import Ran, run_dry, run_live
from akrun.rerun.state import State, after, before, of_letter
from aktmpl.cli.example import example

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for.

    Attributes:
        source: An id, or the name of a file.
        file: The file, where it is one.
        at, after: Where to begin.
        way: By which exit the pipe before it was left; None is the one that it took.
        attempt: Of which attempt; None is the last.
    """

    source: str
    file: Path | None
    at: int | None
    after: int | None
    way: str | None
    attempt: int | None
    channel: Path | None
    audience: Path | None
    given: Given
    settings: Settings
    send: bool


def _parse_pins(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> list[Pin]:
    try:
        return [parse_pin(text) for text in texts]
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _parse_exit(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text in (None, "success", "error"):
        return text
    if not text.isdecimal():
        raise click.BadParameter("an exit is success, error, or the id of the pipe that it leads to")
    return f"out {text}"


@click.command(epilog=example("akrun rerun 463b50ee-3596-5f0f-9e5d-2af64c243100 --at 4"))
@click.argument("source", metavar="ID|TRACE_FILE")
@click.option("--at", type=int, metavar="PIPE", help="Run this pipe, and what follows.")
@click.option("--after", "after_pipe", type=int, metavar="PIPE", help="Take as given what left this pipe.")
@click.option(
    "--exit",
    "way",
    callback=_parse_exit,
    metavar="EXIT",
    help="With --after: as if it had left by success, error, or the exit to this pipe.",
)
@click.option("--attempt", type=click.IntRange(1), help="Of this attempt's trace; else of the last one's.")
@click.option(
    "--pin",
    "pins",
    multiple=True,
    callback=_parse_pins,
    metavar="PATH=TEXT",
    help="A value of $in: data.status=ok, items:=[1] for JSON, body=@FILE; or a JSON file with all of $in.",
)
@click.option("--by", "channel", type=_FILE, help="The edited channel; else the one that is registered.")
@click.option(
    "--set",
    "given",
    multiple=True,
    callback=parse_set,
    metavar="PATH=TEXT",
    help="A value in place of the stored one: sender.key=env:KEY, or campaign.size:=3 for JSON.",
)
@click.option("--mailing", type=_FILE, help="A mailing's file, in place of all stored values.")
@click.option("--audience", type=_FILE, help="For a trace file: the audience; else the mailing's.")
@click.option("--send", is_flag=True, help="Send what it sends, for real; else nothing leaves this machine.")
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rerun(  # noqa: PLR0913, PLR0917 - one parameter per option
    source: str,
    at: int | None,
    after_pipe: int | None,
    way: str | None,
    attempt: int | None,
    pins: list[Pin],
    channel: Path | None,
    given: dict[str, Any],
    mailing: Path | None,
    audience: Path | None,
    settings: Settings,
    *,
    send: bool,
    as_json: bool,
) -> None:
    """Run a message or job on from one of its pipes, without doing again what came before.

    By the id of a message, job or dead letter; or by a file with what `akrun send --one ID --json` printed.
    Without --at and --after it begins at the pipe that failed. It is for trying an edited channel: nothing
    is sent without --send, and nothing is recorded even so, neither an outcome nor an event. To have a dead
    letter sent and recorded, replay it.
    """
    if at is not None and after_pipe is not None:
        raise click.UsageError("--at and --after exclude each other")
    if way is not None and after_pipe is None:
        raise click.UsageError("--exit is for --after: the pipe of --at takes its own")
    values = Given(given, mailing, tuple(pins))
    file = path if (path := Path(source)).is_file() else None
    wish = _Wish(source, file, at, after_pipe, way, attempt, channel, audience, values, settings, send)
    sys.exit(asyncio.run(_run(wish, as_json=as_json)))


async def _run(wish: _Wish, *, as_json: bool) -> int:
    async with _source(wish) as source:
        compiled = await channel_of(source, wish.channel, wish.settings)
        traces = source.subject.traces

        def begin(pipeline: Pipeline, masker: Masker) -> State:
            return _state(wish, source, pipeline, masker)

        async with ready(source, compiled, wish.given, begin, wish.settings, exact=wish.send) as plan:
            if wish.send:
                ran = await run_live(plan.pipeline, plan.event, plan.state.pipe)
            else:
                ran = await run_dry(plan.pipeline, plan.event, plan.state.pipe, traces)
    if as_json:
        click.echo(to_json(_to_dict(plan, ran)))
    else:
        _print(wish, plan, ran)
    return 1 if ran.state in ("failed", "uncertain") else 0


@asynccontextmanager
async def _source(wish: _Wish) -> AsyncIterator[Source]:
    if wish.file is not None:
        yield file_source(wish.file, wish.channel, wish.given, wish.audience, wish.settings)
        return
    if wish.audience is not None:
        raise click.UsageError("--audience is for a trace file: rows of stored messages are stored")
    async with stored_source(wish.source, wish.settings) as source:
        yield source


def _state(wish: _Wish, source: Source, pipeline: Pipeline, masker: Masker) -> State:
    """Where to begin: as asked for, or at the pipe that failed."""
    subject = source.subject
    if wish.at is None and wish.after is None and source.letter is not None and wish.attempt is None:
        return of_letter(source.letter, masker, exact=wish.send)
    entry = pipeline.entry.id if subject.entry is None else subject.entry
    if wish.after is None and wish.at == entry:
        return from_start(wish.at)
    trace = _trace(wish, subject.traces)
    return before(trace, wish.at) if wish.after is None else after(trace, wish.after, pipeline, wish.way)


def _trace(wish: _Wish, traces: Any) -> Mapping[str, Any]:
    found = [each for each in traces if wish.attempt in (None, each["attempt"])]
    if not found and traces:
        known = ", ".join(str(each["attempt"]) for each in traces)
        raise AkrunError(f"no trace of attempt {wish.attempt} is stored; those of attempts {known} are")
    if not found:
        raise AkrunError(f"no trace is stored: `akrun trace {wish.source}` says why")
    return dict(found[-1])


def _to_dict(plan: Plan, ran: Ran) -> dict[str, Any]:
    state = plan.state
    begun = {"pipeline": plan.pipeline.name, "pipe": state.pipe or plan.pipeline.entry.id}
    return {
        "begun": {**begun, "with": state.source, "exact": state.exact},
        "missing_secrets": list(plan.missing),
        "not_kept": [{"path": path, "what": what} for path, what in plan.gaps()],
        "stopped": ran.stopped,
        "recorded": False,
        **ran.trace,
    }


def _print(wish: _Wish, plan: Plan, ran: Ran) -> None:
    console = Console()
    state = plan.state
    pipe = state.pipe or plan.pipeline.entry.id
    console.print(plain(f"at pipe {pipe} of `{plan.pipeline.name}`, with {state.source}", "bold"))
    for note in plan.notes():
        console.print(plain(note, "yellow"))
    console.print(render_trace(ran.trace))
    if ran.stopped is not None:
        console.print(plain(f"stopped: {ran.stopped}", "yellow"))
    if wish.send:
        console.print(plain("sent for real, and nothing is recorded: no outcome, no event, no hand-over"))
    else:
        console.print(plain("nothing was sent or recorded; --send sends it"))
