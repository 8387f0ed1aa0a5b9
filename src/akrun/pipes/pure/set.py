"""`set`: merges values into `$in`."""

from dataclasses import dataclass
from typing import Any

from akrun.engine.event import Event
from akrun.model.base import Model
from akrun.pipes.convert import object_of
from akrun.pipes.effect import ANYTHING, Effect, Typing
from akrun.pipes.examples import PipeExample
from akrun.pipes.spec import EVENT_PIPELINES, CompiledPipe, PipeContext, PipeSpec
from aktmpl import DocumentTemplate


class SetParams(Model):
    """Parameters of `set`."""

    data: Any
    """A document that renders to an object; its keys replace those of `$in`."""


@dataclass(frozen=True, slots=True)
class SetPipe(CompiledPipe):
    """A compiled `set`."""

    data: DocumentTemplate

    def run(self, event: Event) -> None:
        """Merge: keys of the rendered object replace those of `$in`, whole."""
        event.data.update(object_of(self.data.render(event.scope), "data"))


def compile_set(params: SetParams, context: PipeContext) -> SetPipe:
    """Compile the document; one that can never be an object is a fault."""
    if not isinstance(params.data, dict | str):
        context.fault("data must be an object", "data")
    return SetPipe(context.document(params.data, "data"))


def _effect(pipe: SetPipe, typed: Typing) -> Effect:
    merged = typed(pipe.data.nodes)
    return Effect(merged if merged.kinds == {"object"} else ANYTHING)


SPEC = PipeSpec(
    name="set",
    summary="Merges the values of a document into `$in`.",
    params=SetParams,
    compile=compile_set,
    pure=True,
    pipelines=EVENT_PIPELINES,
    writes=("*",),
    effect=_effect,
    examples=(
        PipeExample(
            title="Values for the pipes that follow",
            params={"data": {"attempt": "$#{(in.attempt ?? 0) + 1}", "name": "${profile.name ?? 'friend'}"}},
            before={"attempt": 1},
            roots={"profile": {"name": None}},
            after={"attempt": 2, "name": "friend"},
        ),
    ),
)
