"""A trace in the terminal and as JSON."""

import json
from typing import Any

from rich.console import Console

from akrun.cli.timeline import render_trace
from akrun.engine.clock import VirtualClock
from akrun.engine.run import run
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace
from akrun.engine.trace_record import trace_to_dict
from akrun.exact_json import to_json
from akrun.net.failures import HttpFailure
from akrun.net.message import Request, Response
from tests.akrun.pipes.bench import Bench, compiled

PIPES = [
    {"id": 1, "type": "foreach", "params": {"items": ["a", "b"], "pipeline": 3}, "outs": {"success": 2}},
    {"id": 2, "type": "scheduled", "params": {"pipe_id": 9, "template": {}}},
    {"id": 3, "type": "set", "label": "mark", "params": {"data": {"x": "<$in.item> $sender.api_key"}}},
]


def rendered(shown: dict[str, Any]) -> str:
    console = Console(width=100, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(render_trace(shown))
    return capture.get()


async def test_branches_stand_below_their_pipe_and_hand_overs_at_the_end() -> None:
    channel = compiled(PIPES, pipelines={"message": PIPES, "schedule": [{"id": 9, "type": "log"}]})
    trace = Trace(Masker({"sender.api_key": "hunter22"}))
    bench = Bench()
    event = bench.event({}, trace, sender={"api_key": "hunter22"})
    result = await run(channel.pipeline("message"), event)
    shown = json.loads(to_json(trace_to_dict(trace, result)))
    assert [step["pipe"] for step in shown["steps"]] == [1, 2]
    assert [branch[0]["output"]["x"] for branch in shown["steps"][0]["branches"]] == ["<a> ***", "<b> ***"]
    assert shown["handed_over"] == [{"pipe": 9, "due": bench.clock.now().timestamp() + 60}]
    text = rendered(shown)
    assert (
        text.index("branch 0")
        < text.index("3 set — mark")
        < text.index("branch 1")
        < text.index("2 scheduled")
    )
    assert text.rstrip().endswith("done in pipe 2, events: none, handed over to pipe 9")
    assert "hunter22" not in text


async def test_every_attempt_has_its_request_and_what_came_of_it() -> None:
    clock = VirtualClock()
    trace = Trace(clock=clock)
    trace.resumed(4)
    trace.enter(4, "http_request", None, {"body": "x"})
    trace.waited(0.2)
    for came in (HttpFailure("cannot connect", kind="connection", sent=False), Response(200, {}, b"yes", 0)):
        trace.sending(Request("POST", "https://a.example/send"))
        await clock.advance(1)
        if isinstance(came, HttpFailure):
            trace.failed(came)
        else:
            trace.received(came)
    trace.leave("success", 5, {"body": b"yes"}, 2.0)
    trace.enter(5, "http_request", None, {})
    trace.sending(Request("GET", "https://a.example/state"))
    text = rendered(trace_to_dict(trace))
    order = [
        "goes on at pipe 4 after an attempt that did not come to its end",
        "request 1, at 0.0 ms",
        "no response 1, 1000.0 ms",
        "cannot connect",
        "request 2, at 1000.0 ms",
        "response 2, 1000.0 ms",
        "success → pipe 5, at 0.0 ms, 2000.0 ms, 200.0 ms of them for the rate limit",
        "no response was waited for",
        "not at its end, at 2000.0 ms",
    ]
    places = [text.index(each) for each in order]
    assert places == sorted(places)


def test_what_a_stored_trace_left_out_is_said() -> None:
    trace = Trace()
    trace.enter(1, "log", None, {})
    trace.leave("success", None, {}, 0.0)
    shown = trace_to_dict(trace)
    shown["steps"][0] |= {"omitted": 1200, "branches_omitted": 3}
    text = rendered(shown)
    assert "1,200 pipes before this one were not kept" in text
    assert "3 more branches were not kept" in text


def test_what_a_pipe_got_and_left_is_shown_once() -> None:
    trace = Trace(clock=VirtualClock())
    trace.enter(1, "pack", None, {"id": "m-1"})
    trace.leave("success", 2, {"id": "m-1", "body": b"packed"}, 0.0)
    trace.enter(2, "http_request", None, {})
    trace.sending(Request("POST", "https://a.example/send"))
    trace.received(Response(200, {}, b"answered", 0))
    trace.leave("success", 3, {"id": "m-1", "body": b"answered", "status": 200, "mine": 7}, 0.0)
    trace.enter(3, "selector", None, {})
    trace.leave("success", None, {"id": "m-1", "body": b"answered", "status": 200, "mine": 7}, 0.0)
    shown = json.loads(to_json(trace_to_dict(trace)))
    text = rendered(shown)
    assert [text.count(each) for each in ('"m-1"', '"packed"', '"answered"', '"mine": 7')] == [1, 1, 1, 1]
    assert "out: body, status of the response" in text
    shown["steps"][2]["input"]["added"] = 8  # by pipes that were not kept
    assert "in, beside the above" not in text
    assert rendered(shown).index("in, beside the above") < rendered(shown).index('"added": 8')
