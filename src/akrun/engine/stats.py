"""What the pipes of a process did, counted where it happens and read by whoever reports it."""

from typing import Final

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds, in seconds, of the classes of durations; what is above the last has a class of its own."""


class StepStats:
    """One pipe's counts since the process began, shared by all specialised copies of the pipe.

    Attributes:
        exits: events by the exit they took: `success`, `error`, or `out <pipe id>`.
        seconds: time in the pipe, of all events together; kept for pipes that wait only.
        durations: events by the class of their duration, in the order of `BUCKETS` and one more; likewise.
        busy: events in the pipe now; likewise.
        resent: requests that it sent again though nobody knew what became of the one before.
    """

    __slots__ = ("busy", "durations", "exits", "resent", "seconds")

    def __init__(self) -> None:
        self.exits: dict[str, int] = {}
        self.seconds = 0.0
        self.durations = [0] * (len(BUCKETS) + 1)
        self.busy = 0
        self.resent = 0

    def left(self, way: str) -> None:
        """An event left the pipe by this exit."""
        self.exits[way] = self.exits.get(way, 0) + 1

    def took(self, seconds: float) -> None:
        """An event was that long in the pipe."""
        self.seconds += seconds
        for index, bound in enumerate(BUCKETS):
            if seconds <= bound:
                self.durations[index] += 1
                return
        self.durations[-1] += 1
