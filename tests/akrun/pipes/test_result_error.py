"""`result` and `error`: the pipes of entities' operations."""

from typing import Any

import pytest

from akrun.engine.compile import compile_channel
from akrun.engine.event import Event
from akrun.engine.run import Result, run
from akrun.errors import FileFaults
from tests.akrun.pipes.bench import Bench, Found, Pipe, chain, channel_of, error, faults_of, pipe


def entity(pipes: list[Pipe], **parts: Any) -> dict[str, Any]:
    return {
        "name": "Segment",
        "shortname": "segment",
        "fields": [{"type": "int", "name": "id"}],
        "primary": "id",
        "preview": "id",
        "operations": {"get": {"pipeline": pipes, **parts}},
    }


async def ended(pipes: list[Pipe], data: dict[str, Any]) -> tuple[Result, Event]:
    """How an event with this `$in` ended in an operation of these pipes."""
    channel, located = channel_of([{"id": 1, "type": "log"}], entities=[entity(pipes)])
    event = Bench().event(data)
    return await run(compile_channel(channel, located).operations["segment", "get"], event), event


def operation_faults(*pipes: Pipe, linked: bool = False) -> list[Found]:
    channel, located = channel_of(
        [{"id": 1, "type": "log"}], entities=[entity(list(pipes) if linked else chain(*pipes))]
    )
    with pytest.raises(FileFaults) as caught:
        compile_channel(channel, located)
    lines = [fault.frame().splitlines()[1].partition("| ")[2].strip() for fault in caught.value.faults]
    return [
        Found(fault.code, fault.message, fault.hint, line)
        for fault, line in zip(caught.value.faults, lines, strict=True)
    ]


@pytest.mark.parametrize(
    ("params", "data", "expected"),
    [
        ({}, {"data": {"id": 1}}, {"id": 1}),
        ({}, {"data": []}, []),
        ({}, {"data": {}}, {}),
        ({"path": "$#in.list"}, {"list": [{"id": 1}, {"id": 2}]}, [{"id": 1}, {"id": 2}]),
        ({"path": "$#in.list.%1"}, {"list": [{"id": 1}, {"id": 2}]}, {"id": 2}),
        ({"path": "$#origin"}, {"id": 5}, {"id": 5}),
        ({"path": "$#{in.a ?? in.b}"}, {"b": {"id": 3}}, {"id": 3}),
    ],
)
async def test_result_takes_an_object_or_a_list_of_objects(
    params: dict[str, Any], data: dict[str, Any], expected: Any
) -> None:
    result, event = await ended(chain(pipe("result", **params)), data)
    assert (result.state, event.result) == ("done", expected)


async def test_result_need_not_be_last_and_keeps_what_it_saw() -> None:
    pipes = chain(pipe("result", path="$#in"), pipe("pack", template={"a": 1}), pipe("log"))
    result, event = await ended(pipes, {"id": 1})
    assert (result.state, result.pipe, event.result) == ("done", 3, {"id": 1})
    assert event.data == {"id": 1, "body": b'{"a":1}'}


@pytest.mark.parametrize(
    ("params", "data", "code", "message"),
    [
        (
            {},
            {},
            "result_missing",
            "there is no $in.data: name the result by `path`, or add an unpack before",
        ),
        ({"path": "$#in.none"}, {}, "E301", "`in` has no field `none`"),
        ({"path": "$in.data"}, {"data": {"id": 1}}, "result", "write `$#in.data` for the value itself"),
        ({"path": "${in.data}"}, {"data": {"id": 1}}, "result", "write `$#{in.data}` for the value itself"),
        ({"path": "$#in.data"}, {"data": "text"}, "result", "a list of objects, not 'text'"),
        ({}, {"data": None}, "result", "an object or a list of objects, not null"),
        ({}, {"data": [{"id": 1}, 5]}, "result", "element 2 is 5: each must be an object"),
    ],
)
async def test_what_is_no_result(
    params: dict[str, Any], data: dict[str, Any], code: str, message: str
) -> None:
    result, event = await ended(chain(pipe("result", **params)), data)
    assert result.error is not None
    assert (result.error["code"], event.result) == (code, None)
    assert message in result.error["message"]


async def test_a_reference_that_is_right_gets_no_hint() -> None:
    result, _ = await ended(chain(pipe("result", path="$#in.data")), {"data": "text"})
    assert result.error is not None
    assert "write" not in result.error["message"]


