"""`unpack`: parses the bytes of a body."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import StrictStr

from akrun.engine.event import Event
from akrun.model.base import Model
from akrun.pipes.convert import data_failure, one_of, word
from akrun.pipes.effect import ANYTHING, Effect, Typing, setting
from akrun.pipes.examples import PipeExample
from akrun.pipes.pure.parsers import MAX_BODY, parse_form, parse_json, parse_xml
from akrun.pipes.spec import CompiledPipe, Parameter, PipeContext, PipeSpec
from aktmpl.schema import ANY

_PARSERS = {"JSON": parse_json, "XML": parse_xml, "FORM": parse_form}


class UnpackParams(Model):
    """Parameters of `unpack`."""

    type: Annotated[StrictStr, word(*_PARSERS)] = "JSON"
    """`JSON`, `XML` (by xmltodict's mapping) or `FORM` (urlencoded)."""


@dataclass(frozen=True, slots=True)
class UnpackPipe(CompiledPipe):
    """A compiled `unpack`."""

    type: Parameter[str]

    def run(self, event: Event) -> None:
        """Set `$in.data` from `$in.body`."""
        data = event.data
        body = data.get("body")
        if body is None:
            raise data_failure("body_missing", "there is no $in.body to unpack: a request must come before")
        if not isinstance(body, bytes):
            raise data_failure("not_bytes", "$in.body is not bytes: it is unpacked or set by hand already")
        if len(body) > MAX_BODY:
            raise data_failure("too_large", f"$in.body is larger than {MAX_BODY} bytes")
        data["data"] = _PARSERS[self.type.get(event.scope)](body)


def compile_unpack(params: UnpackParams, context: PipeContext) -> UnpackPipe:
    """Check the type."""
    return UnpackPipe(context.parameter(params.type, one_of(*_PARSERS), "type"))


def _effect(pipe: UnpackPipe, typed: Typing) -> Effect:  # noqa: ARG001 - as all effects
    parsed = ANY if pipe.type.constant == "JSON" or pipe.type.template is not None else ANYTHING
    return Effect(setting(data=parsed), needs=("body",), bytes_needed=True)


SPEC = PipeSpec(
    name="unpack",
    summary="Parses the bytes in `$in.body` into `$in.data`, strictly.",
    params=UnpackParams,
    compile=compile_unpack,
    pure=True,
    aliases=("unpacker",),
    reads=("body",),
    writes=("data",),
    effect=_effect,
    examples=(
        PipeExample(
            title="A JSON answer",
            params={},
            before={"body": b'{"status": "accepted", "parts": 2}'},
            after={"data": {"status": "accepted", "parts": 2}},
        ),
        PipeExample(
            title="XML: attributes become `@` keys, a repeated element a list, all values text",
            params={"type": "XML"},
            before={"body": b'<answer code="0"><part>1</part><part>2</part></answer>'},
            after={"data": {"answer": {"@code": "0", "part": ["1", "2"]}}},
        ),
        PipeExample(
            title="An urlencoded callback",
            params={"type": "FORM"},
            before={"body": b"id=42&state=delivered&tag=a&tag=b"},
            after={"data": {"id": "42", "state": "delivered", "tag": ["a", "b"]}},
        ),
        PipeExample(
            title="What is not JSON fails, with its place",
            params={},
            before={"body": b"<html>"},
            exit="error",
            error={"code": "parse", "kind": "data"},
        ),
    ),
)
