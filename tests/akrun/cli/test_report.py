"""`akrun report`: its table and JSON as they are, and what it says when there is nothing to report."""

import json
import re
from pathlib import Path

import pytest

from tests.akrun.http_server import Received, Reply, serve_in_thread
from tests.akrun.mailing.scene import Scene, invoke, rows

TABLE = """\
Mailing 501 “Bakery newsletter, week 23” by demo_sms: finished
Messages
┏━━━━━━━┳━━━━━━┳━━━━━━━━┳━━━━━━━━━┳━━━━━━━━━━━┳━━━━━━━━━━━━━┓
┃ total ┃ done ┃ failed ┃ skipped ┃ uncertain ┃ in progress ┃
┡━━━━━━━╇━━━━━━╇━━━━━━━━╇━━━━━━━━━╇━━━━━━━━━━━╇━━━━━━━━━━━━━┩
│     6 │    4 │      1 │       1 │         0 │           0 │
└───────┴──────┴────────┴─────────┴───────────┴─────────────┘
Events
┏━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━┳━━━━━━━┳━━━━━━━┳━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━┓
┃ event                   ┃ type    ┃ count ┃ share ┃ first          ┃ last           ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━╇━━━━━━━╇━━━━━━━╇━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━┩
│ Accepted by the gateway │ send    │     2 │ 40.0% │ 00-00 00:00:00 │ 00-00 00:00:00 │
│ Not deliverable         │ undeliv │     2 │ 40.0% │ 00-00 00:00:00 │ 00-00 00:00:00 │
└─────────────────────────┴─────────┴───────┴───────┴────────────────┴────────────────┘
Reasons that the provider gave
┏━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━┓
┃ count ┃ event           ┃ reason ┃
┡━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━┩
│     2 │ Not deliverable │ barred │
└───────┴─────────────────┴────────┘
Failures
┏━━━━━━━┳━━━━━━┳━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ count ┃ pipe ┃ code ┃ error                               ┃
┡━━━━━━━╇━━━━━━╇━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│     1 │ 3    │ 500  │ http://127.0.0.1:00000 answered 500 │
└───────┴──────┴──────┴─────────────────────────────────────┘
"""


def answer(request: Received) -> Reply:
    ending = json.loads(request.body)["to"][-2:]
    if ending == "97":
        return Reply(400, body=b'{"status": "rejected", "reason": "barred"}')
    return Reply(500) if ending == "98" else Reply(body=b'{"status": "accepted"}')


@pytest.fixture
def sent(scene: Scene) -> Scene:
    scene.audience = rows([0, 97, 98, None, 1, 97])
    with serve_in_thread(handler=answer) as server:
        scene.url = server.url
        assert scene.send().exit_code == 0
    return scene


def test_the_table(sent: Scene) -> None:
    text = sent.run("report").stdout
    text = re.sub(r"\d\d-\d\d \d\d:\d\d:\d\d", "00-00 00:00:00", text)
    text = re.sub(r"127\.0\.0\.1:\d{5}", "127.0.0.1:00000", text)
    assert "".join(line.rstrip() + "\n" for line in text.splitlines()) == TABLE


def test_the_json(sent: Scene) -> None:
    report = json.loads(sent.run("report", "501", "--json").stdout)
    times = [
        report["started"],
        report["finished"],
        *(event[key] for event in report["events"] for key in ("first", "last")),
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", time) for time in times)
    for each in (report, *report["events"]):
        for key in ("started", "finished", "first", "last", "launch_id"):
            each.pop(key, None)
    url = report["failures"][0]["message"].removesuffix(" answered 500")
    assert report == {
        "mailing_id": 501,
        "name": "Bakery newsletter, week 23",
        "channel": "demo_sms",
        "state": "finished",
        "counts": {
            "total": 6,
            "done": 4,
            "failed": 1,
            "skipped": 1,
            "uncertain": 0,
            "pending": 0,
            "in_progress": 0,
        },
        "events": [
            {
                "event_type": "send",
                "action_type": 1,
                "name": "Accepted by the gateway",
                "color": "#2E7D32",
                "count": 2,
                "messages": 2,
                "share": 0.4,
                "reasons": {},
            },
            {
                "event_type": "undeliv",
                "action_type": 2,
                "name": "Not deliverable",
                "color": "#C62828",
                "count": 2,
                "messages": 2,
                "share": 0.4,
                "reasons": {"barred": 2},
            },
        ],
        "failures": [
            {"pipe": 3, "kind": "status", "code": "500", "message": f"{url} answered 500", "count": 1}
        ],
        "unknown_events": 0,
    }


def test_without_an_id_the_mailing_launched_last(sent: Scene) -> None:
    sent.mailing |= {"id": 7, "name": "Second"}
    with serve_in_thread(handler=answer) as server:
        sent.url = server.url
        sent.send()
    assert json.loads(sent.run("report", "--json").stdout)["mailing_id"] == 7
    assert json.loads(sent.run("report", "501", "--json").stdout)["mailing_id"] == 501


def test_a_mailing_that_is_not_there(sent: Scene) -> None:
    result = sent.run("report", "12")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "there is no mailing 12; known: 501\n"


@pytest.mark.parametrize("command", ["report", "report 501", "dead list", "dead show 1", "history p1"])
def test_no_database_yet(tmp_path: Path, command: str) -> None:
    result = invoke(*command.split(), "--data", str(tmp_path / "none"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("nothing was sent yet: there is no ")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", ["report", "dead list", "dead show 1"])
def test_a_file_that_is_no_database(tmp_path: Path, command: str) -> None:
    (tmp_path / "akrun.db").write_text("not a database, but long enough to be looked at\n" * 40)
    result = invoke(*command.split(), "--data", str(tmp_path))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "this file is not a database" in result.stderr
