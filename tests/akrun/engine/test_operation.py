"""Entities' operations: input, deadline, result and errors."""

import asyncio
from typing import Any

import pytest

from akrun.engine.compile import CompiledChannel, compile_channel
from akrun.engine.operation import MAX_FAULTS, OperationError, UnknownOperationError, run_operation
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace
from akrun.engine.trace_record import trace_to_dict
from akrun.errors import AkrunError
from tests.akrun.http_server import Received, Reply, loopback_client, serve
from tests.akrun.pipes.bench import Bench, Pipe, chain, channel_of, pipe

FIELDS = [
    {"type": "int", "name": "id"},
    {"type": "string", "name": "title", "required": True, "max_length": 5},
    {"type": "string", "name": "owner.name"},
    {"type": "string", "name": "token", "secret": True, "pattern": "[a-z]+"},
]


def channel(*pipes: Pipe, linked: bool = False, **operation: Any) -> CompiledChannel:
    """A channel whose entity `segment` has the operation `get` of these pipes."""
    pipeline = list(pipes) if linked else chain(*pipes)
    entity = {
        "name": "Segment",
        "shortname": "segment",
        "fields": FIELDS,
        "primary": "id",
        "preview": "title",
        "operations": {"get": {"pipeline": pipeline, **operation}},
    }
    return compile_channel(*channel_of([{"id": 1, "type": "log"}], entities=[entity]))


async def call(compiled: CompiledChannel, bench: Bench | None = None, **inputs: Any) -> Any:
    return await run_operation(compiled, "segment", "get", inputs, {}, (bench or Bench()).services)


async def failed(compiled: CompiledChannel, bench: Bench | None = None, **inputs: Any) -> OperationError:
    with pytest.raises(OperationError) as caught:
        await call(compiled, bench, **inputs)
    return caught.value


def returning(path: str = "$#in.x") -> CompiledChannel:
    """An operation that gives back what it got in `x`."""
    return channel(pipe("result", path=path), input=[{"type": "json", "name": "x"}])


@pytest.mark.parametrize(
    "value",
    [
        {"id": 1},
        {"id": 1, "title": "Title", "owner": {"name": "Ann"}, "token": "abc"},
        {"id": 1, "title": None},
        [{"id": 1}, {"id": 2, "title": "x"}],
        [],
        {},
    ],
)
async def test_a_result_has_the_structure_of_the_entity(value: Any) -> None:
    assert await call(returning(), x=value) == value


@pytest.mark.parametrize(
    ("value", "paths", "message"),
    [
        ({"title": "x"}, ["segment.id"], "the entity's primary field `segment.id` is missing"),
        ({"id": None}, ["segment.id"], "the entity's primary field `segment.id` is missing"),
        ({"id": "1"}, ["segment.id"], "`segment.id` must be a whole number, not text"),
        ({"id": 1, "titel": "x"}, ["segment.titel"], "the entity has no field `segment.titel`"),
        (
            {"id": 1, "title": "longer"},
            ["segment.title"],
            "`segment.title` must have at most 5 characters, has 6: 'longer'",
        ),
        ({"id": 1, "owner": "Ann"}, ["segment.owner"], "`segment.owner` must be an object"),
        ([{"id": 1}, {"id": "2"}, {}], ["segment.1.id", "segment.2.id"], "`segment.1.id` must be a whole"),
    ],
)
async def test_a_result_that_does_not_fit_says_how(value: Any, paths: list[str], message: str) -> None:
    error = await failed(returning(), x=value)
    assert (error.error["kind"], error.error["pipe"]) == ("result", None)
    assert [fault.path for fault in error.faults] == paths
    assert message in error.error["message"]
    assert "the result does not fit the entity segment" in str(error)


async def test_a_secret_of_a_result_is_not_shown() -> None:
    error = await failed(returning(), x={"id": 1, "token": "SECRET99"})
    assert "SECRET99" not in str(error)
    assert "SECRET99" not in str(error.to_dict())


async def test_very_many_faults_are_counted() -> None:
    error = await failed(returning(), x=[{"id": "x"}] * (MAX_FAULTS + 7))
    assert error.error["message"].endswith("; and 7 more")
    assert len(error.faults) == MAX_FAULTS + 7


async def test_input_is_checked_and_its_defaults_are_filled_in() -> None:
    compiled = channel(
        pipe("pack", template={"id": "$#in.id", "title": "$in.name"}),
        pipe("unpack"),
        pipe("result"),
        input=[
            {"type": "int", "name": "id", "required": True, "min": 1},
            {"type": "string", "name": "name", "default": "none"},
        ],
    )
    assert await call(compiled, id=7) == {"id": 7, "title": "none"}
    error = await failed(compiled, nam="x", id=0)
    assert (error.error["code"], error.error["kind"]) == ("input", "input")
    assert error.error["message"] == (
        "the operation has no field `in.nam` (did you mean `name`?); `in.id` must be at least 1: 0"
    )
    assert error.to_dict()["faults"][1] == {
        "path": "in.id",
        "rule": "min",
        "message": "`in.id` must be at least 1: 0",
    }
    assert "the required `in.id` is missing" in str(await failed(compiled))


