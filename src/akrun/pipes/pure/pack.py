"""`pack`: renders a document to the bytes of a request."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import StrictBool, StrictStr

from akrun.engine.event import Event
from akrun.model.base import Model
from akrun.pipes.convert import one_of, word
from akrun.pipes.effect import Effect, Typing, setting
from akrun.pipes.examples import PipeExample
from akrun.pipes.pure.xml_writer import to_xml
from akrun.pipes.spec import CompiledPipe, Parameter, PipeContext, PipeSpec
from aktmpl import DocumentTemplate, TextTemplate
from aktmpl.schema import BYTES

TYPES = ("JSON", "XML")
"""What a document can be packed as."""


class PackParams(Model):
    """Parameters of `pack`."""

    type: Annotated[StrictStr, word(*TYPES)] = "JSON"
    """`JSON` or `XML`."""
    template: Any
    """The document. For XML it is xmltodict's mapping: `@name` an attribute, `#text` the text, a list repeats
    the element."""
    root: StrictStr | None = None
    """XML: the root element, put around the document; without it the document has exactly one key."""
    declaration: StrictBool = True
    """XML: whether it begins with `<?xml version="1.0" encoding="utf-8"?>`."""


@dataclass(frozen=True, slots=True)
class PackPipe(CompiledPipe):
    """A compiled `pack`."""

    type: Parameter[str]
    template: DocumentTemplate
    root: TextTemplate | None
    declaration: bool

    def run(self, event: Event) -> None:
        """Set `$in.body`."""
        scope = event.scope
        if self.type.get(scope) == "JSON":
            event.data["body"] = self.template.render_json(scope)
            return
        root = None if self.root is None else self.root.render_text(scope)
        event.data["body"] = to_xml(self.template.render(scope), root=root, declaration=self.declaration)


def compile_pack(params: PackParams, context: PipeContext) -> PackPipe:
    """Compile the document; options of XML are faults with a constant type of JSON."""
    kind = context.parameter(params.type, one_of(*TYPES), "type")
    if kind.constant == "JSON":
        for name in ("root", "declaration"):
            if name in params.model_fields_set:
                context.fault(f"`{name}` is for the type XML", name)
    return PackPipe(
        type=kind,
        template=context.document(params.template, "template"),
        root=None if params.root is None else context.text(params.root, "root"),
        declaration=params.declaration,
    )


def _effect(pipe: PackPipe, typed: Typing) -> Effect:  # noqa: ARG001 - as all effects
    return Effect(setting(body=BYTES))


SPEC = PipeSpec(
    name="pack",
    summary="Renders a document as JSON or XML to `$in.body`.",
    params=PackParams,
    compile=compile_pack,
    pure=True,
    aliases=("packer",),
    writes=("body",),
    effect=_effect,
    examples=(
        PipeExample(
            title="The JSON body of a request",
            params={"template": {"to": "$subscription.phone", "count": "$#in.count", "$?note": "$in.note"}},
            before={"count": 3},
            roots={"subscription": {"phone": "+79990000001"}},
            after={"body": b'{"to":"+79990000001","count":3}'},
        ),
        PipeExample(
            title="XML: attributes by `@`, text by `#text`, a list repeats its element",
            params={
                "type": "XML",
                "root": "request",
                "declaration": False,
                "template": {"@id": "$in.id", "to": ["$in.first", "$in.second"]},
            },
            before={"id": 7, "first": "Ann", "second": "Bob"},
            after={"body": b'<request id="7"><to>Ann</to><to>Bob</to></request>'},
        ),
        PipeExample(
            title="A field that is not there fails",
            params={"template": {"to": "$in.phone"}},
            exit="error",
            error={"code": "E301", "kind": "template"},
        ),
    ),
)
