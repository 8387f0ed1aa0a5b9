"""Boxes and links laid out in layers from top to bottom, without overlaps.

No library on PyPI places boxes of different sizes with labelled, loop-closing links, so the four steps of the
layered method (ranks, order, places, curves) are here, a file each. All numbers are in pixels; the same input
gives the same output.
"""

from akrun.picture.layout.arrange import Layout, arrange
from akrun.picture.layout.parts import Box, Curve, Link, Point, Route

__all__ = ["Box", "Curve", "Layout", "Link", "Point", "Route", "arrange"]
