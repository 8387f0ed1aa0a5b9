"""Reports of mailings whose channel is another one by now, of unknown events, and of what failed why."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from akrun.backend import ChannelRecord, Embedded, EventRecord
from akrun.mailing.report import MailingReport, make_report
from tests.akrun.http_server import Received, Reply, serve_in_thread
from tests.akrun.mailing.scene import Scene, rows


def answer(request: Received) -> Reply:
    ending = json.loads(request.body)["to"][-2:]
    if ending == "97":
        return Reply(400, body=b'{"status": "rejected", "reason": "barred"}')
    return Reply(500) if ending == "98" else Reply(body=b'{"status": "accepted"}')


@pytest.fixture
def sent(scene: Scene) -> Scene:
    scene.audience = rows([0, 97, 98, None, 1, 97, 98])
    with serve_in_thread(handler=answer) as server:
        scene.url = server.url
        assert scene.send().exit_code == 0
    return scene


def changed(scene: Scene, document: bytes) -> None:
    """Register this document for the channel."""

    async def register() -> None:
        async with Embedded(scene.data / "akrun.db") as backend:
            await backend.register_channel(ChannelRecord(9001, "demo_sms", "Demo SMS", document, "-"))

    asyncio.run(register())


def happened(scene: Scene, *events: EventRecord) -> None:
    async def record() -> None:
        async with Embedded(scene.data / "akrun.db") as backend:
            await backend.record_events(events)

    asyncio.run(record())


def made(scene: Scene) -> MailingReport:
    async def make() -> MailingReport:
        async with Embedded(scene.data / "akrun.db", read_only=True) as backend:
            return await make_report(backend, 501)

    return asyncio.run(make())


def shown(report: MailingReport) -> list[tuple[str, str | None, int]]:
    return [(event.name, event.color, event.messages) for event in report.events]


def test_events_have_the_names_and_colours_of_the_channel_as_it_is_now(sent: Scene) -> None:
    assert shown(made(sent)) == [("Accepted by the gateway", "#2E7D32", 2), ("Not deliverable", "#C62828", 2)]
    sent.channel["events"][0] |= {"name": "Принято", "color": "#004D40"}
    changed(sent, json.dumps(sent.channel, ensure_ascii=False).encode())
    assert shown(made(sent)) == [("Принято", "#004D40", 2), ("Not deliverable", "#C62828", 2)]


@pytest.mark.parametrize("change", ["removed", "another type"])
def test_an_event_that_the_channel_no_longer_has_keeps_its_type(sent: Scene, change: str) -> None:
    if change == "removed":
        del sent.channel["events"][1]
    else:
        sent.channel["events"][1] |= {"event_type": "reply", "name": "Answered"}
    changed(sent, json.dumps(sent.channel).encode())
    assert shown(made(sent)) == [("Accepted by the gateway", "#2E7D32", 2), ("undeliv", None, 2)]


@pytest.mark.parametrize("document", [b"", b"{", b'{"name": "a channel of another version"}', b"- a\n- b\n"])
def test_a_channel_that_cannot_be_read_any_more_takes_only_the_names_away(
    sent: Scene, document: bytes
) -> None:
    changed(sent, document)
    report = made(sent)
    assert shown(report) == [("send", None, 2), ("undeliv", None, 2)]
    assert (report.counts.done, report.counts.failed) == (4, 2)


def test_a_channel_written_in_yaml_is_read(sent: Scene) -> None:
    document = "".join(f"{key}: {json.dumps(value)}\n" for key, value in sent.channel.items())
    changed(sent, document.encode())
    assert shown(made(sent))[0] == ("Accepted by the gateway", "#2E7D32", 2)


def test_events_of_messages_that_were_never_sent_are_counted_apart(sent: Scene, tmp_path: Path) -> None:
    before = made(sent)
    happened(sent, *(EventRecord(f"stranger-{n}", 9001, "deliv", 3, "", 1.0, "odd") for n in range(3)))
    report = made(sent)
    assert (before.unknown_events, report.unknown_events) == (0, 3)
    assert report.events == before.events
    assert "3 events name a message that was never sent" in " ".join(sent.run("report").stdout.split())
    assert json.loads(sent.run("report", "--json").stdout)["unknown_events"] == 3
    [row] = [row for row in table(sent) if row["kind"] == "unknown_events"]
    assert row["count"] == "3"
    sent.run("report", "--svg", str(tmp_path / "funnel.svg"))
    words = " ".join(ET.parse(tmp_path / "funnel.svg").getroot().itertext())
    assert "3 events of unknown messages" in words


def test_first_and_last_are_the_events_own_times(sent: Scene) -> None:
    async def messages() -> list[str]:
        async with Embedded(sent.data / "akrun.db", read_only=True) as backend:
            return [event.send_message_id for event in await backend.history("p0")]

    [message] = asyncio.run(messages())
    times = [1_700_000_060.5, 1_700_000_000.25, 1_700_000_030.0]
    happened(sent, *(EventRecord(message, 9001, "deliv", 3, str(n), time) for n, time in enumerate(times)))
    [delivered] = [event for event in made(sent).to_dict()["events"] if event["event_type"] == "deliv"]
    assert (delivered["count"], delivered["messages"]) == (3, 1)
    assert delivered["first"] == "2023-11-14T22:13:20.250+00:00"
    assert delivered["last"] == "2023-11-14T22:14:20.500+00:00"
    assert delivered["share"] == pytest.approx(1 / 6)


def test_errors_are_listed_by_reason_the_most_frequent_first(sent: Scene) -> None:
    report = made(sent)
    assert {event.name: event.reasons for event in report.events} == {
        "Accepted by the gateway": {},
        "Not deliverable": {"barred": 2},
    }
    [failure] = report.failures
    assert (failure.pipe, failure.kind, failure.code, failure.count) == (3, "status", "500", 2)
    assert failure.message.endswith("answered 500")


def table(scene: Scene) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(scene.run("report", "501", "--csv").stdout)))


def test_the_csv_of_a_sent_mailing(sent: Scene) -> None:
    wanted: list[tuple[Any, ...]] = [
        ("messages", "total", "", "7"),
        ("messages", "done", "", "4"),
        ("messages", "failed", "", "2"),
        ("messages", "skipped", "", "1"),
        ("messages", "uncertain", "", "0"),
        ("messages", "pending", "", "0"),
        ("messages", "in_progress", "", "0"),
        ("event", "Accepted by the gateway", "send", "2"),
        ("event", "Not deliverable", "undeliv", "2"),
        ("reason", "barred", "undeliv", "2"),
        ("unknown_events", "", "", "0"),
        ("failure", f"{sent.url} answered 500", "", "2"),
    ]
    found = [(row["kind"], row["name"], row["event_type"], row["count"]) for row in table(sent)]
    assert found == wanted
    assert {row["mailing"] for row in table(sent)} == {"501"}


def test_json_and_csv_exclude_each_other(sent: Scene) -> None:
    result = sent.run("report", "--json", "--csv")
    assert result.exit_code == 2
    assert "--json and --csv exclude each other" in result.stderr


@pytest.mark.parametrize(("option", "name"), [("--svg", "a.png"), ("--png", "a.svg"), ("--png", "a")])
def test_a_picture_has_the_name_of_its_kind(sent: Scene, tmp_path: Path, option: str, name: str) -> None:
    result = sent.run("report", option, str(tmp_path / name))
    assert result.exit_code == 2
    assert f"the name of the picture must end in .{option[2:]}" in result.stderr
    assert not (tmp_path / name).exists()


def test_both_pictures_and_the_table_at_once(sent: Scene, tmp_path: Path) -> None:
    result = sent.run("report", "--svg", str(tmp_path / "a.svg"), "--png", str(tmp_path / "a.PNG"))
    assert result.exit_code == 0
    assert "Accepted by the gateway" in result.stdout
    assert (tmp_path / "a.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")
