"""Every example in a pipe's spec, executed."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

from akrun.engine.compile import compile_channel
from akrun.engine.event import Event
from akrun.engine.run import run
from akrun.net.message import Request, Response
from akrun.pipes import SPECS
from akrun.pipes.examples import ORIGIN, PipeExample
from akrun.pipes.spec import EVENT_PIPELINES, OPERATION, PipeSpec
from tests.akrun.pipes.bench import Bench, channel_of

HERE = [
    (spec, example)
    for spec in SPECS
    if spec.name not in {"store_set", "store_get", "sql_pipe", "scheduled", "foreach"}
    for example in spec.examples
]
"""Examples that need nothing but HTTP; those of the other pipes are run by the tests of these pipes."""


@dataclass
class OneAnswer:
    """A service that answers every request alike."""

    response: Response | None
    requests: list[Request] = field(default_factory=list)

    async def send(self, request: Request) -> Response:
        assert self.response is not None
        self.requests.append(request)
        return self.response


def pipes_of(spec: PipeSpec[Any], example: PipeExample) -> list[dict[str, Any]]:
    """The pipe as number 1, and a `log` for every pipe that it leads to."""
    params = json.loads(json.dumps(example.params))
    ways = set(example.outs.values())
    if spec.exits is not None:
        ways |= {target for target, _ in spec.exits(spec.params.model_validate(params))}
    first = {"id": 1, "type": spec.name, "params": params, "outs": dict(example.outs)}
    return [first, *({"id": way, "type": "log"} for way in sorted(ways))]


@pytest.mark.parametrize(("spec", "example"), HERE, ids=lambda each: getattr(each, "name", None))
async def test_an_example_does_what_it_says(spec: PipeSpec[Any], example: PipeExample) -> None:
    service = OneAnswer(example.response)
    bench = Bench(http=service)
    origin = {**ORIGIN, **example.before}
    event = Event(origin, bench.services, roots=example.roots)
    result = await run(pipeline_of(spec, example), event)
    if example.exit == "error":
        assert result.error is not None
        assert example.error is not None
        assert {**result.error, **example.error} == dict(result.error)
        assert result.pipe == 1
    else:
        assert result.error is None
        way = example.outs.get("success", 1) if example.exit == "success" else example.exit
        assert result.pipe == way
    changed = {key: value for key, value in event.data.items() if origin.get(key) != value}
    assert {**changed, **example.after} == changed
    assert set(changed) - set(example.after) <= {"elapsed", "headers"}
    assert event.result == example.result
    assert [_shown(each) for each in service.requests] == ([_wanted(example)] if example.request else [])
    recorded = [asdict(each) for each in event.effects]
    recorded += [asdict(each) for each in bench.logged if each.pipe == 1]
    assert len(recorded) == len(example.effects)
    for found, effect in zip(recorded, example.effects, strict=True):
        assert {**found, **effect} == found


def pipeline_of(spec: PipeSpec[Any], example: PipeExample) -> Any:
    pipes = pipes_of(spec, example)
    if spec.pipelines & EVENT_PIPELINES:
        name = min(spec.pipelines & EVENT_PIPELINES) if "message" not in spec.pipelines else "message"
        return compile_channel(*channel_of(pipes, name)).pipeline(name)
    entity = {
        "name": "Segment",
        "shortname": "segment",
        "fields": [{"type": "int", "name": "id"}],
        "primary": "id",
        "preview": "id",
        "operations": {"get": {"pipeline": pipes}},
    }
    channel = channel_of([{"id": 1, "type": "log"}], entities=[entity])
    return compile_channel(*channel).operations["segment", "get"]


def _shown(request: Request) -> dict[str, Any]:
    body = None if request.content is None else request.content.decode()
    return {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "body": body,
    }


def _wanted(example: PipeExample) -> dict[str, Any]:
    return dict(example.request or {})


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_pipe_has_an_example_that_succeeds(spec: PipeSpec[Any]) -> None:
    assert any(each.exit != "error" for each in spec.examples) or spec.final
    for example in spec.examples:
        assert example.title
        assert not example.title.endswith(".")
        assert (example.exit == "error") == (example.error is not None)


def test_an_operation_takes_only_the_pipes_it_may() -> None:
    allowed = {
        "result", "error", "log", "pack", "unpack", "http_request", "store_set", "store_get", "selector",
        "sql_pipe",
    }  # fmt: skip
    assert {spec.name for spec in SPECS if OPERATION in spec.pipelines} == allowed & {s.name for s in SPECS}
