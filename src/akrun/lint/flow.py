"""Forward analysis of a pipeline: what `$in`, `$origin` and `$error` surely or perhaps hold before each pipe.

A state is the type of the scope's changing roots: an object in which a field that no way sets is missing, one
that only some ways set is optional, and every other is surely there. Where ways meet, the state is the union
of theirs. The analysis is a fixpoint over the graph; it knows nothing of what pipes do, which is passed in.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from akrun.graph import Edge, Graph
from akrun.lint.state import State
from aktmpl.schema import ANY, NEVER, Field, Type, union

_DEEPEST = 6
"""Types are kept that deep: what a loop wraps around its own values again and again has an end."""
_ROUNDS = 12
"""Rounds after which only presence is followed, no more types; few graphs need more than three."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The states in which an event leaves a pipe; `NEVER` for a way that it cannot take.

    Attributes:
        success: by `outs.success`, or where the event ends well.
        error: by `outs.error`, or where it fails.
        outs: by the exits that the parameters name, by the pipe that they lead to.
        branch: at the entry of its branches.
        handed: by entry of the pipeline `schedule`, the state of an event that is handed over to it.
    """

    success: State = NEVER
    error: State = NEVER
    outs: Mapping[int, State] = field(default_factory=dict)
    branch: State = NEVER
    handed: Mapping[int, State] = field(default_factory=dict)

    def by(self, edge: Edge) -> State:
        """The state on an edge out of this pipe."""
        match edge.exit:
            case "success":
                return self.success
            case "error":
                return self.error
            case "branch":
                return self.branch
            case "out":
                return self.outs.get(edge.target, NEVER)


Ended = Callable[[int], State]
"""The state in which branches that enter at a pipe come to their end."""
Transfer = Callable[[int, State, Ended], Passed]
"""What a pipe makes of a state in which an event enters it."""


@dataclass(frozen=True, slots=True)
class Flow:
    """The result: the state before each pipe, and what leaves each pipe that some event comes to."""

    before: Mapping[int, State]
    passed: Mapping[int, Passed]

    def handed(self) -> Iterator[tuple[int, State]]:
        """What is handed over to the pipeline `schedule`: entries and states."""
        for passed in self.passed.values():
            yield from passed.handed.items()


def analyse(graph: Graph, entries: Mapping[int, State], transfer: Transfer) -> Flow:
    """The least states that agree with the entries, the edges, and what each pipe does.

    Args:
        graph: the pipeline.
        entries: the states in which events enter, by pipe.
        transfer: see there; a larger state must not give a smaller result.
    """
    before = {pipe_id: entries.get(pipe_id, NEVER) for pipe_id in graph.pipes}
    passed: dict[int, Passed] = {}

    def ended(entry: int) -> State:
        inside = graph.reached([entry], exits=("success", "error", "out"))
        return union(passed[each].success for each in inside if each in passed and _ends(graph, each))

    rounds, changed = 0, True
    while changed:
        rounds, changed = rounds + 1, False
        for pipe_id in graph.pipes:
            if not before[pipe_id].kinds:
                continue
            leaves = transfer(pipe_id, before[pipe_id], ended)
            changed = changed or passed.get(pipe_id) != leaves
            passed[pipe_id] = leaves
            for edge in graph.ways[pipe_id]:
                joined = _bounded(before[edge.target] | leaves.by(edge), rounds)
                changed = changed or joined != before[edge.target]
                before[edge.target] = joined
    return Flow(before, passed)


def _ends(graph: Graph, pipe_id: int) -> bool:
    return all(edge.exit != "success" for edge in graph.ways[pipe_id])


def _bounded(state: State, rounds: int) -> State:
    return shallow(state, _DEEPEST if rounds < _ROUNDS else 2)


def shallow(of: Type, depth: int) -> Type:
    """The same type, without what it says of values more than `depth` deep."""
    if of.item is None and not of.fields:
        return of
    if depth == 0:
        return ANY if of.is_unknown else replace(of, item=None, fields={}, open=True)
    item = None if of.item is None else shallow(of.item, depth - 1)
    fields = {name: Field(shallow(each.type, depth - 1), each.optional) for name, each in of.fields.items()}
    return replace(of, item=item, fields=fields)
