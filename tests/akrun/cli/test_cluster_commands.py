"""The commands on a cluster: `--backend` in place of the database."""

import asyncio
import json
import signal
import subprocess
import sys

import httpx
import pytest
from click.testing import Result

from akrun.backend import ChannelRecord
from akrun.backend.cluster import Cluster, ClusterOptions
from akrun.backend.cluster.connection import connect
from tests.akrun.cli.test_serve import process, write
from tests.akrun.http_server import Reply, serve_in_thread
from tests.akrun.mailing.scene import Scene, begin, counts, end
from tests.akrun.server.scene import direct_channel, until
from tests.nats_server import free_ports, prefix_of, serving, shared

ACCEPTED = Reply(body=b'{"status": "accepted", "id": "x"}')


def on_cluster(scene: Scene, url: str | None = None) -> list[str]:
    """The options that put a command on the server of all tests."""
    prefix = prefix_of(scene.folder)
    return ["--backend", url or shared().url, "-o", f"nats_prefix={prefix}", "-o", "nats_replicas=1"]


def run(scene: Scene, command: str, *more: str) -> Result:
    return scene.run(command, *more, *on_cluster(scene))


def test_a_mailing_is_sent_and_looked_at(scene: Scene) -> None:
    with serve_in_thread(ACCEPTED) as server:
        scene.url = server.url
        sent = scene.send("--json", *on_cluster(scene))
        again = scene.send("--json", *on_cluster(scene))
    assert len(server.requests) == 5
    assert counts(json.loads(sent.stdout)) == counts(json.loads(again.stdout)) == (5, 0, 0, 0)
    assert not (scene.data / "akrun.db").exists()
    assert counts(json.loads(run(scene, "report", "--json").stdout)) == (5, 0, 0, 0)
    assert "“Bakery newsletter, week 23”" in sent.stderr
    [listed] = json.loads(run(scene, "mailing list", "--json").stdout)
    assert listed["state"] == "finished"
    history = json.loads(run(scene, "history", "p1", "--json").stdout)
    assert [each["mailing_id"] for each in history] == [listed["id"]] * len(history)
    assert history
    assert run(scene, "dead list", "--json").stdout == "[]\n"
    channels = json.loads(run(scene, "channels", "--json").stdout)
    assert json.loads((scene.folder / "channel.json").read_text())["string_id"] in {
        each["string_id"] for each in channels
    }


def test_nothing_of_it_is_loaded_without_a_cluster(scene: Scene) -> None:
    code = (
        "import sys; from akrun.cli import main; main(sys.argv[1:], standalone_mode=False);"
        "print([name for name in ('nats', 'sqlalchemy', 'akrun.backend.cluster') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, "mailing", "list", "--data", str(scene.data)]
    with serve_in_thread(ACCEPTED) as server:
        scene.url = server.url
        scene.send()
    ended = subprocess.run(command, capture_output=True, check=True, text=True)
    assert ended.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["report", "history p1", "mailing list", "dead list", "trace m1"])
def test_nothing_was_stored_yet(scene: Scene, command: str) -> None:
    result = run(scene, command)
    assert result.exit_code == 1
    assert "nothing was stored yet: there is no stream" in result.stderr


def test_nobody_answers(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "__kwdefaults__", {"patience": 0.2})
    [port] = free_ports(1)
    result = scene.run("report", *on_cluster(scene, f"nats://127.0.0.1:{port}"))
    assert result.exit_code == 1
    assert "check that the servers run and that the setting `backend` names them" in result.stderr


def test_no_password_is_ever_shown(scene: Scene) -> None:
    authorization = {"authorization": {"user": "akrun", "password": "hunter22"}}
    with serving(scene.folder / "nats", authorization) as server:
        options = on_cluster(scene, server.url)
        wrong = scene.run("report", *options, "-o", "nats_user=akrun", "-o", "nats_password=hunter23")
        right = scene.run("doctor", *options, "-o", "nats_user=akrun", "-o", "nats_password=hunter22")
        in_url = scene.run("report", "--backend", server.url.replace("://", "://akrun:hunter22@"))
    assert "does not let akrun in" in wrong.stderr
    assert "NATS 2." in right.stdout
    assert "AKRUN_BACKEND" not in in_url.stderr
    assert "without user and password" in in_url.stderr
    for result in (wrong, right, in_url):
        assert "hunter2" not in result.output


async def test_serving_on_a_cluster(scene: Scene) -> None:
    channel = write(scene.folder, "channel.json", direct_channel())
    arguments = ["--port", "0", "--data", str(scene.data), *on_cluster(scene)]
    running = await begin("serve", channel, *arguments)
    try:
        assert running.stdout is not None
        url = (await running.stdout.readline()).decode().strip()
        assert url.startswith("http://127.0.0.1:"), (await end(running)).err
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{url}/health/ready")).json()["channels"] == ["chat"]
            assert (await client.post(f"{url}/listen/chat", content=b'{"id": "m-1"}')).status_code == 200
        running.send_signal(signal.SIGTERM)
        ended = await end(running)
        assert (ended.code, ended.err) == (0, "")
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    found = await asyncio.to_thread(run, scene, "channels", "chat")
    assert json.loads(found.stdout)["string_id"] == "chat"


async def test_metrics_are_of_the_version_that_is_served(scene: Scene) -> None:
    channel = direct_channel()
    file = write(scene.folder, "channel.json", channel)
    options = ClusterOptions(servers=(shared().url,), prefix=prefix_of(scene.folder), replicas=1)
    async with (
        process(scene.folder, file, *on_cluster(scene)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
        Cluster(options) as backend,
    ):
        token = json.loads((scene.data / "serve.json").read_text())["token"]
        posting = {"id": 44, "type": "http_request", "params": {"url": "http://127.0.0.1:9/"}}
        channel["pipelines"]["message"] = [posting]
        record = ChannelRecord(7, "chat", "Chat", json.dumps(channel).encode(), "another one")
        await backend.register_channel(record)

        async def counted() -> bool:
            answer = await client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
            return 'pipe="44"' in answer.text

        await until(counted)
