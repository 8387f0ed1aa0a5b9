"""The connection to the servers of a cluster, as whoever keeps a log is told of it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """A connection that was lost, or is there again.

    Attributes:
        server: which it was with, or is: `n1:4222`.
        there: whether it is there; if not, it is being made anew, with whichever server answers.
    """

    server: str
    there: bool


Told = Callable[[Link], None]
"""Told of each change."""
