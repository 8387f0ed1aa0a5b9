"""How long to fuzz: a few seconds with the other tests, `FUZZ_SECONDS` in all when that is set."""

import os
import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
TESTS = 7
"""The tests that share the time."""

_SLOW = [
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
]


def fuzz(strategy: st.SearchStrategy[Any], check: Callable[[Any], None], *, examples: int) -> None:
    """Try so many generated inputs; ten times as many, again and again, until a set time is over."""

    @settings(
        max_examples=10 * examples if SECONDS else examples,
        deadline=None,
        derandomize=not SECONDS,
        suppress_health_check=_SLOW,
    )
    @given(strategy)
    def run(value: Any) -> None:
        check(value)

    end = time.monotonic() + SECONDS / TESTS
    run()
    while time.monotonic() < end:
        run()
