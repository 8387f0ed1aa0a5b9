"""`foreach`: runs a branch of the pipeline for every element of a list."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import StrictInt, WithJsonSchema

from akrun.engine.event import Event
from akrun.errors import PipeFailure, Uncertain
from akrun.model.base import Model
from akrun.pipes.convert import integer
from akrun.pipes.examples import PipeExample
from akrun.pipes.spec import (
    EVENT_PIPELINES,
    CompiledPipe,
    Parameter,
    PipeContext,
    PipeSpec,
    parameter_failure,
)
from aktmpl import DocumentTemplate
from aktmpl.errors import shown

if TYPE_CHECKING:
    from akrun.engine.run import Result

MAX_DEPTH = 4
"""Branches within branches."""


class ForeachParams(Model):
    """Parameters of `foreach`."""

    items: Any
    """The list: a document, most often a typed reference such as `$#in.data.parts`."""
    pipeline: StrictInt
    """The pipe of this pipeline at which every branch enters. `$in` of the branch holds `item` (the element),
    `index` (its place, from 0) and `parent` (`$in` of this pipe), and what its pipes add; `$origin` stays.
    The branch ends at a pipe without a further exit, and what `$in` holds then, but for `parent`, is its
    result: an element of `$in.items`, in the order of the list."""
    concurrency: Annotated[Any, WithJsonSchema({"type": ["integer", "string"]})] = 1
    """Most branches at once; 1: one after the other."""


@dataclass(frozen=True, slots=True)
class ForeachPipe(CompiledPipe):
    """A compiled `foreach`."""

    items: DocumentTemplate
    written: str
    entry: int
    concurrency: Parameter[int]

    def prepare(self, event: Event) -> None:  # noqa: ARG002 - every pipe with I/O has it
        """What its branches would send shows when they run."""
        return

    async def run(self, event: Event) -> None:
        """Set `$in.items`; fails as the first failing branch did, after which no further one begins."""
        if event.depth >= MAX_DEPTH:
            message = f"more than {MAX_DEPTH} foreach within each other"
            raise PipeFailure("depth", message, kind="limit")
        items = self._items(event)
        most = event.budget.most
        if len(items) > most - event.budget.used:  # none of the branches begins when they cannot all end
            message = f"{len(items)} branches are more than the {most} pipes that one event may enter"
            raise PipeFailure("max_steps", message, kind="limit")
        parent = dict(event.data)  # a copy: what a branch keeps of it must not lead back to its own result
        branches = [
            event.branch({"item": item, "index": index, "parent": parent}) for index, item in enumerate(items)
        ]
        failed = await self._run_all(branches, self.concurrency.get(event.scope))
        if event.trace is not None:
            event.trace.steps[-1].branches = [
                branch.trace.steps for branch in branches if branch.trace is not None
            ]
        for branch in branches:
            event.effects += branch.effects
            event.jobs += branch.jobs
        for index, result in sorted(failed.items()):
            raise _failure(index, result)
        event.data["items"] = [_result(branch) for branch in branches]

    def _items(self, event: Event) -> list[Any]:
        items = self.items.render(event.scope)
        if isinstance(items, list):
            return items
        hint = ""
        if isinstance(items, str) and self.written.startswith("$") and not self.written.startswith("$#"):
            hint = f"; `{self.written}` gives text: write `$#{self.written[1:]}` for the value itself"
        raise parameter_failure("items", f"a list is needed, not {shown(items)}{hint}")

    async def _run_all(self, branches: list[Event], concurrency: int) -> "dict[int, Result]":
        """Run the branches; those that failed, by index. Once one has, those under way are the last."""
        failed: dict[int, Result] = {}
        waiting = iter(enumerate(branches))

        async def work() -> None:
            for index, branch in waiting:
                result = await branch.run_from(self.entry)
                if result.error is not None:
                    failed[index] = result
                if failed:
                    return

        workers = min(concurrency, len(branches))
        if workers == 1:
            await work()
            return failed
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(workers):
                    tasks.create_task(work())
        except ExceptionGroup as group:  # the journal's: what goes wrong in a branch is in its result
            raise group.exceptions[0] from None
        return failed


def _result(branch: Event) -> dict[str, Any]:
    """What a branch left, without what it was only lent."""
    return {key: value for key, value in branch.data.items() if key != "parent"}


def _failure(index: int, result: "Result") -> PipeFailure:
    error = dict(result.error or {})
    message = f"item {index}, pipe {error['pipe']}: {error['message']}"
    if result.state == "uncertain":
        return Uncertain(message)
    return PipeFailure(
        error["code"], message, kind=error["kind"], status=error["status"], retryable=error["retryable"]
    )


def _positive(value: Any) -> int:
    number = integer(value)
    if number < 1:
        raise ValueError(f"{shown(value)} is not above zero")
    return number


def compile_foreach(params: ForeachParams, context: PipeContext) -> ForeachPipe:
    """Compile the list; one that can never be a list is a fault."""
    if not isinstance(params.items, list | str):
        context.fault("items must be a list", "items")
    return ForeachPipe(
        items=context.document(params.items, "items"),
        written=params.items if isinstance(params.items, str) else "",
        entry=params.pipeline,
        concurrency=context.parameter(params.concurrency, _positive, "concurrency"),
    )


def _exits(params: ForeachParams) -> list[tuple[int, tuple[str | int, ...]]]:
    return [(params.pipeline, ("pipeline",))]


SPEC = PipeSpec(
    name="foreach",
    summary="Runs a branch of the pipeline for every element of a list, and joins what the branches leave.",
    params=ForeachParams,
    compile=compile_foreach,
    pure=False,
    pipelines=EVENT_PIPELINES,
    writes=("items",),
    exits=_exits,
    branching=True,
    examples=(
        PipeExample(
            "a branch of pipe 10 alone, for every part of a message",
            params={"items": "$#in.parts", "pipeline": 10},
            before={"parts": ["Hello", "world"]},
            after={"items": [{"item": "Hello", "index": 0}, {"item": "world", "index": 1}]},
            outs={"success": 2},
        ),
        PipeExample(
            "four branches at once, of a list that is put together here",
            params={"items": ["$in.first", "$in.second"], "pipeline": 10, "concurrency": 4},
            before={"first": "a", "second": "b"},
            after={"items": [{"item": "a", "index": 0}, {"item": "b", "index": 1}]},
        ),
        PipeExample(
            "text in place of a list",
            params={"items": "$in.parts", "pipeline": 10},
            before={"parts": ["Hello"]},
            exit="error",
            error={
                "code": "parameter",
                "kind": "parameter",
                "message": "items: a list is needed, not '[\"Hello\"]'; `$in.parts` gives text: write"
                " `$#in.parts` for the value itself",
            },
        ),
    ),
)
