"""Channels as pictures: SVG, HTML, Mermaid, DOT."""

from akrun.picture.overlay import Mark, Overlay, counts_overlay, coverage_overlay, trace_overlay
from akrun.picture.svg import graph_svg

__all__ = ["Mark", "Overlay", "counts_overlay", "coverage_overlay", "graph_svg", "trace_overlay"]
