"""`foreach` and `scheduled`: parameters, defaults, errors, what they leave."""

import asyncio
from typing import Any

import pytest

from akrun.engine.payload import decode_payload
from akrun.engine.run import Result, run
from akrun.net.message import Request, Response
from akrun.pipes.spec import PipeDefaults
from tests.akrun.pipes.bench import Bench, compiled, faults_of, pipe


def branching(*branch: dict[str, Any], after: bool = True, **params: Any) -> list[dict[str, Any]]:
    """A `foreach` whose branch is pipes 10, 11, …; pipe 2 follows it."""
    numbered = []
    for number, each in enumerate(branch, 10):
        outs = {"success": number + 1} if number < 9 + len(branch) else {}
        numbered.append({"outs": outs, **each, "id": number})
    first = {**pipe("foreach", pipeline=10, **params), "id": 1, "outs": {"success": 2} if after else {}}
    return [first, *([{**pipe("log"), "id": 2}] if after else []), *numbered]


async def ran(pipes: list[dict[str, Any]], bench: Bench | None = None, **origin: Any) -> Result:
    bench = bench or Bench()
    return await run(compiled(pipes).pipeline("message"), bench.event(origin))


async def test_a_branch_sees_its_element_its_place_and_the_rest() -> None:
    data = {"text": "$in.index: $in.item.name of $in.parent.who and $origin.who", "item": None}
    result = await ran(
        branching(pipe("set", data=data), items="$#in.list"), list=[{"name": "a"}, {"name": "b"}], who="W"
    )
    assert result.error is None
    assert [each["text"] for each in result.data["items"]] == ["0: a of W and W", "1: b of W and W"]
    assert all("parent" not in each for each in result.data["items"])


async def test_no_elements_give_no_results() -> None:
    result = await ran(branching(pipe("log"), items=[]))
    assert result.data["items"] == []


class Gate:
    """A service that counts how many requests are under way at once."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    async def send(self, request: Request) -> Response:
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(5):
            await asyncio.sleep(0)
        self.now -= 1
        return Response(500 if request.url.endswith("/3") else 200, {}, b"", 0.0)


@pytest.mark.parametrize(("concurrency", "most"), [(1, 1), (3, 3), ("$in.n", 4)])
async def test_so_many_branches_run_at_once(concurrency: Any, most: int) -> None:
    gate = Gate()
    get = pipe("http_request", url="http://service.test/$in.item", timeout=5)
    items = [0, 1, 2, 4, 5, 6, 7, 8]
    result = await ran(branching(get, items=items, concurrency=concurrency), Bench(http=gate), n=4)
    assert result.error is None
    assert gate.most == most
    assert [each["item"] for each in result.data["items"]] == items


async def test_the_first_failing_branch_fails_the_pipe() -> None:
    get = pipe("http_request", url="http://service.test/$in.item", timeout=5)
    result = await ran(branching(get, items=[1, 3, 2]), Bench(http=Gate()))
    assert result.pipe == 1
    assert result.error is not None
    assert result.error["message"].startswith("item 1, pipe 10: ")
    assert (result.error["code"], result.error["status"], result.error["kind"]) == (500, 500, "status")


async def test_events_of_branches_count() -> None:
    fields = {"send_message_id": "m-$in.item"}
    sent = pipe("event", event_type="send", channel_id=7, action_type=1, event=fields)
    result = await ran(branching(sent, items=[1, 2]))
    assert [each.send_message_id for each in result.effects] == ["m-1", "m-2"]


async def test_branches_count_towards_the_most_pipes_of_an_event() -> None:
    result = await ran(branching(pipe("log"), items="$#in.list"), list=list(range(1001)))
    assert result.error is not None
    assert (result.error["code"], result.error["kind"]) == ("max_steps", "limit")


def test_a_pipeline_that_is_not_there_is_a_fault() -> None:
    pipes = [{**pipe("foreach", items=[], pipeline=9), "id": 1}]
    [fault] = faults_of(*pipes, linked=True)
    assert fault.message == "the exit leads to pipe 9, which is not here"


# ------------------------------------------------------------------------------------------- scheduled


async def handed_over(defaults: PipeDefaults | None = None, origin: Any = None, **params: Any) -> Result:
    pipes = [{**pipe("scheduled", **params), "id": 1}]
    pipelines = {"message": pipes, "schedule": [{**pipe("log"), "id": 4}]}
    channel = compiled(pipes, defaults=defaults, pipelines=pipelines)
    bench = Bench()
    return await run(channel.pipeline("message"), bench.event(origin or {"n": 3}))


async def test_the_delay_is_a_minute_unless_the_configuration_or_the_pipe_says_otherwise() -> None:
    now = Bench().clock.now().timestamp()
    cases: list[tuple[PipeDefaults | None, dict[str, Any], float]] = [
        (None, {}, 60),
        (PipeDefaults(scheduler_delay=5), {}, 5),
        (None, {"delay": 0.5}, 0.5),
        (None, {"delay": "${in.n * 10}"}, 30),
        (None, {"at": "1970-01-01T01:00:00+01:00"}, -now),
    ]
    for defaults, params, delay in cases:
        result = await handed_over(defaults, pipe_id=4, template={"x": "$#in.n"}, **params)
        [job] = result.jobs
        assert job.due == pytest.approx(now + delay)
        assert (job.channel, job.pipeline, job.pipe) == ("test", "schedule", 4)
        assert decode_payload(job.payload) == {"x": 3}


async def test_the_same_event_hands_over_the_same_job_again() -> None:
    origins = [{"send_message_id": "m-1"}, {"send_message_id": "m-1"}, {"send_message_id": "m-2"}]
    runs = [await handed_over(origin=origin, pipe_id=4, template={}) for origin in origins]
    first, second, other = (each.jobs[0] for each in runs)
    assert first.id == second.id != other.id
    assert first.origin_message == "m-1"


def scheduled_faults(**params: Any) -> list[str]:
    return [fault.message for fault in faults_of({**pipe("scheduled", **params), "id": 1}, linked=True)]


def test_what_is_wrong_is_found_when_the_channel_is_read() -> None:
    assert scheduled_faults(pipe_id=4, template={}) == ["the pipeline `schedule` has no pipe 4"]
    assert any("template" in each for each in scheduled_faults(pipe_id=4))
    both = scheduled_faults(pipe_id=4, template={}, delay=1, at=2)
    assert "either `delay` or `at` says when it is due, not both" in both


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"template": {"x": "$in.no"}}, "E301", "`in` has no field `no`"),
        ({"template": {}, "delay": "$in.n s"}, "parameter", "delay: '3 s' is not a number"),
        ({"template": "$in.n"}, "data", ""),
        ({"template": {}, "at": 1e15}, "parameter", "at: the time is not between the years 1970 and 9999"),
    ],
    ids=["template", "delay", "no object", "at"],
)
async def test_what_is_wrong_with_the_data_fails_the_pipe(params: Any, code: str, message: str) -> None:
    result = await handed_over(pipe_id=4, **params)
    assert result.error is not None
    assert result.jobs == []
    assert message in result.error["message"]
    assert code in (result.error["code"], result.error["kind"]) or message == ""
