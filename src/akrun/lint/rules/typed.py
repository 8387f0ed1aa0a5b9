"""L501, L502: `$` gives text where a parameter or a field asks for the value itself, which is `$#`."""

from collections.abc import Iterator

from akrun.lint.finding import Complaint, Edit
from akrun.lint.rule import Rule, Sample, pipe
from akrun.lint.subject import Placed, Subject
from akrun.pipes.pure.pack import PackPipe
from aktmpl.infer_paths import described
from aktmpl.node import Node
from aktmpl.nodes import AnyNodes, Entry, Expansion, Insert, Reference, Template, Typed
from aktmpl.source import Span, outermost

_WANTED = {
    ("foreach", "items"): "a list",
    ("result", "path"): "an object or a list of objects",
    ("set", "data"): "an object",
    ("scheduled", "template"): "an object",
    ("http_request", "form"): "an object",
    ("http_request", "headers"): "an object",
    ("event", "event"): "an object",
}
"""Parameters that text is never right for, and what they want."""
_FIELDS = ("sender", "template", "resource", "campaign", "subscription", "account")


def _parameters(subject: Subject) -> Iterator[Complaint]:
    for placed in subject.templates:
        if placed.pipe is None or placed.pipe.spec is None:
            continue
        wanted = _WANTED.get((placed.pipe.spec.name, placed.parameter))
        nodes = placed.template.nodes
        if wanted is not None and isinstance(nodes, Template) and _lone(nodes) is not None:
            written = nodes.source.text
            message = f"`{placed.parameter}` must be {wanted}, and `{written}` gives text"
            yield _complaint(nodes, message)


def _values(subject: Subject) -> Iterator[Complaint]:
    for placed in subject.templates:
        if _makes_json(placed) and placed.view is not None:
            for template in _leaves(placed.template.nodes):
                reference = _lone(template)
                if reference is None or reference.root not in _FIELDS:
                    continue
                found = placed.view.typed(_typed(reference, template)).without("null")
                if found.kinds and found.kinds <= {"int", "float", "bool", "list", "object"}:
                    name = template.source.text.removeprefix("$").strip("{}")
                    message = f"`{name}` is {described(found)}, and `$` makes it text"
                    yield _complaint(template, message)


def _typed(reference: Reference, template: Template) -> Template:
    """The reference with its type, as a template."""
    return Template(template.span, (Typed(template.span, reference),), template.source)


def _makes_json(placed: Placed) -> bool:
    if placed.pipe is None:
        return placed.parameter == "body"
    compiled = placed.pipe.compiled
    return (
        isinstance(compiled, PackPipe) and placed.parameter == "template" and compiled.type.constant == "JSON"
    )


def _leaves(node: AnyNodes | Node) -> Iterator[Template]:
    """The texts of a document that stand as values."""
    if isinstance(node, Template):
        yield node
        return
    for child in node.children():
        if isinstance(child, Entry):
            yield from _leaves(child.value)
        elif isinstance(child, Expansion):
            for item in child.pattern:
                yield from _leaves(item)
        elif not isinstance(node, Entry):
            yield from _leaves(child)


def _lone(template: Template) -> Reference | None:
    """The reference that a text consists of, if it is `$path` or `${path}` and nothing else."""
    if len(template.parts) == 1 and isinstance(part := template.parts[0], Insert):
        return part.expression if isinstance(part.expression, Reference) else None
    return None


def _complaint(template: Template, message: str) -> Complaint:
    source, text = template.source, template.source.text
    edits: tuple[Edit, ...] = ()
    if source.origin is not None and text.startswith("$"):
        _, after = outermost(source, Span(1, 1))
        edits = (Edit(Span(after.start, after.start), "#"),)
    return Complaint(
        message, source, Span(0, len(text)), f"write `$#{text[1:]}` for the value itself", None, edits
    )


_LIST = {
    "template": [
        {"type": "json", "name": "parts", "required": True},
        {"type": "int", "name": "days", "required": True},
    ]
}
_POST = pipe(2, "http_request", url="https://api.example/messages", method="POST", content_type="json")

PARAMETER = Rule(
    id="L501",
    severity="error",
    title="Text for a parameter that wants the value itself",
    explanation=(
        "`$path` inserts the text form of a value, `$#path` is the value. The parameter takes lists or "
        "objects only, so the pipe fails for every event."
    ),
    cure="Write `$#`; `--fix` does it.",
    bad=Sample(
        {
            "fields": _LIST,
            "pipelines": {
                "message": [
                    pipe(1, "foreach", items="$template.parts", pipeline=2),
                    pipe(2, "log", message="$in.item"),
                ]
            },
        }
    ),
    good=Sample(
        {
            "fields": _LIST,
            "pipelines": {
                "message": [
                    pipe(1, "foreach", items="$#template.parts", pipeline=2),
                    pipe(2, "log", message="$in.item"),
                ]
            },
        }
    ),
    check=_parameters,
    fixes=True,
)

VALUE = Rule(
    id="L502",
    severity="warning",
    title="A number, a bool or an object as text in JSON",
    explanation=(
        'The field\'s type is no text, and `$` makes it text: the service gets `"5"` where the field holds '
        '5, `"true"` for true, a list as text with JSON in it.'
    ),
    cure="Write `$#`; `--fix` does it. If the service wants text, allow it with that reason.",
    bad=Sample(
        {
            "fields": _LIST,
            "pipelines": {
                "message": [pipe(1, "pack", template={"days": "$template.days"}, outs={"success": 2}), _POST]
            },
        }
    ),
    good=Sample(
        {
            "fields": _LIST,
            "pipelines": {
                "message": [pipe(1, "pack", template={"days": "$#template.days"}, outs={"success": 2}), _POST]
            },
        }
    ),
    check=_values,
    fixes=True,
)
