"""The engines that keep the contract.

An engine joins by one line in `ENGINES`: a function from an empty directory and a clock to an unopened
backend that gives a message or job `MAX_ATTEMPTS` attempts and tells time by that clock. Opening the same
directory again must find what the last one left.
"""

from collections.abc import Callable
from pathlib import Path

from akrun.backend import Backend, Embedded

Engine = Callable[[Path, Callable[[], float]], Backend]

MAX_ATTEMPTS = 2

ENGINES: dict[str, Engine] = {
    "embedded": lambda directory, clock: Embedded(
        directory / "akrun.db", durability="normal", max_attempts=MAX_ATTEMPTS, clock=clock
    ),
}
