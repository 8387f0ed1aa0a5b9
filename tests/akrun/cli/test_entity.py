"""`akrun entity`, against a server on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from akrun.cli import main
from tests.akrun.http_server import HttpServer, Received, Reply, serve_in_thread

CHANNEL: dict[str, Any] = {
    "name": "C",
    "id": 7,
    "string_id": "c",
    "communication": "direct",
    "module": "m",
    "fields": {
        "sender": [
            {"type": "string", "name": "url", "required": True},
            {"type": "string", "name": "key", "required": True, "secret": True},
        ],
        "subscription": [{"type": "string", "name": "phone"}],
    },
    "entities": [
        {
            "name": "Segment",
            "shortname": "segment",
            "fields": [
                {"type": "int", "name": "id"},
                {"type": "string", "name": "title"},
                {"type": "string", "name": "owner.token", "secret": True},
            ],
            "primary": "id",
            "preview": "title",
            "operations": {
                "list": {
                    "input": [{"type": "int", "name": "page.size"}, {"type": "string", "name": "q"}],
                    "pipeline": [
                        {
                            "id": 1,
                            "type": "http_request",
                            "params": {
                                "url": "$sender.url",
                                "headers": {"X-Key": "$sender.key"},
                                "form": {"$?size": "$in.page.size", "$?q": "$in.q"},
                            },
                            "outs": {"success": 2},
                        },
                        {"id": 2, "type": "unpack", "outs": {"success": 3}},
                        {
                            "id": 3,
                            "type": "log",
                            "params": {"message": "key $sender.key"},
                            "outs": {"success": 4},
                        },
                        {"id": 4, "type": "result"},
                    ],
                }
            },
        }
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AKRUN_TEST_KEY", "key-4711")
    Path("channel.json").write_text(json.dumps(CHANNEL))


def answer(request: Received) -> Reply:
    if request.headers.get("x-key") != "key-4711":
        return Reply(status=401)
    if "q=none" in request.target:
        return Reply(body=b"[]")
    if "q=wrong" in request.target:
        return Reply(body=b'[{"id": "7"}]')
    return Reply(body=b'[{"id": 7, "title": "Reg[ul]ars", "owner": {"token": "t-99887"}}, {"id": 8}]')


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serve_in_thread(handler=answer) as running:
        yield running


def entity(server: HttpServer, *arguments: str, key: str = "env:AKRUN_TEST_KEY") -> Result:
    values = ["--set", f"sender.url={server.url}", "--set", f"sender.key={key}", "--data", "data"]
    return CliRunner().invoke(main, ["entity", "channel.json", "segment", *arguments, *values])


def test_a_table_has_the_fields_that_are_there(server: HttpServer) -> None:
    ran = entity(server, "list")
    assert ran.exit_code == 0, ran.output
    for text in ("id", "title", "owner.token", "Reg[ul]ars", "***", "8"):
        assert text in ran.output
    assert "t-99887" not in ran.output


def test_json_is_the_result_without_its_secrets(server: HttpServer) -> None:
    ran = entity(server, "list", "--json")
    assert json.loads(ran.output) == [
        {"id": 7, "title": "Reg[ul]ars", "owner": {"token": "***"}},
        {"id": 8},
    ]


def test_inputs_are_texts_or_json_and_dots_lead_into_objects(server: HttpServer) -> None:
    assert entity(server, "list", "q=a=b", "page.size:=10").exit_code == 0
    assert server.requests[0].target == "/?size=10&q=a%3Db"


def test_nothing_is_said_in_words(server: HttpServer) -> None:
    assert entity(server, "list", "q=none").output == "Segment: nothing\n"


def test_an_error_is_one_line_and_exit_code_1(server: HttpServer) -> None:
    ran = entity(server, "list", key="wrong-key")
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert ran.stderr.startswith("segment.list: 401 in pipe 1: ")
    assert "wrong-key" not in ran.stderr


def test_an_error_as_json(server: HttpServer) -> None:
    ran = entity(server, "list", "q=wrong", "--json")
    assert ran.exit_code == 1
    error = json.loads(ran.stdout)
    assert (error["entity"], error["kind"], error["faults"][0]["path"]) == (
        "segment", "result", "segment.0.id",
    )  # fmt: skip


def test_input_of_the_wrong_type_gets_a_hint(server: HttpServer) -> None:
    ran = entity(server, "list", "page.size=10")
    assert ran.exit_code == 1
    assert "`in.page.size` must be a whole number, not text" in ran.stderr
    assert "key:=json" in ran.stderr


def test_the_log_has_no_secret(server: HttpServer) -> None:
    assert entity(server, "list").exit_code == 0
    [line] = Path("data/procpiper.log").read_text().splitlines()
    assert json.loads(line)["event"] == "key ***"


def test_values_come_from_a_mailing(server: HttpServer) -> None:
    mailing = {"id": 1, "name": "M", "sender": {"url": server.url, "key": "file:secret"}}
    Path("mailing.json").write_text(json.dumps(mailing))
    Path("secret").write_text("key-4711\n")
    arguments = ["entity", "channel.json", "segment", "list", "--mailing", "mailing.json", "--json"]
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 0, ran.output
    assert len(json.loads(ran.output)) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["segmen", "list"], "the channel c has no entity `segmen`; did you mean `segment`?"),
        (["segment", "get"], "the entity segment has no operation `get`: it has list"),
    ],
)
def test_what_is_not_there(arguments: list[str], message: str) -> None:
    ran = CliRunner().invoke(main, ["entity", "channel.json", *arguments])
    assert (ran.exit_code, ran.stderr) == (1, message + "\n")


@pytest.mark.parametrize("pair", ["x", "=x", "a..b=1", "a:={"])
def test_wrong_inputs_are_wrong_usage(pair: str) -> None:
    assert CliRunner().invoke(main, ["entity", "channel.json", "segment", "list", pair]).exit_code == 2


def test_a_value_inside_a_value_is_wrong_usage() -> None:
    ran = CliRunner().invoke(main, ["entity", "channel.json", "segment", "list", "a=1", "a.b=2"])
    assert ran.exit_code == 2
    assert "lies inside a value" in ran.stderr


def test_faults_of_channel_and_values_come_together() -> None:
    broken = json.loads(json.dumps(CHANNEL))
    broken["entities"][0]["operations"]["list"]["pipeline"][3]["type"] = "resul"
    Path("channel.json").write_text(json.dumps(broken))
    arguments = ["entity", "channel.json", "segment", "list", "--set", "sender.key=env:AKRUN_TEST_NONE"]
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 1
    assert "C501" in ran.stderr
    assert "C314" in ran.stderr
