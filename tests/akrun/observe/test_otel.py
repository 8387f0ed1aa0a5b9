"""Spans out of traces: into memory, and to a real receiver of OTLP."""

import zlib
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from akrun.engine.clock import VirtualClock
from akrun.engine.event import Event
from akrun.engine.run import Result, run
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace
from akrun.errors import AkrunError, PipeFailure
from akrun.net.failures import HttpFailure
from akrun.net.message import Request, Response
from akrun.observe.export import exported_spans
from akrun.observe.otel import SpanExport
from tests.akrun.http_server import HttpServer, serve
from tests.akrun.pipes.bench import Bench, chain, compiled, pipe

SECRET = "k3y-planted-4411"
BEGAN = int(VirtualClock().now().timestamp() * 1e9)
SECOND = 10**9


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)


@pytest.fixture
def memory() -> InMemorySpanExporter:
    return InMemorySpanExporter()


def exporting(memory: InMemorySpanExporter, **options: Any) -> SpanExport:
    provider = TracerProvider(shutdown_on_exit=False, **options)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    return SpanExport(provider)


def done(event: Event, error: Mapping[str, Any] | None = None) -> Result:
    return Result("done" if error is None else "failed", 2, error, event.data, [], 2, [])


async def an_event(clock: VirtualClock) -> Event:
    """Two pipes; the second sent three times: no connection, a refusal, an answer."""
    masker = Masker({"sender.key": SECRET})
    trace = Trace(masker, clock)
    event = Bench(clock=clock, masker=masker).event({"send_message_id": "m-1"}, trace)
    trace.enter(1, "set", f"mark {SECRET}", {"a": SECRET})
    await clock.advance(1)
    trace.leave("success", 2, {"a": SECRET}, 1.0)
    trace.enter(2, "http_request", None, {})
    trace.waited(0.5)
    request = Request(
        "post", f"https://user:{SECRET}@api.example:8443/send/{SECRET}?key={SECRET}", {"x": SECRET}
    )
    for came in (
        HttpFailure(f"cannot connect with {SECRET}", kind="connection", sent=False),
        Response(503, {"x": SECRET}, SECRET.encode(), 1),
        Response(200, {}, b"", 1),
    ):
        trace.sending(request)
        await clock.advance(1)
        if isinstance(came, PipeFailure):
            trace.failed(came)
        else:
            trace.received(came)
    trace.leave("success", None, {}, 3.0)
    return event


def by_name(spans: tuple[ReadableSpan, ...]) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans}


async def test_an_event_is_a_root_with_its_pipes_and_their_exchanges_below(
    memory: InMemorySpanExporter,
) -> None:
    event = await an_event(VirtualClock())
    exporting(memory).observe(event, done(event))
    spans = memory.get_finished_spans()
    assert [span.name for span in spans] == ["set 1", "POST", "POST", "POST", "http_request 2", "event"]
    root, sending = spans[-1], spans[-2]
    assert root.parent is None
    assert len({span.context.trace_id for span in spans if span.context}) == 1
    parents = [span.parent.span_id if span.parent else None for span in spans]
    assert root.context is not None
    assert sending.context is not None
    below = sending.context.span_id
    assert parents == [root.context.span_id, below, below, below, root.context.span_id, None]
    times = [((span.start_time or 0) - BEGAN, (span.end_time or 0) - BEGAN) for span in spans]
    assert times == [
        (begun * SECOND, ended * SECOND) for begun, ended in ((0, 1), (1, 2), (2, 3), (3, 4), (1, 4), (0, 4))
    ]


async def test_attributes_are_those_of_the_conventions_and_none_has_a_secret(
    memory: InMemorySpanExporter,
) -> None:
    event = await an_event(VirtualClock())
    error = {"code": 503, "message": f"{SECRET} answered 503"}
    exporting(memory).observe(event, done(event, error))
    spans = memory.get_finished_spans()
    mark, first, second, third, sending, root = spans
    assert dict(first.attributes or {}) == {
        "http.request.method": "POST",
        "url.full": "https://api.example:8443/send/***",
        "server.address": "api.example",
        "server.port": 8443,
        "error.type": "connection",
    }
    assert dict(second.attributes or {}).items() >= {
        "http.request.resend_count": 1, "http.response.status_code": 503, "error.type": "503",
    }.items()  # fmt: skip
    assert dict(third.attributes or {}).items() >= {"http.request.resend_count": 2}.items()
    assert [span.kind for span in spans] == [
        SpanKind.INTERNAL,
        *[SpanKind.CLIENT] * 3,
        *[SpanKind.INTERNAL] * 2,
    ]
    assert [span.status.status_code for span in spans] == [
        StatusCode.UNSET, StatusCode.ERROR, StatusCode.ERROR,
        StatusCode.UNSET, StatusCode.UNSET, StatusCode.ERROR,
    ]  # fmt: skip
    assert (root.status.description, first.status.description) == (
        "*** answered 503",
        "cannot connect with ***",
    )
    assert dict(mark.attributes or {})["akrun.pipe.label"] == "mark ***"
    assert dict(sending.attributes or {})["akrun.pipe.rate_limit_wait"] == 0.5
    assert dict(root.attributes or {}).items() >= {
        "akrun.event.state": "failed", "akrun.message.id": "m-1", "error.type": "503",
    }.items()  # fmt: skip
    assert SECRET not in " ".join(span.to_json() for span in spans)


