"""The funnel of a mailing as a picture: from its audience down to each event, in the events' colours."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from akrun.errors import AkrunError
from akrun.mailing.report import MailingReport

_GREY: Final = "#90A4AE"
_INK: Final = "#263238"
_PALE: Final = "#ECEFF1"
_LONGEST_NAME: Final = 32
_WIDTH: Final = 9.0
"""Inches; a bar adds to the height."""


class ChartError(AkrunError):
    """The picture cannot be made."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of the funnel."""

    name: str
    messages: int
    color: str


def bars(report: MailingReport) -> list[Bar]:
    """The funnel's steps: the audience, the messages tried, then the messages with each event."""
    counts = report.counts
    steps = [Bar("Audience", counts.total, _GREY), Bar("Tried", counts.done + counts.failed, _GREY)]
    return steps + [Bar(_short(row.name), row.messages, row.color or _GREY) for row in report.events]


def draw(report: MailingReport, file: Path) -> None:
    """Write the funnel to an `.svg` or `.png` file.

    Raises:
        ChartError: The plotting library is not installed, or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to import
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        raise ChartError("charts need matplotlib: pip install 'akrun[chart]'") from None
    steps = bars(report)
    figure: Any = Figure(figsize=(_WIDTH, 1.3 + 0.52 * len(steps)), layout="constrained")
    axes = figure.subplots()
    _draw_bars(axes, steps)
    title = f"{_short(report.name, 60)} — mailing {report.mailing_id}, {report.state}"
    axes.set_title(title, loc="left", color=_INK, fontsize=13, fontweight="bold", pad=12)
    try:
        # Text stays text in SVG, and no date or random id makes two pictures of one report differ.
        with _reproducible():
            figure.savefig(file, format=file.suffix[1:].lower(), dpi=144, metadata=_metadata(file))
    except OSError as error:
        raise ChartError(f"{file}: the chart cannot be written: {error.strerror}") from error


def _draw_bars(axes: Any, steps: list[Bar]) -> None:
    most = max((step.messages for step in steps), default=0) or 1
    places = range(len(steps))
    axes.barh(places, [most] * len(steps), color=_PALE, height=0.62)
    axes.barh(places, [step.messages for step in steps], color=[step.color for step in steps], height=0.62)
    for place, step in zip(places, steps, strict=True):
        share = f"{step.messages / most:.1%}"
        axes.text(most * 1.02, place, f"{step.messages:,}", va="center", color=_INK, fontweight="bold")
        axes.text(most * 1.22, place, share, va="center", ha="right", color=_INK, alpha=0.7)
    axes.set_yticks(places, [step.name for step in steps], color=_INK)
    axes.set_xlim(0, most * 1.23)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _reproducible() -> Any:
    from matplotlib import rc_context  # noqa: PLC0415 - see `draw`

    return rc_context({"svg.fonttype": "none", "svg.hashsalt": "akrun"})


def _metadata(file: Path) -> dict[str, Any]:
    return {"Date": None} if file.suffix == ".svg" else {}


def _short(name: str, longest: int = _LONGEST_NAME) -> str:
    """A name that leaves room for the bars; a `$` begins no formula."""
    cut = name if len(name) <= longest else name[: longest - 1] + "…"
    return cut.replace("$", "\\$")
