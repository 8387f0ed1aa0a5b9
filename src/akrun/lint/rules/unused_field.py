"""L301: a field that is declared, and that no template reads."""

from collections.abc import Iterator

from akrun.graph import Graph, Place
from akrun.lint.finding import Complaint
from akrun.lint.reads import Read
from akrun.lint.rule import Rule, Sample, pipe
from akrun.lint.subject import Subject
from akrun.model.fields import OBJECTS, Layout, raw_data_fields


def check(subject: Subject) -> Iterator[Complaint]:
    """See the rule."""
    everywhere = [read for placed in subject.templates for read in placed.reads]
    for name in OBJECTS:
        layout = subject.channel.fields.of(name)
        yield from _unused(subject, layout, ("fields", name), (name,), name, everywhere)
    for graph in subject.graphs:
        layout = subject.input_of(graph)
        if layout:
            inside = [
                read
                for placed in subject.templates
                if placed.pipe is not None and placed.pipe.graph is graph
                for read in placed.reads
            ]
            yield from _unused(subject, layout, _input_at(graph), ("in", "origin"), "in", inside)


def _unused(  # noqa: PLR0913, PLR0917 - the parts of a question
    subject: Subject, layout: Layout, at: Place, roots: tuple[str, ...], name: str, found: list[Read]
) -> Iterator[Complaint]:
    if not layout:
        return
    paths = [read.path for read in found if read.root in roots]
    for place, field in raw_data_fields(subject.located.part("/" + "/".join(map(str, at)))):
        if not any(_meets(path, tuple(field["name"].split("."))) for path in paths):
            message = f"nothing reads the field `{name}.{field['name']}`"
            yield subject.at((*at, *place, "name"), message, "use it in a template, or remove it")


def _input_at(graph: Graph) -> Place:
    return (*graph.at[:-1], "input")


def _meets(path: tuple[str | int, ...], field: tuple[str, ...]) -> bool:
    """Whether a path leads to a field, into it, or to an object around it."""
    return all(one == other for one, other in zip(path, field, strict=False))


_SENDER = [{"type": "string", "name": "key", "required": True, "secret": True}]
_ASK = pipe(
    1,
    "http_request",
    url="https://api.example/calls",
    form={"to": "$subscription.phone", "title": "$template.title"},
    headers={"X-Api-Key": "$sender.key"},
)
_TITLE = {"type": "string", "name": "title", "required": True}

RULE = Rule(
    id="L301",
    severity="warning",
    title="A field that nothing reads",
    explanation=(
        "People fill the field in, or a secret is kept for it, and no template of the channel uses its "
        "value. Often a template reads another name, or a `$` was forgotten."
    ),
    cure="Use the field, or remove it.",
    bad=Sample(
        {
            "fields": {"sender": _SENDER, "template": [_TITLE, {"type": "text", "name": "body"}]},
            "pipelines": {"message": [_ASK]},
        }
    ),
    good=Sample({"fields": {"sender": _SENDER, "template": [_TITLE]}, "pipelines": {"message": [_ASK]}}),
    check=check,
    whole=True,
)
