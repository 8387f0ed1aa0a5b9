"""Entities' operations: synchronous, with checked input, a deadline, and a checked result."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from akrun.engine.compile import CompiledChannel
from akrun.engine.event import Event, Services
from akrun.engine.run import Result, run
from akrun.engine.secrets import secrets_in
from akrun.engine.trace import Trace
from akrun.errors import AkrunError, PipeFailure
from akrun.model.channel import Channel
from akrun.model.entities import OPERATIONS, Entity, Operation
from akrun.model.fields import Layout, data_fields
from akrun.model.values import Form, ValueFault, entity_faults
from aktmpl.errors import nearest

MAX_FAULTS = 20
"""More faults of one result are counted, not listed."""

OperationResult = dict[str, Any] | list[dict[str, Any]]
"""One object of the entity's structure, or a list of them."""


class OperationError(AkrunError):
    """An operation ended without a result.

    Attributes:
        entity: the entity's short name.
        operation: `create`, `delete`, `list`, `get` or `update`.
        error: `code message pipe kind status retryable`, as `$error` has them, secrets masked. `pipe` is
            None where no pipe is at fault. Kinds besides those of pipes: `input`, `timeout`, `result`.
        faults: every fault of the input or of the result, for these two kinds.
    """

    def __init__(
        self, entity: str, operation: str, error: Mapping[str, Any], faults: tuple[ValueFault, ...] = ()
    ) -> None:
        super().__init__(entity, operation, error, faults)
        self.entity = entity
        self.operation = operation
        self.error = dict(error)
        self.faults = faults

    def __str__(self) -> str:
        pipe = "" if self.error["pipe"] is None else f" in pipe {self.error['pipe']}"
        return f"{self.entity}.{self.operation}: {self.error['code']}{pipe}: {self.error['message']}"

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: entity, operation, the keys of the error, and faults as path, rule, message."""
        faults = [{"path": each.path, "rule": each.rule, "message": each.message} for each in self.faults]
        about = {"entity": self.entity, "operation": self.operation, **self.error}
        return {**about, "faults": faults} if faults else about


class UnknownOperationError(AkrunError):
    """The channel has no such entity, or the entity no such operation; the text lists those there are."""


def find_operation(channel: Channel, entity: str, operation: str) -> tuple[Entity, Operation]:
    """An entity by short name and one of its operations; raises UnknownOperationError."""
    found = channel.entity(entity)
    if found is None:
        raise UnknownOperationError(
            f"the channel {channel.string_id} has no entity `{entity[:80]}`"
            + _known(entity, [each.shortname for each in channel.entities])
        )
    names = [name for name in OPERATIONS if found.operations.of(name) is not None]
    wanted = found.operations.of(operation) if operation in names else None
    if wanted is None:
        raise UnknownOperationError(
            f"the entity {entity} has no operation `{operation[:80]}`" + _known(operation, names)
        )
    return found, wanted


async def run_operation(  # noqa: PLR0913, PLR0917 - a call has so many parts
    compiled: CompiledChannel,
    entity: str,
    operation: str,
    inputs: Mapping[str, Any],
    constants: Mapping[str, Any],
    services: Services,
    *,
    trace: Trace | None = None,
) -> OperationResult:
    """Run an operation and wait for its result.

    Args:
        compiled: the channel.
        entity: the entity's short name.
        operation: which of its operations.
        inputs: values of the operation's `input` fields, nested as their names say; `$in` and `$origin`.
        constants: the other roots that its templates may read, such as `sender`.
        services: what the pipes may use.
        trace: filled while it runs.

    Returns:
        What the `result` pipe set: an object or a list of objects, each as the entity's fields say. Not all
        fields are there, the primary is; only an empty object or list has none.

    Raises:
        UnknownOperationError: there is no such operation.
        OperationError: the input does not fit, a pipe failed, the deadline passed, there is no result, or
            the result does not fit the entity.
    """
    found, wanted = find_operation(compiled.channel, entity, operation)
    services = services.masking(_secrets(wanted.input, inputs))
    filled, faults = Form("in", wanted.input, compiled.channel, owner="operation").fill(inputs)
    if faults:
        raise OperationError(entity, operation, _error("input", _listed(faults), "input"), faults)
    event = Event(filled, services, roots=constants, trace=trace)
    try:
        async with asyncio.timeout(wanted.deadline):
            ran = await run(compiled.operations[entity, operation], event)
    except TimeoutError as exc:
        message = f"there is no result after {wanted.deadline:g} s"
        raise OperationError(entity, operation, _error("deadline", message, "timeout")) from exc
    if ran.error is not None:
        raise OperationError(entity, operation, ran.error)
    if event.result is None:
        raise OperationError(entity, operation, _without_result(ran))
    unlike = tuple(_unlike(found, event.result, compiled.channel))
    if unlike:
        masked = tuple(
            replace(each, message=services.masker.text(each.message), value=services.masker.text(each.value))
            for each in unlike
        )
        message = f"the result does not fit the entity {entity}: {_listed(masked)}"
        raise OperationError(entity, operation, _error("result", message, "result"), masked)
    return event.result


def _unlike(entity: Entity, result: OperationResult, channel: Channel) -> Iterator[ValueFault]:
    """What of a result is not as the entity says; an empty object says that there is nothing."""
    if isinstance(result, dict):
        if result:
            yield from entity_faults(entity, entity.shortname, result, channel)
        return
    for index, item in enumerate(result):
        for fault in entity_faults(entity, f"{entity.shortname}.{index}", item, channel):
            yield replace(fault, at=(index, *fault.at))


def _without_result(ran: Result) -> dict[str, Any]:
    message = f"the operation ended in pipe {ran.pipe} without a result: add a `result` pipe on this way"
    return _error("result", message, "result")


def _error(code: str, message: str, kind: str) -> dict[str, Any]:
    return {**PipeFailure(code, message, kind=kind).to_scope(0), "pipe": None}


def _listed(faults: tuple[ValueFault, ...]) -> str:
    more = len(faults) - MAX_FAULTS
    listed = "; ".join(
        each.message + (f" ({each.hint})" if each.hint else "") for each in faults[:MAX_FAULTS]
    )
    return f"{listed}; and {more} more" if more > 0 else listed


def _secrets(layout: Layout, inputs: Mapping[str, Any]) -> dict[str, str]:
    paths = [("in", field.name) for field in data_fields(layout) if field.secret]
    return secrets_in({"in": inputs}, paths)


def _known(name: str, known: list[str]) -> str:
    hint = nearest(name, known)
    return f"; {hint}" if hint else ": it has " + (", ".join(known) or "none")
