"""`akrun worker` as a process: it joins a cluster, follows the channels, ends in good order, or is killed."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.akrun.cli.test_cluster_commands import on_cluster, run
from tests.akrun.http_server import HttpServer, Reply, serve
from tests.akrun.mailing.scene import KEY, Scene, begin, counts, end, invoke, rows, until

ACCEPTED = Reply(body=b'{"status": "accepted", "id": "x"}')
SECRET = f"sender.api_key={KEY}"


@asynccontextmanager
async def working(
    scene: Scene, name: str, *arguments: str, stop: signal.Signals = signal.SIGTERM
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`akrun worker` with a data directory of its own while the block is open; sees that it ends well."""
    data = [
        "--data",
        str(scene.folder / name),
        "-o",
        "nats_ack_wait=1",
        "-o",
        "scheduler_pipe_router_period=0.5",
    ]
    running = await begin("worker", *arguments, *data, *on_cluster(scene))
    try:
        assert running.stdout is not None
        line = (await running.stdout.readline()).decode()
        assert line.startswith("working at nats://"), (await end(running)).err
        yield running
        if running.returncode is None:
            running.send_signal(stop)
        ended = await end(running)
        assert ended.code == (-9 if stop == signal.SIGKILL else 0), ended.err
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


def log_of(scene: Scene, name: str) -> list[str]:
    file = scene.folder / name / "procpiper.log"
    return [json.loads(line)["event"] for line in file.read_text().splitlines()] if file.exists() else []


async def akrun(scene: Scene, command: str, *more: str) -> str:
    """What another command prints; its data directory is not that of any worker."""
    result = await asyncio.to_thread(run, scene, command, *more)
    assert result.exit_code == 0, result.output
    return result.stdout


async def submit(scene: Scene, url: str) -> str:
    scene.url = url
    scene.write()
    files = (str(scene.folder / name) for name in ("channel.json", "mailing.json"))
    return await akrun(scene, "mailing submit", *files)


async def finished(scene: Scene) -> dict[str, Any]:
    async with asyncio.timeout(120):
        while json.loads(await akrun(scene, "mailing show", "501"))["state"] != "finished":  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return dict(json.loads(await akrun(scene, "report", "--json")))


def sent(server: HttpServer) -> Counter[str]:
    return Counter(json.loads(each.body)["to"] for each in server.requests if each.method == "POST")


def test_it_needs_a_cluster(tmp_path: Path) -> None:
    result = invoke("worker", "--data", str(tmp_path / "data"))
    assert result.exit_code == 1
    assert "name the servers by --backend nats://HOST:4222, or run `akrun serve`" in result.stderr
    assert not (tmp_path / "data").exists()


def test_values_of_a_channel_that_it_does_not_work_for(scene: Scene) -> None:
    result = run(scene, "worker", "chat", "--set", "demo_sms/sender.name=Bakery")
    assert result.exit_code == 1
    assert "--set demo_sms/…: no channel demo_sms is served; served: chat" in result.stderr


async def test_a_mailing_is_handed_in_and_steered_from_elsewhere(scene: Scene) -> None:
    scene.audience = rows([0] * 60)
    scene.mailing["options"] = {"concurrency": 2}
    slow = Reply(body=ACCEPTED.body, delay=0.02)
    async with (
        serve(slow) as server,
        working(scene, "one", "--set", SECRET),
        working(scene, "two", "--set", SECRET),
    ):
        handed_in = await submit(scene, server.url)
        assert "“Bakery newsletter, week 23” is ready" in handed_in
        await until(lambda: len(server.requests) > 4)
        assert "is paused" in await akrun(scene, "mailing pause", "501")
        await until(lambda: all("mailing 501 is paused" in log_of(scene, name) for name in ("one", "two")))
        assert "is sending" in await akrun(scene, "mailing resume", "501")
        report = await finished(scene)
    assert counts(report) == (60, 0, 0, 0)
    assert set(sent(server).values()) == {1}