async def test_branches_lie_below_their_pipe(memory: InMemorySpanExporter) -> None:
    pipes = [
        {"id": 1, "type": "foreach", "params": {"items": ["a", "b"], "pipeline": 3}},
        {"id": 3, "type": "set", "params": {"data": {"x": 1}}},
    ]
    event = Bench().event({}, Trace())
    exporting(memory).observe(event, await run(compiled(pipes).pipeline("message"), event))
    spans = memory.get_finished_spans()
    assert [span.name for span in spans] == ["set 3", "set 3", "foreach 1", "message"]
    foreach = by_name(spans)["foreach 1"]
    assert foreach.context is not None
    assert [span.parent.span_id if span.parent else None for span in spans[:2]] == [
        foreach.context.span_id
    ] * 2


async def test_what_a_sampler_decides_against_costs_no_spans(memory: InMemorySpanExporter) -> None:
    event = await an_event(VirtualClock())
    exporting(memory, sampler=ALWAYS_OFF).observe(event, done(event))
    assert memory.get_finished_spans() == ()


async def test_an_address_that_is_none_is_left_out(memory: InMemorySpanExporter) -> None:
    trace = Trace()
    event = Bench().event({}, trace)
    trace.enter(1, "http_request", None, {})
    trace.sending(Request("GET", "http://[nonsense"))
    exporting(memory).observe(event, done(event))
    assert dict(memory.get_finished_spans()[0].attributes or {}) == {"http.request.method": "GET"}


async def test_an_event_without_a_trace_is_passed_over(memory: InMemorySpanExporter) -> None:
    event = Bench().event({})
    exporting(memory).observe(event, done(event))
    assert memory.get_finished_spans() == ()


def received(server: HttpServer) -> ExportTraceServiceRequest:
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/v1/traces")
    body = request.body
    if request.headers.get("content-encoding") == "gzip":
        body = zlib.decompress(body, wbits=31)
    message = ExportTraceServiceRequest()
    message.ParseFromString(body)
    return message


async def test_a_receiver_of_otlp_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        async with exported_spans() as observe:
            assert observe is not None
            trace = Trace()
            event = Bench().event({"send_message_id": "m-1"}, trace)
            result = await run(compiled(chain(pipe("set", data={"x": 1}))).pipeline("message"), event)
            observe(event, result)
    [resource] = received(server).resource_spans
    facts = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert (facts["service.name"], facts["deployment.environment.name"]) == ("akrun", "test")
    [scope] = resource.scope_spans
    assert [span.name for span in scope.spans] == ["set 1", "message"]
    assert scope.spans[0].parent_span_id == scope.spans[1].span_id


@pytest.mark.parametrize(("variable", "name"), [("OTEL_SERVICE_NAME", "bread"), (None, "akrun")])
async def test_the_service_has_the_name_that_the_environment_gives(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, name: str
) -> None:
    if variable is not None:
        monkeypatch.setenv(variable, name)
    async with serve() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{server.url}/v1/traces")
        async with exported_spans() as observe:
            assert observe is not None
            event = Bench().event({}, Trace())
            observe(event, done(event))
    [resource] = received(server).resource_spans
    assert {each.key: each.value.string_value for each in resource.resource.attributes}[
        "service.name"
    ] == name


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": " "},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "TRUE"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"},
    ],
    ids=["no endpoint", "an empty endpoint", "disabled", "another exporter"],
)
async def test_nothing_is_exported_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with exported_spans() as observe:
        assert observe is None


async def test_an_endpoint_without_the_extra_is_an_error_that_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(__import__("sys").modules, "akrun.observe.otel", None)
    with pytest.raises(
        AkrunError, match=r"^OTEL_EXPORTER_OTLP_ENDPOINT is set, but .* install akrun\[otel\]"
    ):
        async with exported_spans():
            pass
