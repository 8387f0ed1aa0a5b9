"""A trace for the terminal: every pipe with what it saw, did and left."""

from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.syntax import Syntax
from rich.text import Text

from akrun.cli.text import plain, to_json
from akrun.engine.run import Result
from akrun.engine.trace import Trace, TraceStep

_STYLES = {"success": "green", "error": "red"}


def render_trace(trace: Trace, result: Result) -> Group:
    """One panel a pipe, then how the event ended."""
    parts: list[RenderableType] = [_panel(step) for step in trace.steps]
    registered = [f"{event.event_type} (action {event.action_type})" for event in result.effects]
    ending = Text(f"{result.state} in pipe {result.pipe}", style="green" if result.state == "done" else "red")
    ending.append(f", events: {', '.join(registered) or 'none'}", style="default")
    if result.jobs:
        ending.append(f", handed over to {', '.join(f'pipe {job.pipe}' for job in result.jobs)}")
    parts.append(ending)
    return Group(*parts)


def trace_to_dict(trace: Trace, result: Result) -> dict[str, Any]:
    """The same as JSON: `state pipe error events handed_over`, and `steps` with all that a step has."""
    return {
        "state": result.state,
        "pipe": result.pipe,
        "error": None if result.error is None else dict(result.error),
        "events": [
            {"event_type": event.event_type, "action_type": event.action_type} for event in result.effects
        ],
        "handed_over": [{"pipe": job.pipe, "due": job.due} for job in result.jobs],
        "steps": [asdict(step) for step in trace.steps],
    }


def _panel(step: TraceStep) -> Panel:
    parts: list[RenderableType] = [*_section("in", step.input)]
    if step.request is not None:
        parts += _section("request", step.request)
    if step.response is not None:
        parts += _section("response", step.response)
    parts += _section("out", changes(step.input, step.output))
    if step.error is not None:
        parts += _section("error", step.error)
    for index, branch in enumerate(step.branches):
        parts += [Text(f"branch {index}", style="bold"), *map(_panel, branch)]
    name = plain(f"{step.pipe} {step.type}" + (f" — {step.label}" if step.label else ""))
    following = "end" if step.next is None else f"pipe {step.next}"
    style = _STYLES.get(step.exit, "yellow")
    subtitle = f"{step.exit} → {following}, {step.elapsed * 1000:.1f} ms"
    return Panel(Group(*parts), title=name, title_align="left", subtitle=subtitle, border_style=style)


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The fields of `$in` that a pipe set or changed."""
    return {key: value for key, value in after.items() if key not in before or before[key] != value}


def _section(name: str, value: Any) -> list[RenderableType]:
    return [
        Text(name, style="bold"),
        Syntax(to_json(value), "json", background_color="default", word_wrap=True),
    ]
