"""The log: one form for what pipes log and for what the process says of itself."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from akrun.cli.log_file import log_file
from akrun.engine.log import LogRecord, server_record
from akrun.engine.secrets import Masker
from akrun.errors import AkrunError
from akrun.model.settings import Settings
from akrun.net.client import HttpClient
from akrun.services import opened_services
from tests.akrun.cli.test_serve import akrun, process, write
from tests.akrun.http_server import Reply, serve
from tests.akrun.server.scene import direct_channel, until
from tests.akrun.server.test_mailings import chat


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_records_of_pipes_and_of_the_process_are_lines_of_one_form(tmp_path: Path) -> None:
    file = tmp_path / "log"
    for level in ("info", "warn"):
        with log_file(file) as log:
            log(LogRecord(level, "7|3", "Ünï", 7, 3, 0.0))
            log(server_record("serving begins", 0.0, channels=["sms"]))
    first, second, third, _ = lines(file)
    assert first.pop("timestamp").endswith("Z")
    assert first == {"event": "Ünï", "level": "info", "prefix": "7|3", "channel_id": 7, "pipe": 3}
    assert (second["prefix"], second["channel_id"], second["pipe"]) == ("akrun", 0, 0)
    assert (second["event"], second["channels"]) == ("serving begins", ["sms"])
    assert third["level"] == "warning"


def test_a_trace_record_and_an_exception_keep_what_they_are(tmp_path: Path) -> None:
    with log_file(tmp_path / "log") as log:
        log(LogRecord("trace", "7|3", "x", 7, 3, 0.0))
        log(LogRecord("error", "7|3", "x", 7, 3, 0.0, "Traceback: 1\n2"))
    first, second = lines(tmp_path / "log")
    assert (first["level"], first["trace"]) == ("debug", True)
    assert (second["level"], second["exception"]) == ("error", "Traceback: 1\n2")


def test_a_log_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AkrunError, match=r"the log cannot be written: Is a directory"), log_file(tmp_path):
        pass


async def test_breakers_that_open_and_close_are_logged() -> None:
    found: list[LogRecord] = []
    async with opened_services(
        Settings().model_copy(update={"breaker_failures": 2}), found.append, Masker()
    ) as services:
        assert isinstance(services.http, HttpClient)
        breakers = services.http.breakers
        for probe in (False, False, True):
            breakers.failed("https://a.example", "a time-out", probe=probe)
        breakers.succeeded("https://a.example", probe=True)
        breakers.failed("https://b.example", "a time-out")
        breakers.succeeded("https://b.example")
    assert [(each.level, each.message) for each in found] == [
        ("warn", "the circuit breaker of https://a.example has opened"),
        ("info", "the circuit breaker of https://a.example has closed"),
    ]
    assert found[0].fields == {"origin": "https://a.example", "state": "open", "failures": 2}


async def test_services_keep_traces_as_the_settings_say_and_observe_nothing_unasked() -> None:
    async with opened_services(
        Settings().model_copy(update={"traces": "all"}), lambda _: None, Masker()
    ) as services:
        assert (services.traces, services.observe) == ("all", None)


async def test_a_serving_process_logs_its_begin_its_mailings_and_its_end(tmp_path: Path) -> None:
    async with serve(Reply()) as server:
        channel = write(tmp_path, "channel.json", chat())
        mailing = write(tmp_path, "mailing.json", {"id": 5, "name": "News", "sender": {"url": server.url}})
        (tmp_path / "rows.jsonl").write_text('{"profile": {"id": 1}, "subscription": {"chat_id": "1"}}\n')
        file = tmp_path / "data" / "procpiper.log"
        async with process(tmp_path, channel):
            audience = str(tmp_path / "rows.jsonl")
            submitted = await akrun(tmp_path, "mailing", "submit", channel, mailing, "--audience", audience)
            assert submitted.code == 0, submitted.err

            async def finished() -> bool:
                return any(line.get("state") == "finished" for line in lines(file))

            await until(finished)
    found = lines(file)
    assert (found[0]["event"], found[0]["channels"]) == ("serving begins", ["chat"])
    assert found[-1]["event"] == "serving has ended"
    states = [(line["mailing_id"], line["state"]) for line in found if line["prefix"].endswith("|mailing")]
    assert states[-1] == ("5", "finished")


async def test_metrics_of_a_serving_process_tell_of_its_callbacks(tmp_path: Path) -> None:
    channel = write(tmp_path, "channel.json", direct_channel())
    async with process(tmp_path, channel) as url, httpx.AsyncClient(trust_env=False) as client:
        token = json.loads((tmp_path / "data" / "serve.json").read_text())["token"]
        assert (await client.post(f"{url}/listen/chat", content=b'{"id": "m-1"}')).status_code == 200
        assert (await client.put(f"{url}/listen/chat", content=b"{}")).status_code == 405
        answer = await client.get(f"{url}/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        'akrun_listener_requests_total{channel="chat",outcome="accepted"} 1.0',
        'akrun_listener_requests_total{channel="chat",outcome="405"} 1.0',
        "akrun_dead_letters 0.0",
        "akrun_http_waiting 0.0",
    ):
        assert line in answer.text
