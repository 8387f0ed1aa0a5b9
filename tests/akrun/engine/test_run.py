import asyncio
from typing import Any

import pytest

from akrun.engine.pipeline import Pipeline, Step
from akrun.engine.run import dry_run, run
from akrun.engine.secrets import Masker
from akrun.pipes.spec import PipeDefaults
from tests.akrun.http_server import Reply, loopback_client, serve
from tests.akrun.pipes.bench import Bench, after, chain, compiled, error, pipe, step_by_hand


def test_a_run_of_pure_pipes_never_waits() -> None:
    pipes = chain(
        pipe("pack", template={"a": "$in.x"}),
        pipe("unpack"),
        pipe("set", data={"b": "$in.data.a"}),
        pipe("selector", outs=[{"query": "$in.b = 'v'", "out": 5}]),
        pipe("log", message="$in.b"),
        pipe("event", event_type="stop", event={"send_message_id": "$in.b"}),
    )
    bench = Bench()
    with step_by_hand(run(compiled(pipes).pipeline("message"), bench.event({"x": "v"}))) as result:
        assert (result.state, result.pipe, result.steps, len(result.effects)) == ("done", 6, 6, 1)
        assert bench.logged[0].message == "v"


async def test_in_is_one_object_and_origin_stays_as_it_was() -> None:
    origin = {"a": {"b": 1}}
    bench = Bench()
    event = bench.event(origin)
    await run(compiled(chain(pipe("set", data={"a": 2, "c": "$#origin.a"}))).pipeline("message"), event)
    assert event.data is event.scope["in"]
    assert (event.data, event.origin, origin) == ({"a": 2, "c": {"b": 1}}, {"a": {"b": 1}}, {"a": {"b": 1}})
    with pytest.raises(TypeError):
        event.origin["a"] = 3  # type: ignore[index]


async def test_a_failure_without_an_error_exit_ends_the_event() -> None:
    result = await Bench().run(
        pipe("set", data={"a": 1}), pipe("pack", template="$in.nme"), origin={"name": 1}
    )
    assert (result.state, result.pipe, result.steps) == ("failed", 2, 2)
    assert result.error is not None
    assert (result.error["code"], result.error["kind"]) == ("E301", "template")
    assert "\n" not in result.error["message"]
    assert result.data == {"name": 1, "a": 1}


async def test_error_is_readable_until_the_next_one_replaces_it() -> None:
    pipes = chain(
        pipe("unpack"),
        pipe("set", data={"first": "$#error"}),
        pipe("pack", template="$in.none"),
        pipe("set", data={"second": "$error.code"}),
    )
    pipes[0]["outs"], pipes[2]["outs"] = {"error": 2}, {"error": 4}
    result = await run(compiled(pipes).pipeline("message"), Bench().event({}))
    expected = error(
        "body_missing", "there is no $in.body to unpack: a request must come before", kind="data"
    )
    assert (result.state, result.error) == ("done", None)
    assert (result.data["first"], result.data["second"]) == (expected, "E301")


async def test_error_before_any_failure_is_a_template_failure() -> None:
    result = await Bench().run(pipe("set", data={"a": "$error.code"}))
    assert result.error is not None
    assert result.error["kind"] == "template"


class Broken:
    """A pipe with a fault of programming."""

    def run(self, _: Any) -> int | None:
        raise KeyError("the key is hunter22")

    def specialize(self, _: Any) -> "Broken":
        return self


class BrokenIo(Broken):
    async def run(self, _: Any) -> int | None:  # type: ignore[override]
        raise ZeroDivisionError

    def prepare(self, _: Any) -> None:
        return None


def one_step(pure: Any = None, io: Any = None) -> Pipeline:
    step = Step(5, "broken", None, pure, io, asyncio.Semaphore(1))
    return Pipeline("message", 7, {5: step})


async def test_an_unexpected_exception_is_logged_and_gives_nothing_away() -> None:
    bench = Bench(masker=Masker({"s0": "hunter22"}))
    result = await run(one_step(Broken()), bench.event({}))
    assert result.error == error("internal", "unexpected KeyError in pipe 5", kind="internal", pipe=5)
    [record] = bench.logged
    assert (record.level, record.prefix, record.channel_id) == ("error", "7|5", 7)
    assert record.message == "unexpected KeyError in pipe 5 (broken)"
    assert record.traceback is not None
    assert "KeyError: 'the key is ***'" in record.traceback


