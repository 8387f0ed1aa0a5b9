"""The kinds of pipes: one file each, listed here."""

from typing import Any

from akrun.pipes.io import foreach, http_request, sql_pipe, store_get, store_set
from akrun.pipes.pure import error, event, log, pack, result, scheduled, selector, unpack
from akrun.pipes.pure import set as set_pipe
from akrun.pipes.spec import PipeSpec

SPECS: tuple[PipeSpec[Any], ...] = (
    error.SPEC,
    event.SPEC,
    foreach.SPEC,
    http_request.SPEC,
    log.SPEC,
    pack.SPEC,
    result.SPEC,
    scheduled.SPEC,
    selector.SPEC,
    set_pipe.SPEC,
    sql_pipe.SPEC,
    store_get.SPEC,
    store_set.SPEC,
    unpack.SPEC,
)
"""Every kind of pipe, by name."""

REGISTRY: dict[str, PipeSpec[Any]] = {name: spec for spec in SPECS for name in (spec.name, *spec.aliases)}
"""Name or alias → spec."""
