"""The analysis over a graph, with pipes that are told what to do."""

from collections.abc import Mapping
from typing import Any

from akrun.graph import Graph, graphs_of
from akrun.lint.flow import Ended, Flow, Passed, analyse, shallow
from akrun.lint.state import State, merged
from akrun.model.channel import Channel
from aktmpl.schema import INT, NEVER, STRING, Field, Type, list_of, object_of

EMPTY = object_of({})


def graph(*exits: Mapping[str, int]) -> Graph:
    """A pipeline of pipes 1, 2, … with these exits."""
    pipes = [{"id": number, "type": "log", "outs": outs} for number, outs in enumerate(exits, 1)]
    document: dict[str, Any] = {
        "name": "C", "id": 1, "string_id": "c", "communication": "direct",
        "fields": {"subscription": [{"type": "string", "name": "to"}]}, "pipelines": {"message": pipes},
    }  # fmt: skip
    return graphs_of(Channel.model_validate(document))[0]


def flow(of: Graph, sets: Mapping[int, Type], *, fails: bool = True) -> Flow:
    """The flow where pipes set fields and may fail before that."""

    def transfer(pipe_id: int, state: State, ended: Ended) -> Passed:
        del ended
        return Passed(merged(state, sets.get(pipe_id, EMPTY)), state if fails else NEVER)

    return analyse(of, {1: EMPTY}, transfer)


def test_where_ways_meet_only_what_all_of_them_set_is_sure() -> None:
    made = flow(
        graph({"success": 2, "error": 3}, {"success": 4}, {"success": 4}, {}),
        {1: object_of({"first": INT}), 2: object_of({"a": INT, "b": INT}), 3: object_of({"b": STRING})},
    )
    assert made.before[2] == object_of({"first": INT})
    assert made.before[3] == EMPTY
    assert made.before[4] == object_of(
        {"first": Field(INT, optional=True), "a": Field(INT, optional=True), "b": INT | STRING}
    )


def test_a_way_that_is_not_taken_counts_for_nothing() -> None:
    shape = graph({"success": 2, "error": 3}, {"success": 3}, {})
    made = flow(shape, {1: object_of({"a": INT})}, fails=False)
    assert made.before[3] == object_of({"a": INT})
    assert flow(graph({}, {}), {}).before[2] == NEVER
    assert 2 not in flow(graph({}, {}), {}).passed


def test_a_loop_comes_to_an_end_however_deep_it_wraps() -> None:
    def transfer(pipe_id: int, state: State, ended: Ended) -> Passed:
        del pipe_id, ended
        return Passed(object_of({"in": list_of(state)}))

    made = analyse(graph({"success": 2}, {"success": 1}), {1: EMPTY}, transfer)
    assert made.before[1].fields["in"].optional
    assert not made.before[2].fields["in"].optional


def test_branches_end_where_no_success_leads_on() -> None:
    seen: list[State] = []

    def transfer(pipe_id: int, state: State, ended: Ended) -> Passed:
        if pipe_id == 1:
            seen.append(ended(2))
        return Passed(object_of({f"p{pipe_id}": INT}), state)

    analyse(graph({"success": 2}, {"success": 3, "error": 4}, {}, {}), {1: EMPTY}, transfer)
    assert seen[0] == NEVER
    assert seen[-1] == object_of({"p3": INT}) | object_of({"p4": INT})


def test_shallow_types_keep_their_kinds() -> None:
    deep = object_of({"a": list_of(object_of({"b": INT}))})
    assert shallow(deep, 3) == deep
    cut = shallow(deep, 1).fields["a"].type
    assert cut.kinds == {"list"}
    assert cut.item is None