@pytest.mark.parametrize(
    ("path", "hint"), [("in.data", "write `$#in.data`"), ("", "leave it out for `$in.data`")]
)
def test_a_path_must_be_a_reference(path: str, hint: str) -> None:
    [fault] = operation_faults(pipe("result", path=path))
    assert (fault.code, fault.message, fault.hint) == ("C503", "`path` must be a reference", hint)


def test_no_result_stands_below_another() -> None:
    pipes = chain(pipe("result"), pipe("log"), pipe("result"))
    [fault] = operation_faults(*pipes, linked=True)
    assert fault.code == "C508"
    assert fault.message == "pipe 3 stands below pipe 1, which is a `result` as well"
    assert fault.line == '"type": "result",'


def test_results_on_different_ways_are_fine() -> None:
    pipes = [
        {"id": 1, "type": "selector", "params": {"outs": [{"query": "$in.a = 1", "out": 3}]},
         "outs": {"success": 2, "error": 4}},
        {"id": 2, "type": "result"},
        {"id": 3, "type": "result"},
        {"id": 4, "type": "result"},
    ]  # fmt: skip
    channel, located = channel_of([{"id": 1, "type": "log"}], entities=[entity(pipes)])
    assert list(compile_channel(channel, located).operations) == [("segment", "get")]


def test_a_result_below_one_that_the_error_exit_leads_to_is_found_too() -> None:
    pipes = [
        {"id": 1, "type": "result", "outs": {"error": 2}},
        {"id": 2, "type": "selector", "params": {"outs": [{"query": "$in.a = 1", "out": 3}]}},
        {"id": 3, "type": "result"},
    ]
    assert [fault.code for fault in operation_faults(*pipes, linked=True)] == ["C508"]


@pytest.mark.parametrize(
    ("params", "data", "expected"),
    [
        ({"code": 404, "message": "no $in.x"}, {"x": 7}, error(404, "no 7", kind="error")),
        ({"code": "$in.x"}, {"x": 7}, error(7, "the operation ended with an error", kind="error")),
        ({"code": "12", "message": "m"}, {}, error(12, "m", kind="error")),
        ({"message": "no $in.x"}, {"x": 7}, error("error", "no 7", kind="error")),
        ({}, {}, error("error", "the operation ended with an error", kind="error")),
        (
            {"code": 1, "message": "$in.x"},
            {"x": ""},
            error("parameter", "message: it is empty", kind="parameter"),
        ),
        (
            {"code": "$in.x"},
            {"x": "abc"},
            error("parameter", "code: 'abc' is not a whole number", kind="parameter"),
        ),
    ],
)
async def test_error_ends_the_event(
    params: dict[str, Any], data: dict[str, Any], expected: dict[str, Any]
) -> None:
    result, _ = await ended(chain(pipe("errors", **params)), data)
    assert (result.state, result.error) == ("failed", expected)


async def test_error_with_a_faulty_template_is_that_fault() -> None:
    result, _ = await ended(chain(pipe("error", code=1, message="$in.none")), {})
    assert result.error is not None
    assert (result.error["code"], result.error["kind"]) == ("E301", "template")


def test_faults_of_error() -> None:
    faults = operation_faults(
        {"id": 1, "type": "error", "params": {"code": "x", "message": ""}, "outs": {"success": 2}},
        {"id": 2, "type": "error", "params": {"message": "m"}, "outs": {"error": 1}},
        linked=True,
    )
    assert [(fault.code, fault.message) for fault in faults if fault.code != "C504"] == [
        ("C503", "`code`: 'x' is not a whole number"),
        ("C503", "`message` must not be empty"),
        ("C507", "a pipe of type `error` ends the event: it has no exits"),
        ("C507", "a pipe of type `error` ends the event: it has no exits"),
    ]


@pytest.mark.parametrize("kind", ["result", "error"])
def test_they_stand_in_operations_only(kind: str) -> None:
    params = {"code": 1} if kind == "error" else {}
    [fault] = faults_of(pipe(kind, **params))
    assert fault.code == "C502"
    assert fault.hint == "it is for the operations of entities"


def test_other_pipes_do_not_stand_in_operations() -> None:
    pipes = [
        pipe("event", event_type="stop", event={"send_message_id": "x"}),
        pipe("set", data={"a": 1}),
    ]
    faults = operation_faults(*pipes)
    assert [fault.message for fault in faults] == [
        "a pipe of type `event` cannot stand in the pipeline `segment.get`",
        "a pipe of type `set` cannot stand in the pipeline `segment.get`",
    ]
    assert faults[0].line == '"type": "event",'
    assert faults[0].hint is not None
    assert faults[0].hint.startswith("in an entity's operation: error, http_request, log, pack, result, ")
