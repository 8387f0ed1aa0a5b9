"""What is laid over pictures."""

from typing import Any

import pytest

from akrun.engine.trace import Trace
from akrun.engine.trace_record import decode_trace, encode_trace
from akrun.picture import Mark, counts_overlay, coverage_overlay, trace_overlay
from akrun.picture.overlay import duration


def step(
    pipe: int, way: str, following: int | None, elapsed: float = 0.002, *branches: Any
) -> dict[str, Any]:
    return {"pipe": pipe, "exit": way, "next": following, "elapsed": elapsed, "branches": list(branches)}


def test_a_trace_is_numbered_steps_with_times() -> None:
    steps = [
        step(1, "success", 2, 0.25),
        step(2, "error", 1, 1.5),
        step(1, "success", 2, 0.25),
        step(2, "success", 3),
        step(3, "out 4", 4),
        step(4, "error", None, 0.000012),
    ]
    overlay = trace_overlay("message", {"steps": steps}, "m1")
    assert overlay.pipe("message", 1) == Mark("taken", "1, 3 · 500 ms")
    assert overlay.pipe("message", 2) == Mark("taken", "2, 4 · 1.5 s")
    assert overlay.pipe("message", 4) == Mark("failed", "6 · 12 µs")
    assert overlay.pipe("message", 9) == Mark("dim")
    assert overlay.exit("message", 1, "success") == Mark("taken", "2x")
    assert overlay.exit("message", 2, "error") == Mark("taken")
    assert overlay.exit("message", 3, "success") == Mark("dim")
    assert overlay.pipe("schedule", 1) is None


def test_branches_are_counted() -> None:
    branch = [step(5, "success", None, 0.001)]
    steps = [step(1, "success", None, 0.01, *[branch] * 4)]
    overlay = trace_overlay("message", {"steps": steps}, "m1")
    assert overlay.pipe("message", 1) == Mark("taken", "1 · 10 ms")
    assert overlay.pipe("message", 5) == Mark("taken", "4x · 4.0 ms")
    assert overlay.exit("message", 1, "out 5") == Mark("taken", "4x")


def test_a_stored_trace_is_one() -> None:
    trace = Trace()
    trace.enter(1, "set", None, {})
    trace.leave("success", 2, {}, 0.5)
    trace.enter(2, "http_request", None, {})  # it never came to its end
    overlay = trace_overlay("stop", decode_trace(encode_trace(trace)), "m1")
    assert overlay.pipe("stop", 1) == Mark("taken", "1 · 500 ms")
    assert overlay.pipe("stop", 2) == Mark("failed", "2 · 0 µs")


def test_coverage_tells_what_was_never_taken() -> None:
    counts = {("message", 1, "success"): 1200, ("message", 2, "error"): 0}
    overlay = coverage_overlay(counts, ["message", "stop"])
    assert overlay.exit("message", 1, "success") == Mark("covered", "1,200")
    assert overlay.pipe("message", 1) == Mark("covered")
    assert overlay.exit("message", 2, "error") == overlay.pipe("stop", 1) == Mark("missed")
    assert overlay.pipe("listener", 1) is None


def test_counts_leave_the_rest_as_it_is() -> None:
    overlay = counts_overlay({("message", 1, "success"): 10, ("message", 1, "error"): 2}, "c")
    assert overlay.exit("message", 1, "success") == Mark("taken", "10")
    assert overlay.pipe("message", 1) == Mark("faulty", "2 failed")
    assert overlay.pipe("message", 2) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 µs"), (0.0005, "500 µs"), (0.0015, "1.5 ms"), (0.012, "12 ms"), (1.44, "1.4 s"), (75, "75.0 s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
