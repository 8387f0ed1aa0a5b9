"""A channel or a pipeline as one SVG picture that needs nothing else."""

from collections.abc import Sequence
from html import escape

from akrun.graph import SCHEDULE, Graph
from akrun.model.channel import Channel
from akrun.picture.diagram import Diagram, diagram_of, diagrams_of
from akrun.picture.draw import draw_panel
from akrun.picture.legend import legend
from akrun.picture.overlay import Overlay
from akrun.picture.panel import Panel, panel_of
from akrun.picture.style import stylesheet
from akrun.picture.text import Font, printable, width

_MARGIN = 24.0
_BETWEEN = 20.0
_PANEL_SIDE = 24.0
_PANEL_HEAD = 58.0
_PANEL_FOOT = 22.0
_SHAPE = 1.5
"""About how much wider than high a picture of several pipelines is."""
_HEADING = Font(20, bold=True)
_NAME = Font(15, bold=True)
_ABOUT = Font(12.5)


def graph_svg(source: Channel | Graph, overlay: Overlay | None = None) -> str:
    """Draw all pipelines of a channel, or one pipeline; the same input gives the same text.

    Args:
        source: what is drawn.
        overlay: what is laid over it.
    """
    if isinstance(source, Graph):
        return draw([diagram_of(source)], overlay=overlay)
    return draw(diagrams_of(source), source, overlay)


def draw(
    diagrams: Sequence[Diagram],
    channel: Channel | None = None,
    overlay: Overlay | None = None,
    prefix: str | None = None,
) -> str:
    """Draw these pipelines, under the channel's name if it is given.

    `prefix` begins the ids of the panels; pictures on one page need different ones.
    """
    name = "" if channel is None else printable(channel.name)
    about = "" if channel is None else f"{channel.string_id} · {channel.communication}"
    about = " · ".join(
        part for part in (about, "" if overlay is None else printable(overlay.caption)) if part
    )
    prefix = prefix or ("akrun" if channel is None else f"akrun-{channel.string_id}")
    panels = [panel_of(diagram, overlay) for diagram in diagrams]
    head = _MARGIN + (30 if name else 0) + (26 if about else 0)
    places, across, bottom = _packed(panels, head)
    across = max(across, width(name, _HEADING) + 2 * _MARGIN, width(about, _ABOUT) + 2 * _MARGIN)
    key, key_height = legend(panels, _MARGIN, bottom + 6, across - 2 * _MARGIN)
    height = bottom + key_height + _MARGIN
    size = f'width="{across:.0f}" height="{height:.0f}" viewBox="0 0 {across:.0f} {height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="akrun-graph" role="graphics-document" {size}>',
        f"<title>{escape(name or 'Pipeline')}</title>",
        f"<style>{stylesheet()}</style>",
        '<rect class="page" width="100%" height="100%"/>',
    ]
    if name:
        parts.append(f'<text x="{_MARGIN}" y="44" font-size="20" font-weight="700">{escape(name)}</text>')
    if about:
        parts.append(
            f'<text class="soft" x="{_MARGIN}" y="{head - 15:.0f}" font-size="12.5">{escape(about)}</text>'
        )
    linked = any(diagram.name == SCHEDULE for diagram in diagrams)
    for panel, (x, y) in zip(panels, places, strict=True):
        parts += _panel(panel, x, y, prefix, linked=linked)
    return "\n".join([*parts, *key, "</svg>", ""])


def _size(panel: Panel) -> tuple[float, float]:
    """The size of a panel with its heading and its border."""
    diagram = panel.diagram
    heading = max(width(diagram.name, _NAME), width(diagram.about, _ABOUT))
    return max(panel.width, heading) + 2 * _PANEL_SIDE, panel.height + _PANEL_HEAD + _PANEL_FOOT


def _packed(panels: Sequence[Panel], top: float) -> tuple[list[tuple[float, float]], float, float]:
    """Each panel as high up as it goes, then as far left: their places, the width and the bottom of all."""
    sizes = [_size(panel) for panel in panels]
    area = sum((across + _BETWEEN) * (height + _BETWEEN) for across, height in sizes)
    room = _MARGIN + max([(area * _SHAPE) ** 0.5, *(across for across, _ in sizes)])
    taken: list[tuple[float, float, float]] = []  # left, right and bottom of each panel
    places = []
    for across, height in sizes:
        edges = {_MARGIN} | {edge for left, right, _ in taken for edge in (left, right + _BETWEEN)}
        y, x = min(
            (
                max(
                    (low + _BETWEEN for left, right, low in taken if left < x + across and x < right),
                    default=top,
                ),
                x,
            )
            for x in edges
            if x + across <= room or x == _MARGIN
        )
        places.append((x, y))
        taken.append((x, x + across, y + height))
    widest = max((right for _, right, _ in taken), default=_MARGIN) + _MARGIN
    return places, widest, max((low for _, _, low in taken), default=top) + _BETWEEN


def _panel(panel: Panel, x: float, y: float, prefix: str, *, linked: bool) -> list[str]:
    diagram = panel.diagram
    across, height = _size(panel)
    name = escape(f"{prefix}-{diagram.name}")
    return [
        f'<g class="panel" id="{name}" transform="translate({x:.1f} {y:.1f})">',
        f'<rect width="{across:.1f}" height="{height:.1f}" rx="12"/>',
        f'<text x="{_PANEL_SIDE}" y="29" font-size="15" font-weight="700">{escape(diagram.name)}</text>',
        f'<text class="soft" x="{_PANEL_SIDE}" y="46" font-size="12.5">{escape(diagram.about)}</text>',
        f'<g transform="translate({(across - panel.width) / 2:.1f} {_PANEL_HEAD + 6})">',
        *draw_panel(panel, prefix if linked else None),
        "</g>",
        "</g>",
    ]
