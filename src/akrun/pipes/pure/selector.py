"""`selector`: the first condition that holds decides the way."""

from dataclasses import dataclass

from pydantic import StrictInt, StrictStr

from akrun.engine.event import Event
from akrun.model.base import Model
from akrun.pipes.examples import PipeExample
from akrun.pipes.spec import CompiledPipe, PipeContext, PipeSpec
from aktmpl import Query


class SelectorBranch(Model):
    """One condition and the way it opens."""

    query: StrictStr
    """A condition."""
    out: StrictInt
    """The pipe to go on with when it holds."""


class SelectorParams(Model):
    """Parameters of `selector`."""

    outs: list[SelectorBranch]
    """Conditions, tried in this order; when none holds, `outs.success` of the pipe is taken."""


@dataclass(frozen=True, slots=True)
class Branch(CompiledPipe):
    """A compiled condition with its exit."""

    query: Query
    out: int


@dataclass(frozen=True, slots=True)
class SelectorPipe(CompiledPipe):
    """A compiled `selector`."""

    branches: tuple[Branch, ...]

    def run(self, event: Event) -> int | None:
        """The exit of the first branch whose query is true."""
        for branch in self.branches:
            if branch.query.evaluate(event.scope):
                return branch.out
        return None


def compile_selector(params: SelectorParams, context: PipeContext) -> SelectorPipe:
    """Compile every query."""
    branches = [
        Branch(context.query(branch.query, "outs", index, "query"), branch.out)
        for index, branch in enumerate(params.outs)
    ]
    return SelectorPipe(tuple(branches))


def _exits(params: SelectorParams) -> list[tuple[int, tuple[str | int, ...]]]:
    return [(branch.out, ("outs", index, "out")) for index, branch in enumerate(params.outs)]


SPEC = PipeSpec(
    name="selector",
    summary="Takes the exit of the first query that is true; when none is, `outs.success`.",
    params=SelectorParams,
    compile=compile_selector,
    pure=True,
    exits=_exits,
    examples=(
        PipeExample(
            title="The first query that is true decides",
            params={
                "outs": [
                    {"query": "'$in.data.status' = 'accepted'", "out": 5},
                    {"query": "$in.status >= 500", "out": 6},
                ]
            },
            before={"status": 502, "data": {"status": "busy"}},
            outs={"success": 7},
            exit=6,
        ),
        PipeExample(
            title="None is true: `outs.success`",
            params={"outs": [{"query": "$in.attempt > 3", "out": 5}]},
            before={"attempt": 1},
            outs={"success": 7},
        ),
    ),
)
