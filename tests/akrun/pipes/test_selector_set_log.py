from dataclasses import replace
from typing import Any

import pytest
import structlog

from akrun.engine.log import structured
from akrun.engine.run import run
from akrun.engine.secrets import Masker
from tests.akrun.pipes.bench import (
    Bench,
    Found,
    Pipe,
    after,
    chain,
    compiled,
    error,
    failure_of,
    faults_of,
    pipe,
)

BRANCHES: list[Pipe] = [
    {
        "id": 1,
        "type": "selector",
        "params": {
            "outs": [{"query": "$in.n > 10", "out": 3}, {"query": "'$in.s' = 'a' || $in.n > 5", "out": 2}]
        },
        "outs": {"success": 4},
    },
    *({"id": number, "type": "set", "params": {"data": {"way": number}}} for number in (2, 3, 4)),
]


@pytest.mark.parametrize(
    ("origin", "way"),
    [({"n": 11, "s": "a"}, 3), ({"n": 6, "s": "b"}, 2), ({"n": 1, "s": "a"}, 2), ({"n": 1, "s": "b"}, 4)],
)
async def test_the_first_true_query_wins_and_none_takes_success(origin: dict[str, Any], way: int) -> None:
    result = await run(compiled(BRANCHES).pipeline("message"), Bench().event(origin))
    assert (result.state, result.pipe, result.data["way"]) == ("done", way, way)


async def test_a_selector_without_a_way_ends_the_event_as_done() -> None:
    result = await Bench().run(pipe("selector", outs=[]))
    assert (result.state, result.pipe) == ("done", 1)


async def test_an_error_in_a_query_is_an_error_of_the_pipe() -> None:
    pipes = chain(
        pipe("selector", outs=[{"query": "$in.x > 1", "out": 2}]), pipe("set", data={"code": "$error.code"})
    )
    pipes[0]["outs"] = {"error": 2}
    result = await run(compiled(pipes).pipeline("message"), Bench().event({"y": 1}))
    assert (result.state, result.data["code"]) == ("done", "E301")


def test_faults_of_selector() -> None:
    assert faults_of(pipe("selector", outs=[{"query": "true", "out": 9}])) == [
        Found("C212", "the exit leads to pipe 9, which is not here", "pipes here: 1", '"out": 9')
    ]
    assert [
        found.code for found in faults_of(pipe("selector", outs=[{"query": "$in.a &&", "out": "1"}]))
    ] == ["C203"]
    [found] = faults_of(pipe("selector", outs=[{"query": "$in.a &&", "out": 1}, {"query": "true"}]))
    assert found.code == "C201"
    [found, _] = faults_of(pipe("selector", outs=[{"query": "$in.a && ", "out": 1}]))
    assert (found.code[:2], found.line) == ("E1", '"query": "$in.a && ",')
    assert faults_of(pipe("selector"))[0].message == "the key `outs` is missing"


async def test_set_merges_into_in_and_leaves_origin_alone() -> None:
    origin = {"a": {"b": 1}, "c": 2}
    data = await after(
        pipe("set", data={"a": "$#in.c", "d": "$#origin.a"}),
        pipe("set", data={"e": "$#origin.a.b"}),
        origin=origin,
    )
    assert data == {"a": 2, "c": 2, "d": {"b": 1}, "e": 1}
    assert origin == {"a": {"b": 1}, "c": 2}


async def test_set_takes_a_whole_object_by_reference() -> None:
    assert await after(pipe("set", data="$#in.more"), origin={"more": {"x": 1}}) == {"more": {"x": 1}, "x": 1}
    failure = await failure_of(pipe("set", data="$#in.more"), origin={"more": [1]})
    assert failure == error(
        "parameter", "data: an object is needed, not a value of type list", kind="parameter"
    )


def test_faults_of_set() -> None:
    assert faults_of(pipe("set", data=[1]))[0].message == "data must be an object"
    assert faults_of(pipe("set"))[0].message == "the key `data` is missing"
    assert faults_of(pipe("set", data={}, dat=1))[0].hint == "did you mean `data`?"


async def test_log_writes_a_record_with_defaults() -> None:
    bench = Bench()
    await bench.run(
        pipe("log"), pipe("log", prefix="p $in.a", message="m $in.a", level="warn"), origin={"a": 1}
    )
    first, second = bench.logged
    assert (first.prefix, first.message, first.level, first.pipe, first.channel_id) == (
        "7|1",
        "",
        "info",
        1,
        7,
    )
    assert (second.prefix, second.message, second.level, second.pipe) == ("p 1", "m 1", "warn", 2)
    assert first.time == bench.clock.now().timestamp()


@pytest.mark.parametrize("level", ["info", "debug", "warn", "error", "trace", "$in.level"])
async def test_log_levels(level: str) -> None:
    bench = Bench()
    await bench.run(pipe("log", level=level), origin={"level": "DEBUG"})
    assert bench.logged[0].level == ("debug" if level == "$in.level" else level)


async def test_log_masks_secrets() -> None:
    bench = Bench(masker=Masker({"s0": "hunter22"}))
    await bench.run(pipe("log", prefix="$sender.k", message="key=$sender.k!"), sender={"k": "hunter22"})
    assert (bench.logged[0].prefix, bench.logged[0].message) == ("***", "key=***!")


async def test_log_fails_by_template_and_by_level() -> None:
    failure = await failure_of(pipe("log", message="$in.a"))
    assert (failure["code"], failure["kind"]) == ("E301", "template")
    failure = await failure_of(pipe("log", level="$in.l"), origin={"l": "loud"})
    message = "level: 'loud' is not one of info, debug, warn, error, trace"
    assert failure == error("parameter", message, kind="parameter")


def test_faults_of_log() -> None:
    [found] = faults_of(pipe("log", level="warning"))
    assert (found.code, found.hint, found.line) == ("C503", "did you mean `warn`?", '"level": "warning"')
    assert [found.code for found in faults_of(pipe("log", message=5, prefix="$x.y"))] == ["C203", "E201"]


@pytest.mark.parametrize(
    ("level", "method"),
    [("trace", "debug"), ("debug", "debug"), ("info", "info"), ("warn", "warning"), ("error", "error")],
)
async def test_records_go_to_a_structlog_logger(level: str, method: str) -> None:
    capture = structlog.testing.CapturingLogger()
    logger = structlog.wrap_logger(
        capture, processors=[], wrapper_class=structlog.make_filtering_bound_logger(0)
    )
    bench = Bench()
    await bench.run(pipe("log", message="hello", level=level))
    structured(logger)(bench.logged[0])
    [call] = capture.calls
    assert call.method_name == method
    expected = {"event": "hello", "prefix": "7|1", "channel_id": 7, "pipe": 1}
    assert call.kwargs == (expected | {"trace": True} if level == "trace" else expected)
    structured(logger)(replace(bench.logged[0], traceback="Traceback …"))
    assert capture.calls[1].kwargs["exception"] == "Traceback …"
