"""The page: what became of the message, its events, and each attempt with its timeline, picture and pipes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from akrun.engine.shown import moment
from akrun.trace_page.html import esc, tag
from akrun.trace_page.steps import error_box, numbered, sections, timeline
from akrun.trace_page.style import STYLE

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Nothing is fetched and no script is run, whatever a value says."""
_TONES: Final = {"done": "good", "failed": "bad", "uncertain": "bad"}


@dataclass(frozen=True, slots=True)
class Picture:
    """The pipeline of an attempt with the way it took; `note` says what else there is to know of it."""

    svg: str
    note: str = ""


def trace_page(found: Mapping[str, Any], pictures: Sequence[Picture | None] = (), note: str = "") -> str:
    """The page of one message or job.

    Args:
        found: What `akrun trace --json` prints, secrets masked: `id kind state attempts outcome events
            traces`, and where it belongs.
        pictures: Of the traces, in their order; None where there is none.
        note: What is said where there are no traces.
    """
    name = f"{found['kind'].capitalize()} {found['id']}"
    state = tag("span", esc(found["state"]), class_=f"state {_TONES.get(found['state'], 'open')}")
    parts = [tag("header", tag("h1", f"{esc(name)} {state}") + _facts(found)), _outcome(found)]
    if found["events"]:
        parts.append(tag("section", tag("h2", "Events") + _events(found["events"])))
    given = [*pictures, *[None] * len(found["traces"])]
    parts += [_attempt(each, picture) for each, picture in zip(found["traces"], given, strict=False)]
    if not found["traces"]:
        parts.append(tag("p", esc(note), class_="note"))
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="color-scheme" content="light dark"><title>{esc(name)}</title><style>{STYLE}</style>'
    )
    main = tag("main", "\n".join(part for part in parts if part))
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{main}</body></html>\n'


def _facts(found: Mapping[str, Any]) -> str:
    outcome = found["outcome"]
    facts = {
        "Mailing": found.get("mailing_id"),
        "Launch": found.get("launch_id"),
        "Channel": found.get("channel"),
        "Pipeline": found.get("pipeline"),
        "Due": None if found.get("due") is None else moment(found["due"]),
        "Profile": found["profile_id"],
        "Goes back to": None if found["origin_message"] == found["id"] else found["origin_message"],
        "Attempts": found["attempts"],
        "Ended": None if outcome is None else moment(outcome["finished_at"]),
        "Ended in pipe": None if outcome is None else outcome["pipe"],
        "Sent again": None if outcome is None or not outcome["resent"] else _again(outcome["resent"]),
    }
    items = (
        tag("div", tag("dt", name) + tag("dd", esc(value)))
        for name, value in facts.items()
        if value is not None
    )
    return tag("dl", "".join(items), class_="facts")


def _again(count: int) -> str:
    return f"{count:,} request{'' if count == 1 else 's'} that may have arrived before"


def _outcome(found: Mapping[str, Any]) -> str:
    outcome = found["outcome"]
    return "" if outcome is None or outcome["error"] is None else error_box(outcome["error"])


def _events(events: Sequence[Mapping[str, Any]]) -> str:
    heads = "".join(tag("th", name, scope="col") for name in ("Time", "Event", "Action", "Reason"))
    rows = "".join(
        tag(
            "tr",
            "".join(
                tag("td", esc("" if value is None else value))
                for value in (
                    moment(each["time"]),
                    each["event_type"],
                    each["action_type"],
                    each["reason"],
                )
            ),
        )
        for each in events
    )
    table = (
        f"<caption>What was registered of it</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"
    )
    return tag("div", tag("table", table), class_="scroll", tabindex=0)


def _attempt(trace: Mapping[str, Any], picture: Picture | None) -> str:
    number = trace["attempt"]
    prefix = f"attempt-{number}"
    runs = numbered(trace["steps"])
    parts = [tag("h2", f"Attempt {number}"), tag("p", esc(_about(trace)))]
    parts += [tag("h3", "Timeline"), timeline(runs, prefix)]
    if picture is not None:
        note = tag("p", esc(picture.note), class_="soft") if picture.note else ""
        drawn = tag("div", picture.svg, class_="scroll picture", tabindex=0)
        parts += [tag("h3", "The way it took"), note, drawn]
    parts += [tag("h3", "Pipes"), sections(runs, prefix, 4)]
    return tag("section", "\n".join(parts), id=prefix, class_="attempt")


def _about(trace: Mapping[str, Any]) -> str:
    text = f"Began {moment(trace['began'])}"
    if trace["resumed_from"] is not None:
        text += f", at pipe {trace['resumed_from']} after an attempt that did not come to its end"
    if "state" not in trace:
        return f"{text}."
    events = [f"{each['event_type']} (action {each['action_type']})" for each in trace["events"]]
    text += f"; {trace['state']} in pipe {trace['pipe']}, events: {', '.join(events) or 'none'}"
    if trace["handed_over"]:
        text += ", handed over to " + ", ".join(f"pipe {each['pipe']}" for each in trace["handed_over"])
    return f"{text}."
