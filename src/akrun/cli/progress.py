"""The live progress of a mailing: a bar on a terminal, a line now and then elsewhere."""

import asyncio
import sys
from collections import deque
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from akrun.mailing.run import MailingRun

_REFRESH = 0.2
_LINE_EVERY = 5.0
_RATE_OVER = 5.0
"""Seconds of the past that the shown rate is the mean of."""


class RateMeter:
    """Messages per second over the last seconds, and the time that is left at this rate."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, int]] = deque()

    def update(self, now: float, settled: int) -> None:
        """Take in how many messages have an outcome at `now` (seconds of a monotonic clock)."""
        self._points.append((now, settled))
        while now - self._points[0][0] > _RATE_OVER:
            self._points.popleft()

    @property
    def rate(self) -> float:
        """Messages per second; 0 before there is a difference to tell it by."""
        (begun, first), (ended, last) = self._points[0], self._points[-1]
        return (last - first) / (ended - begun) if ended > begun else 0.0

    def remaining(self, total: int) -> str:
        """The time left as `m:ss`, or `-:--` while nobody can tell."""
        left = total - self._points[-1][1]
        if left == 0:
            return "0:00"
        if self.rate == 0:
            return "-:--"
        minutes, seconds = divmod(round(left / self.rate), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


async def show_progress(run: MailingRun, title: str, console: Console) -> None:
    """Show a run until cancelled."""
    if console.is_terminal:
        await _show_bar(run, title, console)
    else:
        await _show_lines(run, title)


async def _show_bar(run: MailingRun, title: str, console: Console) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[tally]}"),
    )
    meter = RateMeter()
    with Progress(*columns, console=console, auto_refresh=False) as bar:
        task = bar.add_task(title, total=run.total, tally="")
        try:
            while True:
                _advance(run, meter)
                bar.update(task, completed=run.tally.settled, tally=_words(run, meter), refresh=True)
                await asyncio.sleep(_REFRESH)
        finally:
            _advance(run, meter)
            bar.update(task, completed=run.tally.settled, tally=_words(run, meter), refresh=True)


async def _show_lines(run: MailingRun, title: str) -> None:
    meter = RateMeter()
    try:
        while True:
            for _ in range(round(_LINE_EVERY / _REFRESH)):
                _advance(run, meter)
                await asyncio.sleep(_REFRESH)
            _print_line(run, meter, title)
    finally:
        _advance(run, meter)
        _print_line(run, meter, title)


def _print_line(run: MailingRun, meter: RateMeter, title: str) -> None:
    print(f"{title}: {run.tally.settled:,}/{run.total:,} {_words(run, meter)}", file=sys.stderr, flush=True)  # noqa: T201


def _advance(run: MailingRun, meter: RateMeter) -> None:
    meter.update(monotonic(), run.tally.settled)


def _words(run: MailingRun, meter: RateMeter) -> str:
    tally = run.tally
    return (
        f"done {tally.done:,}, failed {tally.failed:,}, skipped {tally.skipped:,}, "
        f"{meter.rate:,.0f}/s, ETA {meter.remaining(run.total)}"
    )
