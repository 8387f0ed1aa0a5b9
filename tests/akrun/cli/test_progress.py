"""The progress of a mailing: a bar on a terminal, lines elsewhere."""

import asyncio
import os
import pty
import re
import sys
from dataclasses import replace

import pytest

from akrun.backend import Counts
from akrun.cli.progress import RateMeter, duration, settled, words
from tests.akrun.http_server import Reply, serve
from tests.akrun.mailing.scene import Scene, end, rows

ACCEPTED = Reply(body=b'{"status": "accepted"}', delay=0.05)


async def on_terminal(*arguments: str) -> tuple[int, str]:
    """Run a command with standard error on a pseudo-terminal: its exit code, and what was drawn."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    environment.pop("NO_COLOR", None)
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "akrun.cli", *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=theirs, env=environment,
        )  # fmt: skip
    finally:
        os.close(theirs)
    drawn = bytearray()
    loop = asyncio.get_running_loop()
    while True:
        try:
            part = await loop.run_in_executor(None, os.read, ours, 4096)
        except OSError:  # nobody has the other side open any more
            break
        if not part:
            break
        drawn += part
    os.close(ours)
    return await process.wait(), drawn.decode()


async def test_a_bar_on_a_terminal(scene: Scene) -> None:
    scene.audience = rows([0] * 60 + [None])
    scene.mailing["options"] = {"concurrency": 4}
    async with serve(ACCEPTED) as server:
        scene.url = server.url
        code, drawn = await on_terminal(*scene.send_arguments())
    assert code == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn)
    states = re.findall(
        r"(\d+)/(\d+) .*?done (\d+), failed 0, skipped 1, ([\d,]+)/s, ETA (\S+:\d\d|-:--)", text
    )
    assert len(states) > 2
    assert all(int(settled) == int(done) + 1 and total == "61" for settled, total, done, _, _ in states)
    assert (states[0][2], states[-1][2]) == ("0", "60")
    assert states[0][4] == "-:--"
    assert states[-1][4] == "0:00"
    assert "━" in drawn
    assert "\x1b[" in drawn


async def test_lines_elsewhere(scene: Scene) -> None:
    scene.audience = rows([0] * 3)
    async with serve(ACCEPTED) as server:
        scene.url = server.url
        ended = await scene.sent()
    assert ended.code == 0
    assert re.search(
        r"^Bakery newsletter, week 23: 3/3 done 3, failed 0, skipped 0, \d+/s, ETA 0:00$",
        ended.err,
        re.MULTILINE,
    )
    assert "\x1b" not in ended.err + ended.out


def test_uncertain_messages_are_settled_and_told_once_there_are_some() -> None:
    meter = RateMeter()
    some = Counts(total=10, done=4, failed=1, skipped=2, uncertain=3, pending=0, in_progress=0)
    meter.update(1.0, settled(some))
    assert words(some, meter) == "done 4, failed 1, skipped 2, uncertain 3, 0/s, ETA 0:00"
    assert "uncertain" not in words(replace(some, uncertain=0, pending=3), meter)


async def test_the_start_time_is_waited_for_and_the_wait_can_be_ended(scene: Scene) -> None:
    scene.mailing["schedule"] = {"start_time": "2999-01-01T09:00:00", "time_zone": "Europe/Moscow"}
    async with serve(ACCEPTED) as server:
        scene.url = server.url
        process = await scene.sending()
        assert process.stderr is not None
        shown = b""
        while b"Ctrl-C ends the wait" not in shown:
            shown += await process.stderr.readline()
        assert b"starts at 2999-01-01 09:00:00+03:00, in " in shown
        report = await scene.report()  # the database is free meanwhile
        assert (report["state"], report["counts"]["pending"]) == ("ready", 5)
        process.send_signal(2)
        ended = await end(process)
        assert (ended.code, ended.out, ended.err) == (130, "", "")
        assert server.connections == 0
        scene.mailing["schedule"] = {"start_time": "2020-01-01T09:00:00"}
        assert (await scene.sent()).code == 0
        assert len(server.requests) == 5


def test_the_rate_is_that_of_the_last_seconds() -> None:
    meter = RateMeter()
    meter.update(100.0, 50)
    assert (meter.rate, meter.remaining(150)) == (0.0, "-:--")
    meter.update(102.0, 70)
    assert (meter.rate, meter.remaining(150)) == (10.0, "0:08")
    meter.update(200.0, 70)
    assert meter.rate == 0.0
    meter.update(201.0, 150)
    assert (meter.rate, meter.remaining(150)) == (80.0, "0:00")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3599.4, "59:59"), (3600, "1:00:00"), (90061, "25:01:01")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
