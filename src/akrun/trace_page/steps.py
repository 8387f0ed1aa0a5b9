"""The pipes of an attempt: in the order they ran with their times as bars, and each with all it did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from akrun.engine.shown import changes
from akrun.trace_page.exchange import exchange
from akrun.trace_page.html import esc, milliseconds, tag
from akrun.trace_page.json_view import json_block

Step = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A pipe's run.

    Attributes:
        number: Its place among all runs, those in branches included; the picture has the same numbers.
        depth: Branches around it.
        branches: Its branches.
    """

    step: Step
    number: int
    depth: int
    branches: "tuple[tuple[Numbered, ...], ...]" = ()

    def flat(self) -> "Iterator[Numbered]":
        """It, and those in its branches."""
        yield self
        for branch in self.branches:
            for each in branch:
                yield from each.flat()


def numbered(steps: Sequence[Step], first: int = 1, depth: int = 0) -> tuple[Numbered, ...]:
    """The runs of an attempt, each numbered before its branches."""
    found: list[Numbered] = []
    for step in steps:
        number = first
        first += 1
        branches: list[tuple[Numbered, ...]] = []
        for branch in step["branches"]:
            inner = numbered(branch, first, depth + 1)
            first += sum(1 for each in inner for _ in each.flat())
            branches.append(inner)
        found.append(Numbered(step, number, depth, tuple(branches)))
    return tuple(found)


def tone(step: Step) -> str:
    """`good`, `bad` or `open`: how a pipe ended."""
    if not step["exit"]:
        return "open"
    return "bad" if step["exit"] == "error" else "good"


def way(step: Step) -> str:
    """The exit that was taken, and where it led."""
    if not step["exit"]:
        return "not at its end"
    following = "end" if step["next"] is None else f"pipe {step['next']}"
    return f"{step['exit']} → {following}"


def timeline(runs: Sequence[Numbered], prefix: str) -> str:
    """A table with a row and a bar for each run; `prefix` begins the ids of the pipes' sections."""
    flat = [each for run in runs for each in run.flat()]
    whole = max((each.step["start"] + each.step["elapsed"] for each in flat), default=0.0) or 1e-9
    rows = "".join(_row(each, whole, prefix) for each in flat)
    heads = "".join(
        tag("th", name, scope="col", **({"class_": "wide"} if name == "Time" else {}))
        for name in ("No.", "Pipe", "Exit", "Time", "Took")
    )
    caption = f"<caption>{len(flat):,} runs of pipes in {milliseconds(whole)}</caption>"
    table = f"{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"
    return tag("div", tag("table", table, class_="timeline"), class_="scroll", tabindex=0)


def _row(run: Numbered, whole: float, prefix: str) -> str:
    step = run.step
    name = f"{step['pipe']} {step['type']}"
    label = tag("span", esc(step["label"]), class_="soft label") if step["label"] else ""
    link = tag("a", esc(name), href=f"#{prefix}-{run.number}")
    cells = [
        tag("td", str(run.number), class_="number"),
        tag("th", link + label, scope="row", style=f"padding-left:{0.6 + 1.2 * run.depth:.1f}rem"),
        tag("td", tag("span", esc(way(step)), class_=f"exit {tone(step)}")),
        tag("td", _bar(step, whole), class_="wide"),
        tag("td", milliseconds(step["elapsed"]), class_="number"),
    ]
    return tag("tr", "".join(cells))


def _bar(step: Step, whole: float) -> str:
    """When the pipe ran, with its exchanges in it."""
    inner = "".join(
        _part("sent", each["start"], each["elapsed"] or 0.0, whole, "") for each in step["exchanges"]
    )
    return tag("div", _part(tone(step), step["start"], step["elapsed"], whole, "") + inner, class_="lane")


def _part(kind: str, start: float, elapsed: float, whole: float, content: str) -> str:
    style = f"left:{100 * min(start / whole, 1):.2f}%;width:{100 * min(elapsed / whole, 1):.2f}%"
    return tag("span", content, class_=f"bar {kind}", style=style)


def sections(runs: Sequence[Numbered], prefix: str, level: int) -> str:
    """All that each run saw, did and left, under headings of this level."""
    return "".join(_section(run, prefix, level) for run in runs)


def _section(run: Numbered, prefix: str, level: int) -> str:
    step = run.step
    label = f" — {esc(step['label'])}" if step["label"] else ""
    name = f"{step['pipe']} {step['type']}"
    title = f"{tag('span', str(run.number), class_='badge')} {esc(name)}{label}"
    waited = (
        f", {milliseconds(step['waited'])} of them for the rate limit" if step["waited"] >= 0.0005 else ""
    )
    when = f" · at {milliseconds(step['start'])}, took {milliseconds(step['elapsed'])}{waited}"
    parts = [
        tag(f"h{min(level, 6)}", title),
        tag("p", tag("span", esc(way(step)), class_=f"exit {tone(step)}") + esc(when)),
    ]
    if step.get("omitted"):
        parts.insert(0, tag("p", f"{step['omitted']:,} pipes before this one were not kept.", class_="note"))
    if step["error"] is not None:
        parts.append(error_box(step["error"], step["frame"]))
    many = len(step["exchanges"]) > 1
    for index, each in enumerate(step["exchanges"], 1):
        parts.append(exchange(each, f" {index}" if many else "", level + 1))
    set_ = changes(step["input"], step["output"])
    if set_:
        parts.append(_folded("Set in $in", set_, is_open=True))
    gone = [key for key in step["input"] if key not in step["output"]]
    if gone:
        parts.append(tag("p", "Taken out of $in: " + esc(", ".join(map(str, gone)))))
    parts += [
        _folded("Entered: $in", step["input"], is_open=False),
        _folded("Left: $in", step["output"], is_open=False),
    ]
    for index, branch in enumerate(run.branches):
        heading = tag(f"h{min(level + 1, 6)}", f"Branch {index}")
        parts.append(tag("section", heading + sections(branch, prefix, level + 2), class_="branch"))
    if step.get("branches_omitted"):
        note = f"{step['branches_omitted']:,} more branches were not kept."
        parts.append(tag("p", note, class_="note"))
    return tag("article", "".join(parts), id=f"{prefix}-{run.number}", class_=f"step {tone(step)}")


def error_box(error: Mapping[str, Any], frame: str | None = None) -> str:
    """An `$error`: code, message, the frame of the template if there is one, and all its fields."""
    head = tag("p", f"<b>{esc(error.get('code'))}</b> {esc(error.get('message'))}")
    shown = "" if frame is None else tag("pre", esc(frame), class_="frame", tabindex=0)
    return tag("div", head + shown + _folded("$error", error, is_open=False), class_="error", role="note")


def _folded(title: str, value: Any, *, is_open: bool) -> str:
    return (
        f"<details{' open' if is_open else ''}>{tag('summary', esc(title))}"
        f"{json_block(value) if value else tag('p', 'empty', class_='soft')}</details>"
    )
