"""The live picture, until it is ended."""

import asyncio
import os
import signal
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from akrun.backend import UnavailableError
from akrun.top.live import show
from akrun.top.snapshot import Snapshot
from tests.akrun.top.scene import EVERYTHING, NOTHING


class Looks:
    """Gives one after the other; as the last thing, it is told to end, and waits for that."""

    def __init__(self, *looks: Snapshot | Exception) -> None:
        self._looks = list(looks)

    async def look(self) -> Snapshot:
        if not self._looks:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(3600.0)
        look = self._looks.pop(0)
        if isinstance(look, Exception):
            raise look
        return look


async def drawn(*looks: Snapshot | Exception, height: int = 60) -> str:
    console = Console(file=StringIO(), force_terminal=True, width=80, height=height, color_system=None)
    async with asyncio.timeout(120):
        await show(Looks(*looks), console, 0.01)  # type: ignore[arg-type]
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


async def test_it_is_drawn_anew_until_it_is_told_to_end() -> None:
    text = await drawn(NOTHING, replace(NOTHING, dead_letters=7))
    assert "dead letters: 0" in text
    assert "dead letters: 7" in text.partition("dead letters: 0")[2]
    assert text.startswith("\x1b[?1049h")  # the screen that was there comes back
    assert "\x1b[?1049l" in text


async def test_the_last_picture_stays_while_the_backend_does_not_answer() -> None:
    gone = UnavailableError("nats://x: it does not answer")
    text = await drawn(replace(NOTHING, dead_letters=7), gone, NOTHING)
    before, after = text.split("not up to date: nats://x: it does not answer")
    assert before.count("dead letters: 7") == 2
    assert "dead letters: 0" in after
    assert "dead letters: 0" not in before


async def test_it_ends_before_there_is_anything_to_see() -> None:
    assert await drawn() == ""


async def test_a_backend_that_does_not_answer_the_first_time() -> None:
    with pytest.raises(UnavailableError):
        await drawn(UnavailableError("nats://x: it does not answer"))


async def test_on_a_small_screen_every_table_is_cut() -> None:
    text = await drawn(EVERYTHING, height=24)
    assert "and 3 more" in text
    assert "latest failures" in text