async def test_a_mailing_is_stopped_from_elsewhere(scene: Scene) -> None:
    scene.audience = rows([0] * 200)
    scene.mailing["options"] = {"concurrency": 1}
    slow = Reply(body=ACCEPTED.body, delay=0.05)
    async with serve(slow) as server, working(scene, "one", "--set", SECRET):
        await submit(scene, server.url)
        await until(lambda: len(server.requests) > 1)
        assert "is stopped" in await akrun(scene, "mailing stop", "501")
        await until(lambda: "mailing 501 is stopped" in log_of(scene, "one"))
    done, _, _, rest = counts(json.loads(await akrun(scene, "report", "--json")))
    assert done + rest == 200
    assert done == sum(sent(server).values())


async def test_what_a_killed_worker_had_is_sent_by_another(scene: Scene) -> None:
    scene.audience = rows([0] * 60)
    scene.mailing["options"] = {"concurrency": 4}
    answers = iter([Reply(hang=True)] * 4)
    async with serve(handler=lambda _: next(answers, ACCEPTED)) as server:
        async with working(scene, "one", "--set", SECRET, stop=signal.SIGKILL):
            await submit(scene, server.url)
            await until(lambda: len(server.requests) >= 4)
        async with working(scene, "two", "--set", SECRET):
            report = await finished(scene)
    assert counts(report) == (60, 0, 0, 0)
    assert len(sent(server)) == 60
    assert sum(sent(server).values()) <= 64


async def test_a_channel_that_is_registered_later_gets_its_values(scene: Scene) -> None:
    arguments = ["demo_sms", "--set", f"demo_sms/{SECRET}"]
    async with serve(ACCEPTED) as server, working(scene, "one", *arguments) as worker:
        assert worker.stderr is not None
        line = (await worker.stderr.readline()).decode()
        assert line == "no channel demo_sms is registered yet; it is taken on when it is (none yet)\n"
        await submit(scene, server.url)
        assert counts(await finished(scene)) == (5, 0, 0, 0)
    assert {request.headers["x-api-key"] for request in server.requests} == {KEY}
    assert "the channel demo_sms is served as it is registered now" in log_of(scene, "one")
    for file in (scene.folder / "one").iterdir():
        assert KEY.encode() not in file.read_bytes()


async def test_without_its_secret_a_channels_work_is_left_to_others(scene: Scene) -> None:
    async with serve(ACCEPTED) as server, working(scene, "poor"):
        await submit(scene, server.url)
        left = "mailing 501 is not sent here: this process was not given the secret sender.api_key"
        await until(lambda: left in log_of(scene, "poor"))
        async with working(scene, "rich", "--set", SECRET):
            assert counts(await finished(scene)) == (5, 0, 0, 0)
    jobs = "jobs of the channel demo_sms are left to other processes: --set gives this one no sender.api_key"
    told = [line for line in log_of(scene, "poor") if line in {jobs, left}]
    assert sorted(told) == sorted([jobs, left])


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_it_hands_back_what_it_has_when_it_is_told_to_end(scene: Scene, stop: signal.Signals) -> None:
    scene.audience = rows([0] * 40)
    scene.mailing["options"] = {"concurrency": 4}
    answers = iter([Reply(hang=True)] * 4)
    async with serve(handler=lambda _: next(answers, ACCEPTED)) as server:
        short = ["-o", "grace_period=0.1"]
        async with working(scene, "one", "--set", SECRET, *short, stop=stop):
            await submit(scene, server.url)
            await until(lambda: len(server.requests) >= 4)
        shown = json.loads(await akrun(scene, "mailing show", "501"))
        assert (shown["state"], shown["counts"]["pending"], shown["counts"]["in_progress"]) == (
            "sending",
            40,
            0,
        )
        async with working(scene, "two", "--set", SECRET):
            assert counts(await finished(scene)) == (40, 0, 0, 0)
    assert log_of(scene, "one")[-1] == "working has ended"
