"""A service that fails in every way: error exit or dead letter, exact counts, and the report tells it."""

import json
import signal
import socket

import pytest

from tests.akrun.http_server import Reply, serve, serve_in_thread
from tests.akrun.mailing.scene import Scene, counts, end, pipe, rows, until

ACCEPTED = b'{"status": "accepted"}'

REPLIES: dict[str, tuple[Reply, int, str, str]] = {
    "500": (Reply(500, body=b"<h1>down</h1>"), 3, "500", "answered 500"),
    "429": (Reply(429, {"Retry-After": "1"}), 3, "429", "answered 429"),
    "not JSON": (Reply(body=b"<html>"), 4, "parse", "JSON: "),
    "no body": (Reply(body=b""), 4, "parse", "JSON: "),
    "JSON of another shape": (Reply(body=b"[]"), 5, "E3", ""),
    "no HTTP": (Reply(raw=b"SSH-2.0-x\r\n\r\n"), 3, "connection", "broke"),
    "closed at once": (Reply(raw=b""), 3, "connection", "broke"),
    "closed in the body": (Reply(body=ACCEPTED, close_after=3), 3, "connection", "broke"),
    "time-out": (Reply(hang=True), 3, "timeout", "no complete response from"),
    "redirect": (Reply(302, {"Location": "/"}), 3, "302", "answered 302"),
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_failure_without_error_exit_becomes_a_dead_letter(scene: Scene, name: str) -> None:
    reply, failed_in, code, message = REPLIES[name]
    pipe(scene.channel, 3)["params"]["timeout"] = 0.5
    scene.audience = rows([0, None, 0])
    with serve_in_thread(reply) as server:
        scene.url = server.url
        sent = scene.send("--json")
        assert len(server.requests) == 2
    assert sent.exit_code == 0
    report = json.loads(sent.stdout)
    assert counts(report) == (0, 2, 1, 0)
    (failure,) = report["failures"]
    assert (failure["pipe"], failure["count"]) == (failed_in, 2)
    assert failure["code"].startswith(code)
    assert message in failure["message"]

    letters = json.loads(scene.run("dead list", "--json").stdout)
    assert [letter["id"] for letter in letters] == [1, 2]
    assert {letter["pipe"] for letter in letters} == {failed_in}
    assert {letter["attempts"] for letter in letters} == {1}
    table = scene.run("dead list").stdout
    assert letters[0]["message_id"] in table
    shown = json.loads(scene.run("dead show", "1").stdout)
    assert shown["error"] == letters[0]["error"]
    assert shown["input"]["send_message_id"] == letters[0]["message_id"]
    assert "“Bakery" in scene.run("report").stdout


def test_an_unreachable_service(scene: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        scene.url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    sent = scene.send("--json")
    report = json.loads(sent.stdout)
    assert counts(report) == (0, 5, 0, 0)
    assert "cannot connect to" in report["failures"][0]["message"]
    assert scene.send().exit_code == 0  # it has ended: nothing is left to send


def test_an_error_exit_takes_the_failure_and_the_event_is_done(scene: Scene) -> None:
    pipe(scene.channel, 3)["outs"]["error"] = 30
    scene.channel["pipelines"]["message"].append(
        {
            "id": 30,
            "type": "event",
            "params": {
                "event_type": "undeliv",
                "channel_id": 9001,
                "action_type": 2,
                "event": {
                    "send_message_id": "$origin.send_message_id",
                    "reason": "$error.kind ${error.status ?? 'none'}",
                },
            },
        }
    )
    with serve_in_thread(Reply(503)) as server:
        scene.url = server.url
        report = json.loads(scene.send("--json").stdout)
    assert counts(report) == (5, 0, 0, 0)
    assert report["failures"] == []
    (event,) = report["events"]
    assert (event["event_type"], event["reasons"]) == ("undeliv", {"status 503": 5})


def test_too_many_failures_pause_with_exit_code_1(scene: Scene) -> None:
    scene.audience = rows([0] * 60)
    scene.mailing["options"] = {"pause_threshold": 0.2, "concurrency": 4}
    with serve_in_thread(Reply(500)) as server:
        scene.url = server.url
        paused = scene.send("--json", "-o", "breaker_failures=0")
    report = json.loads(paused.stdout)
    _, failed, _, rest = counts(report)
    assert paused.exit_code == 1
    assert report["state"] == "paused"
    assert len(server.requests) == failed == 60 - rest < 30
    assert "paused: too large a share of the messages failed (see the report)" in paused.stderr
    assert f"{rest} messages have no outcome; the same command goes on where it stopped" in paused.stderr
    with serve_in_thread(Reply(body=ACCEPTED)) as server:
        scene.url = server.url
        resumed = scene.send("--json")
        assert len(server.requests) == rest
    assert resumed.exit_code == 0
    assert counts(json.loads(resumed.stdout)) == (rest, failed, 0, 0)


def test_a_letter_that_is_not_there(scene: Scene) -> None:
    with serve_in_thread(Reply(body=ACCEPTED)) as server:
        scene.url = server.url
        scene.send()
    result = scene.run("dead show", "7")
    assert result.exit_code == 1
    assert "there is no dead letter 7; `akrun dead list` shows those there are" in result.stderr
    assert json.loads(scene.run("dead list", "--json").stdout) == []


def test_bytes_and_long_numbers_in_a_dead_letter(scene: Scene) -> None:
    pipe(scene.channel, 5)["params"]["outs"][0]["query"] = "'$in.nowhere' = 'x'"
    with serve_in_thread(Reply(body=b'{"n": 123456789012345678901234567890, "s": "\xd0\xb9"}')) as server:
        scene.url = server.url
        scene.send()
    shown = json.loads(scene.run("dead show", "1").stdout)
    assert shown["input"]["body"] == '{"n": 123456789012345678901234567890, "s": "й"}'
    assert shown["input"]["data"] == {"n": 123456789012345678901234567890, "s": "й"}


def test_http_settings_reach_the_pipes(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    del pipe(scene.channel, 3)["params"]["timeout"]
    monkeypatch.setenv("PIPE_HTTP_TIMEOUT", "0.25")
    with serve_in_thread(Reply(hang=True)) as server:
        scene.url = server.url
        report = json.loads(scene.send("--json").stdout)
    assert "within 0.25 s" in report["failures"][0]["message"]
    monkeypatch.delenv("PIPE_HTTP_TIMEOUT")
    monkeypatch.setenv("PIPE_WORKER_SIZE", "2")
    with serve_in_thread(Reply(body=ACCEPTED, delay=0.05)) as server:
        scene.url = server.url
        assert scene.send("--relaunch").exit_code == 0
    assert server.most_at_once == 2
    monkeypatch.delenv("PIPE_WORKER_SIZE")
    monkeypatch.setenv("PIPE_HTTP_MAX_CONN", "1")
    with serve_in_thread(Reply(body=ACCEPTED)) as server:
        scene.url = server.url
        assert scene.send("--relaunch").exit_code == 0
    assert server.connections == 1


async def test_who_interrupts_it_reads_so_in_the_report(scene: Scene) -> None:
    async with serve(Reply(hang=True)) as service:
        scene.url = service.url
        running = await scene.sending("-o", "grace_period=0.1")
        await until(lambda: bool(service.requests))
        running.send_signal(signal.SIGINT)
        ended = await end(running)
    heading = "Mailing 501 “Bakery newsletter, week 23” by demo_sms: interrupted; start again to go on"
    assert ended.out.splitlines()[0] == heading
    assert ended.code == 130
