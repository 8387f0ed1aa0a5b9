"""Screens drawn as SVG: one still, or several that follow each other."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Final

from rich.console import Console
from rich.text import Text

_CUT: Final = "\x1f"
_PARTS: Final = _CUT.join(
    (
        "{width}",
        "{height}",
        "{terminal_x}",
        "{terminal_y}",
        "{styles}",
        "{chrome}",
        "{backgrounds}",
        "{matrix}",
    )
)
"""What Rich makes of a screen, apart. Its own page loads a font from the network."""

_PAGE: Final = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>{title}</title>
<style>
text {{ font: 20px "Fira Code", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
{styles}
</style>
{chrome}
<g transform="translate({x}, {y})">
{frames}
</g>
</svg>
"""
_TEXT: Final = re.compile(r'<text class="(?!title)[^>]*>([^<]*)</text>')
_VARYING: Final = (
    (re.compile(r"\s+"), " "),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"127\.0\.0\.1:\d{5}"), "<address>"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "<date>"),
    (re.compile(r"\d+\.\d ms"), "<time>"),
    (re.compile(r"\d\.\d{6,}(?:e-\d+)?"), "<time>"),
    (re.compile(r"─+"), "─"),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A screen, and for how many seconds it is shown."""

    rows: Sequence[Text]
    seconds: float = 0


def draw(title: str, frames: Sequence[Frame], columns: int = 100) -> str:
    """The SVG of some screens of equal width; more than one are shown one after the other, for ever.

    Where nothing moves (a printed page, a reader who wants no motion) the last one is shown.

    Args:
        title: What the picture shows, for its frame and for those who cannot see it.
        frames: The screens; the longest gives the height.
        columns: Their width.
    """
    height = max(len(frame.rows) for frame in frames)
    drawn = [_parts(title, frame, columns, height, f"s{number}") for number, frame in enumerate(frames)]
    groups = [
        f'<g class="f{number}">{parts["backgrounds"]}{parts["matrix"]}</g>'
        for number, parts in enumerate(drawn)
    ]
    moving = len(frames) > 1
    last = drawn[-1]
    return _PAGE.format(
        width=last["width"],
        height=last["height"],
        title=html.escape(title),
        styles="\n".join([*(parts["styles"] for parts in drawn), *(_motion(frames) if moving else [])]),
        chrome=last["chrome"].strip(),
        x=last["x"],
        y=last["y"],
        frames="\n".join(groups),
    )


def _parts(title: str, frame: Frame, columns: int, height: int, name: str) -> dict[str, str]:
    console = Console(
        record=True, width=columns, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    for row in frame.rows:
        console.print(row, overflow="crop")
    for _ in range(height - len(frame.rows)):
        console.print()
    made = console.export_svg(title=title, code_format=_PARTS, unique_id=name)
    names = ("width", "height", "x", "y", "styles", "chrome", "backgrounds", "matrix")
    parts: dict[str, str] = dict(zip(names, made.split(_CUT), strict=True))
    parts["matrix"] = re.sub(r' clip-path="[^"]*"', "", parts["matrix"]).replace("</text>", "</text>\n")
    parts["chrome"] = re.sub(r'class="[^"]*-title"', 'class="title"', parts["chrome"])
    return parts


def _motion(frames: Sequence[Frame]) -> list[str]:
    whole = sum(frame.seconds for frame in frames)
    rules = []
    begin = 0.0
    for number, frame in enumerate(frames):
        end = begin + frame.seconds
        shown = f"{begin / whole:.2%} {{ visibility: visible }} {end / whole:.2%} {{ visibility: hidden }}"
        rules.append(f"@keyframes f{number} {{ 0% {{ visibility: hidden }} {shown} }}")
        rules.append(f".f{number} {{ animation: f{number} {whole:g}s step-end infinite }}")
        begin = end
    still = ", ".join(f".f{number}" for number in range(len(frames) - 1))
    rules.append(f"{still} {{ visibility: hidden }}")
    rules.append("@media (prefers-reduced-motion: reduce) { g { animation: none !important } }")
    return rules


def shown(svg: str) -> str:
    """The text of a picture's screens, without what differs from one recording to the next."""
    text = " ".join(html.unescape(each) for each in _TEXT.findall(svg))
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text
