"""Traces of events as spans of OpenTelemetry, made when the event has ended.

The event is the root span, its pipes are children, and an HTTP exchange is a client span below its pipe. Of
what was sent and received, a span has what the semantic conventions name: no query, header or body.
Needs the extra `otel`.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.util.types import AttributeValue

from akrun.engine.trace import Exchange, Trace, TraceStep

if TYPE_CHECKING:
    from akrun.engine.event import Event
    from akrun.engine.run import Result

SERVICE: Final = "akrun"


def provider_from_environment() -> TracerProvider:
    """A provider that exports by OTLP over HTTP, as the standard `OTEL_…` variables say."""
    facts: dict[str, AttributeValue] = {SERVICE_VERSION: version("akrun")}
    if SERVICE_NAME not in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "") and not os.environ.get(
        "OTEL_SERVICE_NAME"
    ):
        facts[SERVICE_NAME] = SERVICE
    provider = TracerProvider(resource=Resource.create(facts), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class SpanExport:
    """Hands events that have ended to a provider's processors.

    Args:
        provider: see `provider_from_environment`; it is shut down by `aclose`.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer(SERVICE, version("akrun"))

    def observe(self, event: "Event", result: "Result") -> None:
        """An event has ended; of `Services.observe`. One without a trace is passed over."""
        trace = event.trace
        if trace is None:
            return
        name = "event" if event.pipeline is None else event.pipeline.name
        attributes: dict[str, AttributeValue] = {
            "akrun.channel.id": event.channel_id,
            "akrun.pipeline": name,
            "akrun.event.id": event.id,
            "akrun.event.state": result.state,
        }
        if event.message_id is not None:
            attributes["akrun.message.id"] = event.message_id
        if trace.resumed_from is not None:
            attributes["akrun.event.resumed_from"] = trace.resumed_from
        _Spans(self._tracer, trace).event(name, attributes, result)

    async def aclose(self) -> None:
        """Export what is left, and end; takes as long as the exporter's time-out at most."""
        await asyncio.to_thread(self._provider.shutdown)


class _Spans:
    """The spans of one trace."""

    def __init__(self, tracer: Tracer, trace: Trace) -> None:
        self._tracer = tracer
        self._trace = trace

    def event(self, name: str, attributes: Mapping[str, AttributeValue], result: "Result") -> None:
        steps = self._trace.steps
        root = self._tracer.start_span(
            name, Context(), attributes=attributes, start_time=self._time(self._trace.zero)
        )
        if root.is_recording():  # or else a sampler has decided against it
            if result.error is not None:
                self._failed(root, str(result.error.get("code")), str(result.error.get("message")))
            self._steps(steps, root)
        end = max((step.begun + step.elapsed for step in steps), default=self._trace.zero)
        root.end(self._time(end))

    def _steps(self, steps: Sequence[TraceStep], parent: Span) -> None:
        context = set_span_in_context(parent, Context())
        for step in steps:
            attributes: dict[str, AttributeValue] = {
                "akrun.pipe.id": step.pipe,
                "akrun.pipe.type": step.type,
                "akrun.pipe.exit": step.exit,
            }
            if step.label is not None:
                attributes["akrun.pipe.label"] = self._trace.masker.text(step.label)
            if step.waited:
                attributes["akrun.pipe.rate_limit_wait"] = step.waited
            span = self._tracer.start_span(
                f"{step.type} {step.pipe}", context, attributes=attributes, start_time=self._time(step.begun)
            )
            if step.error is not None:
                self._failed(span, str(step.error.get("code")), str(step.error.get("message")))
            self._exchanges(step.exchanges, span)
            for branch in step.branches:
                self._steps(branch, span)
            span.end(self._time(step.begun + step.elapsed))

    def _exchanges(self, exchanges: Sequence[Exchange], parent: Span) -> None:
        context = set_span_in_context(parent, Context())
        for number, exchange in enumerate(exchanges):
            request = exchange.request
            attributes = {"http.request.method": request.method.upper(), **self._address(request.url)}
            if number:
                attributes["http.request.resend_count"] = number
            if exchange.response is not None:
                attributes["http.response.status_code"] = exchange.response.status
            span = self._tracer.start_span(
                request.method.upper(),
                context,
                kind=SpanKind.CLIENT,
                attributes=attributes,
                start_time=self._time(exchange.begun),
            )
            if exchange.failure is not None:
                self._failed(span, exchange.failure.kind, exchange.failure.message)
            elif exchange.response is not None and exchange.response.status >= 400:
                span.set_attribute("error.type", str(exchange.response.status))
                span.set_status(StatusCode.ERROR)  # without a description, as the conventions want it
            span.end(self._time(exchange.begun if exchange.ended is None else exchange.ended))

    def _address(self, url: str) -> dict[str, AttributeValue]:
        """Where a request went: without user and query, which are made to hold credentials."""
        try:
            parts = urlsplit(self._trace.masker.text(url))
            port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        except ValueError:
            return {}
        host = parts.netloc.rpartition("@")[2]
        address: dict[str, AttributeValue] = {
            "url.full": f"{parts.scheme}://{host}{parts.path}",
            "server.address": parts.hostname or "",
        }
        return address if port is None else {**address, "server.port": port}

    def _failed(self, span: Span, kind: str, message: str) -> None:
        span.set_attribute("error.type", kind)
        span.set_status(Status(StatusCode.ERROR, self._trace.masker.text(message)))

    def _time(self, monotonic: float) -> int:
        """Nanoseconds since the epoch."""
        return int((self._trace.began + (monotonic - self._trace.zero)) * 1e9)
