"""`akrun dead replay --dry-run`: what a replay would send beside what the failed attempt sent."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.akrun.cli.rerun_scene import OPEN, Jobs, everything
from tests.akrun.http_server import HttpServer, Reply, serve_in_thread
from tests.akrun.mailing.scene import KEY, Scene, invoke, pipe, rows


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serve_in_thread(Reply(503, {}, b"busy")) as found:
        yield found


@pytest.fixture
def failed(scene: Scene, server: HttpServer) -> Scene:
    """A mailing whose two messages failed at the service; their traces are kept."""
    scene.audience, scene.url = rows([0, 0]), server.url
    assert scene.send(*OPEN).exit_code == 0
    return scene


def replay(scene: Scene, *arguments: str, code: int = 0) -> Result:
    scene.write()
    result = scene.run("dead", "replay", "--dry-run", *arguments)
    assert result.exit_code == code, result.output
    return result


def as_json(scene: Scene, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(replay(scene, *arguments, "--json").stdout)
    return found


def forget_traces(scene: Scene) -> None:
    connection = sqlite3.connect(scene.data / "akrun.db")
    connection.execute("DELETE FROM trace")
    connection.commit()
    connection.close()


def edited(scene: Scene) -> str:
    """The channel with another URL and header at pipe 3, and another field in the message of pipe 1."""
    params = pipe(scene.channel, 3)["params"]
    params["url"] = "$sender.url/v2"
    params["headers"]["X-Class"] = "low"
    pipe(scene.channel, 1)["params"]["template"]["class"] = "low"
    scene.write()
    return str(scene.folder / "channel.json")


def test_nothing_is_sent_and_nothing_changes(failed: Scene, server: HttpServer) -> None:
    before = len(server.requests), everything(failed.data)
    replay(failed, "--all", "--by", edited(failed))
    assert (len(server.requests), everything(failed.data)) == before


def test_the_requests_are_compared_line_by_line(failed: Scene) -> None:
    lines = replay(failed, "1", "--by", edited(failed)).stdout.splitlines()
    assert lines[0].startswith("dead letter 1, ")
    assert lines[1:9] == [
        "  - attempt 1, by its trace, + the replay",
        "  secrets are not stored: *** stands for sender.api_key; --set gives them",
        "pipe 3: the request differs",
        f"  -POST {failed.url}",
        f"  +POST {failed.url}/v2",
        "   content-type: application/json",
        "   x-api-key: ***",
        "  +x-class: low",
    ]
    assert '     "from": "Bakery",' in lines
    assert not any(line.startswith("  @@") or '"class"' in line for line in lines)
    first = "send or serve by that channel, which registers it, and "
    assert lines[-2:] == [
        "then: it would send this request, and what follows depends on the answer",
        f"nothing was sent or replayed; {first}leave out --dry-run to replay",
    ]


def test_from_the_start_the_pipes_before_run_too(failed: Scene) -> None:
    [shown] = as_json(failed, "1", "--by", edited(failed), "--from-start")
    assert [each["pipe"] for each in shown["requests"]] == [3]
    assert '+  "class": "low",' in shown["requests"][0]["diff"] or (
        '+  "class": "low"' in shown["requests"][0]["diff"]
    )


def test_by_the_registered_channel_it_is_the_same_request(failed: Scene) -> None:
    shown = as_json(failed, "--all")
    assert [each["id"] for each in shown] == [1, 2]
    for each in shown:
        assert each["compared_with"] == "attempt 1, by its trace"
        assert (each["state"], each["stopped"] is None, each["error"]) == (None, False, None)
        [request] = each["requests"]
        assert (request["change"], request["diff"], request["before"]) == ("same", [], request["after"])
    text = replay(failed, "1").stdout
    assert "pipe 3: the same request" in text
    assert f"\n   POST {failed.url}\n" in text
    assert text.endswith("nothing was sent or replayed; leave out --dry-run to replay\n")


def test_without_a_trace_the_registered_channel_says_what_was_sent(failed: Scene) -> None:
    forget_traces(failed)
    [shown] = as_json(failed, "1", "--by", edited(failed))
    assert shown["compared_with"] == "what the registered channel would send"
    assert shown["requests"][0]["change"] == "changed"
    assert "+x-class: low" in shown["requests"][0]["diff"]


def test_without_both_there_is_only_the_new_one(failed: Scene) -> None:
    forget_traces(failed)
    [shown] = as_json(failed, "1")
    assert (shown["compared_with"], shown["requests"][0]["change"]) == (None, "added")
    text = replay(failed, "1").stdout
    assert "no trace is stored to compare with, + the replay" in text
    assert "pipe 3: a request\n" in text


def test_a_request_that_is_sent_no_more_and_how_it_ends(failed: Scene) -> None:
    pipe(failed.channel, 3).update(type="set", params={"data": {"body": "$in.body"}}, outs={"success": 6})
    failed.write()
    text = replay(failed, "1", "--by", str(failed.folder / "channel.json")).stdout
    assert "pipe 3: a request that is not sent any more\n" in text
    assert f"\n  -POST {failed.url}\n" in text
    assert "\nthen it is done in pipe 6\n" in text


def test_a_replay_that_would_fail_says_so(failed: Scene) -> None:
    pipe(failed.channel, 3)["params"]["headers"]["X-Class"] = "$in.nothing"
    failed.write()
    text = replay(failed, "1", "--by", str(failed.folder / "channel.json")).stdout
    assert "pipe 3: a request that is not sent any more" in text
    assert "\nthen it failed in pipe 3: E301 " in text


def test_values_are_given_and_masked(failed: Scene) -> None:
    given = ("--set", f"sender.api_key={KEY}", "--set", "sender.url=https://other.example")
    text = replay(failed, "1", *given).stdout
    assert "secrets are not stored" not in text
    assert "  +POST https://other.example\n" in text
    assert KEY not in text


def test_a_job_without_a_trace(jobs: Jobs) -> None:
    arguments = ("1", "--by", jobs.file, "--set", "sender.url=https://chat.example")
    result = invoke("dead", "replay", "--dry-run", *arguments, "--json", "--data", str(jobs.data))
    [shown] = json.loads(result.stdout)
    assert (shown["job_id"], shown["message_id"]) == ("s-1", "s-1")
    assert shown["requests"][0]["after"]["url"] == "https://chat.example/c-9/hi?k=***"


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "jobs")


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("99",), 1, "there is no dead letter 99; `akrun dead list` shows those there are"),
        (("1", "--by", "{chat}"), 1, "is of the channel `demo_sms`, not of `chat`"),
        ((), 2, "name letters by their ids, or take --all"),
    ],
    ids=["unknown", "other-channel", "none"],
)
def test_what_cannot_be_tried(
    failed: Scene, jobs: Jobs, arguments: tuple[str, ...], code: int, why: str
) -> None:
    refused = replay(failed, *(each.format(chat=jobs.file) for each in arguments), code=code)
    assert why in " ".join(refused.stderr.split())


def test_no_letters(failed: Scene) -> None:
    assert replay(failed, "--all", "--state", "uncertain").stdout == "there are no such dead letters\n"


@pytest.mark.parametrize(
    "option", [("--json",), ("--by", __file__), ("--set", "sender.url=x")], ids=["json", "by", "set"]
)
def test_its_options_are_of_no_other_use(failed: Scene, option: tuple[str, ...]) -> None:
    wrong = failed.run("dead", "replay", "1", *option)
    assert wrong.exit_code == 2
    assert "--by, --set and --json are for --dry-run" in " ".join(wrong.stderr.split())
