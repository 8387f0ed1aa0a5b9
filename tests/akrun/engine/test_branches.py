"""Branches of an event: what they share with it, what they have for themselves, and where they end."""

from typing import Any

import pytest

from akrun.engine.payload import decode_payload
from akrun.engine.run import Result, run
from akrun.engine.trace import Trace
from akrun.pipes.io.foreach import MAX_DEPTH
from akrun.pipes.spec import PipeDefaults
from tests.akrun.pipes.bench import Bench, compiled, error, faults_of

Pipe = dict[str, Any]


def step(number: int, kind: str, success: int | None = None, **params: Any) -> Pipe:
    return {
        "id": number,
        "type": kind,
        "params": params,
        "outs": {} if success is None else {"success": success},
    }


def foreach(number: int, entry: int, success: int | None = None, **params: Any) -> Pipe:
    return step(number, "foreach", success, **{"items": "$#in.list", "pipeline": entry, **params})


async def ran(
    *pipes: Pipe, trace: Trace | None = None, max_steps: int | None = None, **origin: Any
) -> Result:
    pipelines = {"message": list(pipes), "schedule": [step(4, "log")]}
    channel = compiled(list(pipes), defaults=PipeDefaults(max_steps=max_steps), pipelines=pipelines)
    return await run(channel.pipeline("message"), Bench().event(origin, trace))


async def test_branches_within_branches_see_what_is_around_them() -> None:
    result = await ran(
        foreach(1, 2, items="$#in.rows"),
        foreach(2, 3, items="$#in.item.cells"),
        step(3, "set", data={"at": "$in.parent.index,$in.index", "text": "$in.parent.parent.who$in.item"}),
        rows=[{"cells": ["a", "b"]}, {"cells": ["c"]}],
        who="w",
    )
    assert result.error is None
    cells = [cell for row in result.data["items"] for cell in row["items"]]
    assert [(cell["at"], cell["text"]) for cell in cells] == [("0,0", "wa"), ("0,1", "wb"), ("1,0", "wc")]
    assert result.steps == 1 + 2 + 3


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
async def test_branches_nest_to_a_depth(depth: int) -> None:
    pipes = [foreach(number, number + 1, items=[0]) for number in range(1, depth + 1)]
    result = await ran(*pipes, step(depth + 1, "log"))
    if depth == MAX_DEPTH:
        assert (result.state, result.steps) == ("done", depth + 1)
    else:
        assert result.error is not None
        assert (result.error["code"], result.error["kind"], result.pipe) == ("depth", "limit", 1)
        assert result.error["message"].endswith(f"more than {MAX_DEPTH} foreach within each other")


async def test_what_a_branch_keeps_of_what_it_was_lent_makes_no_circle() -> None:
    result = await ran(
        foreach(1, 2, success=3), step(2, "set", data={"kept": "$#in.parent"}), step(3, "log"), list=[1]
    )
    assert result.data["items"] == [{"item": 1, "index": 0, "kept": {"list": [1]}}]


async def test_a_branch_changes_nothing_of_the_event_but_the_items() -> None:
    origin: dict[str, Any] = {"list": [1, 2], "data": "kept"}
    result = await ran(foreach(1, 2), step(2, "set", data={"data": "$in.item", "list": []}), **origin)
    assert {key: result.data[key] for key in origin} == origin
    assert [each["data"] for each in result.data["items"]] == ["1", "2"]


async def test_an_error_of_a_branch_is_its_own_when_it_has_a_way_for_it() -> None:
    pipes = [foreach(1, 2, success=4), {**step(2, "unpack"), "outs": {"error": 3}}]
    pipes += [
        step(3, "set", data={"why": "$error.code"}),
        step(4, "set", data={"after": "${error.code ?? ''}"}),
    ]
    result = await ran(*pipes, list=[1])
    assert result.error is None
    assert (result.data["items"][0]["why"], result.data["after"]) == ("body_missing", "")


