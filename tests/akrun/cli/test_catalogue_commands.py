"""`akrun pipes`, `akrun schema`, `akrun channels`, `akrun history`."""

import asyncio
import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from akrun.backend import ChannelRecord, Embedded, EventRecord
from akrun.cli import main
from akrun.pipes import SPECS
from akrun.pipes.json_schema import channel_schema, mailing_schema
from akrun.pipes.reference import describe, markdown

CRM = Path(__file__).parents[3] / "examples" / "crm" / "channel.json"


def akrun(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"COLUMNS": "200"})


def test_pipes_lists_all() -> None:
    ran = akrun("pipes")
    assert ran.exit_code == 0
    for spec in SPECS:
        assert spec.name in ran.output
    assert json.loads(akrun("pipes", "--json").output) == [describe(spec) for spec in SPECS]
    assert akrun("pipes", "--markdown").output == markdown(SPECS)


@pytest.mark.parametrize("name", ["http_request", "http_requester"])
def test_pipes_shows_one_by_any_of_its_names(name: str) -> None:
    shown = akrun("pipes", name).output
    for text in ("http_requester", "success_codes", "idempotency_key", "https://api.acme.example"):
        assert text in shown
    assert json.loads(akrun("pipes", name, "--json").output)["name"] == "http_request"
    assert akrun("pipes", name, "--markdown").output.startswith("## http_request\n")


def test_pipes_that_are_not_there() -> None:
    ran = akrun("pipes", "pakc")
    assert (ran.exit_code, ran.stderr) == (1, "there is no pipe of type `pakc`; did you mean `pack`?\n")
    assert akrun("pipes", "--json", "--markdown").exit_code == 2


def test_schema_prints_or_writes(tmp_path: Path) -> None:
    assert json.loads(akrun("schema").output) == channel_schema()
    assert json.loads(akrun("schema", "mailing").output) == mailing_schema()
    file = tmp_path / "schema.json"
    assert akrun("schema", "channel", "-o", str(file)).output == ""
    assert json.loads(file.read_bytes()) == channel_schema()
    assert akrun("schema", "audience").exit_code == 2


async def _fill(data: Path) -> None:
    document = CRM.read_bytes()
    async with Embedded(data / "akrun.db") as backend:
        digest = hashlib.sha256(document).hexdigest()
        await backend.register_channel(ChannelRecord(9002, "demo_crm", "Demo CRM", document, digest))
        events = [
            EventRecord("m-1", 9002, "send", 1, "", 1769850000.0, profile_id="42"),
            EventRecord("m-1", 9002, "custom", 9, "", 1769850060.0, "a [reason]", {"a": 1}, profile_id="42"),
            EventRecord("m-2", 9002, "send", 1, "", 1769850000.0, profile_id="43"),
        ]
        assert await backend.record_events(events) == 3


@pytest.fixture
def data(tmp_path: Path) -> Path:
    asyncio.run(_fill(tmp_path))
    return tmp_path


def test_channels_without_a_database_are_those_that_come_with_akrun(tmp_path: Path) -> None:
    ran = akrun("channels", "--data", str(tmp_path), "--json")
    listed = json.loads(ran.output)
    assert [each["string_id"] for each in listed if each["kind"] == "built_in"] == ["email", "sms", "push"]
    assert not any(each["registered"] for each in listed)
    assert list(tmp_path.iterdir()) == []


def test_channels_lists_registered_ones_too(data: Path) -> None:
    ran = akrun("channels", "--data", str(data))
    [line] = [line for line in ran.output.splitlines() if "demo_crm" in line]
    assert "9002" in line
    assert "registered" in line


def test_channels_prints_a_definition(data: Path) -> None:
    assert akrun("channels", "demo_crm", "--data", str(data)).output == CRM.read_text() + "\n"
    assert json.loads(akrun("channels", "sms", "--data", str(data)).output)["module"] == "sms"
    ran = akrun("channels", "smss", "--data", str(data))
    assert (ran.exit_code, ran.stderr) == (1, "there is no channel `smss`; did you mean `sms`?\n")


def test_history_lists_the_events_of_one_profile(data: Path) -> None:
    ran = akrun("history", "42", "--data", str(data))
    assert ran.exit_code == 0
    for text in ("Queued by the CRM", "custom", "demo_crm", "a [reason]", "2026-01-31 09:00:00"):
        assert text in ran.output
    listed = json.loads(akrun("history", "42", "--data", str(data), "--json").output)
    assert [(each["time"], each["name"], each["data"]) for each in listed] == [
        ("2026-01-31T09:00:00.000+00:00", "Queued by the CRM", None),
        ("2026-01-31T09:01:00.000+00:00", "custom", {"a": 1}),
    ]


def test_history_of_a_profile_that_nothing_happened_to(data: Path) -> None:
    ran = akrun("history", "99", "--data", str(data))
    assert (ran.exit_code, ran.output) == (0, "nothing has happened to profile 99 yet\n")
    assert json.loads(akrun("history", "99", "--data", str(data), "--json").output) == []


def test_history_without_a_database_is_refused(tmp_path: Path) -> None:
    ran = akrun("history", "42", "--data", str(tmp_path / "none"))
    assert ran.exit_code == 1
    assert "nothing was sent yet" in ran.stderr
