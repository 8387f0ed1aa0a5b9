"""`akrun serve` and `akrun mailing` as processes: start, steer, end, and a kill in the middle."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from akrun.backend import Embedded
from tests.akrun.http_server import HttpServer, Reply, serve
from tests.akrun.mailing.scene import begin, end, invoke
from tests.akrun.server.scene import direct_channel, until
from tests.akrun.server.test_mailings import ask, board, chat, notice, step


def write(folder: Path, name: str, value: Any) -> str:
    file = folder / name
    file.write_text(json.dumps(value))
    return str(file)


def data(folder: Path) -> list[str]:
    return ["--data", str(folder / "data")]


@asynccontextmanager
async def process(folder: Path, *arguments: str, stop: signal.Signals = signal.SIGTERM) -> AsyncIterator[str]:
    """`akrun serve` while the block is open; gives its address, and sees that it ends well."""
    running = await begin("serve", *arguments, "--port", "0", *data(folder))
    try:
        assert running.stdout is not None
        url = (await running.stdout.readline()).decode().strip()
        assert url.startswith("http://127.0.0.1:"), (await end(running)).err
        yield url
        running.send_signal(stop)
        ended = await end(running)
        assert ended.code == (-9 if stop == signal.SIGKILL else 0), ended.err
        if stop != signal.SIGKILL:
            assert ended.err == ""
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


async def akrun(folder: Path, *arguments: str) -> Any:
    return await end(await begin(*arguments, *data(folder)))


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_it_is_told_to_end(tmp_path: Path, stop: signal.Signals) -> None:
    channel = write(tmp_path, "channel.json", direct_channel())
    announced = tmp_path / "data" / "serve.json"
    async with process(tmp_path, channel, stop=stop) as url, httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{url}/health/ready")).json()["channels"] == ["chat"]
        assert (await client.post(f"{url}/listen/chat", content=b'{"id": "m-1"}')).status_code == 200
        assert announced.stat().st_mode & 0o777 == 0o600
        busy = await akrun(tmp_path, "serve", channel, "--port", "0")
        assert (busy.code, "in use by process" in busy.err) == (1, True)
        assert announced.exists()
    assert not announced.exists()
    async with Embedded(tmp_path / "data" / "akrun.db", read_only=True) as backend:
        assert [event.event_type for event in await backend.message_events("m-1")] == ["deliv"]


async def test_its_file_has_a_token_with_every_right(tmp_path: Path) -> None:
    channel = write(tmp_path, "channel.json", direct_channel())
    async with process(tmp_path, channel) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        found = json.loads((tmp_path / "data" / "serve.json").read_bytes())
        assert (found["url"], found["token"][:4]) == (url, "akr_")
        headers = {"Authorization": f"Bearer {found['token']}"}
        assert (await client.delete("/api/dead-letters/1", headers=headers)).status_code == 404
        metrics = await client.get("/metrics", headers=headers)
        assert (metrics.status_code, b"akrun_" in metrics.content) == (200, True)
        status = (await client.get("/api/status", headers=headers)).json()
        assert (status["channels"], status["breakers"]) == (["chat"], [])


async def test_a_message_under_way_is_answered_when_it_is_told_to_end(tmp_path: Path) -> None:
    channel = write(tmp_path, "channel.json", direct_channel())
    body = b'{"profile": {"id": "p1"}, "subscription": {"chat_id": "c1"}}'
    running = await begin("serve", channel, "--port", "0", *data(tmp_path))
    assert running.stdout is not None
    url = (await running.stdout.readline()).decode().strip()
    found = json.loads((tmp_path / "data" / "serve.json").read_bytes())
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    head = (
        "POST /api/channels/chat/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {found['token']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body[:10])
    async with httpx.AsyncClient(trust_env=False) as client:  # its answer says that ours has arrived
        assert (await client.get(f"{url}/health/ready")).status_code == 200
    running.send_signal(signal.SIGTERM)

    async def refuses() -> bool:
        try:
            _, other = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        except ConnectionError:
            return True
        other.close()
        return False

    await until(refuses)
    writer.write(body[10:])
    async with asyncio.timeout(120):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 202 Accepted"), answer
    ended = await end(running)
    assert (ended.code, ended.err) == (0, "")


async def test_accepted_callbacks_outlive_a_kill(tmp_path: Path) -> None:
    channel = direct_channel()
    channel["pipelines"]["listener"][0]["outs"] = {"success": 3}
    limit = {"rate": 20.0, "burst": 1.0}
    call = step(3, "http_request", 2, url="$sender.url", method="GET", limit=limit)
    channel["pipelines"]["listener"].append(call)
    channel["fields"]["sender"] = [[{"type": "string", "name": "url", "label": "URL"}]]
    async with serve(Reply()) as server:
        arguments = (write(tmp_path, "channel.json", channel), "--set", f"sender.url={server.url}")
        async with (
            process(tmp_path, *arguments, stop=signal.SIGKILL) as url,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            names = [f"m-{number}" for number in range(40)]
            calls = [client.post(f"{url}/listen/chat", content=json.dumps({"id": name})) for name in names]
            assert {answer.status_code for answer in await asyncio.gather(*calls)} == {200}
        assert len(server.requests) < 40
        async with process(tmp_path, *arguments), Embedded(database(tmp_path), read_only=True) as backend:

            async def all_there() -> bool:
                return all([len(await backend.message_events(name)) == 1 for name in names])

            await until(all_there)
            assert (await backend.job_counts()).failed == 0


def database(folder: Path) -> Path:
    return folder / "data" / "akrun.db"


async def test_a_mailing_is_steered_from_other_processes(tmp_path: Path) -> None:
    async with serve(Reply(delay=0.05)) as server:
        channel = write(tmp_path, "channel.json", chat())
        mailing = write(
            tmp_path,
            "mailing.json",
            {"id": 5, "name": "News", "sender": {"url": server.url}, "options": {"concurrency": 1}},
        )
        rows = [
            {"profile": {"id": number}, "subscription": {"chat_id": str(number)}} for number in range(1000)
        ]
        audience = tmp_path / "rows.jsonl"
        audience.write_text("".join(json.dumps(row) + "\n" for row in rows))
        async with process(tmp_path, channel):
            submit = ("mailing", "submit", channel, mailing, "--audience", str(audience))
            submitted = await akrun(tmp_path, *submit)
            assert (submitted.code, "“News” is" in submitted.out) == (0, True), submitted.err
            paused = await akrun(tmp_path, "mailing", "pause", "5")
            assert (paused.code, "“News” is paused" in paused.out) == (0, True), paused.err
            shown = json.loads((await akrun(tmp_path, "mailing", "show", "5")).out)
            counts = shown["counts"]
            assert (shown["state"], counts["in_progress"]) == ("paused", 0)
            assert counts["done"] + counts["pending"] == counts["total"] == 1000
            assert (await akrun(tmp_path, "mailing", "resume", "5")).code == 0
            stopped = await akrun(tmp_path, "mailing", "stop", "5")
            assert "“News” is stopped" in stopped.out
            again = await akrun(tmp_path, "mailing", "stop", "5")
            assert (again.code, again.err) == (1, "mailing 5 is stopped already\n")
        listed = json.loads((await akrun(tmp_path, "mailing", "list", "--json")).out)
        assert [(each["id"], each["state"]) for each in listed] == [(5, "stopped")]


async def begun_without_a_process(folder: Path, server: HttpServer) -> tuple[str, str]:
    channel = write(folder, "channel.json", board())
    mailing = write(folder, "mailing.json", notice(server))
    found = await akrun(folder, "mailing", "submit", channel, mailing)
    assert (found.code, "“Notice” is moderating" in found.out) == (0, True), found.err
    return channel, mailing


async def test_what_is_asked_for_is_carried_out_when_a_process_serves(tmp_path: Path) -> None:
    async with serve(Reply()) as server:
        channel, mailing = await begun_without_a_process(tmp_path, server)
        refused = await akrun(tmp_path, "send", channel, mailing)
        assert (refused.code, "is in moderation" in refused.err) == (1, True)
        assert server.requests == []
        async with process(tmp_path, channel, "--set", "board/sender.key=env:KEY_OF_THE_TEST") as _:

            async def asked() -> bool:
                return bool(server.requests)

            await until(asked)
        assert server.requests[0].headers["x-key"] == os.environ["KEY_OF_THE_TEST"]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_OF_THE_TEST", "hunter2hunter2")


def test_an_indirect_mailing_is_sent_once(tmp_path: Path) -> None:
    channel = board(moderation=False, pipelines={"message": ask("message")})
    files = [write(tmp_path, "channel.json", channel)]
    files.append(write(tmp_path, "mailing.json", {"id": 5, "name": "N", "template": {"text": "Bread"}}))
    refused = invoke("send", *files, "--audience", files[0], *data(tmp_path))
    assert (refused.exit_code, "to no audience" in refused.stderr) == (1, True)
    shown = invoke(
        "send",
        *files,
        "--dry-run",
        "--json",
        "--set",
        "sender.url=http://127.0.0.1:9",
        "--set",
        "sender.key=abcdef",
    )
    request = json.loads(shown.stdout)["request"]
    assert request["url"] == "http://127.0.0.1:9/message"
    assert json.loads(request["body"])["text"] == "Bread"


def test_a_mailing_of_another_kind_is_refused(tmp_path: Path) -> None:
    channel = write(tmp_path, "channel.json", board())
    mailing = {"id": 5, "name": "N", "campaign_type": "trigger", "template": {"text": "Bread"}}
    refused = invoke("mailing", "submit", channel, write(tmp_path, "mailing.json", mailing), *data(tmp_path))
    assert refused.exit_code == 1
    assert "offered: regular, placement" in refused.stderr


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--set", "talk/sender.url=http://x"], "no channel talk is served; served: chat"),
        (["--set", "sender.no=1"], "sender.no"),
        (["--set", "chat/nonsense=1"], "is not of the form"),
    ],
)
def test_wrong_values_are_told(tmp_path: Path, given: list[str], words: str) -> None:
    channel = write(tmp_path, "channel.json", chat())
    refused = invoke("serve", channel, *given, *data(tmp_path))
    assert refused.exit_code != 0
    assert words in refused.stderr


def test_a_channel_named_twice_and_a_port_in_use_are_told(tmp_path: Path) -> None:
    channel = write(tmp_path, "channel.json", chat())
    assert "named twice" in invoke("serve", channel, channel, *data(tmp_path)).stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = invoke("serve", channel, "--port", port, *data(tmp_path))
    assert (refused.exit_code, "cannot be listened on" in refused.stderr) == (1, True)


def test_an_open_address_without_tls_is_told(tmp_path: Path) -> None:
    channel = write(tmp_path, "channel.json", chat())
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = invoke("serve", channel, "--host", "0.0.0.0", "--port", port, *data(tmp_path))
    assert refused.stderr.startswith("listening on 0.0.0.0 without TLS: tokens and messages can be read")
    assert "cannot be listened on" in refused.stderr


def test_there_may_be_no_mailings_yet(tmp_path: Path) -> None:
    assert "nothing was sent yet" in invoke("mailing", "list", *data(tmp_path)).stderr
