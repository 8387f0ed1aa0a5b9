"""`error`: ends an entity's operation with an error of the channel's own."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import StrictStr, WithJsonSchema

from akrun.engine.event import Event
from akrun.errors import PipeFailure
from akrun.model.base import Model
from akrun.pipes.convert import integer
from akrun.pipes.examples import PipeExample
from akrun.pipes.spec import (
    OPERATION,
    CompiledPipe,
    Parameter,
    PipeContext,
    PipeSpec,
    parameter_failure,
)
from aktmpl import TextTemplate

NO_CODE = "error"
NO_MESSAGE = "the operation ended with an error"
"""The error's code and message where the channel gives none."""


class ErrorParams(Model):
    """Parameters of `error`."""

    code: Annotated[Any, WithJsonSchema({"type": ["integer", "string"]})] = None
    """The error's number; without one the code is the word `error`."""
    message: StrictStr | None = None
    """What went wrong, for the person who asked; not empty."""


@dataclass(frozen=True, slots=True)
class ErrorPipe(CompiledPipe):
    """A compiled `error`."""

    code: Parameter[int] | None
    message: TextTemplate | None

    def run(self, event: Event) -> None:
        """End the event with the error; the pipe has no exit that could take it."""
        code = NO_CODE if self.code is None else self.code.get(event.scope)
        message = NO_MESSAGE if self.message is None else self.message.render_text(event.scope)
        if not message:
            raise parameter_failure("message", "it is empty")
        raise PipeFailure(code, message, kind="error")


def compile_error(params: ErrorParams, context: PipeContext) -> ErrorPipe:
    """Compile the message; an empty one is a fault."""
    if params.message == "":
        context.fault("`message` must not be empty", "message", hint="leave it out, or say what went wrong")
    return ErrorPipe(
        code=None if params.code is None else context.parameter(params.code, integer, "code"),
        message=None if params.message is None else context.text(params.message, "message"),
    )


SPEC = PipeSpec(
    name="error",
    summary="Ends an entity's operation with an error.",
    params=ErrorParams,
    compile=compile_error,
    pure=True,
    aliases=("errors",),
    pipelines=frozenset({OPERATION}),
    final=True,
    examples=(
        PipeExample(
            title="The service's own reason",
            params={"code": 404, "message": "There is no segment $origin.id: $in.data.error"},
            before={"id": 7, "data": {"error": "not found"}},
            exit="error",
            error={"code": 404, "message": "There is no segment 7: not found", "kind": "error"},
        ),
        PipeExample(
            title="Off the error exit of another pipe",
            params={"code": "$error.code", "message": "The CRM refused: $error.message"},
            roots={"error": {"code": 503, "message": "https://crm.example answered 503"}},
            exit="error",
            error={"code": 503, "message": "The CRM refused: https://crm.example answered 503"},
        ),
    ),
)
