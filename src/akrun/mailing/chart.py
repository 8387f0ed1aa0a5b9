"""The funnel of a mailing as a picture: from its audience down to each event, in the events' colours.

All places in the picture are inches from its left upper corner.
"""

import textwrap
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from akrun.errors import AkrunError
from akrun.mailing.report import MailingReport
from akrun.picture.text import printable

_GREY: Final = "#78909C"
_INK: Final = "#263238"
_SOFT: Final = "#607D8B"
_TRACK: Final = "#ECEFF1"
_MARGIN: Final = 0.35
_HEAD: Final = 1.3
"""From the top to the first step."""
_STEP: Final = 0.46
_BAR: Final = 0.28
_NAMES: Final = 2.5
_BARS: Final = 5.2
_SHARES: Final = 0.75
_DIGIT: Final = 0.105
"""Of a figure's column: the width of one character."""
_NAME_LINE: Final = 29
_THINNEST: Final = 0.03
_DPI: Final = 144


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
    tried = counts.done + counts.failed + counts.uncertain
    steps = [Bar("Audience", counts.total, _GREY), Bar("Tried", tried, _GREY)]
    return steps + [Bar(row.name, row.messages, row.color or _GREY) for row in report.events]


def draw(report: MailingReport, file: Path) -> None:
    """Write the funnel to an `.svg` or `.png` file; the same report gives the same bytes.

    Raises:
        ChartError: The plotting library is not installed, or the file cannot be written.
    """
    try:
        from matplotlib import style  # noqa: PLC0415 - an extra, and slow to import
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        raise ChartError("charts need matplotlib: pip install 'akrun[chart]'") from None
    kind = file.suffix[1:].lower()
    with ExitStack() as stack:
        # A person's own settings of the library do not change the picture. Text stays text in SVG.
        stack.enter_context(style.context(["default", {"svg.fonttype": "none", "svg.hashsalt": "akrun"}]))
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # PNG shows a box in its place
        figure = Figure()
        _Drawing(figure, report).draw()
        try:
            figure.savefig(file, format=kind, dpi=_DPI, metadata={"Date": None} if kind == "svg" else {})
        except OSError as error:
            raise ChartError(f"{file}: the chart cannot be written: {error.strerror}") from error


class _Drawing:
    def __init__(self, figure: Any, report: MailingReport) -> None:
        self.report = report
        self.steps = bars(report)
        self.most = max(step.messages for step in self.steps) or 1
        figures = max(len("messages"), *(len(f"{step.messages:,}") for step in self.steps))
        self.left = _MARGIN + _NAMES + 0.15
        self.figures_end = self.left + _BARS + 0.2 + _DIGIT * figures
        self.right = self.figures_end + _SHARES
        width, height = self.right + _MARGIN, _HEAD + _STEP * len(self.steps) + 0.65
        figure.set_size_inches(width, height)
        self.axes = figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(height, 0)

    def draw(self) -> None:
        report, counts = self.report, self.report.counts
        self._text(_MARGIN, 0.45, _cut(report.name, 60), size=15, weight="bold")
        about = f"mailing {report.mailing_id} · {report.channel} · {report.state}"
        self._text(_MARGIN, 0.78, _cut(about, 90), size=10, color=_SOFT)
        self._text(self.figures_end, 1.1, "messages", size=8.5, color=_SOFT, ha="right")
        self._text(self.right, 1.1, "share", size=8.5, color=_SOFT, ha="right")
        for number, step in enumerate(self.steps):
            self._step(step, _HEAD + _STEP * (number + 0.5))
        notes = [f"{counts.failed:,} failed", f"{counts.skipped:,} skipped"]
        if counts.uncertain:
            notes.append(f"{counts.uncertain:,} uncertain")
        rest = counts.pending + counts.in_progress
        if rest:
            notes.append(f"{rest:,} not yet tried")
        if report.unknown_events:
            notes.append(f"{report.unknown_events:,} events of unknown messages")
        foot = _HEAD + _STEP * len(self.steps) + 0.3
        self._text(self.left, foot, " · ".join(notes), size=8.5, color=_SOFT)

    def _step(self, step: Bar, middle: float) -> None:
        self._text(self.left - 0.15, middle, _lines(step.name), size=10, ha="right", linespacing=1.05)
        self._bar(middle, _BARS, _TRACK)
        if step.messages:
            self._bar(middle, max(_BARS * step.messages / self.most, _THINNEST), step.color)
        self._text(self.figures_end, middle, f"{step.messages:,}", size=10, weight="bold", ha="right")
        share = _share(step.messages, self.report.counts.total)
        self._text(self.right, middle, share, size=10, color=_SOFT, ha="right")

    def _bar(self, middle: float, length: float, color: str) -> None:
        from matplotlib.patches import FancyBboxPatch  # noqa: PLC0415 - see `draw`

        rounding = min(0.07, length / 2)
        place = (self.left, middle - _BAR / 2)
        shape = f"round,pad=0,rounding_size={rounding}"
        self.axes.add_patch(FancyBboxPatch(place, length, _BAR, boxstyle=shape, facecolor=color, linewidth=0))

    def _text(self, x: float, y: float, text: str, color: str = _INK, **options: Any) -> None:
        # Names are text: a `$` in them begins no formula.
        self.axes.text(x, y, text, color=color, va="center_baseline", parse_math=False, **options)


def _share(messages: int, total: int) -> str:
    """Of the audience; what is there does not round to nothing, and what lacks does not round to all."""
    if not total:
        return "-"
    share = 100 * messages / total
    if 0 < share < 0.1:
        return "<0.1%"
    return f"{share:.1f}%" if share <= 99.9 or messages >= total else ">99.9%"


def _lines(name: str) -> str:
    """A name in at most two lines."""
    return "\n".join(textwrap.wrap(printable(name), _NAME_LINE, max_lines=2, placeholder="…"))


def _cut(text: str, longest: int) -> str:
    text = printable(text)
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
