"""Broken files: every fault is framed with its place on standard error, and the server gets nothing."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.akrun.http_server import Reply, serve_in_thread
from tests.akrun.mailing.scene import Scene

Break = Callable[[Scene], None]


def channel_text(old: str, new: str) -> Break:
    return lambda scene: replace(scene.folder / "channel.json", old, new)


def mailing_text(old: str, new: str) -> Break:
    return lambda scene: replace(scene.folder / "mailing.json", old, new)


def audience_line(number: int, text: str) -> Break:
    def apply(scene: Scene) -> None:
        file = scene.folder / "audience.jsonl"
        lines = file.read_text().splitlines()
        lines[number] = text
        file.write_text("\n".join(lines) + "\n")

    return apply


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


FAULTS: dict[str, tuple[Break, str, str]] = {
    "template, unclosed": (
        channel_text('"$origin.send_message_id"', '"${origin.send_message_id"'),
        "channel.json",
        "E1",
    ),
    "template, unknown root": (
        channel_text('"$subscription.phone"', '"$subscripton.phone"'),
        "channel.json",
        "did you mean `subscription`?",
    ),
    "query, no operator": (
        channel_text("'$in.data.status' = 'accepted'", "'$in.data.status' is 'accepted'"),
        "channel.json",
        "E1",
    ),
    "query, bare word": (channel_text("= 'accepted'", "= accepted"), "channel.json", "accepted"),
    "pipe type": (channel_text('"type": "unpack"', '"type": "unpak"'), "channel.json", "did you mean"),
    "pipe parameter": (channel_text('"success_codes"', '"succes_codes"'), "channel.json", "success_codes"),
    "pipe exit": (channel_text('"success": 4', '"success": 40'), "channel.json", "C212"),
    "channel key": (channel_text('"communication"', '"comunication"'), "channel.json", "communication"),
    "channel syntax": (channel_text('"kind": "custom",', '"kind": "custom"'), "channel.json", "C105"),
    "mailing syntax": (mailing_text('"a_id": 1,', '"a_id": 1'), "mailing.json", "C105"),
    "mailing key": (mailing_text('"options"', '"optoins"'), "mailing.json", "did you mean `options`?"),
    "mailing field": (mailing_text('"greeting"', '"greting"'), "mailing.json", "did you mean `greeting`?"),
    "mailing value": (mailing_text('"category": "news"', '"category": "gossip"'), "mailing.json", "C313"),
    "audience, no JSON": (audience_line(3, '{"profile": '), "audience.jsonl", "C401"),
    "audience, no id": (audience_line(3, '{"profile": {}}'), "audience.jsonl", "C405"),
    "audience, bad phone": (
        audience_line(3, '{"profile": {"id": 1}, "subscription": {"phone": "0800"}}'),
        "audience.jsonl",
        "C406",
    ),
}


def frames(err: str) -> list[tuple[str, int, int]]:
    """File, line and column of every frame."""
    found = re.findall(r"^(\S+?):(\d+):(\d+): [CEP]\d+ ", err, re.MULTILINE)
    return [(Path(name).name, int(line), int(column)) for name, line, column in found]


def sent_with(scene: Scene, monkeypatch: pytest.MonkeyPatch, *breaks: Break) -> tuple[int, str, str, int]:
    """Exit code, both outputs, and how many connections the server saw."""
    with serve_in_thread(Reply(body=b'{"status": "accepted"}')) as server:
        scene.url = server.url
        scene.write()
        for each in breaks:
            each(scene)
        monkeypatch.setattr(Scene, "write", lambda _: None)
        result = scene.send()
        return result.exit_code, result.stdout, result.stderr, server.connections


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_framed_and_nothing_is_sent(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    apply, file, words = FAULTS[name]
    code, out, err, connections = sent_with(scene, monkeypatch, apply)
    assert (code, out, connections) == (1, "", 0)
    place, *rest = frames(err)
    assert all(name == file for name, _, _ in rest)
    written = (scene.folder / file).read_text().splitlines()
    assert place[0] == file
    assert f"{place[1]} | {written[place[1] - 1].rstrip()}" in err
    assert "^" in err
    assert words in err
    assert "Traceback" not in err
    assert not scene.data.exists()


def test_faults_of_several_files_are_told_at_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("template, unclosed", "pipe parameter", "mailing value", "mailing field", "audience, bad phone")
    code, _, err, connections = sent_with(scene, monkeypatch, *(FAULTS[name][0] for name in names))
    assert (code, connections) == (1, 0)
    files = [name for name, _, _ in frames(err)]
    # A value under a wrong name leaves its field without one: two faults.
    assert files == ["channel.json"] * 2 + ["mailing.json"] * 3 + ["audience.jsonl"]


def test_many_broken_rows_are_counted(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.audience = [{"profile": {}}] * 50
    code, _, err, _ = sent_with(scene, monkeypatch)
    assert code == 1
    assert [line for _, line, _ in frames(err)] == list(range(1, 21))
    assert err.rstrip().endswith("and 30 more")


def test_an_audience_that_is_not_there(scene: Scene) -> None:
    scene.mailing["audience"] = "nobody.jsonl"
    result = scene.send()
    assert result.exit_code == 1
    assert "nobody.jsonl:1:1: C101 there is no such file" in result.stderr


def test_a_channel_that_cannot_send_mailings(scene: Scene) -> None:
    scene.channel["pipelines"] = {"message": []}
    result = scene.send()
    assert result.exit_code == 1
    assert "has no pipes in `pipelines.message`, so it can send nothing" in result.stderr


def test_a_stop_time_that_is_over(scene: Scene) -> None:
    scene.mailing["schedule"] = {"stop_time": "2020-01-01T00:00:00"}
    result = scene.send()
    assert result.exit_code == 1
    assert "`stop_time` 2020-01-01T00:00:00 is over: nothing would be sent" in result.stderr
    assert scene.run("report").exit_code == 1


@pytest.mark.parametrize("missing", ["channel.json", "mailing.json"])
def test_a_file_that_is_not_there_is_wrong_usage(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    scene.write()
    (scene.folder / missing).unlink()
    monkeypatch.setattr(Scene, "write", lambda _: None)
    result = scene.send()
    assert result.exit_code == 2
    assert f"{missing}' does not exist" in result.stderr


def test_another_channel_under_a_registered_id_is_refused(scene: Scene) -> None:
    with serve_in_thread(Reply(body=b'{"status": "accepted"}')) as server:
        scene.url = server.url
        assert scene.send().exit_code == 0
        scene.channel["string_id"] = "renamed"
        result = scene.send()
    assert result.exit_code == 1
    assert "9001" in result.stderr
    assert "renamed" in result.stderr
    assert len(server.requests) == 5


def test_a_fault_in_a_value_from_the_command_line_does_not_show_a_secret(scene: Scene) -> None:
    scene.channel["fields"]["sender"][0][1]["pattern"] = "[a-z]+"
    result = scene.send("--set", "sender.api_key=HUSH-7781", "--json")
    assert result.exit_code == 1
    assert "sender.api_key" in result.stderr
    assert "HUSH" not in result.output
