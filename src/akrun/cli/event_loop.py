"""The event loop of the commands that send: uvloop's where it is installed, asyncio's own otherwise."""

import asyncio
from collections.abc import Callable, Coroutine
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar, cast

R = TypeVar("R")

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def loop_factory() -> LoopFactory | None:
    """What makes the loop; None stands for asyncio's own."""
    if find_spec("uvloop") is None:
        return None
    return cast("LoopFactory", import_module("uvloop").new_event_loop)


def run(main: Coroutine[Any, Any, R]) -> R:
    """Run a command to its end, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(main)
