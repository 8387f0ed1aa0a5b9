"""`akrun trace`: what became of one message or job, and what every pipe of its attempts saw."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.text import Text

from akrun.backend import Backend, ChannelRecord, EventRecord, MessageState, Outcome
from akrun.cli.database import reading
from akrun.cli.options import settings_option
from akrun.cli.text import plain
from akrun.cli.timeline import render_trace
from akrun.engine.shown import moment
from akrun.engine.trace_record import decode_trace
from akrun.errors import AkrunError
from akrun.exact_json import to_json
from akrun.mailing.job import PIPELINE
from akrun.model.settings import Settings
from aktmpl.cli.example import example

_STYLES = {MessageState.DONE: "green", MessageState.FAILED: "red", MessageState.UNCERTAIN: "red"}


@click.command(epilog=example("akrun trace 463b50ee-3596-5f0f-9e5d-2af64c243100"))
@click.argument("message_id")
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Write one HTML page to this file."
)
def trace(message_id: str, settings: Settings, html: Path | None, *, as_json: bool) -> None:
    """Show what became of a message or job: its state, its events, and the traces of its attempts.

    MESSAGE_ID is a send_message_id, as `akrun history` and `akrun dead list` print it, or the id of a job.
    Works while another process sends or serves.
    """
    if as_json and html is not None:
        raise click.UsageError("--json and --html exclude each other")
    found, record = asyncio.run(_find(message_id, settings))
    if html is not None:
        from akrun.cli.trace_html import write_page  # noqa: PLC0415 - the others need no pictures

        write_page(html, found, record, _why_none(found["attempts"], settings))
    elif as_json:
        click.echo(to_json(found))
    else:
        Console().print(Group(*_rendered(found, settings)))


async def _find(unit: str, settings: Settings) -> tuple[dict[str, Any], ChannelRecord | None]:
    """All about a message or job, and its channel as it is registered."""
    async with reading(settings) as backend:
        about = await _message(backend, unit) or await _job(backend, unit)
        if about is None:
            raise AkrunError(f"there is no message or job {unit!r}; {await _hint(backend, unit)}")
        events = await backend.message_events(about["origin_message"] or unit)
        traces = await backend.traces(unit)
        record = None if about["channel"] is None else await backend.channel(about["channel"])
    shown = [{"attempt": each.attempt, "stored": each.time, **decode_trace(each.body)} for each in traces]
    return {**about, "events": [_event(each) for each in events], "traces": shown}, record


async def _message(backend: Backend, unit: str) -> dict[str, Any] | None:
    status = await backend.message(unit)
    if status is None:
        return None
    launch = await backend.find_launch(status.launch_id)
    mailing = None if launch is None else await backend.mailing(launch.mailing_id)
    return {
        "id": status.id,
        "kind": "message",
        "channel": None if mailing is None else mailing.channel,
        "pipeline": PIPELINE,
        "mailing_id": None if launch is None else launch.mailing_id,
        "launch_id": status.launch_id,
        "profile_id": status.profile_id,
        "origin_message": None,
        "state": status.state.value,
        "attempts": status.attempts,
        "outcome": _outcome(status.outcome),
    }


async def _job(backend: Backend, unit: str) -> dict[str, Any] | None:
    status = await backend.job(unit)
    if status is None:
        return None
    return {
        "id": status.id,
        "kind": "job",
        "channel": status.channel,
        "pipeline": status.pipeline,
        "pipe": status.pipe,
        "due": status.due,
        "profile_id": status.profile_id,
        "origin_message": status.origin_message,
        "state": status.state.value,
        "attempts": status.attempts,
        "outcome": _outcome(status.outcome),
    }


def _outcome(outcome: Outcome | None) -> dict[str, Any] | None:
    if outcome is None:
        return None
    return {
        "state": outcome.state.value,
        "pipe": outcome.pipe,
        "error": None if outcome.error is None else dict(outcome.error),
        "finished_at": outcome.finished_at,
        "resent": outcome.resent,
    }


def _event(event: EventRecord) -> dict[str, Any]:
    return {
        "time": event.time,
        "event_type": event.event_type,
        "action_type": event.action_type,
        "reason": event.reason,
        "data": event.data,
    }


async def _hint(backend: Backend, unit: str) -> str:
    """What the id may have been meant as."""
    if unit.isdecimal() and (letter := await backend.dead_letter(int(unit))) is not None:
        return f"dead letter {unit} is of {letter.message_id or letter.job_id}"
    if events := await backend.history(unit):
        ids = sorted({event.send_message_id for event in events})
        return f"{unit} is a profile, whose messages are {', '.join(ids[:5])}{', …' if ids[5:] else ''}"
    if await backend.mailing(unit) is not None:
        return f"{unit} is a mailing: `akrun report` shows it, `akrun history PROFILE` its messages' ids"
    return "`akrun history PROFILE` and `akrun dead list` print ids of messages"


def _rendered(found: Mapping[str, Any], settings: Settings) -> list[RenderableType]:
    parts: list[RenderableType] = [_head(found), _state(found)]
    outcome = found["outcome"]
    if outcome is not None and outcome["error"] is not None:
        parts.append(plain(f"{outcome['error'].get('code')}: {outcome['error'].get('message')}", "red"))
    for event in found["events"]:
        reason = "" if event["reason"] is None else f": {event['reason']}"
        name = f"{event['event_type']} (action {event['action_type']})"
        parts.append(plain(f"{moment(event['time'])}  event {name}{reason}"))
    for each in found["traces"]:
        parts.append(Text(f"\nattempt {each['attempt']}, {moment(each['began'])}", style="bold"))
        parts.append(render_trace(each))
    if not found["traces"]:
        parts.append(Text(_why_none(found["attempts"], settings), style="yellow"))
    return parts


def _head(found: Mapping[str, Any]) -> Text:
    if found["kind"] == "message":
        about = f"of mailing {found['mailing_id']} (launch {found['launch_id']})"
    else:
        entry = "" if found["pipe"] is None else f" from pipe {found['pipe']}"
        about = f"for `{found['pipeline']}`{entry} of channel {found['channel']}, due {moment(found['due'])}"
    if found["profile_id"] is not None:
        about += f", to profile {found['profile_id']}"
    if found["origin_message"] not in (None, found["id"]):
        about += f", goes back to message {found['origin_message']}"
    return plain(f"{found['kind']} {found['id']} {about}", "bold")


def _state(found: Mapping[str, Any]) -> Text:
    outcome = found["outcome"]
    text = f"{found['state']} after {_number(found['attempts'], 'attempt')}"
    if outcome is not None:
        text += f", {moment(outcome['finished_at'])}"
        text += "" if outcome["pipe"] is None else f", in pipe {outcome['pipe']}"
        if outcome["resent"]:
            text += f"; {_number(outcome['resent'], 'request')} sent again that may have arrived before"
    return Text(text, style=_STYLES.get(MessageState(found["state"]), "yellow"))


def _why_none(attempts: int, settings: Settings) -> str:
    if not attempts:
        return "there is no trace: no attempt has begun"
    kept = {
        "off": "keeps none",
        "failed": "keeps those of attempts that did not end as done",
        "all": f"keeps all, for {settings.trace_days:g} days, of attempts that came to their end",
    }[settings.traces]
    more = "" if settings.traces == "all" else '; `traces = "all"` keeps all that come from now on'
    return f'no trace is stored: the setting `traces = "{settings.traces}"` {kept}{more}'


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
