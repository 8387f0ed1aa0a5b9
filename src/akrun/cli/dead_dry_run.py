"""`akrun dead replay --dry-run`: what a replay would send, beside what the failed attempt sent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from akrun.backend import Backend, DeadLetter
from akrun.cli.database import reading
from akrun.cli.dead_letters import Letter
from akrun.cli.rerun_source import Source, channel_of, ready, subject_of
from akrun.cli.text import plain
from akrun.engine.pipeline import Pipeline
from akrun.engine.secrets import Masker
from akrun.errors import AkrunError
from akrun.exact_json import to_json
from akrun.model.settings import Settings
from akrun.rerun.plan import Given, Plan, from_start
from akrun.rerun.requests import Pair, Sent, lines, paired, requests_of
from akrun.rerun.run import Ran, run_dry
from akrun.rerun.state import State, of_letter

_STYLES = {"+": "green", "-": "red"}


@dataclass(frozen=True, slots=True)
class Trial:
    """How letters are tried.

    Attributes:
        channel: The edited channel; None is the one that is registered.
        given: Values in place of the stored ones.
        from_start: Whether a replay would begin at the first pipe.
    """

    channel: Path | None
    given: Given = field(repr=False)
    from_start: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """What a replay of one letter would do.

    Attributes:
        letter: The letter.
        pairs: Requests of the failed attempt and of the replay.
        compared: With what; None where nothing is known of the failed attempt's requests.
        ran: The dry run.
        plan: What was run.
    """

    letter: DeadLetter
    pairs: Sequence[Pair]
    compared: str | None
    ran: Ran
    plan: Plan

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "id": self.letter.id,
            "message_id": self.letter.message_id,
            "job_id": self.letter.job_id,
            "compared_with": self.compared,
            "requests": [pair.to_dict() for pair in self.pairs],
            "stopped": self.ran.stopped,
            "state": self.ran.state,
            "error": self.ran.trace.get("error"),
            "missing_secrets": list(self.plan.missing),
        }


async def try_letters(letters: Sequence[Letter], trial: Trial, settings: Settings) -> list[Tried]:
    """Run letters as a replay would, without sending or recording anything.

    Raises:
        AkrunError: One of them cannot be run; says why.
        FileFaults: All faults of the channel or the values.
    """
    async with reading(settings) as backend:
        return [await _try(letter.dead, trial, backend, settings) for letter in letters]


async def _try(letter: DeadLetter, trial: Trial, backend: Backend, settings: Settings) -> Tried:
    subject = await subject_of(backend, letter)
    if subject is None:
        raise AkrunError(f"what dead letter {letter.id} is of is not stored any more")
    source = Source(subject, letter, backend)
    traces = [each for each in subject.traces if each["attempt"] == letter.attempts]
    ran, plan = await _run(source, trial.channel, traces, trial, settings)
    after = requests_of(ran.trace["steps"])
    if traces:
        before, compared = _sent_by(traces[-1], letter, trial), f"attempt {letter.attempts}, by its trace"
    elif trial.channel is not None:
        earlier, _ = await _run(source, None, traces, trial, settings)
        before, compared = requests_of(earlier.trace["steps"]), "what the registered channel would send"
    else:
        before, compared = [], None
    return Tried(letter, paired(before, after), compared, ran, plan)


async def _run(
    source: Source,
    channel: Path | None,
    traces: Sequence[Mapping[str, Any]],
    trial: Trial,
    settings: Settings,
) -> tuple[Ran, Plan]:
    """The dry run by one channel, and what it was."""
    compiled = await channel_of(source, channel, settings)
    letter = source.letter
    assert letter is not None

    def begin(_: Pipeline, masker: Masker) -> State:
        if trial.from_start:
            return from_start(source.subject.entry)
        state = of_letter(letter, masker, exact=False)
        return from_start(source.subject.entry) if state.pipe is None else state

    async with ready(source, compiled, trial.given, begin, settings) as plan:
        return await run_dry(plan.pipeline, plan.event, plan.state.pipe, traces), plan


def _sent_by(trace: Mapping[str, Any], letter: DeadLetter, trial: Trial) -> list[Sent]:
    """What the failed attempt sent from the pipe on where a replay begins."""
    steps = trace["steps"]
    begins = [index for index, step in enumerate(steps) if step["pipe"] == letter.pipe]
    first = 0 if trial.from_start or not begins else begins[-1]
    return requests_of(steps[first:])


def print_tried(tried: Sequence[Tried], trial: Trial, *, as_json: bool) -> None:
    """Print what replays would do."""
    if as_json:
        click.echo(to_json([each.to_dict() for each in tried]))
        return
    if not tried:
        click.echo("there are no such dead letters")
        return
    console = Console()
    for each in tried:
        for line in _lines(each):
            console.print(line, soft_wrap=True)
    first = "" if trial.channel is None else "send or serve by that channel, which registers it, and "
    console.print(plain(f"nothing was sent or replayed; {first}leave out --dry-run to replay"))


def _lines(tried: Tried) -> Iterator[Text]:
    letter = tried.letter
    against = "no trace is stored to compare with" if tried.compared is None else f"- {tried.compared}"
    yield plain(f"dead letter {letter.id}, {letter.message_id or letter.job_id}", "bold")
    yield plain(f"  {against}, + the replay", "")
    for note in tried.plan.notes():
        yield plain(f"  {note}", "yellow")
    for pair in tried.pairs:
        yield plain(f"pipe {pair.pipe}: {_said(pair, tried)}", "bold")
        for line in pair.diff() or [f" {line}" for line in lines(pair.after or {})]:
            yield plain(f"  {line}", _STYLES.get(line[:1], ""))
    yield _end(tried.ran)


def _said(pair: Pair, tried: Tried) -> str:
    if pair.change == "added":
        return "a request" if tried.compared is None else "a request that was not sent before"
    if pair.change == "removed":
        later = " as far as is known" if tried.ran.stopped is not None else ""
        return f"a request that is not sent any more{later}"
    return "the same request" if pair.change == "same" else "the request differs"


def _end(ran: Ran) -> Text:
    if ran.stopped is not None:
        return plain(f"then: {ran.stopped}", "yellow")
    error = ran.trace["error"]
    if error is not None:
        return plain(
            f"then it {ran.state} in pipe {ran.trace['pipe']}: {error['code']} {error['message']}", "red"
        )
    return plain(f"then it is done in pipe {ran.trace['pipe']}", "green")
