"""What rules look at: a channel's file, its model, its pipelines as graphs, and the data in them."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from akrun.engine.compile import CompiledChannel, compile_with_faults
from akrun.engine.pipeline import Pipeline, Step
from akrun.errors import Fault, FileFaults
from akrun.graph import SCHEDULE, Graph, Place, graphs_of
from akrun.lint.effects import View, transfer
from akrun.lint.finding import Complaint, Edit
from akrun.lint.flow import Ended, Flow, Passed, analyse, shallow
from akrun.lint.reads import Read, reads
from akrun.lint.scope import entering, origin_of, roots_of
from akrun.lint.state import State
from akrun.lint.templates import AnyTemplate, Held, templates_of
from akrun.model.channel import Channel
from akrun.model.fields import Layout
from akrun.model.located import LocatedDocument
from akrun.model.pipes import PipeModel
from akrun.model.positions import to_pointer
from akrun.pipes import REGISTRY
from akrun.pipes.spec import OPERATION, PipeSpec
from akrun.server.reply import Answer, compile_answer
from aktmpl import Environment, TemplateError
from aktmpl.schema import NEVER

_HAND_OVERS = 8
"""Rounds of hand-overs from `schedule` to itself after which only presence is followed, no more types."""


@dataclass(frozen=True, slots=True)
class Pipe:
    """One pipe at its place.

    Attributes:
        model: as it is written.
        spec: its kind; None for one that there is not.
        compiled: None for a faulty one.
        graph: its pipeline.
        at: where it is written.
        view: its templates at the state before it; None where no event comes.
    """

    model: PipeModel
    spec: PipeSpec[Any] | None
    compiled: Any
    graph: Graph
    at: Place
    view: View | None

    def templates(self) -> Iterator[Held]:
        """Its templates."""
        if self.compiled is not None:
            yield from templates_of(self.compiled)


@dataclass(frozen=True)
class Placed:
    """A template at its place.

    Attributes:
        parameter: the parameter that it belongs to.
        template: the template.
        kind: the kind of its pipeline.
        pipe: None for one of the listener's answer.
        view: of the pipe; None where no event comes.
    """

    parameter: str
    template: AnyTemplate
    kind: str
    pipe: Pipe | None
    view: View | None

    @cached_property
    def reads(self) -> tuple[Read, ...]:
        """Every path that it reads."""
        return tuple(reads(self.template.nodes))


@dataclass(frozen=True)
class Subject:
    """A channel that has a model.

    Attributes:
        channel: the model.
        located: the file.
        compiled: the channel's pipelines, as far as they are without fault.
        faults: what is wrong with them.
        graphs: the pipelines and operations.
        answer: the listener's templates; None where they are faulty.
        environment: compiled the templates.
    """

    channel: Channel
    located: LocatedDocument
    compiled: CompiledChannel
    faults: tuple[Fault | TemplateError, ...]
    graphs: tuple[Graph, ...]
    answer: Answer | None
    environment: Environment

    @classmethod
    def of(cls, channel: Channel, located: LocatedDocument) -> "Subject":
        """Compile and look into a channel."""
        environment = _environment()
        compiled, faults = compile_with_faults(channel, located, environment=environment)
        answer = None
        try:
            answer = compile_answer(channel, located, environment)
        except FileFaults as error:
            faults = [*faults, *error.faults]
        return cls(channel, located, compiled, tuple(faults), tuple(graphs_of(channel)), answer, environment)

    @property
    def whole(self) -> bool:
        """Whether all of the channel is known, so that what is nowhere in it can be told."""
        return not self.faults and self.channel.pipelines is not None

    @cached_property
    def pipes(self) -> tuple[Pipe, ...]:
        """Every pipe of every pipeline, in the order of the graphs."""
        return tuple(self._pipes())

    @cached_property
    def templates(self) -> tuple[Placed, ...]:
        """Every template of the channel."""
        found = [
            Placed(held.parameter, held.template, pipe.graph.kind, pipe, pipe.view)
            for pipe in self.pipes
            for held in pipe.templates()
        ]
        if self.answer is not None:
            view = self.view_of(entering(origin_of(self.channel, "listener")))
            found += [
                Placed(held.parameter, held.template, "listener", None, view)
                for held in templates_of(self.answer)
            ]
        return tuple(found)

    def at(
        self,
        place: Place,
        message: str,
        hint: str | None = None,
        *,
        on_key: bool = False,
        edits: tuple[Edit, ...] = (),
    ) -> Complaint:
        """What is wrong at a value of the file, or with `on_key` at its key."""
        pointer = to_pointer(place)
        span = self.located.span(pointer, key=True) if on_key else self.located.first_line(pointer)
        return Complaint(message, self.located.source, span, hint, pointer, edits)

    def _pipes(self) -> Iterator[Pipe]:
        for graph in self.graphs:
            steps, flow = self._pipeline(graph).steps, self.flows[graph.name]
            for pipe_id, model in graph.pipes.items():
                step, state = steps[pipe_id], flow.before[pipe_id]
                view = self.view_of(state) if state.kinds else None
                spec = REGISTRY.get(model.type)
                yield Pipe(model, spec, step.pure or step.io, graph, graph.places[pipe_id], view)

    @cached_property
    def flows(self) -> Mapping[str, Flow]:
        """The data in each pipeline, by the graph's name."""
        flows: dict[str, Flow] = {}
        handed: dict[int, State] = {}
        for graph in self.graphs:
            if graph.name != SCHEDULE:
                flows[graph.name] = self._flow(graph, self._entries(graph))
                _add(handed, flows[graph.name].handed(), 0)
        for graph in self.graphs:
            if graph.name == SCHEDULE:
                flows[graph.name] = self._scheduled(graph, handed)
        return flows

    def _scheduled(self, graph: Graph, handed: dict[int, State]) -> Flow:
        """The flow of `schedule`, whose events come from everywhere, also from itself."""
        flow = self._flow(graph, handed)
        for number in itertools.count():
            before = dict(handed)
            _add(handed, flow.handed(), number)
            if handed == before:
                break
            flow = self._flow(graph, handed)
        return flow

    def _entries(self, graph: Graph) -> dict[int, State]:
        origin = origin_of(self.channel, graph.kind, self.input_of(graph))
        return dict.fromkeys(graph.entries, entering(origin))

    def input_of(self, graph: Graph) -> Layout:
        """The input fields of an operation; none for other pipelines."""
        if graph.kind != OPERATION:
            return ()
        entity = self.channel.entities[int(graph.at[1])]
        operation = entity.operations.of(str(graph.at[3]))
        assert operation is not None
        return operation.input

    def _flow(self, graph: Graph, entries: Mapping[int, State]) -> Flow:
        steps: Mapping[int, Step] = self._pipeline(graph).steps

        def pass_through(pipe_id: int, state: State, ended: Ended) -> Passed:
            return transfer(steps[pipe_id], state, ended, self.view_of(state))

        return analyse(graph, entries, pass_through)

    @cached_property
    def _roots(self) -> Mapping[str, Any]:
        return roots_of(self.channel)

    def view_of(self, state: State) -> View:
        """Templates at a state."""
        return View(state, self._roots, self.environment.functions)

    def _pipeline(self, graph: Graph) -> Pipeline:
        if graph.kind != OPERATION:
            return self.compiled.pipelines[graph.name]
        entity, _, operation = graph.name.rpartition(".")
        return self.compiled.operations[entity, operation]


@cache
def _environment() -> Environment:
    return Environment()


def _add(handed: dict[int, State], states: Iterable[tuple[int, State]], number: int) -> None:
    depth = 6 if number < _HAND_OVERS else 2
    for entry, state in states:
        handed[entry] = shallow(handed.get(entry, NEVER) | state, depth)
