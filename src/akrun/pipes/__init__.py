"""The kinds of pipes: one file each, listed here."""

from typing import Any

from akrun.pipes.io import http_request
from akrun.pipes.pure import event, log, pack, selector, unpack
from akrun.pipes.pure import set as set_pipe
from akrun.pipes.spec import PipeSpec

SPECS: tuple[PipeSpec[Any], ...] = (
    event.SPEC,
    http_request.SPEC,
    log.SPEC,
    pack.SPEC,
    selector.SPEC,
    set_pipe.SPEC,
    unpack.SPEC,
)
"""Every kind of pipe, by name."""

REGISTRY: dict[str, PipeSpec[Any]] = {name: spec for spec in SPECS for name in (spec.name, *spec.aliases)}
"""Name or alias → spec."""