async def test_the_failing_branch_is_named_and_the_error_exit_taken() -> None:
    first = {**foreach(1, 2), "outs": {"error": 3}}
    result = await ran(
        first,
        step(2, "set", data={"x": "$in.item.x"}),
        step(3, "set", data={"why": "$#error"}),
        list=[{"x": 1}, {}, {"x": 2}],
    )
    assert result.state == "done"
    assert result.data["why"]["message"].startswith("item 1, pipe 2: ")
    assert result.data["why"] | {"message": ""} == error("E301", "", kind="template", pipe=1)
    assert "items" not in result.data


async def test_what_branches_did_before_one_failed_counts() -> None:
    record = step(2, "event", 3, event_type="stop", event={"send_message_id": "m-$in.index"})
    result = await ran(
        foreach(1, 2), record, step(3, "set", data={"x": "$in.item.x"}), list=[{"x": 1}, {}, {"x": 2}]
    )
    assert result.state == "failed"
    assert [each.send_message_id for each in result.effects] == ["m-0", "m-1"]


async def test_no_branch_begins_when_they_cannot_all_end() -> None:
    record = step(2, "event", event_type="stop", event={"send_message_id": "m-$in.index"})
    result = await ran(foreach(1, 2), record, max_steps=5, list=[0] * 5)
    message = "5 branches are more than the 5 pipes that one event may enter"
    assert (result.error, result.effects) == (error("max_steps", message, kind="limit"), [])


async def test_pipes_of_branches_count_for_the_event() -> None:
    result = await ran(
        foreach(1, 2, success=3), step(2, "log", 4), step(4, "log"), step(3, "log"), max_steps=6, list=[0, 0]
    )
    assert (result.state, result.steps) == ("done", 6)
    result = await ran(
        foreach(1, 2, success=3), step(2, "log", 4), step(4, "log"), step(3, "log"), max_steps=5, list=[0, 0]
    )
    assert (result.state, result.pipe, result.steps) == ("failed", 3, 5)


async def test_hand_overs_of_branches_have_ids_of_their_own_and_the_same_ones_again() -> None:
    over = step(2, "scheduled", pipe_id=4, template={"n": "$#in.index"})
    pipes = foreach(1, 2, success=3, concurrency=3), over, foreach(3, 2, items=[7])
    runs = [await ran(*pipes, list=[0] * 4, send_message_id="m-1") for _ in range(2)]
    jobs, again = (result.jobs for result in runs)
    assert [decode_payload(job.payload)["n"] for job in jobs] == [0, 1, 2, 3, 0]
    assert len({job.id for job in jobs}) == 5
    assert [job.id for job in jobs] == [job.id for job in again]
    assert {job.origin_message for job in jobs} == {"m-1"}


async def test_a_trace_has_the_branches_below_the_pipe_that_ran_them() -> None:
    trace = Trace()
    await ran(
        foreach(1, 2, success=3, concurrency=2),
        step(2, "set", data={"x": "$in.item"}),
        step(3, "log"),
        trace=trace,
        list=["a", "b"],
    )
    assert [each.pipe for each in trace.steps] == [1, 3]
    branches = trace.steps[0].branches
    assert [[each.pipe for each in branch] for branch in branches] == [[2], [2]]
    assert [branch[0].output["x"] for branch in branches] == ["a", "b"]


@pytest.mark.parametrize("max_steps", [None, 50])
@pytest.mark.parametrize("branch", [[], [step(2, "log", 1)], [step(2, "log", 3), step(3, "log", 1)]])
def test_a_branch_that_leads_back_to_its_own_pipe_is_a_fault(
    branch: list[Pipe], max_steps: int | None
) -> None:
    pipes = [foreach(1, branch[0]["id"] if branch else 1), *branch]
    found = faults_of(*pipes, linked=True, defaults=PipeDefaults(max_steps=max_steps))
    assert ("C504", "the branch leads back to pipe 1, which runs it") in [
        (each.code, each.message) for each in found
    ]


def test_two_branches_may_share_pipes() -> None:
    pipes = [foreach(1, 3, success=2), foreach(2, 3), step(3, "log")]
    assert len(compiled(pipes).pipeline("message").steps) == 3
