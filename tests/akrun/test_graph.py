"""Pipelines as graphs."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from akrun.graph import Edge, Graph, graphs_of
from tests.akrun.pipes.bench import channel_of, pipe


def graph_of(*pipes: dict[str, Any], **pipelines: Any) -> list[Graph]:
    numbered = [{"id": number, **each} for number, each in enumerate(pipes, 1)]
    channel, _ = channel_of(numbered, pipelines={"message": numbered, **pipelines})
    return graphs_of(channel)


def test_edges_know_their_exits_and_places() -> None:
    at = ("pipelines", "message")
    (graph,) = graph_of(
        {**pipe("selector", outs=[{"query": "true", "out": 3}]), "outs": {"success": 2, "error": 3}},
        pipe("foreach", items=[], pipeline=3),
        pipe("store_get", key="k", not_found=2),
    )
    assert graph.edges == (
        Edge(1, 2, "success", (*at, 0, "outs", "success")),
        Edge(1, 3, "error", (*at, 0, "outs", "error")),
        Edge(1, 3, "out", (*at, 0, "params", "outs", 0, "out")),
        Edge(2, 3, "branch", (*at, 1, "params", "pipeline")),
        Edge(3, 2, "out", (*at, 2, "params", "not_found")),
    )
    assert (graph.name, graph.kind, graph.entries, graph.whole) == ("message", "message", (1,), True)


def test_faulty_parameters_leave_a_graph_incomplete() -> None:
    (graph,) = graph_of(pipe("selector", outs=[{"out": 2}]), pipe("log"))
    assert not graph.whole
    assert graph.edges == ()


def test_schedule_is_entered_where_events_are_handed_over() -> None:
    later = [{**pipe("log"), "id": number} for number in (1, 2, 3)]
    hand_over = {"delay": 1, "template": {}}
    message, schedule = graph_of(
        pipe("scheduled", pipe_id=3, **hand_over),
        pipe("scheduler", pipe_id=2, **hand_over),
        pipe("scheduled", pipe_id=[1], **hand_over),
        schedule=later,
    )
    assert message.entries == (1,)
    assert schedule.entries == (2, 3)
    assert schedule.unreached == [1]


def test_operations_are_graphs_too() -> None:
    operation = {"pipeline": [{**pipe("result"), "id": 4}]}
    entity = {
        "name": "S", "shortname": "segment", "fields": [{"type": "int", "name": "id"}], "primary": "id",
        "preview": "id", "operations": {"list": operation},
    }  # fmt: skip
    channel = channel_of([], entities=[entity])[0]
    (graph,) = graphs_of(channel)
    assert (graph.name, graph.kind, graph.entries) == ("segment.list", "operation", (4,))
    assert graph.places[4] == ("entities", 0, "operations", "list", "pipeline", 0)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), max_size=8), st.integers(1, 5))
def test_what_is_reached_is_closed_and_least(ways: list[tuple[int, int]], start: int) -> None:
    outs = {
        number: dict(zip(("success", "error"), [b for a, b in ways if a == number], strict=False))
        for number in range(1, 6)
    }
    (graph,) = graph_of(*({**pipe("log"), "outs": outs[number]} for number in range(1, 6)))
    found = graph.reached([start])
    assert start in found
    assert all(edge.target in found for edge in graph.edges if edge.source in found)
    for each in found - {start}:
        assert any(edge.target == each and edge.source in found for edge in graph.edges)
    assert graph.reached([start], exits=()) == {start}
