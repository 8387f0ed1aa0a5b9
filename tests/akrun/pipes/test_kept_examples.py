"""Every example of the pipes that keep something or branch, executed: store, jobs, branches."""

from typing import Any

import pytest

from akrun.backend import NewJob
from akrun.backend.memory import MemoryStore
from akrun.engine.compile import compile_channel
from akrun.engine.event import Event
from akrun.engine.payload import decode_payload, encode_payload
from akrun.engine.run import run
from akrun.pipes import SPECS
from akrun.pipes.examples import ORIGIN, PipeExample
from akrun.pipes.spec import PipeSpec
from tests.akrun.pipes.bench import Bench, channel_of

NAMES = ("store_set", "store_get", "scheduled", "foreach")
HERE = [(spec, example) for spec in SPECS if spec.name in NAMES for example in spec.examples]


class RecordingStore(MemoryStore):
    """A store that remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[dict[str, Any]] = []

    async def store_set(self, table: str, key: str, value: bytes, ttl: float) -> None:
        self.written.append({"table": table, "key": key, "value": decode_payload(value), "ttl": ttl})
        await super().store_set(table, key, value, ttl)


@pytest.mark.parametrize(("spec", "example"), HERE, ids=lambda each: getattr(each, "name", None))
async def test_an_example_does_what_it_says(spec: PipeSpec[Any], example: PipeExample) -> None:
    store = RecordingStore()
    for row in example.given.get("store", []):
        await store.store_set(row["table"], row["key"], encode_payload(row["value"]), 60)
    store.written.clear()
    params = dict(example.params)
    ways = set(example.outs.values())
    ways |= {target for target, _ in spec.exits(spec.params.model_validate(params))} if spec.exits else set()
    pipes = [{"id": 1, "type": spec.name, "params": params, "outs": dict(example.outs)}]
    pipes += [{"id": way, "type": "log"} for way in sorted(ways)]
    channel, located = channel_of(pipes)
    if spec.name == "scheduled":
        pipelines = {"message": pipes, "schedule": [{"id": 1, "type": "log"}]}
        channel, located = channel_of(pipes, pipelines=pipelines)
    bench = Bench()
    services = bench.services.keeping(store)
    event = Event({**ORIGIN, **example.before}, services, roots=example.roots)
    before = dict(event.data)
    result = await run(compile_channel(channel, located).pipeline("message"), event)
    if example.exit == "error":
        assert result.error is not None
        assert {**result.error, **(example.error or {})} == dict(result.error)
        return
    assert result.error is None
    way = example.outs.get("success", 1) if example.exit == "success" else example.exit
    assert result.pipe == way
    changed = {key: value for key, value in event.data.items() if before.get(key) != value}
    assert changed == dict(example.after)
    done = store.written + [shown(job, bench) for job in result.jobs]
    assert len(done) == len(example.effects)
    for found, effect in zip(done, example.effects, strict=True):
        assert {**found, **effect} == found


def shown(job: NewJob, bench: Bench) -> dict[str, Any]:
    """A job as an example tells it."""
    return {
        "pipe_id": job.pipe,
        "at": job.due,
        "delay": job.due - bench.clock.now().timestamp(),
        "template": decode_payload(job.payload),
    }