async def test_an_unexpected_exception_in_io_as_well() -> None:
    bench = Bench()
    result = await run(one_step(io=BrokenIo()), bench.event({}))
    assert result.error == error(
        "internal", "unexpected ZeroDivisionError in pipe 5", kind="internal", pipe=5
    )
    assert len(bench.logged) == 1


async def test_cancellation_passes_through() -> None:
    async with serve(Reply(hang=True)) as server, loopback_client() as client:
        pipeline = compiled(chain(pipe("http_request", url=server.url))).pipeline("message")
        task = asyncio.create_task(run(pipeline, Bench(http=client).event({})))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


LOOP = [
    {"id": 1, "type": "set", "params": {"data": {"n": "x"}}, "outs": {"success": 2}},
    {"id": 2, "type": "unpack", "outs": {"success": 1, "error": 1}},
]


async def test_no_event_runs_for_ever() -> None:
    pipeline = compiled(LOOP, defaults=PipeDefaults(max_steps=7)).pipeline("message")
    result = await run(pipeline, Bench().event({}))
    message = "the event entered 7 pipes and is still not at its end"
    assert result.error == error("max_steps", message, kind="limit", pipe=2)
    assert (result.state, result.steps) == ("failed", 7)


async def test_a_request_beyond_the_last_step_is_not_sent() -> None:
    channel = compiled(
        chain(pipe("log"), pipe("http_request", url="http://h/")), defaults=PipeDefaults(max_steps=1)
    )
    result = await run(channel.pipeline("message"), Bench().event({}))
    assert result.error is not None
    assert (result.pipe, result.steps, result.error["code"]) == (2, 1, "max_steps")


async def test_without_a_number_a_thousand_pipes_are_granted() -> None:
    channel = compiled(chain(*(pipe("set", data={}) for _ in range(1001))))
    result = await run(channel.pipeline("message"), Bench().event({}))
    assert (result.state, result.steps) == ("failed", 1000)


async def test_secrets_are_masked_in_the_error_of_the_result() -> None:
    fields = {"send_message_id": "m", "time": "$sender.api_key"}
    channel = compiled(chain(pipe("event", event_type="stop", event=fields)))
    constants = {"sender": {"api_key": "hunter22"}}
    bench = Bench(masker=channel.masker(constants))
    result = await run(channel.pipeline("message", constants), bench.event({}))
    message = "time: '***' is neither seconds since 1970 nor an ISO 8601 time"
    assert result.error == error("event", message, kind="event")


# ------------------------------------------------------------------------------------------ dry run


def test_a_dry_run_shows_the_first_request_and_sends_nothing() -> None:
    pipes = chain(
        pipe("set", data={"to": "$profile.phone"}),
        pipe("pack", template={"to": "$in.to", "key": "$sender.api_key"}),
        pipe(
            "http_request",
            url="http://h/send?k=$sender.api_key",
            method="POST",
            content_type="json",
            headers={"X-Key": "$sender.api_key"},
            auth_type="bearer",
            auth_token="abc",
        ),
        pipe("unpack"),
    )
    constants = {"sender": {"api_key": "hunter22"}}
    channel = compiled(pipes)
    bench = Bench(masker=channel.masker(constants))
    shown = dry_run(channel.pipeline("message", constants), bench.event({}, profile={"phone": "+7"}))
    assert (shown.pipe, shown.error) == (3, None)
    assert shown.request == {
        "method": "POST",
        "url": "http://h/send?k=***",
        "headers": {"x-key": "***", "content-type": "application/json", "authorization": "Bearer ***"},
        "body": '{"to":"+7","key":"***"}',
    }


def test_a_dry_run_that_sends_nothing() -> None:
    shown = dry_run(compiled(chain(pipe("set", data={}))).pipeline("message"), Bench().event({}))
    assert (shown.pipe, shown.request, shown.error) == (1, None, None)


def test_a_dry_run_that_fails_before_it_sends() -> None:
    pipes = chain(pipe("http_request", url="$in.u"), pipe("set", data={"a": "$in.b"}))
    pipes[0]["outs"] = {"error": 2}
    shown = dry_run(compiled(pipes).pipeline("message"), Bench().event({}))
    assert (shown.pipe, shown.request) == (2, None)
    assert shown.error is not None
    assert shown.error["code"] == "E301"


async def test_a_dry_run_leaves_io_that_sends_nothing_alone() -> None:
    shown = dry_run(one_step(io=BrokenIo()), Bench().event({}))
    assert (shown.pipe, shown.request, shown.error) == (5, None, None)
    assert await after(pipe("set", data={})) == {}
