"""The coverage as one HTML page that needs nothing else: totals, and every pipeline in colour."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from akrun.model import load_channel_file
from akrun.model.pipes import PipeModel
from akrun.picture import coverage_overlay, graph_svg
from akrun.testkit.coverage import Coverage, Totals, exits_of
from akrun.testkit.report import percent

_STYLE: Final = """
:root { color-scheme: light dark; --hit: #2e7d32; --miss: #c62828; --line: #8884; --dim: #8888; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
h3 { font-size: 1rem; margin: 0; display: inline; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
td { vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.hit { color: var(--hit); } .miss { color: var(--miss); font-weight: 600; } .dim { color: var(--dim); }
.bar { display: inline-block; width: 8rem; height: .6rem; background: var(--miss); overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--hit); }
code { font: 13px/1.4 ui-monospace, monospace; }
details summary { cursor: pointer; } svg { max-width: 100%; height: auto; }
"""


def write_page(found: Sequence[Coverage], path: Path) -> None:
    """Write the page; raises OSError."""
    path.write_text(page(found), encoding="utf-8")


def page(found: Sequence[Coverage]) -> str:
    """The page's HTML, for the coverage of each channel."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><title>Coverage of channels</title>',
        f"<style>{_STYLE}</style></head><body>",
        "<h1>Coverage of channels</h1>",
        *_totals(found),
    ]
    for index, each in enumerate(found):
        parts += _channel(index, each)
    return "\n".join([*parts, "</body></html>", ""])


def _totals(found: Sequence[Coverage]) -> Iterator[str]:
    yield "<table><tr><th>Channel</th><th class=n>Pipes</th><th></th><th class=n>Exits</th><th></th></tr>"
    for index, each in enumerate(found):
        totals = each.totals()
        yield f'<tr><td><a href="#c{index}">{escape(each.name)}</a></td>{_shares(totals)}</tr>'
    if len(found) > 1:
        whole = sum((each.totals() for each in found), Totals())
        yield f"<tr><th>All</th>{_shares(whole)}</tr>"
    yield "</table>"


def _shares(totals: Totals) -> str:
    cells = []
    for part, whole in ((totals.entered, totals.pipes), (totals.taken, totals.exits)):
        width = 100 if not whole else round(100 * part / whole)
        cells.append(f"<td class=n>{part} of {whole}</td>")
        cells.append(f'<td><span class=bar><i style="width:{width}%"></i></span> {percent(part, whole)}</td>')
    return "".join(cells)


def _channel(index: int, coverage: Coverage) -> Iterator[str]:
    yield f'<h2 id="c{index}">{escape(coverage.name)}</h2>'
    channel, _ = load_channel_file(coverage.path)
    yield graph_svg(channel, coverage_overlay(coverage.counts, coverage.pipes))
    for name, pipes in coverage.pipes.items():
        counts = coverage.of_pipeline(name)
        yield f"<details><summary><h3>{escape(name)}, pipe by pipe</h3></summary>"
        yield "<table><tr><th>Pipe</th><th class=n>Entered</th><th>Exit</th><th>To</th>"
        yield "<th class=n>Taken</th></tr>"
        for pipe in pipes:
            yield from _rows(pipe, coverage.entered(name, pipe), counts)
        yield "</table></details>"


def _rows(pipe: PipeModel, entered: int, counts: Mapping[tuple[int, str], int]) -> Iterator[str]:
    ways = exits_of(pipe) or [("", 0)]
    kind = "hit" if entered else "miss"
    for index, (way, target) in enumerate(ways):
        first = f'<td class="{kind}">{_title(pipe)}</td><td class="n {kind}">{entered:,}</td>'
        start = first if not index else "<td></td><td></td>"
        taken = counts.get((pipe.id, way), 0)
        colour = "hit" if taken else "miss"
        rest = f'<td class="{colour}">{way}</td><td>{target}</td><td class="n {colour}">{taken:,}</td>'
        yield f"<tr>{start}{rest if way else '<td class=dim>ends here</td><td></td><td></td>'}</tr>"


def _title(pipe: PipeModel) -> str:
    label = f" — {escape(pipe.label)}" if pipe.label else ""
    return f"<code>{pipe.id} {escape(pipe.type)}</code>{label}"
