"""What an HTTP client did, counted where it happens and read by whoever reports it."""

from typing import Final

MAX_ORIGINS: Final = 1000
OTHERS: Final = "others"
"""Stands for all origins beyond the first MAX_ORIGINS: data may name any number of hosts."""


class OriginStats:
    """The counts of one origin since the client began.

    Attributes:
        answers: responses by the class of their status, `2xx` and so on.
        failures: exchanges without a usable response, by the kind of `HttpFailure`.
        seconds: time in exchanges, of all together, waiting for a connection included.
    """

    __slots__ = ("answers", "failures", "seconds")

    def __init__(self) -> None:
        self.answers: dict[str, int] = {}
        self.failures: dict[str, int] = {}
        self.seconds = 0.0

    def answered(self, status: int, seconds: float) -> None:
        """An exchange ended with a response."""
        key = _CLASSES.get(status // 100, "other")
        self.answers[key] = self.answers.get(key, 0) + 1
        self.seconds += seconds

    def failed(self, kind: str, seconds: float) -> None:
        """An exchange ended without one."""
        self.failures[kind] = self.failures.get(kind, 0) + 1
        self.seconds += seconds


class HttpStats:
    """The counts of a client, by origin (such as `https://api.example.com`) in the order they were met."""

    __slots__ = ("origins",)

    def __init__(self) -> None:
        self.origins: dict[str, OriginStats] = {}

    def of(self, origin: str) -> OriginStats:
        """The counts of this origin."""
        found = self.origins.get(origin)
        if found is None:
            if len(self.origins) >= MAX_ORIGINS:
                origin = OTHERS
            found = self.origins.setdefault(origin, OriginStats())
        return found


_CLASSES: Final = {number: f"{number}xx" for number in range(1, 6)}
