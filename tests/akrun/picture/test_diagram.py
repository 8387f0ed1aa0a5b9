"""Pipelines as diagrams."""

from hypothesis import given, settings

from akrun.graph import graphs_of
from akrun.model.channel import Channel
from akrun.picture.diagram import Diagram, diagram_of, diagrams_of
from tests.akrun.picture.channels import BRANCHES, channel, channels
from tests.akrun.pipes.bench import pipe


def ways(diagram: Diagram) -> list[tuple[str, str, str, str]]:
    return [(way.source, way.target, way.kind, way.label) for way in diagram.ways]


@settings(max_examples=100)
@given(channels)
def test_every_pipe_and_every_exit_is_there(drawn: Channel) -> None:
    (graph,) = graphs_of(drawn)
    (diagram,) = diagrams_of(drawn)
    assert [node.pipe for node in diagram.nodes if node.kind == "pipe"] == list(graph.pipes)
    exits = {(edge.source, edge.target, edge.exit) for edge in graph.edges}
    shown = {
        (int(way.source[1:]), int(way.target[1:]), way.kind)
        for way in diagram.ways
        if way.source[0] == way.target[0] == "p"
    }
    assert shown == exits
    for pipe_id, model in graph.pipes.items():
        assert (f"end{pipe_id}" in {node.id for node in diagram.nodes}) == (model.outs.success is None)


@settings(max_examples=100)
@given(channels)
def test_groups_are_entered_by_their_foreach_only(drawn: Channel) -> None:
    (diagram,) = diagrams_of(drawn)
    for group in diagram.groups:
        crossing = [way for way in diagram.ways if (way.source in group.nodes) != (way.target in group.nodes)]
        assert [(way.source, way.target, way.kind) for way in crossing] == [
            (f"p{group.pipe}", group.entry, "branch")
        ]
    for index, group in enumerate(diagram.groups):
        for other in diagram.groups[index + 1 :]:
            assert other.nodes < group.nodes or not other.nodes & group.nodes


def test_branches_are_groups_within_groups() -> None:
    (diagram,) = diagrams_of(BRANCHES)
    assert [(group.pipe, sorted(group.nodes)) for group in diagram.groups] == [
        (1, ["end3", "end4", "p2", "p3", "p4", "to4"]),
        (3, ["end4", "p4", "to4"]),
    ]
    assert [diagram.node(f"end{number}").title for number in (3, 4, 9)] == ["next", "next", "end"]
    assert ("p4", "to4", "aside", "") in ways(diagram)
    assert diagram.node("to4").title == "store seen"


def test_conditions_are_labels() -> None:
    outs = [
        {"query": "$in.a = 1", "out": 2},
        {"query": "$in.a = 2", "out": 3},
        {"query": "$in.a = 3", "out": 2},
    ]
    drawn = channel(
        {**pipe("selector", outs=outs), "id": 1, "outs": {"error": 3}},
        {**pipe("store_get", key="k", not_found=3), "id": 2, "outs": {"success": 3}},
        {**pipe("log"), "id": 3},
    )
    (diagram,) = diagrams_of(drawn)
    assert ways(diagram) == [
        ("start1", "p1", "enter", ""),
        ("p1", "p2", "out", "$in.a = 1 or $in.a = 3"),
        ("p1", "p3", "out", "$in.a = 2"),
        ("p1", "p3", "error", "error"),
        ("p1", "end1", "success", "otherwise"),
        ("p2", "p3", "out", "not found"),
        ("p2", "p3", "success", "otherwise"),
        ("p2", "to2", "aside", ""),
        ("p3", "end3", "success", ""),
    ]
    assert {way.exit for way in diagram.ways} == {"", "out 2", "out 3", "error", "success"}


def test_hand_overs_lead_to_the_pipe_in_schedule() -> None:
    hand_over = pipe("scheduled", pipe_id=4, delay=60, template={})
    parts = {
        "message": [{"id": 1, **hand_over}],
        "schedule": [{"id": 3, **pipe("log")}, {"id": 4, "label": "Ask again", **pipe("log")}],
    }
    message, schedule = diagrams_of(channel(pipelines=parts))
    assert message.node("to1").title == "schedule 4: Ask again"
    assert message.node("p1").detail == "in 60 s"
    assert [(node.id, node.title) for node in schedule.nodes if node.kind == "start"] == [("start4", "due")]


def test_events_have_names_and_colours() -> None:
    event = pipe("event", event_type="send", channel_id=7, action_type=1, event={"send_message_id": "x"})
    drawn = channel({"id": 1, **event})
    (diagram,) = diagrams_of(drawn)
    assert diagram.node("p1").event == ("Sent", "#808080")
    assert diagram_of(graphs_of(drawn)[0]).node("p1").event is None


def test_an_error_ends_an_operation() -> None:
    operation = {"pipeline": [{**pipe("error", message="no", code=404), "id": 4}]}
    entity = {
        "name": "S", "shortname": "segment", "fields": [{"type": "int", "name": "id"}], "primary": "id",
        "preview": "id", "operations": {"list": operation},
    }  # fmt: skip
    *_, diagram = diagrams_of(channel({"id": 1, **pipe("log")}, entities=[entity]))
    assert (diagram.name, diagram.node("end4").kind) == ("segment.list", "failed")
    assert [way.exit for way in diagram.ways if way.target == "end4"] == ["error"]


def test_faulty_parameters_are_shown_as_they_are() -> None:
    drawn = channel(
        {"id": 1, **pipe("http_request", url=["no", "text"], method=7)},
        {"id": 2, **pipe("pack", template=None)},
        {"id": 3, **pipe("nonsense")},
        {"id": 4, **pipe("selector", outs="no")},
    )
    (diagram,) = diagrams_of(drawn)
    assert [node.detail for node in diagram.nodes if node.pipe is not None] == [
        "7 ['no', 'text']",
        "JSON",
        "",
        "",
    ]
