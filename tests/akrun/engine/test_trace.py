from akrun.engine.clock import VirtualClock
from akrun.engine.run import run
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace, all_steps
from akrun.engine.trace_record import decode_trace, encode_trace, trace_to_dict
from akrun.net.failures import HttpFailure
from akrun.net.message import Request, Response
from tests.akrun.http_server import Reply, loopback_client, serve
from tests.akrun.pipes.bench import Bench, chain, compiled, error, pipe


async def test_a_trace_shows_what_every_pipe_saw_and_did() -> None:
    pipes = chain(
        pipe("pack", template={"key": "$sender.api_key", "to": "$in.to"}),
        {
            **pipe("http_request", url="", method="POST", content_type="json", success_codes=[201]),
            "label": "Send it",
        },
        pipe("selector", outs=[{"query": "$error.code = 200", "out": 4}]),
        pipe("unpack"),
    )
    pipes[1]["outs"] = {"error": 3}
    secret = "hunter22"
    reply = Reply(headers={"Set-Cookie": "a=b", "X-Echo": secret}, body=f"no json, {secret}".encode())
    async with serve(reply) as server, loopback_client() as client:
        pipes[1]["params"]["url"] = f"{server.url}/?key=$sender.api_key"
        masker = Masker({"sender.api_key": secret})
        bench = Bench(http=client, masker=masker)
        trace = Trace(masker)
        event = bench.event({"to": "+7"}, trace=trace, sender={"api_key": secret})
        result = await run(compiled(pipes).pipeline("message"), event)
        port = server.port
    shown = trace_to_dict(trace, result)
    pack, send, choose, unpack = shown["steps"]
    assert (pack["pipe"], pack["type"], pack["label"], pack["exit"], pack["next"]) == (
        1, "pack", None, "success", 2,
    )  # fmt: skip
    assert pack["input"] == {"to": "+7"}
    assert pack["output"] == {"to": "+7", "body": '{"key":"***","to":"+7"}'}
    assert (pack["exchanges"], pack["error"]) == ([], None)
    assert (send["label"], send["exit"], send["next"]) == ("Send it", "error", 3)
    [exchange] = send["exchanges"]
    assert exchange["request"] == {
        "method": "POST",
        "url": f"http://127.0.0.1:{port}/?key=***",
        "headers": {"content-type": "application/json"},
        "body": '{"key":"***","to":"+7"}',
    }
    response = exchange["response"]
    assert (response["status"], response["body"]) == (200, "no json, ***")
    assert (response["headers"]["set-cookie"], response["headers"]["x-echo"]) == ("***", "***")
    assert exchange["failure"] is None
    assert exchange["elapsed"] >= response["elapsed"] > 0
    message = f"http://127.0.0.1:{port}/ answered 200"
    assert send["error"] == error(200, message, kind="status", status=200, pipe=2)
    assert (choose["exit"], choose["next"]) == ("out 4", 4)
    assert (unpack["exit"], unpack["next"], unpack["output"]["body"]) == ("error", None, "no json, ***")
    assert (shown["state"], shown["pipe"], shown["error"]["pipe"]) == ("failed", 4, 4)
    assert secret not in str(shown)
    assert secret not in repr(trace) + repr(trace.steps)


async def test_bytes_are_shown_as_text_or_counted() -> None:
    trace = Trace()
    event = Bench().event({"body": b"\xff\x00", "text": "Ж".encode()}, trace=trace)
    await run(compiled(chain(pipe("set", data={"l": [1, "$in.text"]}))).pipeline("message"), event)
    [step] = trace_to_dict(trace)["steps"]
    assert step["input"] == {"body": "<2 bytes>", "text": "Ж"}
    assert step["output"]["l"] == [1, "Ж"]


async def test_a_trace_keeps_what_was_though_in_is_enriched_later() -> None:
    trace = Trace()
    event = Bench().event({"a": 1}, trace=trace)
    await run(
        compiled(chain(pipe("set", data={"a": 2}), pipe("set", data={"a": 3}))).pipeline("message"), event
    )
    assert [step.input["a"] for step in trace.steps] == [1, 2]
    assert [step.output["a"] for step in trace.steps] == [2, 3]


