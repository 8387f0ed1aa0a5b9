"""`akrun send` against a real server: what it prints where, and its modes."""

import json
import re

import pytest

from akrun.cli import main
from tests.akrun.http_server import Received, Reply, serve_in_thread
from tests.akrun.mailing.scene import Scene, counts, pipe, row, rows

ACCEPTED = Reply(body=b'{"status": "accepted", "id": "x"}')


def by_number(request: Received) -> Reply:
    """As the demo gateway, in short: 97 is refused, 98 fails."""
    ending = json.loads(request.body)["to"][-2:]
    if ending == "97":
        return Reply(400, body=b'{"status": "rejected", "reason": "barred"}')
    return Reply(500, body=b"oops") if ending == "98" else ACCEPTED


def test_a_mailing_ends_with_its_report_on_standard_output(scene: Scene) -> None:
    scene.audience = rows([0, 97, 98, None, 1])
    with serve_in_thread(handler=by_number) as server:
        scene.url = server.url
        result = scene.send()
    assert result.exit_code == 0
    assert len(server.requests) == 4
    assert "│     5 │    3 │      1 │       1 │         0 │           0 │" in result.stdout
    assert "barred" in result.stdout
    assert "launched “Bakery newsletter, week 23”: 5 messages" in result.stderr
    assert "5/5 done 3, failed 1, skipped 1" in result.stderr
    assert "launched" not in result.stdout


def test_json_is_all_there_is_on_standard_output(scene: Scene) -> None:
    with serve_in_thread(ACCEPTED) as server:
        scene.url = server.url
        result = scene.send("--json")
    report = json.loads(result.stdout)
    assert counts(report) == (5, 0, 0, 0)
    assert report["state"] == "finished"


def test_a_finished_mailing_is_not_sent_again(scene: Scene) -> None:
    with serve_in_thread(ACCEPTED) as server:
        scene.url = server.url
        scene.send()
        again = scene.send("--json")
    assert len(server.requests) == 5
    assert again.exit_code == 0
    assert "is finished (5 messages); --relaunch sends it once more" in again.stderr
    assert counts(json.loads(again.stdout)) == (5, 0, 0, 0)


def test_a_relaunch_sends_under_new_ids(scene: Scene) -> None:
    with serve_in_thread(ACCEPTED) as server:
        scene.url = server.url
        first = scene.send("--json")
        second = scene.send("--json", "--relaunch")
    ids = [json.loads(request.body)["id"] for request in server.requests]
    assert len(set(ids)) == len(ids) == 10
    assert json.loads(first.stdout)["launch_id"] != json.loads(second.stdout)["launch_id"]
    assert counts(json.loads(second.stdout)) == (5, 0, 0, 0)


def test_duplicates_in_the_audience_are_sent_once_and_told(scene: Scene) -> None:
    scene.audience = [*rows([0] * 3), row(1), row(2), row(1)]
    with serve_in_thread(ACCEPTED) as server:
        scene.url = server.url
        result = scene.send()
    assert len(server.requests) == 3
    assert "3 rows left out, their profiles came before: p1, p2, p1" in result.stderr


def test_a_dry_run_prints_the_requests_and_leaves_nothing_behind(scene: Scene) -> None:
    scene.audience = rows([0, None])
    with serve_in_thread(ACCEPTED) as server:
        scene.url = server.url
        result = scene.send("--dry-run")
        as_json = scene.send("--dry-run", "--json")
    assert server.connections == 0
    assert not scene.data.exists()
    assert result.exit_code == as_json.exit_code == 0
    assert f"POST {server.url}" in result.stdout
    assert '"text": "Good morning, Ann0! This week\'s bread is rye with walnuts. $5 off' in result.stdout
    assert "### profile p1: skipped, " in result.stdout
    first, second = map(json.loads, as_json.stdout.splitlines())
    assert json.loads(first["request"]["body"])["to"] == scene.audience[0]["subscription"]["phone"]
    assert second["profile_id"] == "p1"
    assert "phone" in second["skipped"]


def test_the_ids_of_a_dry_run_are_those_that_are_sent(scene: Scene) -> None:
    with serve_in_thread(ACCEPTED) as server:
        scene.url = server.url
        dry = scene.send("--dry-run", "--json").stdout.splitlines()
        scene.send()
    shown = {json.loads(json.loads(line)["request"]["body"])["id"] for line in dry}
    assert shown == {json.loads(request.body)["id"] for request in server.requests}


def test_a_dry_run_shows_what_fails_before_anything_is_sent(scene: Scene) -> None:
    pipe(scene.channel, 1)["params"]["template"]["text"] = "$profile.nowhere"
    pipe(scene.channel, 1)["outs"].pop("error")
    result = scene.send("--dry-run")
    assert "### profile p0: fails in pipe 1: E3" in result.stdout


