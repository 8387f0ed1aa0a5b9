"""`akrun rerun`: what it begins with, what it prints, and that it records nothing."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.akrun.cli.rerun_scene import OPEN, Jobs, everything
from tests.akrun.cli.test_serve import write
from tests.akrun.http_server import HttpServer, Reply, serve_in_thread
from tests.akrun.mailing.scene import KEY, Scene, invoke, pipe, rows
from tests.akrun.server.scene import direct_channel

ACCEPTED = Reply(body=b'{"status": "accepted", "id": "g-1"}')
SECRET = ("--set", f"sender.api_key={KEY}")


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serve_in_thread(ACCEPTED, Reply(503, {"Set-Cookie": "a=b"}, b"busy"), ACCEPTED) as found:
        yield found


@pytest.fixture
def sent(scene: Scene, server: HttpServer) -> Scene:
    """A mailing whose first message is done and whose second one failed; all traces are kept."""
    scene.audience, scene.url = rows([0, 0]), server.url
    scene.mailing["options"] = {**scene.mailing.get("options", {}), "concurrency": 1}
    assert scene.send("-o", "traces=all", *OPEN).exit_code == 0
    return scene


def message(scene: Scene, state: str = "failed") -> str:
    connection = sqlite3.connect(scene.data / "akrun.db")
    code = {"done": 2, "failed": 3}[state]
    [(found,)] = connection.execute("SELECT id FROM message WHERE state = ?", (code,)).fetchall()
    connection.close()
    return str(found)


def rerun(scene: Scene, *arguments: str, code: int = 0) -> Result:
    scene.write()
    result = scene.run("rerun", *arguments)
    assert result.exit_code == code, result.output
    return result


def as_json(scene: Scene, *arguments: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(rerun(scene, *arguments, "--json", code=code).stdout)
    return found


def pipes_of(ran: dict[str, Any]) -> list[int]:
    return [each["pipe"] for each in ran["steps"]]


def test_it_begins_at_the_pipe_that_failed_and_sends_nothing(sent: Scene, server: HttpServer) -> None:
    before = len(server.requests), everything(sent.data)
    shown = rerun(sent, message(sent)).stdout
    lines = shown.splitlines()
    assert lines[0] == "at pipe 3 of `message`, with what entered it in attempt 1"
    assert lines[1] == "secrets are not stored: *** stands for sender.api_key; --set gives them"
    assert "3 http_request" in lines[2]
    assert '"x-api-key": "***"' in shown
    assert lines[-2] == "stopped: it would send this request, and what follows depends on the answer"
    assert lines[-1] == "nothing was sent or recorded; --send sends it"
    assert (len(server.requests), everything(sent.data)) == before


def test_what_left_a_pipe_with_a_value_pinned(sent: Scene) -> None:
    pins = ("--pin", "status:=200", "--pin", 'body={"status": "refused", "reason": "no route"}')
    shown = as_json(sent, message(sent), "--after", "3", "--exit", "success", *pins)
    assert pipes_of(shown) == [4, 5, 7]
    assert (shown["state"], shown["recorded"]) == ("done", False)
    assert shown["events"] == [{"event_type": "undeliv", "action_type": 2}]
    assert shown["begun"] == {
        "pipeline": "message",
        "pipe": 4,
        "with": "what left pipe 3 in attempt 1; pinned: status, body",
        "exact": False,
    }


def test_an_edited_channel_with_the_answers_of_the_trace(sent: Scene) -> None:
    pipe(sent.channel, 4)["outs"] = {"success": 6}
    sent.write()
    shown = as_json(sent, message(sent, "done"), "--at", "1", "--by", str(sent.folder / "channel.json"))
    assert pipes_of(shown) == [1, 3, 4, 6]
    assert shown["steps"][1]["exchanges"][0]["response"]["body"] == ACCEPTED.body.decode()  # type: ignore[union-attr]
    assert pipes_of(as_json(sent, message(sent, "done"), "--at", "1")) == [1, 3, 4, 5, 8, 6]


def test_values_in_place_of_the_stored_ones(sent: Scene) -> None:
    shown = as_json(sent, message(sent), "--set", "sender.url=https://other.example/x", *SECRET)
    assert shown["missing_secrets"] == []
    [exchange] = shown["steps"][0]["exchanges"]
    assert exchange["request"]["url"] == "https://other.example/x"
    assert KEY not in json.dumps(shown)
    sent.mailing["sender"]["url"] = "https://third.example"
    sent.url = "https://third.example"
    sent.write()
    shown = as_json(sent, message(sent), "--mailing", str(sent.folder / "mailing.json"))
    assert shown["steps"][0]["exchanges"][0]["request"]["url"] == "https://third.example"
    assert shown["missing_secrets"] == []


def test_a_dead_letter_has_the_state_as_it_was(sent: Scene) -> None:
    shown = as_json(sent, "1")
    assert shown["begun"]["with"] == "what entered it before dead letter 1"
    assert shown["begun"]["exact"] is True
    assert pipes_of(shown) == [3]


def test_what_a_trace_lost_is_named(sent: Scene) -> None:
    pin = ("--pin", 'data:={"k": "*** x", "l": "a… (9,999 characters)"}')
    shown = rerun(sent, message(sent), *pin).stdout
    assert "of $in is not kept: data.k (masked), data.l (cut); --pin sets a value" in shown
    assert as_json(sent, message(sent), *pin)["not_kept"] == [
        {"path": "data.k", "what": "masked"},
        {"path": "data.l", "what": "cut"},
    ]


def test_to_send_it_the_secrets_are_needed(sent: Scene, server: HttpServer) -> None:
    count = len(server.requests)
    refused = rerun(sent, message(sent), "--send", code=1)
    assert refused.stderr == (
        "secrets are not stored; to send, give sender.api_key: --set sender.api_key=env:NAME, or the"
        " mailing's file by --mailing\n"
    )
    assert len(server.requests) == count


@pytest.mark.parametrize("name", ["message", "letter"])
def test_sent_for_real_it_is_not_recorded(sent: Scene, server: HttpServer, name: str) -> None:
    count, before = len(server.requests), everything(sent.data)
    unit = message(sent) if name == "message" else "1"
    shown = rerun(sent, unit, "--send", *SECRET, *OPEN).stdout
    assert "done in pipe 6, events: send (action 1), handed over to pipe 1" in shown
    assert shown.splitlines()[-1] == (
        "sent for real, and nothing is recorded: no outcome, no event, no hand-over"
    )
    assert len(server.requests) == count + 1
    assert server.requests[-1].headers["x-api-key"] == KEY
    assert KEY not in shown
    assert everything(sent.data) == before


def test_a_run_that_fails_is_told_by_the_exit_code(sent: Scene) -> None:
    shown = as_json(sent, message(sent), "--after", "3", "--exit", "success", "--pin", "body={", code=1)
    assert (shown["state"], shown["error"]["pipe"]) == ("failed", 4)


def test_a_test_send_by_its_trace(sent: Scene) -> None:
    one = sent.send("--one", "p1", "--json", *OPEN)
    assert one.exit_code == 0
    file = sent.folder / "one.json"
    file.write_text(one.stdout)
    files = ("--by", str(sent.folder / "channel.json"), "--mailing", str(sent.folder / "mailing.json"))
    shown = as_json(sent, str(file), "--after", "3", *files)
    assert pipes_of(shown) == [4, 5, 8, 6]
    assert (shown["state"], shown["missing_secrets"]) == ("done", [])
    assert pipes_of(as_json(sent, str(file), "--at", "1", *files)) == [1, 3, 4, 5, 8, 6]
    unnamed = rerun(sent, str(file), "--after", "3", code=1)
    assert unnamed.stderr.endswith(
        "nothing else of a test-send is stored: name the channel by --by, and --mailing\n"
    )
    file.write_text("{}")
    no_trace = rerun(sent, str(file), *files, code=1)
    assert no_trace.stderr.endswith("is no trace, as `akrun send --one ID --json` prints it\n")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("nobody",), "there is no message, job or dead letter 'nobody'; "),
        (("99",), "there is no message, job or dead letter '99'; "),
        (("{done}",), "no pipe failed: say by --at or --after where to begin"),
        (("{failed}", "--attempt", "2"), "no trace of attempt 2 is stored; those of attempts 1 are"),
        (("{failed}", "--at", "44"), "pipe 44 is not in the trace of attempt 1; there ran 1, 3"),
        (("{failed}", "--after", "3"), "nothing follows pipe 3 by its exit `error`; --exit success takes"),
        (("{failed}", "--pin", "body.x.y=1"), "--pin body.x.y: there is no object or list that `x` could be"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_run_is_an_error(sent: Scene, arguments: tuple[str, ...], why: str) -> None:
    ids = {state: message(sent, state) for state in ("done", "failed")}
    refused = rerun(sent, *(each.format(**ids) if each[0] == "{" else each for each in arguments), code=1)
    assert (refused.stdout, refused.stderr.startswith(why)) == ("", True), refused.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("m", "--at", "1", "--after", "2"), "--at and --after exclude each other"),
        (("m", "--exit", "error"), "--exit is for --after"),
        (("m", "--after", "1", "--exit", "out"), "an exit is success, error, or the id of the pipe"),
        (("m", "--pin", "a..b=1"), "is no path in $in"),
        (("m", "--audience", __file__), "--audience is for a trace file"),
    ],
    ids=lambda value: " ".join(value[:5]) if isinstance(value, tuple) and __file__ not in value else "",
)
def test_wrong_usage(scene: Scene, arguments: tuple[str, ...], why: str) -> None:
    wrong = invoke("rerun", *arguments, "--data", str(scene.data))
    assert wrong.exit_code == 2
    assert why in " ".join(wrong.stderr.replace("│", "").split())


def test_another_channel_is_refused(sent: Scene, tmp_path: Path) -> None:
    other = write(tmp_path, "other.json", direct_channel())
    refused = rerun(sent, message(sent), "--by", other, code=1)
    assert refused.stderr == f"{message(sent)} is of the channel `demo_sms`, not of `chat`\n"


def test_a_pipe_that_the_edited_channel_does_not_have(sent: Scene) -> None:
    for each in sent.channel["pipelines"]["message"]:
        each["outs"] = {way: 33 if pipe == 3 else pipe for way, pipe in each.get("outs", {}).items()}
        each["id"] = 33 if each["id"] == 3 else each["id"]
    sent.write()
    refused = rerun(sent, "1", "--by", str(sent.folder / "channel.json"), code=1)
    assert refused.stderr.startswith("`message` has no pipe 3 now; it has 1, 2, 33, 4")


def test_without_a_trace_it_says_where_to_look(sent: Scene) -> None:
    connection = sqlite3.connect(sent.data / "akrun.db")
    connection.execute("DELETE FROM trace")
    connection.commit()
    connection.close()
    unit = message(sent)
    assert rerun(sent, unit, code=1).stderr == f"no trace is stored: `akrun trace {unit}` says why\n"
    assert pipes_of(as_json(sent, unit, "--at", "1")) == [1, 3]


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path)


@pytest.mark.parametrize("name", ["1", "s-1"])
def test_a_single_message_has_its_values_and_those_that_are_given(jobs: Jobs, name: str) -> None:
    shown = jobs.rerun(name, "--at", "1")
    assert shown["steps"][0]["exchanges"][0]["request"]["url"] == "https://chat.example/c-9/hi?k=***"
    assert shown["missing_secrets"] == ["sender.key"]
    shown = jobs.rerun(name, "--at", "1", "--set", "template.body=new", "--set", "sender.key=hunter22")
    assert shown["steps"][0]["exchanges"][0]["request"]["url"] == "https://chat.example/c-9/new?k=***"
    assert shown["missing_secrets"] == []


def test_a_callback_by_its_trace_when_its_payload_is_forgotten(jobs: Jobs) -> None:
    for begin in (("--at", "2"), ("--after", "1"), ("--at", "1"), ()):
        shown = jobs.rerun("c-1", *begin)
        assert shown["steps"][-1]["exchanges"][0]["request"]["url"] == "https://chat.example/m-7"


def test_values_of_a_process_are_not_stored_and_it_says_so(jobs: Jobs) -> None:
    shown = invoke("rerun", "s-1", "--at", "1", "--data", str(jobs.data))
    assert "values that `akrun serve` was given are not stored: --set gives them" in shown.stdout
    assert (shown.exit_code, "E301" in shown.stdout) == (1, True)
