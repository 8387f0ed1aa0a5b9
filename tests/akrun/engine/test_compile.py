import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.engine.compile import compile_channel, compile_pipeline, secret_fields
from akrun.engine.run import run
from akrun.errors import FileFaults
from akrun.graph import back_edges
from akrun.model.channel import Channel
from akrun.model.located import parse_located
from akrun.pipes import REGISTRY
from akrun.pipes.spec import PipeDefaults
from tests.akrun.pipes.bench import Bench, Found, chain, channel_of, compiled, faults_of, pipe


def test_all_faults_of_all_pipes_come_at_once_with_their_places() -> None:
    pipes = [
        {"id": 1, "type": "packr", "outs": {"success": 2}},
        {
            "id": 2,
            "type": "log",
            "params": {"mesage": "x", "prefix": "$inn.a", "level": "inf"},
            "outs": {"success": 3},
        },
        {
            "id": 3,
            "type": "selector",
            "params": {"outs": [{"query": "$in.a = ", "out": 9}]},
            "outs": {"success": 2},
        },
        {"id": 4, "type": "pack", "params": {"template": {"$in.k ${": "ok", "b": ["$in.x", "$#in.a b"]}}},
    ]
    found = faults_of(*pipes, linked=True)
    assert [(fault.code, fault.line) for fault in found] == [
        ("C501", '"type": "packr",'),
        ("C202", '"mesage": "x",'),
        ("E201", '"prefix": "$inn.a",'),
        ("C503", '"level": "inf"'),
        ("E101", '"query": "$in.a = ",'),
        ("C212", '"out": 9'),
        ("C504", '"success": 2'),
        (found[7].code, '"$in.k ${": "ok",'),
        ("E104", '"$#in.a b"'),
    ]
    assert [fault.hint for fault in found[:2]] == ["did you mean `packer`?", "did you mean `message`?"]


def test_an_unknown_type_like_none_lists_those_there_are() -> None:
    [fault] = faults_of(pipe("zzz"))
    assert fault.message == "there is no pipe of type `zzz`"
    assert fault.hint == "types: " + ", ".join(sorted(REGISTRY))


def test_a_pipe_stands_only_where_its_type_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = replace(REGISTRY["log"], pipelines=frozenset({"listener"}))
    monkeypatch.setitem(REGISTRY, "log", spec)
    message = "a pipe of type `log` cannot stand in the pipeline `message`"
    assert faults_of(pipe("log")) == [Found("C502", message, None, '"type": "log",')]


def test_what_hangs_on_a_refused_parameter_is_not_told_twice() -> None:
    found = faults_of(pipe("http_request", url="http://h/", auth_type="basic", auth_username=5))
    assert [fault.code for fault in found] == ["C203"]


def test_a_loop_is_a_fault_unless_steps_are_counted_on_purpose() -> None:
    loop = chain(pipe("set", data={}), pipe("log"))
    loop[1]["outs"] = {"error": 1}
    hint = "hand the event over by a `scheduled` pipe"
    message = "pipe 2 leads back to pipe 1: an event could go round for ever"
    assert faults_of(*loop, linked=True) == [Found("C504", message, hint, '"error": 1')]
    assert compiled(loop, defaults=PipeDefaults(max_steps=5)).pipeline("message").max_steps == 5


def test_a_way_that_joins_again_is_no_loop() -> None:
    pipes = chain(pipe("selector", outs=[{"query": "true", "out": 3}]), pipe("log"), pipe("log"))
    pipes[0]["outs"] = {"success": 2, "error": 3}
    assert len(compiled(pipes).pipeline("message").steps) == 3


@given(st.dictionaries(st.integers(0, 6), st.lists(st.integers(0, 6), max_size=4), min_size=1))
def test_without_its_back_edges_a_graph_has_an_order(graph: dict[int, list[int]]) -> None:
    ways = {
        node: [(target, (node, index)) for index, target in enumerate(targets)]
        for node, targets in graph.items()
    }
    cut = {place for _, _, place in back_edges(ways)}
    left = {node: {target for target, place in exits if place not in cut} for node, exits in ways.items()}
    while left:
        ends = [node for node, targets in left.items() if not targets & left.keys()]
        assert ends, "a loop is left"
        for node in ends:
            del left[node]
    acyclic = all(target > node for node, targets in graph.items() for target in targets)
    assert not (acyclic and cut)


