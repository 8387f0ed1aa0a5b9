"""A channel as a process holds it to run its events."""

from dataclasses import dataclass

from akrun.engine.compile import CompiledChannel
from akrun.engine.event import Services


@dataclass(frozen=True, slots=True)
class Host:
    """A compiled channel with services of its own: its pipes share rate limits over all pipelines."""

    compiled: CompiledChannel
    services: Services
