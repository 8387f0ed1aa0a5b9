"""A snapshot as Rich shows it, readable on 80 columns."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from akrun.cli.progress import duration, settled
from akrun.cli.text import plain
from akrun.top.snapshot import Failure, MailingLine, Snapshot

T = TypeVar("T")

_STYLES: Final = {"sending": "green", "paused": "yellow", "stopping": "yellow", "stopped": "red"}
_BAR: Final = 6
_DAY: Final = 86_400.0


def draw(seen: Snapshot, *, most: int | None = None, problem: str | None = None) -> Group:
    """The whole picture.

    Args:
        seen: what to show.
        most: the most lines of each table; all when None.
        problem: why the backend cannot be read since then, if so.
    """
    parts: list[RenderableType] = [_heading(seen), _jobs(seen)]
    if problem is not None:
        parts.append(plain(f"not up to date: {problem}", "bold red"))
    parts += [Text(), _mailings(seen, most), Text(), _processes(seen, most)]
    if seen.breakers:
        parts += [Text(), _breakers(seen, most)]
    if seen.failures:
        parts += [Text(), _failures(seen, most)]
    return Group(*parts)


def _heading(seen: Snapshot) -> Table:
    line = Table.grid(expand=True)
    time = datetime.fromtimestamp(seen.time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    line.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    line.add_column(justify="right", no_wrap=True, min_width=len(time) + 1)
    line.add_row(Text("akrun top  ", "bold").append_text(plain(seen.place, "not bold")), time)
    return line


def _jobs(seen: Snapshot) -> Text:
    jobs = seen.jobs
    return Text.assemble(
        (_rate(seen.rate), "bold"),
        f" in all   jobs: {jobs.pending:,} waiting, {jobs.in_progress:,} under way, ",
        f"{_rate(seen.job_rate)}   ",
        (f"dead letters: {seen.dead_letters:,}", "red" if seen.dead_letters else ""),
    )


def _mailings(seen: Snapshot, most: int | None) -> RenderableType:
    if not seen.mailings:
        return _nothing("Mailings", "none yet")
    table = _table(("mailing", "state", "progress", "done", "failed", "uncertain", "left", "rate", "ETA"), 3)
    for each in seen.mailings[:most]:
        name = plain(f"{each.id} {each.name}")
        state = plain(each.state, _STYLES.get(each.state, ""))
        table.add_row(name, state, *_progress(each))
    return _closed(table, seen.mailings, most)


def _progress(line: MailingLine) -> list[RenderableType]:
    counts = line.counts
    if counts is None:
        return []
    share = settled(counts) / counts.total if counts.total else 0.0
    bar = Table.grid(padding=(0, 1, 0, 0))
    bar.add_row(
        ProgressBar(total=max(counts.total, 1), completed=settled(counts), width=_BAR), f"{share:4.0%}"
    )
    moves = line.state == "sending"
    eta = "" if not moves else "-:--" if line.eta is None else duration(line.eta)
    return [
        bar,
        f"{counts.done:,}",
        _alarming(counts.failed, "red"),
        _alarming(counts.uncertain, "yellow"),
        f"{line.left:,}",
        _rate(line.rate) if moves else "",
        eta,
    ]


def _processes(seen: Snapshot, most: int | None) -> RenderableType:
    if not seen.processes:
        start = "`akrun worker` or `akrun serve` starts one" if seen.shared else "`akrun serve` starts one"
        return _nothing("Processes", f"none; {start}")
    table = _table(("process", "pid", "up", "under way", "done", "rate"), 1)
    for each in seen.processes[:most]:
        table.add_row(
            plain(f"{each.kind} on {each.host}"),
            str(each.pid),
            _age(seen.time - each.since),
            f"{each.under_way:,}",
            "" if each.settled is None else f"{each.settled:,}",
            _rate(each.rate),
        )
    return _closed(table, seen.processes, most)


def _breakers(seen: Snapshot, most: int | None) -> RenderableType:
    table = _table(("open circuit breakers", "processes", "waiting"), 1)
    for each in seen.breakers[:most]:
        of_all = f"{each.processes:,} of {len(seen.processes):,}"
        table.add_row(plain(each.origin, "yellow"), of_all, f"{each.waiting:,}")
    return _closed(table, seen.breakers, most)


def _failures(seen: Snapshot, most: int | None) -> RenderableType:
    table = _table(("latest failures", "pipe", "count", "last"), 2)
    for each in seen.failures[:most]:
        ago = f"{_age(seen.time - each.last)} ago"
        table.add_row(plain(f"{each.code}: {each.message}", "red"), _pipe(each), f"{each.count:,}", ago)
    return _closed(table, seen.failures, most)


def _pipe(failure: Failure) -> Text:
    return plain(failure.pipeline if failure.pipe is None else f"{failure.pipeline} {failure.pipe}")


def _table(columns: Sequence[str], texts: int) -> Table:
    """A table without lines, whose first column takes what room is left; the first ones are texts."""
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold underline")
    for number, name in enumerate(columns):
        if number == 0:
            table.add_column(name, no_wrap=True, overflow="ellipsis", ratio=1, min_width=10)
        else:
            table.add_column(name, no_wrap=True, justify="left" if number < texts else "right")
    return table


def _closed(table: Table, lines: Sequence[T], most: int | None) -> RenderableType:
    """The table, and how many lines it leaves out."""
    if most is None or len(lines) <= most:
        return table
    return Group(table, Text(f"and {len(lines) - most:,} more", "dim"))


def _nothing(title: str, text: str) -> Text:
    return Text.assemble((title, "bold underline"), f"  {text}")


def _alarming(number: int, style: str) -> Text:
    return Text(f"{number:,}", style if number else "")


def _age(seconds: float) -> str:
    """How long something is ago; clocks of machines differ a little."""
    return f"{seconds // _DAY:.0f} d" if seconds >= 2 * _DAY else duration(max(seconds, 0.0))


def _rate(rate: float) -> str:
    return f"{rate:,.0f}/s" if rate >= 10 or rate == 0 else f"{rate:.1f}/s"
