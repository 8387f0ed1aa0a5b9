"""A planted secret leaves the process in requests only, also when the service answers with it."""

import asyncio
import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from akrun.backend import Embedded, LaunchState
from akrun.mailing.launch import open_launch
from tests.akrun.http_server import HttpServer, Received, Reply, serve_in_thread
from tests.akrun.mailing.scene import Scene, pipe

API_KEY = "K3y/planted+7f3a9"
TOKEN = "chat-token-4411xyz"
NAMED = base64.b64encode(f"user:{API_KEY}".encode()).decode()


def echo(request: Received) -> Reply:
    """All that the request carried, in its answer, as services do in their errors."""
    said = {"status": "no", "reason": f"bad key {request.headers['x-api-key']}", "again": NAMED}
    body = json.dumps({**said, "you": request.headers, "token": json.loads(request.body)["token"]})
    failing = json.loads(request.body)["to"].endswith("98")
    return Reply(500 if failing else 400, {"X-Echo": request.headers["x-api-key"]}, body.encode())


@pytest.fixture
def leaky(scene: Scene) -> Iterator[tuple[Scene, HttpServer]]:
    """A channel that logs and registers whatever it gets, with secrets in the mailing and in each row."""
    scene.channel["fields"]["subscription"].append(
        [{"type": "string", "name": "token", "secret": True, "required": True}]
    )
    pipe(scene.channel, 1)["params"]["template"]["token"] = "$subscription.token"
    pipe(scene.channel, 4)["outs"]["success"] = 40
    scene.channel["pipelines"]["message"].append(
        {
            "id": 40,
            "type": "log",
            "params": {"message": "key $sender.api_key token $subscription.token got $in.data.reason"},
            "outs": {"success": 5},
        }
    )
    scene.mailing["sender"]["api_key"] = API_KEY
    scene.audience = [
        {
            "profile": {"id": "a", "first_name": "Ann"},
            "subscription": {"phone": "+4477000000", "token": TOKEN},
        },
        {
            "profile": {"id": "b", "first_name": "Bea"},
            "subscription": {"phone": "+4477000198", "token": TOKEN + "2"},
        },
    ]
    with serve_in_thread(handler=echo) as server:
        scene.url = server.url
        yield scene, server


def assert_hidden(text: str) -> None:
    for secret in (API_KEY, TOKEN, NAMED, API_KEY.replace("/", "\\/")):
        assert secret not in text


def test_what_is_sent_carries_the_secrets(leaky: tuple[Scene, HttpServer]) -> None:
    scene, server = leaky
    scene.send()
    assert [request.headers["x-api-key"] for request in server.requests] == [API_KEY] * 2
    assert sorted(json.loads(request.body)["token"] for request in server.requests) == [TOKEN, TOKEN + "2"]


@pytest.mark.parametrize(
    "flags",
    [(), ("--json",), ("--dry-run",), ("--dry-run", "--json"), ("--one", "a"), ("--one", "b", "--json")],
)
def test_nothing_printed_shows_them(leaky: tuple[Scene, HttpServer], flags: tuple[str, ...]) -> None:
    result = leaky[0].send(*flags)
    assert_hidden(result.output)
    assert result.exit_code == (1 if "b" in flags else 0)
    if "--one" in flags or "--dry-run" in flags:
        assert "***" in result.stdout


def test_no_later_command_and_no_log_shows_them(leaky: tuple[Scene, HttpServer]) -> None:
    scene, _ = leaky
    scene.send()
    shown = [
        scene.run(each)
        for each in ("dead list", "dead list --json", "dead show 1", "report", "report --json")
    ]
    assert [each.exit_code for each in shown] == [0] * 5
    for each in shown:
        assert_hidden(each.output)
    assert "answered 500" in shown[0].output
    assert "***" in shown[2].output
    assert "bad key ***" in shown[3].output
    log = (scene.data / "procpiper.log").read_text()
    written, dead = (json.loads(line) for line in log.splitlines())
    assert written["event"] == "key *** token *** got bad key ***"
    assert dead["event"].startswith("failed, and a dead letter: http://127.0.0.1:")
    assert_hidden(log)


def test_the_database_holds_the_mailings_secret_nowhere(leaky: tuple[Scene, HttpServer]) -> None:
    scene, _ = leaky
    scene.send()
    stored = b"".join(file.read_bytes() for file in scene.data.iterdir())
    assert b"Bakery newsletter" in stored
    assert API_KEY.encode() not in stored


async def give_up(scene: Scene) -> None:
    """Let every message use up its only attempt, as processes that were killed would."""
    job = scene.job()
    scene.data.mkdir()
    for _ in range(2):
        async with Embedded(scene.data / "akrun.db", max_attempts=1) as backend:
            launch = (await open_launch(backend, job, datetime.now(UTC))).launch
            await backend.set_launch_state(launch.launch_id, LaunchState.SENDING)
            await backend.lease(launch.launch_id, 10)


def test_a_message_that_was_given_up_does_not_show_its_own(leaky: tuple[Scene, HttpServer]) -> None:
    scene, _ = leaky
    asyncio.run(give_up(scene))
    letter = scene.run("dead show", "1")
    assert json.loads(letter.stdout)["error"]["kind"] == "max_attempts"
    assert json.loads(letter.stdout)["input"] is None  # no pipe had begun
    assert_hidden(letter.output)
