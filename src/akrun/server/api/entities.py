"""Operations on a channel's entities: asked for, and waited for."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from starlette.responses import Response

from akrun.engine.operation import OperationError, find_operation, run_operation
from akrun.engine.result_mask import masked_result
from akrun.errors import Fault
from akrun.model import ValueFault, codes
from akrun.model.positions import to_pointer
from akrun.server.api.answers import Document, answer
from akrun.server.api.auth import SEND
from akrun.server.api.body import Body, json_body, takes
from akrun.server.api.context import Api, ChannelName
from akrun.server.api.problems import Problem
from akrun.server.api.values import ConstantRoots, constants_in, require

router = APIRouter(tags=["entities"])

_STATUSES: Final = {"input": 422, "timeout": 504}
"""HTTP statuses by the kind of an operation's error; those of pipes and results are 502."""


class Call(ConstantRoots):
    """What an operation needs."""

    input: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Values of the operation's input fields."""


class ResultDocument(Document):
    """What an operation came to."""

    result: dict[str, Any] | list[dict[str, Any]]
    """An object, or a list of them, each as the entity's fields say; values of secret fields are masked."""


@router.post(
    "/api/channels/{string_id}/entities/{entity}/{operation}",
    operation_id="run_operation",
    summary="Run an operation on an entity",
    response_model=ResultDocument,
    responses={
        502: {
            "description": "A pipe failed, or the result is not as the entity says; `error` is its `$error`."
        },
        504: {"description": "There was no result in time."},
    },
    dependencies=SEND,
    openapi_extra=takes(Call, {"input": {"name": "Spring sale"}}),
)
async def run_entity_operation(
    string_id: ChannelName,
    entity: Annotated[str, Path(description="The entity's short name.")],
    operation: Annotated[str, Path(description="One of its operations.")],
    api: Api,
    body: Annotated[Body[Call], Depends(json_body(Call))],
) -> Response:
    """Run `create`, `delete`, `list`, `get` or `update` on an entity, and wait for its result."""
    host = api.host(string_id)
    channel = host.compiled.channel
    constants, faults = constants_in(channel, body.document, api.values.get(string_id, {}), partial=True)
    require(faults)
    found, _ = find_operation(channel, entity, operation)
    try:
        result = await run_operation(
            host.compiled, entity, operation, body.model.input, constants, host.services
        )
    except OperationError as error:
        raise _problem(error, body) from error
    return answer(ResultDocument(result=masked_result(found, result)))


def _problem(error: OperationError, body: Body[Call]) -> Problem:
    kind = error.error["kind"]
    is_input = kind == "input"
    return Problem(
        _STATUSES.get(kind, 502),
        "invalid" if is_input else "timeout" if kind == "timeout" else "failed",
        error.error["message"] if is_input else str(error),
        faults=[_fault(each, body) for each in error.faults] if is_input else (),
        error=None if is_input else error.error,
    )


def _fault(fault: ValueFault, body: Body[Call]) -> Fault:
    pointer = to_pointer(("input", *fault.at))
    return body.document.fault(codes.VALUE_RULE, fault.message, pointer, fault.hint, key=fault.on_key)
