from akrun.engine.run import run
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace
from akrun.net.client import HttpClient
from tests.akrun.http_server import Reply, serve
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
    async with serve(reply) as server, HttpClient() as client:
        pipes[1]["params"]["url"] = f"{server.url}/?key=$sender.api_key"
        masker = Masker([secret])
        bench = Bench(http=client, masker=masker)
        trace = Trace(masker)
        event = bench.event({"to": "+7"}, trace=trace, sender={"api_key": secret})
        result = await run(compiled(pipes).pipeline("message"), event)
        port = server.port
    pack, send, choose, unpack = trace.steps
    assert (pack.pipe, pack.type, pack.label, pack.exit, pack.next) == (1, "pack", None, "success", 2)
    assert pack.input == {"to": "+7"}
    assert pack.output == {"to": "+7", "body": '{"key":"***","to":"+7"}'}
    assert (pack.request, pack.error) == (None, None)
    assert (send.label, send.exit, send.next) == ("Send it", "error", 3)
    assert send.request == {
        "method": "POST",
        "url": f"http://127.0.0.1:{port}/?key=***",
        "headers": {"content-type": "application/json"},
        "body": '{"key":"***","to":"+7"}',
    }
    assert send.response is not None
    assert (send.response["status"], send.response["body"]) == (200, "no json, ***")
    assert (send.response["headers"]["set-cookie"], send.response["headers"]["x-echo"]) == ("***", "***")
    assert send.response["elapsed"] > 0
    message = f"http://127.0.0.1:{port}/ answered 200"
    assert send.error == error(200, message, kind="status", status=200, pipe=2)
    assert (choose.exit, choose.next) == ("out 4", 4)
    assert (unpack.exit, unpack.next, unpack.output["body"]) == ("error", None, "no json, ***")
    assert result.state == "failed"
    assert secret not in str(trace)


async def test_elapsed_is_counted_by_the_clock_and_bytes_are_shown_or_counted() -> None:
    bench = Bench()
    trace = Trace()
    event = bench.event({"body": b"\xff\x00", "text": "Ж".encode()}, trace=trace)
    await run(compiled(chain(pipe("set", data={"l": [1, "$in.text"]}))).pipeline("message"), event)
    [step] = trace.steps
    assert step.input == {"body": "<2 bytes>", "text": "Ж"}
    assert step.output["l"] == [1, "Ж"]
    assert step.elapsed == 0


async def test_a_trace_keeps_what_was_though_in_is_enriched_later() -> None:
    trace = Trace()
    event = Bench().event({"a": 1}, trace=trace)
    await run(
        compiled(chain(pipe("set", data={"a": 2}), pipe("set", data={"a": 3}))).pipeline("message"), event
    )
    assert [step.input["a"] for step in trace.steps] == [1, 2]
    assert [step.output["a"] for step in trace.steps] == [2, 3]
