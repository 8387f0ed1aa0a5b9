"""The servers of a cluster go away and come back: the log of whoever works says so, and nothing else does."""

import asyncio
import json
import signal
from collections.abc import Iterator

import pytest

from tests.akrun.cli.test_cluster_commands import on_cluster
from tests.akrun.cli.test_serve import write
from tests.akrun.http_server import Reply, serve
from tests.akrun.mailing.scene import Scene, begin, end, rows, until
from tests.akrun.server.scene import direct_channel
from tests.nats_server import NatsServer, serving


@pytest.fixture
def server(scene: Scene) -> Iterator[NatsServer]:
    with serving(scene.folder / "nats") as server:
        yield server


def said(scene: Scene) -> list[str]:
    """What the log says of connections."""
    file = scene.data / "procpiper.log"
    lines = file.read_text().splitlines() if file.exists() else []
    return [line["event"] for line in map(json.loads, lines) if "connection" in line["event"]]


async def lose(scene: Scene, server: NatsServer) -> None:
    """Take the server away until the log says that it is lost, then until it says that it is back."""
    place = server.url.removeprefix("nats://")
    server.kill()
    lost = f"the connection to {place} is lost: what is to be stored waits until a server answers"
    await until(lambda: said(scene) == [lost])
    await asyncio.to_thread(server.start)
    await until(lambda: said(scene) == [lost, f"there is a connection to the cluster again: to {place}"])


@pytest.mark.parametrize("command", ["serve", "worker"])
async def test_a_process_that_works(scene: Scene, server: NatsServer, command: str) -> None:
    channel = write(scene.folder, "channel.json", direct_channel())
    more = [channel, "--port", "0"] if command == "serve" else []
    running = await begin(command, *more, "--data", str(scene.data), *on_cluster(scene, server.url))
    try:
        assert running.stdout is not None
        assert await running.stdout.readline(), (await end(running)).err
        await lose(scene, server)
        running.send_signal(signal.SIGTERM)
        ended = await end(running)
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    assert (ended.code, ended.err) == (0, "")


async def test_a_mailing_that_is_being_sent(scene: Scene, server: NatsServer) -> None:
    scene.audience = rows([0] * 20)
    scene.mailing["options"] = {"concurrency": 2}
    slow = Reply(body=b'{"status": "accepted", "id": "x"}', delay=0.05)
    async with serve(slow) as service:
        scene.url = service.url
        running = await scene.sending(*on_cluster(scene, server.url))
        try:
            await until(lambda: len(service.requests) > 1)
            await lose(scene, server)
            ended = await end(running)
        finally:
            if running.returncode is None:
                running.kill()
                await running.wait()
    assert ended.code == 0, ended.err
    assert "Traceback" not in ended.err
