"""`akrun top`: one picture, JSON, and the live one in a real pseudo-terminal."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.akrun.cli.test_cluster_commands import on_cluster
from tests.akrun.cli.test_serve import process, write
from tests.akrun.http_server import Reply, serve, serve_in_thread
from tests.akrun.mailing.scene import ENVIRONMENT, Scene, begin, end, invoke
from tests.akrun.server.scene import direct_channel

QUICK = ("--interval", "0.1")


@pytest.fixture
def sent(scene: Scene) -> Scene:
    with serve_in_thread(Reply(400, body=b'{"status": "rejected"}')) as server:
        scene.url = server.url
        scene.send()
    return scene


def test_one_picture(sent: Scene) -> None:
    shown = sent.run("top --once", *QUICK)
    assert shown.exit_code == 0
    assert f"akrun top  {sent.data}"[:40] in shown.stdout
    assert re.search(r"^501 Bak.* finished +\S+ 100% +\d+ +\d+ +0 +0 *$", shown.stdout, re.MULTILINE)
    assert "none; `akrun serve` starts one" in shown.stdout
    assert "\x1b" not in shown.stdout
    piped = sent.run("top", *QUICK)  # its output is no terminal
    assert piped.exit_code == 0
    assert "501 Bak" in piped.stdout


def test_json(sent: Scene) -> None:
    found = json.loads(sent.run("top --json", *QUICK).stdout)
    [mailing] = found["mailings"]
    assert (mailing["id"], mailing["state"], mailing["counts"]["total"], mailing["left"]) == (
        501,
        "finished",
        5,
        0,
    )
    assert (found["processes"], found["breakers"], found["shared"]) == ([], [], False)
    assert found.keys() >= {"time", "place", "jobs", "job_rate", "rate", "dead_letters", "failures"}


def test_there_is_nothing_to_watch(scene: Scene) -> None:
    result = scene.run("top --once")
    assert (result.exit_code, "nothing was sent yet" in result.stderr) == (1, True)


def test_an_interval_that_is_none() -> None:
    result = invoke("top", "--interval", "0")
    assert (result.exit_code, "0.1<=x<=3600" in result.stderr) == (2, True)


async def test_beside_a_serving_process(tmp_path: Path) -> None:
    channel = write(tmp_path, "channel.json", direct_channel())
    async with process(tmp_path, channel):
        pid = json.loads((tmp_path / "data" / "serve.json").read_bytes())["pid"]
        shown = await end(await begin("top", "--json", *QUICK, "--data", str(tmp_path / "data")))
        [found] = json.loads(shown.out)["processes"]
        assert (found["kind"], found["pid"], found["under_way"], found["settled"]) == ("serve", pid, 0, None)
    shown = await end(await begin("top", "--json", *QUICK, "--data", str(tmp_path / "data")))
    assert json.loads(shown.out)["processes"] == []


async def test_a_process_of_a_cluster(scene: Scene) -> None:
    channel = write(scene.folder, "channel.json", direct_channel())
    options = [*on_cluster(scene), "--data", str(scene.data)]
    running = await begin("serve", channel, "--port", "0", *options)
    try:
        assert running.stdout is not None
        assert (await running.stdout.readline()).startswith(b"http://127.0.0.1:")
        async with asyncio.timeout(120):
            while not (found := json.loads((await end(await begin("top", "--json", *QUICK, *options))).out))[
                "processes"
            ]:
                pass
        [seen] = found["processes"]
        assert (seen["kind"], seen["pid"], seen["settled"]) == ("serve", running.pid, 0)
    finally:
        running.terminate()
        ended = await end(running)
    assert (ended.code, ended.err) == (0, "")


async def test_a_mailing_that_is_being_sent(scene: Scene) -> None:
    options = on_cluster(scene)
    looking = ["top", "--json", *QUICK, *options, "--data", str(scene.data)]
    async with serve(Reply(hang=True)) as service:
        scene.url = service.url
        running = await scene.sending(*options, "-o", "grace_period=0.1")
        try:
            async with asyncio.timeout(120):
                while True:
                    shown = await end(await begin(*looking))
                    if shown.code == 0 and (found := json.loads(shown.out)["processes"]):
                        break
        finally:
            running.terminate()
            ended = await end(running)
    assert [(each["kind"], each["pid"]) for each in found] == [("send", running.pid)]
    assert ended.code == 130
    assert json.loads((await end(await begin(*looking))).out)["processes"] == []


def on_terminal(*arguments: str) -> Any:
    environment = {**os.environ, **ENVIRONMENT, "TERM": "xterm"}
    command = ["-m", "akrun.cli", "top", *QUICK, *arguments]
    return pexpect.spawn(
        sys.executable, command, env=environment, encoding="utf-8", dimensions=(30, 80), timeout=120
    )


def test_live_until_a_key_ends_it(sent: Scene) -> None:
    child = on_terminal("--data", str(sent.data))
    for _ in range(2):
        child.expect("akrun top  ")
        child.expect("501 Bak")
    child.send("x")
    child.expect("akrun top  ")
    child.send("q")
    child.expect(re.escape("\x1b[?1049l"))
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, child.signalstatus) == (0, None)
