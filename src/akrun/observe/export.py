"""Whether spans are exported: the environment's `OTEL_…` variables decide."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from akrun.errors import AkrunError

if TYPE_CHECKING:
    from akrun.engine.event import Event
    from akrun.engine.run import Result

Observer = Callable[["Event", "Result"], None]
"""What `Services.observe` takes."""

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""Either of them turns the export on."""


@asynccontextmanager
async def exported_spans() -> AsyncIterator[Observer | None]:
    """What is to be told of every event that has ended, while the block lasts; None when nothing is exported.

    Raises:
        AkrunError: An endpoint is set, but the extra `otel` is not installed.
    """
    named = _endpoint(os.environ)
    if named is None:
        yield None
        return
    try:
        from akrun.observe.otel import SpanExport, provider_from_environment  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise AkrunError(
            f"{named} is set, but OpenTelemetry is not installed ({error.name} is missing): install"
            f" akrun[otel], or unset {named}"
        ) from error
    export = SpanExport(provider_from_environment())
    try:
        yield export.observe
    finally:
        await export.aclose()


def _endpoint(environment: Mapping[str, str]) -> str | None:
    """The variable that turns the export on, unless another one turns it off."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    if environment.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() == "none":
        return None
    return next((name for name in ENDPOINTS if environment.get(name, "").strip()), None)
