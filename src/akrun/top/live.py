"""The live picture: drawn anew again and again, until somebody ends it."""

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Final

from rich.console import Console
from rich.live import Live

from akrun.backend import BackendError
from akrun.top.draw import draw
from akrun.top.snapshot import Snapshot
from akrun.top.watch import Watch

_ENDING: Final = frozenset(b"qQ\x03\x04")  # Ctrl-C and Ctrl-D, where they come as characters

_OTHER_LINES: Final = 14
_TABLES: Final = 4
_FEWEST: Final = 2


async def show(watch: Watch, console: Console, interval: float) -> None:
    """Show what is watched until Ctrl-C, `q` or SIGTERM.

    While the backend does not answer, the last picture stays, and says so.

    Raises:
        BackendError: It did not answer the first time.
    """
    ended = asyncio.Event()
    with _ending(ended):
        seen = await _look(watch, ended)
        if seen is None:
            return
        problem = None
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while not ended.is_set():
                most = max((console.height - _OTHER_LINES) // _TABLES, _FEWEST)
                live.update(draw(seen, most=most, problem=problem), refresh=True)
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), interval)
                try:
                    seen, problem = await _look(watch, ended) or seen, None
                except BackendError as error:
                    problem = str(error)


async def _look(watch: Watch, ended: asyncio.Event) -> Snapshot | None:
    """What there is to see; None when it is ended before that is known."""
    looking, ending = asyncio.create_task(watch.look()), asyncio.create_task(ended.wait())
    try:
        await asyncio.wait([looking, ending], return_when=asyncio.FIRST_COMPLETED)
        return looking.result() if looking.done() else None
    finally:
        looking.cancel()
        ending.cancel()
        await asyncio.gather(looking, ending, return_exceptions=True)  # a result was taken above


@contextmanager
def _ending(ended: asyncio.Event) -> Iterator[None]:
    """Let signals and keys set the event, and keep what is typed off the screen."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, ended.set)
    try:
        with _keys(ended) if sys.stdin.isatty() else nullcontext():
            yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


@contextmanager
def _keys(ended: asyncio.Event) -> Iterator[None]:
    keyboard, loop = sys.stdin.fileno(), asyncio.get_running_loop()
    before = termios.tcgetattr(keyboard)
    tty.setcbreak(keyboard)

    def typed() -> None:
        keys = os.read(keyboard, 64)
        if not keys or _ENDING.intersection(keys):
            loop.remove_reader(keyboard)
            ended.set()

    loop.add_reader(keyboard, typed)
    try:
        yield
    finally:
        loop.remove_reader(keyboard)
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
