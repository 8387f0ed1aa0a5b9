"""Metrics in Prometheus' text form, read by Prometheus' own parser."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from akrun.backend import (
    ChannelRecord,
    DeadLetter,
    Embedded,
    LaunchState,
    MailingRecord,
    MessageState,
    NewJob,
    NewMessage,
    Outcome,
)
from akrun.engine.clock import VirtualClock
from akrun.engine.compile import CompiledChannel
from akrun.engine.run import run
from akrun.net.breaker import Breakers
from akrun.net.client import HttpClient
from akrun.net.failures import HttpFailure
from akrun.net.guard import Guard
from akrun.net.message import Request
from akrun.observe.backend_metrics import backend_source, writer_source
from akrun.observe.definitions import DEFINITIONS
from akrun.observe.http_metrics import http_source
from akrun.observe.listener_metrics import listener_source
from akrun.observe.metrics import CONTENT_TYPE, Metrics
from akrun.observe.pipe_metrics import pipe_source
from tests.akrun.http_server import Reply, serve
from tests.akrun.pipes.bench import Bench, chain, compiled, pipe

Labels = tuple[tuple[str, str], ...]


def labels(**values: str) -> Labels:
    return tuple(sorted(values.items()))


async def read(metrics: Metrics) -> dict[str, Metric]:
    text = (await metrics.render()).decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def values(family: Metric, name: str | None = None) -> dict[Labels, float]:
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for sample in family.samples
        if name is None or sample.name == name
    }


async def test_pipes_are_counted_by_exit_and_those_that_wait_are_timed() -> None:
    clock = VirtualClock()
    failing = {**pipe("http_request", url="https://a.example/"), "outs": {"error": 3}}
    channel = compiled(chain(pipe("set", data={"a": 1}), failing, pipe("log", message="x")))

    class Down:
        async def send(self, request: Request) -> None:
            await clock.advance(0.3)
            raise HttpFailure(f"cannot connect to {request.url}", kind="connection", sent=False)

    for _ in range(2):
        await run(channel.pipeline("message", {"sender": {}}), Bench(http=Down(), clock=clock).event({}))  # type: ignore[arg-type]  # never answers
    found = await read(Metrics(pipe_source(lambda: [channel])))
    here = {"channel": "test", "pipeline": "message"}
    assert values(found["akrun_pipe_events"]) == {
        labels(**here, pipe="1", type="set", exit="success"): 2,
        labels(**here, pipe="2", type="http_request", exit="error"): 2,
        labels(**here, pipe="3", type="log", exit="success"): 2,
    }
    asked = {**here, "pipe": "2", "type": "http_request"}
    durations = found["akrun_pipe_duration_seconds"]
    assert durations.type == "histogram"
    assert values(durations, "akrun_pipe_duration_seconds_count") == {labels(**asked): 2}
    assert values(durations, "akrun_pipe_duration_seconds_sum") == {labels(**asked): pytest.approx(0.6)}
    buckets = values(durations, "akrun_pipe_duration_seconds_bucket")
    assert buckets[labels(**asked, le="0.25")] == 0
    assert buckets[labels(**asked, le="0.5")] == buckets[labels(**asked, le="+Inf")] == 2
    assert values(found["akrun_pipe_busy"]) == {labels(**asked): 0}


async def test_pipes_of_operations_are_there_by_the_name_of_the_operation() -> None:
    channel = compiled([])
    operation = compiled(chain(pipe("log", message="x"))).pipelines["message"]
    await run(operation, Bench().event({}))
    with_operation = CompiledChannel(channel.channel, {}, {("category", "list"): operation})
    found = await read(Metrics(pipe_source(lambda: [with_operation])))
    [(where, count)] = values(found["akrun_pipe_events"]).items()
    assert (dict(where)["type"], count) == ("log", 1)


async def test_requests_are_counted_by_origin_and_breakers_show_their_state() -> None:
    breakers = Breakers(VirtualClock(), 2, 10.0)
    client = HttpClient(guard=Guard(["127.0.0.0/8"]), breakers=breakers)
    async with serve(Reply(204), Reply(404), Reply(200)) as server, client:
        for _ in range(3):
            await client.send(Request("GET", f"{server.url}/a?b=c"))
        breakers.failed("https://slow.example", "a time-out")
        breakers.failed("https://down.example", "a time-out")
        breakers.failed("https://down.example", "a time-out")
        with pytest.raises(HttpFailure):
            await client.send(Request("GET", "https://10.0.0.1/"))
        found = await read(Metrics(http_source(client)))
        url = server.url
    assert values(found["akrun_http_requests"]) == {
        labels(origin=url, status="2xx"): 2, labels(origin=url, status="4xx"): 1,
    }  # fmt: skip
    [(failure, count)] = values(found["akrun_http_failures"]).items()
    assert (dict(failure)["origin"], count) == ("https://10.0.0.1", 1)
    assert values(found["akrun_http_seconds"])[labels(origin=url)] > 0
    assert values(found["akrun_http_connections"]) == {labels(state="busy"): 0, labels(state="idle"): 1}
    assert values(found["akrun_http_waiting"]) == {(): 0}
    assert {where for where, value in values(found["akrun_breaker_state"]).items() if value} == {
        labels(origin="https://slow.example", state="closed"),
        labels(origin="https://down.example", state="open"),
    }  # fmt: skip
    assert values(found["akrun_breaker_failures"]) == {
        labels(origin="https://slow.example"): 1, labels(origin="https://down.example"): 2,
    }  # fmt: skip


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Embedded]:
    async with Embedded(tmp_path / "akrun.db") as opened:
        yield opened


async def fill(backend: Embedded, due: Iterable[float]) -> None:
    """Two launches of one mailing, the second with a message in each state but skipped; jobs due at `due`."""
    await backend.register_channel(ChannelRecord(7, "test", "Test", b"{}", "0"))
    await backend.register_mailing(MailingRecord(12, "test", "Bread", b"{}", "0"))
    for launch in ("l1", "l2"):
        await backend.launch(12, launch, b"{}")
        rows = [NewMessage(f"{launch}-m{number}", f"p{number}", b"{}") for number in range(5)]
        await backend.load(launch, rows)
        await backend.set_launch_state(launch, LaunchState.SENDING)
    await backend.lease("l2", 4)
    for number, state in enumerate((MessageState.DONE, MessageState.FAILED, MessageState.UNCERTAIN)):
        await backend.finish(f"l2-m{number}", Outcome(state, 1, None, 1.0))  # type: ignore[arg-type]  # outcomes
    await backend.enqueue([NewJob(f"j{time}", "test", "schedule", 9, b"{}", time) for time in due])


async def test_messages_and_jobs_are_shown_by_state_and_the_lag_by_the_oldest_due_job(
    backend: Embedded,
) -> None:
    clock = VirtualClock()
    now = clock.now().timestamp()
    await fill(backend, [now - 40, now - 5, now + 60])
    found = await read(Metrics(backend_source(backend, clock), writer_source(lambda: backend.statistics)))
    assert values(found["akrun_messages"]) == {
        labels(channel="test", state=state): count
        for state, count in {
            "done": 1, "failed": 1, "uncertain": 1, "skipped": 0, "in_progress": 1, "pending": 1,
        }.items()
    }  # fmt: skip
    assert values(found["akrun_jobs"])[labels(state="pending")] == 3
    assert values(found["akrun_job_lag_seconds"]) == {(): 40}
    commits = values(found["akrun_backend_commits"])[()]
    assert 0 < commits <= values(found["akrun_backend_operations"])[()]
    assert values(found["akrun_backend_largest_commit"])[()] >= 1


@pytest.mark.parametrize("due", [[], [60.0]], ids=["no job", "none due"])
async def test_there_is_no_lag_without_a_due_job(backend: Embedded, due: list[float]) -> None:
    clock = VirtualClock()
    await fill(backend, [clock.now().timestamp() + each for each in due])
    found = await read(Metrics(backend_source(backend, clock)))
    assert values(found["akrun_job_lag_seconds"]) == {(): 0}


async def test_what_every_metric_says_and_its_kind_are_as_defined(backend: Embedded) -> None:
    async with HttpClient() as client:
        metrics = Metrics(
            pipe_source(lambda: [compiled(chain(pipe("log", message="x")))]),
            http_source(client),
            backend_source(backend, VirtualClock()),
            writer_source(lambda: backend.statistics),
            listener_source({}),
        )
        found = await read(metrics)
    for each in DEFINITIONS:
        family = found[each.family]
        assert family.documentation == each.help
        assert family.type == each.kind
    ours = {name for name in found if name.startswith("akrun_")}
    assert ours == {each.family for each in DEFINITIONS}


async def test_the_process_itself_is_shown_and_nothing_is_global() -> None:
    before = {family.name for family in REGISTRY.collect()}
    first, second = Metrics(), Metrics()
    found = await read(first)
    await second.render()
    assert {"process_resident_memory_bytes", "process_cpu_seconds", "python_info"} <= set(found)
    assert values(found["akrun_build_info"]).keys() == {labels(version=version())}
    assert {family.name for family in REGISTRY.collect()} == before
    assert not any(name.startswith("akrun") for name in before)


def version() -> str:
    from importlib.metadata import version as of  # noqa: PLC0415 - used once

    return of("akrun")


async def test_dead_letters_and_callbacks_are_counted(backend: Embedded) -> None:
    await fill(backend, [])
    letter = DeadLetter("l2-m3", "message", 1, b"", {"code": 1}, 1, 1.0)
    await backend.finish("l2-m3", Outcome(MessageState.FAILED, 1, {"code": 1}, 1.0), dead=letter)
    outcomes = {("test", "accepted"): 3, ("test", "401"): 1}
    metrics = Metrics(backend_source(backend, VirtualClock()))
    metrics.add(listener_source(outcomes))
    found = await read(metrics)
    assert values(found["akrun_dead_letters"]) == {(): 1}
    assert values(found["akrun_listener_requests"]) == {
        labels(channel="test", outcome="accepted"): 3, labels(channel="test", outcome="401"): 1,
    }  # fmt: skip


def test_the_type_is_that_of_the_text_form() -> None:
    assert CONTENT_TYPE.startswith("text/plain; version=0.0.4")
