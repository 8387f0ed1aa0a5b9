"""The coverage as one HTML page that needs nothing else: totals, and every pipeline in colour."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from akrun.model.pipes import PipeModel
from akrun.testkit.coverage import Coverage, Totals, exits_of
from akrun.testkit.report import percent

Draw = Callable[[Sequence[PipeModel], Mapping[tuple[int, str], int]], str]
"""Draws a pipeline as HTML: its pipes, and (pipe, exit) → how often it was taken, 0 for never."""

_STYLE: Final = """
:root { color-scheme: light dark; --hit: #2e7d32; --miss: #c62828; --line: #8884; --dim: #8888; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
h3 { font-size: 1rem; margin-bottom: .3rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
td { vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.hit { color: var(--hit); } .miss { color: var(--miss); font-weight: 600; } .dim { color: var(--dim); }
ul.tree { list-style: none; padding-left: 1.2rem; border-left: 1px solid var(--line); margin: 0; }
.bar { display: inline-block; width: 8rem; height: .6rem; background: var(--miss); overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--hit); }
code { font: 13px/1.4 ui-monospace, monospace; } details summary { cursor: pointer; } svg { max-width: 100%; }
"""


def write_page(found: Sequence[Coverage], path: Path, draw: Draw | None = None) -> None:
    """Write the page; raises OSError."""
    path.write_text(page(found, draw), encoding="utf-8")


def page(found: Sequence[Coverage], draw: Draw | None = None) -> str:
    """The page's HTML.

    Args:
        found: the coverage of each channel.
        draw: draws the pipelines; as indented trees by default.
    """
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><title>Coverage of channels</title>',
        f"<style>{_STYLE}</style></head><body>",
        "<h1>Coverage of channels</h1>",
        *_totals(found),
    ]
    for index, each in enumerate(found):
        parts += _channel(index, each, draw or tree)
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


def _channel(index: int, coverage: Coverage, draw: Draw) -> Iterator[str]:
    yield f'<h2 id="c{index}">{escape(coverage.name)}</h2>'
    for name, pipes in coverage.pipes.items():
        counts = coverage.of_pipeline(name)
        yield f"<h3>{escape(name)}</h3>"
        yield draw(pipes, counts)
        yield "<details><summary>pipe by pipe</summary>"
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


def tree(pipes: Sequence[PipeModel], counts: Mapping[tuple[int, str], int]) -> str:
    """A pipeline as an indented tree from its entry; a pipe that was drawn before is only named again."""
    by_id = {pipe.id: pipe for pipe in pipes}
    drawn: set[int] = set()

    def node(number: int, way: str, taken: int | None) -> str:
        pipe = by_id[number]
        colour = "hit" if taken is None or taken else "miss"
        arrow = f'<span class="{colour}">{escape(way)} → </span>' if way else ""
        count = "" if taken is None else f' <span class="{colour}">({taken:,})</span>'
        if number in drawn:
            return f"<li>{arrow}<code>{number}</code>{count} <span class=dim>(above)</span></li>"
        drawn.add(number)
        below = "".join(
            node(target, name, counts.get((number, name), 0))
            for name, target in exits_of(pipe)
            if target in by_id
        )
        return (
            f"<li>{arrow}{_title(pipe)}{count}" + (f"<ul class=tree>{below}</ul>" if below else "") + "</li>"
        )

    roots = "".join(node(pipe.id, "", None) for pipe in pipes if pipe.id not in drawn)
    return f"<ul class=tree>{roots}</ul>"