async def test_the_inputs_are_origin_too_and_constants_are_roots() -> None:
    compiled = channel(
        pipe("pack", template={"id": "$#origin.id", "title": "$sender.name"}),
        pipe("unpack"),
        pipe("result"),
        input=[{"type": "int", "name": "id"}],
    )
    services = Bench().services
    constants = {"sender": {"name": "A"}}
    result = await run_operation(compiled, "segment", "get", {"id": 1}, constants, services)
    assert result == {"id": 1, "title": "A"}


async def test_a_failing_pipe_without_error_exit_is_the_error() -> None:
    async with serve(Reply(status=500)) as server, loopback_client() as client:
        compiled = channel(pipe("http_request", url=server.url + "/x"), pipe("unpack"), pipe("result"))
        error = await failed(compiled, Bench(http=client))
    assert (error.error["code"], error.error["status"], error.error["pipe"]) == (500, 500, 1)
    assert str(error).startswith("segment.get: 500 in pipe 1: ")


async def test_an_error_pipe_is_the_error() -> None:
    compiled = channel(pipe("error", code=42, message="not today"))
    error = await failed(compiled)
    assert (error.error["code"], error.error["message"], error.error["kind"]) == (42, "not today", "error")


async def test_an_error_after_a_result_is_an_error() -> None:
    compiled = channel(pipe("result", path="$#in"), pipe("error", code=1, message="m"))
    assert (await failed(compiled)).error["code"] == 1


async def test_no_result_is_an_error_that_says_where() -> None:
    error = await failed(channel(pipe("log"), pipe("log")))
    assert error.error["kind"] == "result"
    assert "ended in pipe 2 without a result" in error.error["message"]


async def test_the_caller_waits_no_longer_than_the_deadline() -> None:
    async with serve(Reply(hang=True)) as server, loopback_client() as client:
        compiled = channel(pipe("http_request", url=server.url), pipe("result"), deadline=0.05)
        error = await failed(compiled, Bench(http=client))
    assert (error.error["code"], error.error["kind"]) == ("deadline", "timeout")
    assert error.error["message"] == "there is no result after 0.05 s"


async def test_cancelling_the_caller_is_no_deadline() -> None:
    arrived = asyncio.Event()

    def answer(_: Received) -> Reply:
        arrived.set()
        return Reply(hang=True)

    async with serve(handler=answer) as server, loopback_client() as client:
        compiled = channel(pipe("http_request", url=server.url), pipe("result"))
        task = asyncio.create_task(call(compiled, Bench(http=client)))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_secrets_of_the_input_are_masked_also_when_echoed() -> None:
    async with serve(Reply(status=400, body=b"key hunter22 is wrong")) as server, loopback_client() as client:
        compiled = channel(
            {"id": 1, "type": "http_request", "params": {"url": server.url}, "outs": {"error": 2}},
            {"id": 2, "type": "log", "params": {"message": "used $in.key"}, "outs": {"success": 3}},
            {"id": 3, "type": "error", "params": {"code": 1, "message": "no: $in.key"}},
            linked=True,
            input=[{"type": "string", "name": "key", "secret": True}],
        )
        bench = Bench(http=client, masker=Masker({"s0": "other-secret"}))
        trace = Trace(bench.services.masking({"s0": "hunter22"}).masker)
        with pytest.raises(OperationError) as caught:
            await run_operation(
                compiled, "segment", "get", {"key": "hunter22"}, {}, bench.services, trace=trace
            )
    assert caught.value.error["message"] == "no: ***"
    assert bench.logged[0].message == "used ***"
    [exchange] = trace_to_dict(trace)["steps"][0]["exchanges"]
    assert exchange["response"]["body"] == "key *** is wrong"
    assert bench.services.masker.text("hunter22") == "hunter22"


async def test_services_that_mask_more_share_the_rest() -> None:
    services = Bench(masker=Masker({"s0": "first-secret"})).services
    more = services.masking({"s0": "second-secret"})
    assert more.limits is services.limits
    assert more.masker.text("first-secret second-secret") == "*** ***"
    assert services.masking({}).masker is services.masker


@pytest.mark.parametrize(
    ("entity", "operation", "message"),
    [
        ("segmnt", "get", "the channel test has no entity `segmnt`; did you mean `segment`?"),
        ("zzz", "get", "the channel test has no entity `zzz`: it has segment"),
        ("segment", "list", "the entity segment has no operation `list`: it has get"),
        ("segment", "gets", "the entity segment has no operation `gets`; did you mean `get`?"),
        ("segment", "model_fields", "the entity segment has no operation `model_fields`: it has get"),
    ],
)
async def test_what_is_not_there_is_said(entity: str, operation: str, message: str) -> None:
    with pytest.raises(UnknownOperationError) as caught:
        await run_operation(returning(), entity, operation, {}, {}, Bench().services)
    assert str(caught.value) == message
    assert isinstance(caught.value, AkrunError)


async def test_operations_with_equal_pipe_ids_have_rate_limits_of_their_own() -> None:
    pipes = chain(pipe("http_request", url="http://x", limit={"rate": 1}), pipe("result"))
    others = chain(pipe("http_request", url="http://x", limit={"rate": 2}), pipe("result"))
    entity = {
        "name": "S", "shortname": "s", "fields": FIELDS, "primary": "id", "preview": "id",
        "operations": {"get": {"pipeline": pipes}, "list": {"pipeline": others}},
    }  # fmt: skip
    made = compile_channel(*channel_of([{"id": 1, "type": "log"}], entities=[entity]))
    assert {pipeline.name for pipeline in made.operations.values()} == {"s.get", "s.list"}
