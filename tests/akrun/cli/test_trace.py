"""`akrun trace`: a message or job with its traces."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from akrun.backend import (
    ChannelRecord,
    DeadLetter,
    Embedded,
    EventRecord,
    LaunchState,
    MailingRecord,
    MessageState,
    NewJob,
    NewMessage,
    Outcome,
    TraceRecord,
)
from akrun.engine.trace import Trace
from akrun.engine.trace_record import encode_trace
from tests.akrun.mailing.scene import invoke

Run = Callable[..., Any]


def trace_of(value: str) -> bytes:
    trace = Trace()
    trace.enter(1, "set", "Mark it", {})
    trace.leave("success", None, {"mark": value}, 0.002)
    return encode_trace(trace)


async def fill(path: Path) -> None:
    """A mailing with a failed message (two attempts traced), a done and a pending one; a job for one."""
    async with Embedded(path) as backend:
        await backend.register_channel(ChannelRecord(7, "test", "Test", b"{}", "0"))
        await backend.register_mailing(MailingRecord(12, "test", "Bread", b"{}", "0"))
        await backend.launch(12, "l1", b"{}")
        await backend.load("l1", [NewMessage(f"m{number}", f"p{number}", b"{}") for number in (1, 2, 3)])
        await backend.set_launch_state("l1", LaunchState.SENDING)
        await backend.lease("l1", 1)
        await backend.release(["m1"], started=True)
        await backend.lease("l1", 2)
        error = {"code": 500, "message": "a.example answered 500", "pipe": 3}
        await backend.finish(
            "m1",
            Outcome(MessageState.FAILED, 3, error, 1_000.0, resent=1),
            [EventRecord("m1", 7, "undeliv", 2, "", 999.0, "no route")],
            DeadLetter("m1", "message", 3, b"", error, 2, 1_000.0),
            trace=TraceRecord("m1", 2, 1_000.0, trace_of("second")),
        )
        await backend.finish("m2", Outcome(MessageState.DONE, 1, None, 1_001.0))
        await backend.enqueue([NewJob("j1", "test", "schedule", 9, b"{}", 60.0, "m2")])
        await backend.lease_jobs(100.0, 1)
        done = Outcome(MessageState.DONE, 9, None, 1_002.0)
        await backend.finish_job("j1", done, trace=TraceRecord("j1", 1, 1_002.0, trace_of("later")))


@pytest.fixture
def akrun(tmp_path: Path) -> Run:
    asyncio.run(fill(tmp_path / "akrun.db"))

    def run(*arguments: str) -> Any:
        return invoke(*arguments, "--data", str(tmp_path))

    return run


def test_a_failed_message_is_shown_with_its_error_events_and_trace(akrun: Run) -> None:
    shown = akrun("trace", "m1")
    assert shown.exit_code == 0
    lines = [line.rstrip() for line in shown.stdout.splitlines()]
    again = "1 request sent again that may have arrived before"
    assert lines[:4] == [
        "message m1 of mailing 12 (launch l1), to profile p1",
        "failed after 2 attempts, 1970-01-01 00:16:40.000+00:00, in pipe 3; " + again,
        "500: a.example answered 500",
        "1970-01-01 00:16:39.000+00:00  event undeliv (action 2): no route",
    ]
    assert lines[5].startswith("attempt 2, ")
    assert "1 set — Mark it" in lines[6]
    assert '"mark": "second"' in shown.stdout


def test_the_same_as_json(akrun: Run) -> None:
    shown = json.loads(akrun("trace", "m1", "--json").stdout)
    assert (shown["kind"], shown["state"], shown["attempts"], shown["mailing_id"]) == (
        "message", "failed", 2, 12,
    )  # fmt: skip
    assert shown["outcome"]["error"]["code"] == 500
    assert shown["outcome"]["resent"] == 1
    assert [event["reason"] for event in shown["events"]] == ["no route"]
    [trace] = shown["traces"]
    assert (trace["attempt"], trace["stored"]) == (2, 1_000.0)
    assert trace["steps"][0]["output"] == {"mark": "second"}


def test_a_job_tells_its_pipeline_and_the_message_it_goes_back_to(akrun: Run) -> None:
    shown = akrun("trace", "j1").stdout
    assert shown.startswith(
        "job j1 for `schedule` from pipe 9 of channel test, due 1970-01-01 00:01:00.000+00:00, goes back to"
        " message m2\ndone after 1 attempt,"
    )
    assert '"mark": "later"' in shown
    assert json.loads(akrun("trace", "j1", "--json").stdout)["pipeline"] == "schedule"


@pytest.mark.parametrize(
    ("traces", "message", "why"),
    [
        ("failed", "m2", 'the setting `traces = "failed"` keeps those of attempts that did not end as done;'),
        (
            "off",
            "m2",
            'the setting `traces = "off"` keeps none; `traces = "all"` keeps all that come from now',
        ),
        (
            "all",
            "m2",
            'the setting `traces = "all"` keeps all, for 7 days, of attempts that came to their end',
        ),
        ("all", "m3", "there is no trace: no attempt has begun"),
    ],
)
def test_without_a_trace_it_names_the_setting(
    akrun: Run, monkeypatch: pytest.MonkeyPatch, traces: str, message: str, why: str
) -> None:
    monkeypatch.setenv("AKRUN_TRACES", traces)
    shown = akrun("trace", message)
    assert shown.exit_code == 0
    assert why in " ".join(shown.stdout.split())


@pytest.mark.parametrize(
    ("wrong", "help_"),
    [
        ("m9", "`akrun history PROFILE` and `akrun dead list` print ids of messages"),
        ("p1", "p1 is a profile, whose messages are m1"),
        ("12", "12 is a mailing: `akrun report` shows it, `akrun history PROFILE` its messages' ids"),
        ("1", "dead letter 1 is of m1"),
    ],
)
def test_an_unknown_id_is_an_error_that_says_what_it_may_be(akrun: Run, wrong: str, help_: str) -> None:
    shown = akrun("trace", wrong)
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr.strip() == f"there is no message or job '{wrong}'; {help_}"


def test_without_data_it_says_so(tmp_path: Path) -> None:
    shown = invoke("trace", "m1", "--data", str(tmp_path / "none"))
    assert shown.exit_code == 1
    assert "nothing was sent yet" in shown.stderr


def test_it_works_while_another_process_writes(akrun: Run, tmp_path: Path) -> None:
    async def beside() -> str:
        async with Embedded(tmp_path / "akrun.db"):
            shown = await asyncio.to_thread(akrun, "trace", "m1", "--json")
            return str(json.loads(shown.stdout)["state"])

    assert asyncio.run(beside()) == "failed"