def test_what_a_pipe_leaves_is_what_the_next_one_sees_and_is_copied_once() -> None:
    trace, data = Trace(), {"a": [1]}
    trace.enter(1, "set", None, data)
    data["b"] = [2]
    trace.leave("success", 2, data, 0.0)
    trace.enter(2, "log", None, data)
    assert trace.steps[1].input is trace.steps[0].output
    assert trace.steps[0].output["b"] is data["b"]


async def test_times_are_those_of_the_clock_it_was_given() -> None:
    clock = VirtualClock()
    trace = Trace(clock=clock)
    request = Request("GET", "https://a.example/")
    await clock.advance(1)
    trace.enter(1, "http_request", None, {})
    trace.waited(0.25)
    trace.waited(0.25)
    await clock.advance(2)
    trace.sending(request)
    await clock.advance(3)
    trace.failed(HttpFailure("cannot connect", kind="connection", sent=False))
    trace.sending(request)
    await clock.advance(4)
    trace.received(Response(200, {}, b"", 3.5))
    trace.leave("success", None, {}, 9.5)
    shown = trace_to_dict(trace)
    assert shown["began"] == VirtualClock().now().timestamp()
    [step] = shown["steps"]
    assert (step["start"], step["waited"], step["elapsed"]) == (1, 0.5, 9.5)
    first, second = step["exchanges"]
    assert (first["start"], first["elapsed"], second["start"], second["elapsed"]) == (3, 3, 6, 4)
    assert first["failure"] == {"kind": "connection", "message": "cannot connect"}
    assert (first["response"], second["response"]["status"], second["failure"]) == (None, 200, None)
    assert first["request"] == second["request"]


def test_a_pipe_that_did_not_come_to_its_end_has_no_exit() -> None:
    trace = Trace()
    trace.enter(1, "http_request", None, {"a": 1})
    trace.sending(Request("GET", "https://a.example/"))
    [step] = trace_to_dict(trace)["steps"]
    assert (step["exit"], step["next"], step["output"]) == ("", None, {"a": 1})
    assert (step["exchanges"][0]["elapsed"], step["exchanges"][0]["response"]) == (None, None)


async def test_the_template_that_failed_is_shown_with_its_secrets_masked() -> None:
    trace = Trace(Masker({"sender.api_key": "hunter22"}))
    event = Bench().event({"items": {}}, trace)
    pipes = chain(pipe("set", data={"a": "${in.items['hunter22']} is gone"}), pipe("log"))
    pipes[0]["outs"] = {"error": 2}
    await run(compiled(pipes).pipeline("message"), event)
    first, second = trace_to_dict(trace)["steps"]
    place, line, carets = first["frame"].splitlines()
    assert place.endswith(": E301 `items` has no field `***` (at /pipelines/message/0/params/data/a)")
    assert "${in.items['***']} is gone" in line
    assert carets.strip(" |").strip("^") == ""
    assert second["frame"] is None
    restored = decode_trace(encode_trace(trace))["steps"]
    assert [step["frame"] for step in restored] == [first["frame"], None]


async def test_a_failure_of_no_template_has_no_frame() -> None:
    trace = Trace()
    await run(compiled(chain(pipe("unpack"))).pipeline("message"), Bench().event({}, trace))
    [step] = trace_to_dict(trace)["steps"]
    assert (step["error"]["code"], step["frame"]) == ("body_missing", None)


def test_it_tells_where_an_event_went_on() -> None:
    trace = Trace()
    assert trace_to_dict(trace)["resumed_from"] is None
    trace.resumed(3)
    assert trace_to_dict(trace)["resumed_from"] == 3


async def test_all_steps_are_those_of_branches_too_in_the_order_of_the_run() -> None:
    pipes = [
        {
            "id": 1,
            "type": "foreach",
            "params": {"items": ["a", "b"], "pipeline": 3},
            "outs": {"success": 2},
        },
        {"id": 2, "type": "log"},
        {"id": 3, "type": "set", "params": {"data": {"x": 1}}},
    ]
    trace = Trace()
    await run(compiled(pipes).pipeline("message"), Bench().event({}, trace=trace))
    assert [step.pipe for step in all_steps(trace.steps)] == [1, 3, 3, 2]
