"""`store_set`: keeps a value for a limited time."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import StrictStr, WithJsonSchema

from akrun.backend.errors import BackendError
from akrun.engine.event import Event
from akrun.engine.payload import encode_payload
from akrun.errors import PipeFailure
from akrun.model.base import Model
from akrun.pipes.convert import positive_number
from akrun.pipes.examples import PipeExample
from akrun.pipes.spec import CompiledPipe, Parameter, PipeContext, PipeSpec, parameter_failure
from aktmpl import DocumentTemplate, TextTemplate


class StoreSetParams(Model):
    """Parameters of `store_set`."""

    key: StrictStr
    """The key; a value that is there already is replaced, its time as well."""
    value: Any
    """The value: a document."""
    table: StrictStr = ""
    """The table: keys of different tables have nothing to do with each other. It needs no set-up."""
    ttl: Annotated[Any, WithJsonSchema({"type": ["number", "string"]})]
    """Seconds for which the value is kept; above zero."""


@dataclass(frozen=True, slots=True)
class StoreSetPipe(CompiledPipe):
    """A compiled `store_set`."""

    key: TextTemplate
    value: DocumentTemplate
    table: TextTemplate
    ttl: Parameter[float]

    def prepare(self, event: Event) -> None:  # noqa: ARG002 - every pipe with I/O has it
        """It sends no HTTP request."""
        return

    async def run(self, event: Event) -> None:
        """Write; the value is durable when the event goes on."""
        scope = event.scope
        key, table, ttl = key_of(self.key, scope), self.table.render_text(scope), self.ttl.get(scope)
        try:
            value = encode_payload(self.value.render(scope))
        except (ValueError, RecursionError) as exc:
            raise parameter_failure("value", str(exc)) from exc
        try:
            await event.services.store.store_set(table, key, value, ttl)
        except BackendError as exc:
            raise store_failure(exc) from exc


def key_of(template: TextTemplate, scope: dict[str, Any]) -> str:
    """The text of a key; raises PipeFailure for an empty one, which nearly always is a value that lacks."""
    key = template.render_text(scope)
    if not key:
        raise parameter_failure("key", "the key is empty")
    return key


def store_failure(exc: BackendError) -> PipeFailure:
    """The failure of a pipe when the store fails."""
    return PipeFailure("store", exc.message, kind="store")


def compile_store_set(params: StoreSetParams, context: PipeContext) -> StoreSetPipe:
    """Compile the templates; a constant `ttl` is checked here."""
    if not params.key:
        context.fault("the key is empty", "key")
    return StoreSetPipe(
        key=context.text(params.key, "key"),
        value=context.document(params.value, "value"),
        table=context.text(params.table, "table"),
        ttl=context.parameter(params.ttl, positive_number, "ttl"),
    )


SPEC = PipeSpec(
    name="store_set",
    summary="Keeps a value under a key for a limited time, for any event of any pipeline to read.",
    params=StoreSetParams,
    compile=compile_store_set,
    pure=False,
    examples=(
        PipeExample(
            "the provider's id of a message, so that its callback finds the message",
            params={
                "key": "$in.data.id",
                "value": {"message": "$origin.send_message_id", "parts": "$#in.data.parts"},
                "table": "messages",
                "ttl": 86_400,
            },
            before={"data": {"id": "p-17", "parts": 2}},
            effects=(
                {
                    "table": "messages",
                    "key": "p-17",
                    "value": {"message": "6f1c2b1e-8d1f-5a43-9b3c-1f6f5f0f7d10", "parts": 2},
                    "ttl": 86_400,
                },
            ),
        ),
        PipeExample(
            "a token, for as long as it is valid",
            params={"key": "token", "value": "$in.data.token", "ttl": "$in.data.expires_in"},
            before={"data": {"token": "t-1", "expires_in": 3600}},
            effects=({"table": "", "key": "token", "value": "t-1", "ttl": 3600},),
        ),
        PipeExample(
            "a time that is over before it begins",
            params={"key": "token", "value": "$in.data.token", "ttl": "$in.data.expires_in"},
            before={"data": {"token": "t-1", "expires_in": 0}},
            exit="error",
            error={"code": "parameter", "kind": "parameter", "message": "ttl: '0' is not above zero"},
        ),
    ),
)