def test_one_sends_to_one_profile_and_shows_every_pipe(scene: Scene) -> None:
    scene.audience = rows([0, 97, 98])
    with serve_in_thread(handler=by_number) as server:
        scene.url = server.url
        refused = scene.send("--one", "p1")
        failed = scene.send("--one", "p2", "--json")
    assert len(server.requests) == 2
    assert refused.exit_code == 0
    for part in ("1 pack", "3 http_request", "5 selector", "7 event", '"status": 400', "end, "):
        assert part in refused.stdout
    assert "done in pipe 7, events: undeliv (action 2)" in refused.stdout
    assert failed.exit_code == 1
    trace = json.loads(failed.stdout)
    assert trace["state"] == "failed"
    assert [step["pipe"] for step in trace["steps"]] == [1, 3]
    assert trace["steps"][1]["exchanges"][0]["response"]["status"] == 500
    assert scene.run("report").exit_code == 1  # no launch knows of it


def test_one_for_a_profile_that_is_skipped_or_not_there(scene: Scene) -> None:
    scene.audience = rows([None])
    skipped, missing = scene.send("--one", "p0"), scene.send("--one", "p9")
    assert (skipped.exit_code, missing.exit_code) == (1, 1)
    assert "profile p0 is skipped: " in skipped.stderr
    assert "has no profile with the id 'p9'" in missing.stderr


def test_set_takes_the_place_of_the_mailings_values(scene: Scene) -> None:
    with serve_in_thread(ACCEPTED) as server:
        url = server.url
        result = scene.send(
            "--set", f"sender.url={url}", "--set", "template.body=a=b $x", "--set", "template.attachments:=[]"
        )
    assert result.exit_code == 0
    body = json.loads(server.requests[0].body)
    assert body["text"].endswith("! a=b $x")
    assert body["attachments"] == []


@pytest.mark.parametrize("pair", ["x", "sender=1", "nobody.url=1", "sender.=1", "sender.url:=x", "=1", ".=1"])
def test_set_that_cannot_be_meant_is_wrong_usage(scene: Scene, pair: str) -> None:
    assert scene.send("--set", pair).exit_code == 2


@pytest.mark.parametrize("flags", [("--dry-run", "--one", "p"), ("--relaunch", "--dry-run")])
def test_modes_exclude_each_other(scene: Scene, flags: tuple[str, ...]) -> None:
    result = scene.send(*flags)
    assert result.exit_code == 2
    assert "exclude each other" in result.stderr


def test_names_from_files_and_services_are_shown_as_they_are(scene: Scene) -> None:
    scene.mailing["name"] = "[bold]x[/] \x1b[2J"
    hostile = Reply(400, body=json.dumps({"status": "no", "reason": "[/red] \x1b]0;t\x07"}).encode())
    with serve_in_thread(hostile) as server:
        scene.url = server.url
        result = scene.send()
    assert result.exit_code == 0
    assert "“[bold]x[/] �[2J”" in result.stdout
    assert "[bold]x[/] �[2J: 5/5" in result.stderr
    assert "[/red] �]0;t�" in result.stdout
    assert "\x1b" not in result.stdout + result.stderr


def test_integers_of_any_length_keep_their_digits(scene: Scene) -> None:
    long = 123456789012345678901234567890
    template = pipe(scene.channel, 1)["params"]["template"]
    template["text"], template["attachments"] = "$profile.account", "$#template.attachments"
    del template["$$template.attachments[attachments]"]
    scene.audience[0]["profile"]["account"] = long
    scene.audience = scene.audience[:1]
    scene.mailing["template"]["attachments"] = [long]
    answer = Reply(body=b'{"status": "x", "reason": %d}' % long)
    with serve_in_thread(answer) as server:
        scene.url = server.url
        result = scene.send("--json")
        traced = scene.send("--one", "p0")
    assert result.exit_code == 0, result.stderr
    body = json.loads(server.requests[0].body)
    assert (body["text"], body["attachments"]) == (str(long), [long])
    assert str(long) in traced.stdout
    assert json.loads(result.stdout)["events"][0]["reasons"] == {str(long): 1}


def test_the_audience_may_be_named_on_the_command_line_only(scene: Scene) -> None:
    del scene.mailing["audience"]
    unnamed = scene.send()
    assert unnamed.exit_code == 1
    assert "names no audience: add `audience`, or name a file by --audience" in unnamed.stderr
    with serve_in_thread(ACCEPTED) as server:
        scene.url = server.url
        assert scene.send("--audience", str(scene.folder / "audience.jsonl")).exit_code == 0


def test_the_data_directory_cannot_be_made(scene: Scene) -> None:
    scene.data.write_text("a file")
    result = scene.send()
    assert result.exit_code == 2
    below = scene.send("--data", str(scene.data / "below"))
    assert below.exit_code == 1
    assert "the data directory cannot be made: Not a directory" in below.stderr


def test_an_interrupt_before_sending_is_quiet(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("akrun.cli.send.read_job", interrupted)
    result = scene.send()
    assert (result.exit_code, result.output) == (130, "")


def test_every_command_has_help_of_its_own() -> None:
    from click.testing import CliRunner  # noqa: PLC0415

    top = CliRunner().invoke(main, ["--help"])
    commands = re.findall(r"^  ([a-z-]+) ", top.stdout.partition("Commands:")[2], re.MULTILINE)
    assert {"send", "report", "dead", "demo"} <= set(commands)
    for command in commands:
        assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0
