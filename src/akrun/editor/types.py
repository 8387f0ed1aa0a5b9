"""The types of what templates see at each pipe of a channel, kept while the channel is broken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from akrun.editor.place import Path, pipeline_depth
from akrun.lint.scope import entering, origin_of, roots_of
from akrun.lint.subject import Pipe, Subject
from akrun.model.base import objects
from akrun.model.channel import Channel
from akrun.model.entities import Entity
from akrun.model.fields import OBJECTS, Element, Fields, raw_data_fields
from akrun.model.located import LocatedDocument
from aktmpl.environment import Environment
from aktmpl.functions.function import Function
from aktmpl.schema import Schema, Type, object_of

_ELEMENT: TypeAdapter[Any] = TypeAdapter(Element)
_ENTITY = TypeAdapter(Entity)


@dataclass(frozen=True, slots=True)
class AtPipe:
    """What is known at one pipe.

    Attributes:
        at: where the pipe is written.
        schema: the types of all roots before it; None where no event comes.
        sets: the fields of `$in` that it sets or may set.
        anything: whether it may set any field.
        ahead: the ids of the pipes that it leads to.
    """

    at: Path
    schema: Schema | None
    sets: frozenset[str]
    anything: bool
    ahead: frozenset[int]

    @classmethod
    def of(cls, pipe: Pipe) -> "AtPipe":
        """What lint knows of a pipe."""
        ahead = pipe.graph.reached(edge.target for edge in pipe.graph.ways[pipe.model.id])
        sets, anything = _sets(pipe)
        return cls(pipe.at, None if pipe.view is None else pipe.view.schema, sets, anything, frozenset(ahead))


@dataclass(frozen=True)
class Types:
    """What is known of the data.

    Attributes:
        channel: the channel, or what of it could be read.
        roots: the types of the roots that do not change on an event's way.
        pipes: by the path of the pipeline and the id.
        whole: whether the channel fits the model.
    """

    channel: Channel
    roots: Mapping[str, Type]
    pipes: Mapping[tuple[Path, int], AtPipe]
    whole: bool = False

    @classmethod
    def of(cls, located: LocatedDocument) -> "Types | None":
        """Compile a channel and follow its data; None for one that does not fit the model."""
        try:
            channel = Channel.model_validate(located.value)
        except ValidationError:
            return None
        return cls.of_subject(Subject.of(channel, located))

    @classmethod
    def of_subject(cls, subject: Subject) -> "Types":
        """What lint has found out already of a channel that fits the model."""
        pipes = {(pipe.graph.at, pipe.model.id): AtPipe.of(pipe) for pipe in subject.pipes}
        return cls(subject.channel, roots_of(subject.channel), pipes, whole=True)

    @classmethod
    def declared(cls, value: Any) -> "Types":
        """What the fields say that can be read, of a channel that never was whole."""
        written = value if isinstance(value, dict) else {}
        fields = written.get("fields")
        layouts: dict[str, Any] = {
            name: _layout(fields.get(name) if isinstance(fields, dict) else None) for name in OBJECTS
        }
        entities = (_valid(_ENTITY, each) for _, each in objects(written.get("entities")))
        channel = Channel.model_construct(
            fields=Fields.model_construct(**layouts),
            entities=tuple(each for each in entities if each is not None),
            communication="indirect" if written.get("communication") == "indirect" else "direct",
        )
        return cls(channel, roots_of(channel), {})

    def schema(self, path: Path, pipe_id: Any) -> Schema:
        """The types of all roots at a template.

        Args:
            path: of the template.
            pipe_id: the id of the pipe that it stands in, whatever is written there.
        """
        depth = pipeline_depth(path)
        if depth is None:
            return self._entering(path)
        pipe = self.pipes.get((path[:depth], pipe_id)) if isinstance(pipe_id, int) else None
        if pipe is None or pipe.schema is None:
            return self._entering(path)
        return pipe.schema

    def _entering(self, path: Path) -> Schema:
        """The types where an event enters; of `$in` behind an unknown pipe nothing is known."""
        depth = pipeline_depth(path)
        if depth is None:
            state = entering(origin_of(self.channel, "listener"))
            return Schema.of(object_of({**self.roots, **state.fields}))
        first = next((pipe for (at, _), pipe in self.pipes.items() if at == path[:depth]), None)
        if first is not None and first.schema is not None:
            origin = first.schema.root("origin")
        else:
            origin = origin_of(self.channel, str(path[1]) if depth == 2 else "operation")
        return Schema.of(object_of({**self.roots, "origin": origin}))


def _sets(pipe: Pipe) -> tuple[frozenset[str], bool]:
    """The fields of `$in` that a pipe sets or may set, and whether it may set any."""
    if pipe.spec is None or pipe.compiled is None or pipe.view is None:
        return frozenset(), False
    if pipe.spec.effect is None:
        return frozenset(pipe.spec.writes), "*" in pipe.spec.writes
    effect = pipe.spec.effect(pipe.compiled, pipe.view.typed)
    return frozenset({**effect.sets.fields, **effect.failed.fields}), effect.sets.open


def functions() -> Mapping[str, Function]:
    """The functions that templates may call."""
    return _environment.functions


def _layout(written: Any) -> tuple[tuple[Any, ...], ...]:
    found = (_valid(_ELEMENT, element) for _, element in raw_data_fields(written))
    return tuple((each,) for each in found if each is not None)


def _valid(adapter: TypeAdapter[Any], value: Any) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None


_environment = Environment()