def test_a_channel_compiles_the_pipelines_that_have_pipes() -> None:
    channel, located = channel_of(chain(pipe("log")), "schedule")
    found = compile_channel(channel, located)
    assert list(found.pipelines) == ["schedule"]
    with pytest.raises(KeyError):
        found.pipeline("message")
    step = compile_pipeline(channel, located, "schedule").entry
    assert (step.id, step.type, step.label, step.success, step.error) == (1, "log", None, None, None)


def test_a_channel_with_a_module_has_no_pipelines() -> None:
    channel, located = channel_of([], pipelines=None, module="sms")
    assert compile_channel(channel, located).pipelines == {}


async def test_constants_are_folded_into_every_template_of_every_pipe() -> None:
    pipes = chain(
        pipe("selector", outs=[{"query": "$template.on = 'true'", "out": 2}]),
        pipe("pack", type="$template.kind", root="$template.root", template={"t": "$template.text $in.n"}),
        pipe("set", data={"x": "$sender.api_key/$in.n"}),
        pipe("log", prefix="$campaign.a", message="$resource.b", level="$account.level"),
        pipe(
            "event",
            event_type="$template.event",
            event={"send_message_id": "$in.n", "reason": "$camp_schedule.start_time"},
        ),
    )
    channel = compiled(pipes)
    constants: dict[str, Any] = {
        "template": {"on": "true", "kind": "XML", "root": "r", "text": "Hi", "event": "stop"},
        "sender": {"api_key": "key1"},
        "campaign": {"a": "A"},
        "resource": {"b": "B"},
        "account": {"level": "warn"},
        "camp_schedule": {"start_time": "now"},
    }
    whole, folded = Bench(), Bench()
    first = await run(channel.pipeline("message"), whole.event({"n": 1}, **constants))
    second = await run(channel.pipeline("message", constants), folded.event({"n": 1}))
    assert first.state == "done", first.error
    assert (first.data, first.effects, whole.logged) == (second.data, second.effects, folded.logged)
    assert second.data["body"].endswith(b"<r><t>Hi 1</t></r>")
    assert second.data["x"] == "key1/1"
    assert (second.effects[0].event_type, second.effects[0].reason) == ("stop", "now")


async def test_a_specialised_request_is_the_same_and_keeps_the_workers() -> None:
    params = {
        "url": "http://$sender.host/$in.n", "method": "$sender.method", "form": {"k": "$sender.api_key"},
        "headers": {"x": "$sender.api_key"}, "auth_type": "basic", "auth_username": "$sender.api_key",
        "timeout": "$sender.timeout", "idempotency_key": "$campaign.id-$in.n",
    }  # fmt: skip
    channel = compiled(chain(pipe("http_request", **params)))
    constants: dict[str, Any] = {
        "sender": {"host": "h", "method": "POST", "api_key": "key1", "timeout": "3"}, "campaign": {"id": 9}
    }  # fmt: skip
    plain, folded = channel.pipeline("message"), channel.pipeline("message", constants)
    assert plain.entry.io is not None
    assert folded.entry.io is not None
    request = plain.entry.io.prepare(Bench().event({"n": 1}, **constants))
    assert folded.entry.io.prepare(Bench().event({"n": 1})) == request
    assert request is not None
    assert (request.url, request.timeout, request.headers["idempotency-key"]) == ("http://h/1", 3.0, "9-1")
    assert folded.entry.workers is plain.entry.workers


def test_secret_fields_give_a_masker() -> None:
    channel = compiled(chain(pipe("log")))
    assert secret_fields(channel.channel) == [("sender", "api_key")]
    masker = channel.masker({"sender": {"api_key": "hunter22", "other": "plain"}})
    assert masker.text("hunter22 plain") == "*** plain"


def test_faults_in_yaml_stand_at_their_places_too() -> None:
    channel, _ = channel_of([])
    document = channel.model_dump(mode="json", by_alias=True, exclude_none=True)
    del document["pipelines"]
    text = (
        json.dumps(document)[:-1]
        + ', "pipelines": {message: [{id: 1, type: log, params: {\n  message: "a\\u0416 $inn.x"}}]}}'
    )
    located, faults = parse_located(text, "c.yaml", is_json=False)
    assert not faults
    with pytest.raises(FileFaults) as caught:
        compile_channel(Channel.model_validate(located.value), located)
    [fault] = caught.value.faults
    assert fault.frame().splitlines()[:3] == [
        "c.yaml:2:22: E201 unknown root `inn` (at /pipelines/message/0/params/message)",
        '  2 |   message: "a\\u0416 $inn.x"}}]}}',
        "    |                      ^^^",
    ]
