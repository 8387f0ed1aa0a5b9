"""The live progress of a mailing: a bar on a terminal, a line now and then elsewhere."""

import asyncio
import sys
from collections import deque
from contextlib import suppress
from time import monotonic

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from akrun.backend import Counts
from akrun.cli.text import visible
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
        while len(self._points) > 2 and now - self._points[0][0] > _RATE_OVER:
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
        return "-:--" if self.rate == 0 else duration(left / self.rate)


def duration(seconds: float) -> str:
    """Seconds as `m:ss` or `h:mm:ss`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


async def show_progress(run: MailingRun, title: str, console: Console, ended: asyncio.Event) -> None:
    """Show a run until it has ended, and how it stands then."""
    title = visible(title)
    if console.is_terminal:
        await _show_bar(run, title, console, ended)
    else:
        await _show_lines(run, title, ended)


async def _show_bar(run: MailingRun, title: str, console: Console, ended: asyncio.Event) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[tally]}"),
    )
    meter = RateMeter()
    with Progress(*columns, console=console, auto_refresh=False) as bar:
        task = bar.add_task(escape(title), tally="", visible=False)  # until there is something to show
        last = False
        while not last:
            last = ended.is_set()
            counts = await run.counts()
            meter.update(monotonic(), settled(counts))
            tally = words(counts, meter)
            bar.update(task, total=counts.total, completed=settled(counts), tally=tally)
            bar.update(task, visible=True, refresh=True)
            await _wait(ended, _REFRESH)


async def _show_lines(run: MailingRun, title: str, ended: asyncio.Event) -> None:
    meter = RateMeter()
    last, next_line = False, monotonic() + _LINE_EVERY
    while not last:
        last = ended.is_set()
        counts = await run.counts()
        meter.update(monotonic(), settled(counts))
        if last or monotonic() >= next_line:
            next_line += _LINE_EVERY
            line = f"{title}: {settled(counts):,}/{counts.total:,} {words(counts, meter)}"
            print(line, file=sys.stderr, flush=True)  # noqa: T201
        await _wait(ended, _REFRESH)


async def _wait(ended: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(ended.wait(), seconds)


def settled(counts: Counts) -> int:
    """Messages that have an outcome."""
    return counts.done + counts.failed + counts.skipped + counts.uncertain


def words(counts: Counts, meter: RateMeter) -> str:
    """How a run stands."""
    uncertain = f"uncertain {counts.uncertain:,}, " if counts.uncertain else ""
    return (
        f"done {counts.done:,}, failed {counts.failed:,}, skipped {counts.skipped:,}, {uncertain}"
        f"{meter.rate:,.0f}/s, ETA {meter.remaining(counts.total)}"
    )
