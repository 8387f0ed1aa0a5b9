"""A mailing whose audience is a query, through a channel that asks the same database."""

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from akrun.cli import main

CHANNEL = {
    "id": 5,
    "string_id": "query",
    "name": "Query",
    "communication": "direct",
    "fields": {
        "campaign": [{"type": "string", "name": "city", "label": "City"}],
        "subscription": [{"type": "string", "name": "phone", "label": "Phone", "required": True}],
    },
    "events": [{"id": 1, "string_id": "sent", "name": "Sent", "color": "#112233", "event_type": "send"}],
    "pipelines": {
        "message": [
            {
                "id": 1,
                "type": "sql_pipe",
                "params": {
                    "connector_id": "crm",
                    "query": "SELECT points FROM people WHERE id = '$profile.id'",
                    "map": True,
                },
                "outs": {"success": 2},
            },
            {
                "id": 2,
                "type": "event",
                "params": {
                    "event_type": "send",
                    "channel_id": 5,
                    "action_type": 1,
                    "event": {
                        "send_message_id": "$origin.send_message_id",
                        "reason": "$in.sql_query.points points",
                    },
                },
            },
        ]
    },
}
MAILING = {
    "id": 9,
    "name": "By query",
    "campaign": {"city": "Rome'; DROP TABLE people; --"},
    "audience": {
        "connector_id": "crm",
        "query": """SELECT id, phone AS "subscription.phone" FROM people
                    WHERE city = $campaign.city ORDER BY id""",
    },
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a database, its connector, a channel and a mailing."""
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect("crm.db") as database:
        database.execute("CREATE TABLE people (id TEXT, phone TEXT, city TEXT, points INTEGER)")
        city = MAILING["campaign"]["city"]  # type: ignore[index]
        people = [
            ("a", "+1", city, 10),
            ("b", None, city, 20),
            ("c", "+3", "Oslo", 30),
            ("d", "+4", city, 40),
        ]
        database.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", people)
    database.close()
    Path("akrun.toml").write_text('[connectors.crm]\nurl = "sqlite:///crm.db"\nread_only = true\n')
    Path("channel.json").write_text(json.dumps(CHANNEL))
    Path("mailing.json").write_text(json.dumps(MAILING))
    return tmp_path


def test_the_audience_and_the_pipe_ask_the_database(folder: Path) -> None:
    ran = CliRunner().invoke(main, ["send", "channel.json", "mailing.json", "--json"])
    assert ran.exit_code == 0, ran.output
    report = json.loads(ran.stdout)
    assert report["counts"]["done"] == 2
    assert report["counts"]["skipped"] == 1
    [event] = report["events"]
    assert event["reasons"] == {"10 points": 1, "40 points": 1}
    with sqlite3.connect(folder / "crm.db") as database:
        assert database.execute("SELECT count(*) FROM people").fetchone() == (4,)
    database.close()


@pytest.mark.usefixtures("folder")
def test_an_unknown_connector_is_named_with_its_place() -> None:
    mailing = {**MAILING, "audience": {**MAILING["audience"], "connector_id": "crn"}}  # type: ignore[dict-item]
    Path("mailing.json").write_text(json.dumps(mailing))
    ran = CliRunner().invoke(main, ["send", "channel.json", "mailing.json"])
    assert ran.exit_code == 1
    assert "mailing.json:1:" in ran.stderr
    assert "`crm`" in ran.stderr


@pytest.mark.usefixtures("folder")
def test_a_connector_that_is_wrong_is_refused() -> None:
    Path("akrun.toml").write_text('[connectors.crm]\nurl = "sqlite:///crm.db"\nreadonly = true\n')
    ran = CliRunner().invoke(main, ["send", "channel.json", "mailing.json"])
    assert ran.exit_code == 1
    assert "readonly" in ran.stderr
    assert "read_only" in ran.stderr
