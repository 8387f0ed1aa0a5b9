"""A trace for the terminal: every pipe with when it ran, what it saw, did and left."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.syntax import Syntax
from rich.text import Text

from akrun.cli.text import plain
from akrun.engine.shown import changes
from akrun.exact_json import to_json

_STYLES = {"success": "green", "error": "red"}


def render_trace(trace: Mapping[str, Any]) -> Group:
    """A panel for each pipe, then how the event ended.

    What a pipe got is shown as far as the pipe before did not leave it, what it left as far as it is not the
    response: so everything is there once.

    Args:
        trace: as `akrun.engine.trace_record.trace_to_dict` gives it.
    """
    parts: list[RenderableType] = []
    if trace["resumed_from"] is not None:
        text = f"goes on at pipe {trace['resumed_from']} after an attempt that did not come to its end"
        parts.append(Text(text, style="yellow"))
    parts += _panels(trace["steps"])
    if "state" in trace:
        parts.append(_ending(trace))
    return Group(*parts)


def _ending(trace: Mapping[str, Any]) -> Text:
    done = trace["state"] == "done"
    ending = Text(f"{trace['state']} in pipe {trace['pipe']}", style="green" if done else "red")
    registered = [f"{event['event_type']} (action {event['action_type']})" for event in trace["events"]]
    ending.append(f", events: {', '.join(registered) or 'none'}", style="default")
    if trace["handed_over"]:
        entries = ", ".join(f"pipe {job['pipe']}" for job in trace["handed_over"])
        ending.append(f", handed over to {entries}")
    return ending


def _panels(steps: Iterable[Mapping[str, Any]]) -> Iterator[Panel]:
    known: Mapping[str, Any] | None = None
    for step in steps:
        yield _panel(step, known)
        known = step["output"]


def _panel(step: Mapping[str, Any], known: Mapping[str, Any] | None) -> Panel:
    parts: list[RenderableType] = []
    if step.get("omitted"):
        parts.append(Text(f"{step['omitted']:,} pipes before this one were not kept", style="yellow"))
    if known is None:
        parts += _section("in", step["input"])
    elif entered := changes(known, step["input"]):
        parts += _section("in, beside the above", entered)
    for index, exchange in enumerate(step["exchanges"], 1):
        parts += _exchange(exchange, f" {index}" if len(step["exchanges"]) > 1 else "")
    parts += _left(step)
    if step["error"] is not None:
        parts += _section("error", step["error"])
    if step["frame"] is not None:
        parts.append(Text(step["frame"]))
    for index, branch in enumerate(step["branches"]):
        parts += [Text(f"branch {index}", style="bold"), *_panels(branch)]
    if step.get("branches_omitted"):
        parts.append(Text(f"{step['branches_omitted']:,} more branches were not kept", style="yellow"))
    name = plain(f"{step['pipe']} {step['type']}" + (f" — {step['label']}" if step["label"] else ""))
    style = _STYLES.get(step["exit"], "yellow")
    return Panel(Group(*parts), title=name, title_align="left", subtitle=_subtitle(step), border_style=style)


def _subtitle(step: Mapping[str, Any]) -> str:
    following = "end" if step["next"] is None else f"pipe {step['next']}"
    way = f"{step['exit']} → {following}" if step["exit"] else "not at its end"
    waited = f", {_ms(step['waited'])} of them for the rate limit" if step["waited"] >= 0.0005 else ""
    return f"{way}, at {_ms(step['start'])}, {_ms(step['elapsed'])}{waited}"


def _exchange(exchange: Mapping[str, Any], number: str) -> list[RenderableType]:
    took = "" if exchange["elapsed"] is None else f", {_ms(exchange['elapsed'])}"
    parts = _section(f"request{number}, at {_ms(exchange['start'])}", exchange["request"])
    if exchange["response"] is not None:
        return parts + _section(f"response{number}{took}", exchange["response"])
    if exchange["failure"] is not None:
        return parts + _section(f"no response{number}{took}", exchange["failure"])
    return [*parts, Text(f"no response{number} was waited for", style="yellow")]


def _left(step: Mapping[str, Any]) -> list[RenderableType]:
    left = changes(step["input"], step["output"])
    response = (step["exchanges"][-1]["response"] if step["exchanges"] else None) or {}
    taken = [key for key, value in left.items() if key in response and response[key] == value]
    new = {key: value for key, value in left.items() if key not in taken}
    parts: list[RenderableType] = []
    if taken:
        parts.append(Text.assemble(("out", "bold"), f": {', '.join(taken)} of the response"))
    return parts + _section("out", new) if new else parts


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _section(name: str, value: Any) -> list[RenderableType]:
    return [
        Text(name, style="bold"),
        Syntax(to_json(value), "json", background_color="default", word_wrap=True),
    ]
