"""Times of functions that do the same work: rounds interleaved in one process, medians, ratios of a round.

A ratio is the median of the ratios within single rounds: what disturbs a machine disturbs both sides of one.
What is measured is the thread's processor time, which does not run on while others have the processor.
"""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles
from time import thread_time
from typing import Any


@dataclass(frozen=True, slots=True)
class Timing:
    """One function's times.

    Attributes:
        seconds: Per call, the median of the rounds.
        spread: Half of the distance between the quartiles, as a part of the median.
        ratio: To the first function of the comparison.
    """

    seconds: float
    spread: float
    ratio: float


def compared(
    functions: Mapping[str, Callable[[], Any]],
    rounds: int,
    round_seconds: float = 0.005,
    outside: Mapping[str, Callable[[float], float]] | None = None,
) -> dict[str, Timing]:
    """Times of all functions; the first is what the others are compared with.

    Args:
        functions: By name. Each does the same work at every call.
        rounds: How often each has its turn, in an order that changes from round to round.
        round_seconds: How long a turn takes about.
        outside: What another process times: for so many seconds, it gives the seconds per call.
    """
    calls = {name: _calls(function, round_seconds) for name, function in functions.items()}
    outside = outside or {}
    times: dict[str, list[float]] = {name: [] for name in [*functions, *outside]}
    names = [*functions]
    collecting = gc.isenabled()
    gc.disable()
    try:
        for turn in range(rounds):
            for name in names if turn % 2 else reversed(names):
                times[name].append(_turn(functions[name], calls[name]))
            for name, turn_outside in outside.items():
                times[name].append(turn_outside(round_seconds))
            gc.collect(0)
    finally:
        if collecting:
            gc.enable()
    return timings(times)


def timings(times: Mapping[str, list[float]]) -> dict[str, Timing]:
    """What the times of interleaved rounds say; the first is what the others are compared with."""
    base = next(iter(times.values()))
    found = {}
    for name, own in times.items():
        middle = median(own)
        low, _, high = quantiles(own, n=4) if len(own) > 1 else (middle, middle, middle)
        ratio = median(a / b for a, b in zip(own, base, strict=True))
        found[name] = Timing(middle, (high - low) / 2 / middle, ratio)
    return found


def _calls(function: Callable[[], Any], seconds: float) -> int:
    function()
    count = 1
    while (taken := _turn(function, count) * count) < seconds / 2:
        count *= 2 if taken else 8
    return max(1, round(count * seconds / taken))


def _turn(function: Callable[[], Any], count: int) -> float:
    turns = range(count)
    start = thread_time()
    for _ in turns:
        function()
    return (thread_time() - start) / count
