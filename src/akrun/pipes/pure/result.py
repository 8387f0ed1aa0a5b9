"""`result`: what an entity's operation gives back to its caller."""

from dataclasses import dataclass
from typing import Any

from pydantic import StrictStr

from akrun.engine.event import Event
from akrun.errors import PipeFailure
from akrun.model.base import Model
from akrun.pipes.convert import data_failure
from akrun.pipes.effect import NOTHING, Effect, Typing
from akrun.pipes.examples import PipeExample
from akrun.pipes.spec import OPERATION, CompiledPipe, PipeContext, PipeSpec
from aktmpl import TextTemplate
from aktmpl.errors import shown


class ResultParams(Model):
    """Parameters of `result`."""

    path: StrictStr | None = None
    """Typed reference to the result, such as `$#in.data.items`; default `$in.data`."""


@dataclass(frozen=True, slots=True)
class ResultPipe(CompiledPipe):
    """A compiled `result`."""

    path: TextTemplate | None

    def run(self, event: Event) -> None:
        """Set the event's result; an object is copied, since `$in` itself may be named and changes later."""
        value = self._value(event)
        if isinstance(value, dict):
            event.result = dict(value)
        elif isinstance(value, list):
            for number, item in enumerate(value, 1):
                if not isinstance(item, dict):
                    raise _failure(f"element {number} is {shown(item)}: each must be an object")
            event.result = list(value)
        else:
            raise self._wrong(value)

    def _value(self, event: Event) -> Any:
        if self.path is not None:
            return self.path.render(event.scope)
        if "data" not in event.data:
            message = "there is no $in.data: name the result by `path`, or add an unpack before this pipe"
            raise data_failure("result_missing", message)
        return event.data["data"]

    def _wrong(self, value: Any) -> PipeFailure:
        needed = f"it must be an object or a list of objects, not {shown(value)}"
        written = "" if self.path is None else self.path.source.text
        if isinstance(value, str) and written.startswith("$") and not written.startswith("$#"):
            needed += f"; `{written}` gives text: write `$#{written[1:]}` for the value itself"
        return _failure(needed)


def compile_result(params: ResultParams, context: PipeContext) -> ResultPipe:
    """Compile the reference; a path that refers to nothing is a fault."""
    if params.path is None:
        return ResultPipe(None)
    if "$" not in params.path:
        hint = f"write `$#{params.path}`" if params.path else "leave it out for `$in.data`"
        context.fault("`path` must be a reference", "path", hint=hint)
    return ResultPipe(context.text(params.path, "path"))


def _failure(message: str) -> PipeFailure:
    return PipeFailure("result", f"the result cannot be used: {message}", kind="result")


def _effect(pipe: ResultPipe, typed: Typing) -> Effect:  # noqa: ARG001 - as all effects
    return Effect(NOTHING, needs=("data",) if pipe.path is None else ())


_FOUND = {"segments": [{"id": 7, "title": "Regulars"}], "total": 1}

SPEC = PipeSpec(
    name="result",
    summary="Sets the result of an entity's operation: an object or a list of objects.",
    params=ResultParams,
    compile=compile_result,
    pure=True,
    pipelines=frozenset({OPERATION}),
    once=True,
    effect=_effect,
    examples=(
        PipeExample(
            title="What the service answered, as `unpack` left it in `$in.data`",
            params={},
            before={"data": {"id": 7, "title": "Regulars"}},
            result={"id": 7, "title": "Regulars"},
        ),
        PipeExample(
            title="A list from inside the answer",
            params={"path": "$#in.data.segments"},
            before={"data": _FOUND},
            result=[{"id": 7, "title": "Regulars"}],
        ),
        PipeExample(
            title="`$` instead of `$#` gives text, which is no result",
            params={"path": "$in.data.segments"},
            before={"data": _FOUND},
            exit="error",
            error={"code": "result", "kind": "result"},
        ),
    ),
)
