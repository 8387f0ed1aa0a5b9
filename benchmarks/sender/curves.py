"""Cost as work grows: message rate against one size at a time, the others at their usual value."""

import csv
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.sender.work import Work, run, sent, service

DOCS = Path(__file__).parents[2] / "docs"
MESSAGES = 4000
_COLUMNS: Sequence[str] = (
    "curve", "size", "messages", "seconds", "messages_per_second", "cpu_us_per_message",
    "messages_per_commit", "memory_mib",
)  # fmt: skip


def works(largest: int) -> dict[str, list[tuple[int, Work]]]:
    """The curves: a size and the work of that size."""
    audiences = [size for size in (1000, 10_000, 100_000, 1_000_000) if size <= largest]
    return {
        "concurrency": [(n, Work(MESSAGES if n > 8 else 500, n)) for n in (1, 4, 16, 64, 256, 1024)],
        "pipes": [(n, Work(MESSAGES, 256, pipes=n)) for n in (0, 10, 30, 100)],
        "payload": [(n, Work(MESSAGES, 256, text=n)) for n in (100, 1000, 10_000, 100_000)],
        "mailings": [(n, Work(MESSAGES // n, max(1, 256 // n), mailings=n)) for n in (1, 4, 16, 64)],
        "audience": [(n, Work(n, 256)) for n in audiences],
    }


def write(largest: int, *, uvloop: bool) -> None:
    """Measure all curves, and write the CSV and the plot."""
    rows: list[dict[str, Any]] = []
    with service(0) as url:
        for curve, points in works(largest).items():
            for size, work in points:
                rows.append(_point(url, curve, size, work, uvloop=uvloop))
                print(rows[-1], flush=True)
    with (DOCS / "performance-curves.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    _plot(rows)


def _point(url: str, curve: str, size: int, work: Work, *, uvloop: bool) -> dict[str, Any]:
    used: list[int] = []
    took = run(sent(url, work, lambda: used.append(_memory())), uvloop=uvloop)
    messages = work.messages * work.mailings
    values = (
        curve,
        size,
        messages,
        round(took.seconds, 2),
        round(messages / took.seconds),
        round(took.cpu / messages * 1e6),
        round(messages / took.commits, 1),
        max(used),
    )
    return dict(zip(_COLUMNS, values, strict=True))


def _memory() -> int:
    """Mebibytes that are resident now; where the system does not tell, the most there ever were."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return pages * resource.getpagesize() >> 20


def _plot(rows: Sequence[dict[str, Any]]) -> None:
    from matplotlib import style  # noqa: PLC0415 - slow to import
    from matplotlib.figure import Figure  # noqa: PLC0415

    names = list(dict.fromkeys(row["curve"] for row in rows))
    with style.context(["default", {"svg.fonttype": "none", "svg.hashsalt": "akrun"}]):
        figure = Figure(figsize=(3 * len(names), 2.8), layout="constrained")
        for axes, name in zip(
            figure.subplots(1, len(names), sharey=True, squeeze=False)[0], names, strict=True
        ):
            points = [row for row in rows if row["curve"] == name]
            sizes = [row["size"] for row in points]
            axes.plot(sizes, [row["messages_per_second"] for row in points], marker="o", color="#1565C0")
            axes.set_xscale("symlog" if 0 in sizes else "log")
            axes.set_xlabel(name)
            axes.set_ylim(bottom=0)
            axes.grid(color="#ECEFF1")
        figure.supylabel("messages a second", fontsize=10)
        figure.savefig(DOCS / "performance-curves.svg", metadata={"Date": None})
