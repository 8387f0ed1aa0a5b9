"""`store_get`: reads a value that was kept."""

from dataclasses import dataclass
from typing import Any

from pydantic import StrictBool, StrictInt, StrictStr

from akrun.backend.errors import BackendError
from akrun.engine.event import Event
from akrun.engine.payload import decode_payload
from akrun.errors import PipeFailure
from akrun.model.base import Model
from akrun.pipes.effect import ANYTHING, Effect, Typing, setting
from akrun.pipes.examples import PipeExample
from akrun.pipes.io.store_set import key_of, store_failure
from akrun.pipes.spec import CompiledPipe, PipeContext, PipeSpec, parameter_failure
from aktmpl import TextTemplate


class StoreGetParams(Model):
    """Parameters of `store_get`."""

    key: StrictStr
    """The key."""
    name: StrictStr | None = None
    """The value becomes `$in.<name>`; default: the key."""
    table: StrictStr = ""
    """The table."""
    delete: StrictBool = False
    """Whether the value is taken out of the store: of several events only one gets it."""
    not_found: StrictInt | None = None
    """The pipe to go on with when there is no value, or its time is over; without it that is an error."""


@dataclass(frozen=True, slots=True)
class StoreGetPipe(CompiledPipe):
    """A compiled `store_get`."""

    key: TextTemplate
    name: TextTemplate | None
    table: TextTemplate
    delete: bool
    not_found: int | None

    def prepare(self, event: Event) -> None:  # noqa: ARG002 - every pipe with I/O has it
        """It sends no HTTP request."""
        return

    async def run(self, event: Event) -> int | None:
        """Set `$in.<name>`, or leave by `not_found`."""
        scope = event.scope
        key, table = key_of(self.key, scope), self.table.render_text(scope)
        name = key if self.name is None else self.name.render_text(scope)
        if not name:
            raise parameter_failure("name", "the name is empty")
        try:
            value = await event.services.store.store_get(table, key, delete=self.delete)
        except BackendError as exc:
            raise store_failure(exc) from exc
        if value is not None:
            event.data[name] = decode_payload(value)
            return None
        if self.not_found is None:
            where = f" in the table `{table}`" if table else ""
            raise PipeFailure("not_found", f"there is no value `{key}`{where}", kind="store")
        return self.not_found


def compile_store_get(params: StoreGetParams, context: PipeContext) -> StoreGetPipe:
    """Compile the templates."""
    for field in ("key", "name"):
        if getattr(params, field) == "":
            context.fault(f"the {field} is empty", field)
    return StoreGetPipe(
        key=context.text(params.key, "key"),
        name=None if params.name is None else context.text(params.name, "name"),
        table=context.text(params.table, "table"),
        delete=params.delete,
        not_found=params.not_found,
    )


def _effect(pipe: StoreGetPipe, typed: Typing) -> Effect:  # noqa: ARG001 - as all effects
    name = (pipe.name or pipe.key).constant
    return Effect(ANYTHING if name is None else setting(name))


def _exits(params: StoreGetParams) -> list[tuple[int, tuple[str | int, ...]]]:
    return [] if params.not_found is None else [(params.not_found, ("not_found",))]


_STORED: dict[str, Any] = {"table": "messages", "key": "p-17", "value": {"message": "m-1"}}

SPEC = PipeSpec(
    name="store_get",
    summary="Reads a value that `store_set` keeps, and takes it out of the store if wanted.",
    params=StoreGetParams,
    compile=compile_store_get,
    pure=False,
    writes=("*",),
    effect=_effect,
    exits=_exits,
    examples=(
        PipeExample(
            "the message that a callback is about",
            params={"key": "$in.data.id", "name": "sent", "table": "messages"},
            before={"data": {"id": "p-17"}},
            after={"sent": {"message": "m-1"}},
            given={"store": [_STORED]},
        ),
        PipeExample(
            "a value that is there for one event only",
            params={"key": "p-17", "table": "messages", "delete": True},
            after={"p-17": {"message": "m-1"}},
            given={"store": [_STORED]},
        ),
        PipeExample(
            "a way for a value that is not there",
            params={"key": "token", "not_found": 5},
            outs={"success": 2},
            exit=5,
        ),
        PipeExample(
            "a value that is not there, and no way for it",
            params={"key": "token"},
            exit="error",
            error={"code": "not_found", "kind": "store", "message": "there is no value `token`"},
        ),
    ),
)
