"""Compiling a channel: parameters checked, templates compiled, steps linked, all faults at once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from akrun.engine.context import CompileContext, Faults, Shared
from akrun.engine.loops import back_edges
from akrun.engine.pipeline import DEFAULT_MAX_STEPS, Pipeline, Step
from akrun.engine.secrets import Masker, secrets_in
from akrun.errors import FileFaults
from akrun.model import codes as file_codes
from akrun.model.channel import Channel
from akrun.model.fields import OBJECTS, data_fields
from akrun.model.located import LocatedDocument
from akrun.model.pipelines import PIPELINES
from akrun.model.pipes import PipeModel
from akrun.pipes import REGISTRY, codes
from akrun.pipes.spec import IoPipe, PipeDefaults, PipeSpec, PurePipe
from aktmpl import Environment
from aktmpl.errors import nearest


@dataclass(frozen=True, slots=True)
class CompiledChannel:
    """A channel whose pipelines can run.

    Attributes:
        channel: the model.
        pipelines: by name, those that have pipes.
    """

    channel: Channel
    pipelines: Mapping[str, Pipeline]

    def pipeline(self, name: str, constants: Mapping[str, Any] | None = None) -> Pipeline:
        """A pipeline, specialised for a mailing's constants if they are given.

        Raises KeyError when the channel has no such pipeline.
        """
        found = self.pipelines[name]
        return found if not constants else found.specialize(constants)

    def masker(self, constants: Mapping[str, Any]) -> Masker:
        """Hides the values that the channel's secret fields have in these constants."""
        return Masker(secrets_in(constants, secret_fields(self.channel)))


def secret_fields(channel: Channel) -> list[tuple[str, str]]:
    """(root, path) of the channel's secret fields."""
    return [
        (name, each.name) for name in OBJECTS for each in data_fields(channel.fields.of(name)) if each.secret
    ]


def compile_channel(
    channel: Channel,
    located: LocatedDocument,
    defaults: PipeDefaults | None = None,
    environment: Environment | None = None,
) -> CompiledChannel:
    """Compile all pipelines of a channel.

    Args:
        channel: the model.
        located: the file it was read from, for the places of faults.
        defaults: what the configuration sets.
        environment: compiles the templates; its roots must include `aktmpl.CHANNEL_ROOTS`.

    Raises:
        FileFaults: every fault of every pipe.
    """
    shared = Shared(channel, defaults or PipeDefaults(), environment or Environment(), Faults(located))
    compiler = _Compiler(shared)
    pipelines = {}
    for name in PIPELINES:
        pipes = () if channel.pipelines is None else channel.pipelines.of(name)
        if pipes:
            pipelines[name] = compiler.pipeline(name, pipes)
    if shared.faults.found:
        raise FileFaults(shared.faults.found)
    return CompiledChannel(channel, pipelines)


def compile_pipeline(
    channel: Channel,
    located: LocatedDocument,
    name: str,
    constants: Mapping[str, Any] | None = None,
    defaults: PipeDefaults | None = None,
) -> Pipeline:
    """Compile the whole channel and give one pipeline of it; arguments and errors as of its parts."""
    return compile_channel(channel, located, defaults).pipeline(name, constants)


@dataclass(slots=True)
class _Compiler:
    shared: Shared

    def pipeline(self, name: str, pipes: tuple[PipeModel, ...]) -> Pipeline:
        """The linked steps; only of use when there are no faults in the end."""
        at = ("pipelines", name)
        steps: dict[int, Step] = {}
        ways: dict[int, list[tuple[int, tuple[str | int, ...]]]] = {}
        for index, pipe in enumerate(pipes):
            step, exits = self._step(pipe, name, (*at, index))
            steps[pipe.id] = step
            ways[pipe.id] = [
                (target, (*at, index, "outs", way))
                for way, target in (("success", pipe.outs.success), ("error", pipe.outs.error))
                if target is not None
            ] + exits
        for pipe in pipes:
            step = steps[pipe.id]
            step.success = None if pipe.outs.success is None else steps.get(pipe.outs.success)
            step.error = None if pipe.outs.error is None else steps.get(pipe.outs.error)
            step.exits = {way: steps[way] for way, _ in ways[pipe.id] if way in steps}
        if self.shared.defaults.max_steps is None:
            self._report_loops(ways)
        return Pipeline(
            name, self.shared.channel.id, steps, self.shared.defaults.max_steps or DEFAULT_MAX_STEPS
        )

    def _report_loops(self, ways: Mapping[int, list[tuple[int, tuple[str | int, ...]]]]) -> None:
        for pipe_id, target, place in back_edges(ways):
            message = f"pipe {pipe_id} leads back to pipe {target}: an event could go round for ever"
            self.shared.faults.add(
                codes.ENDLESS_LOOP, message, place, "hand the event over by a `scheduled` pipe"
            )

    def _step(
        self, pipe: PipeModel, pipeline: str, at: tuple[str | int, ...]
    ) -> tuple[Step, list[tuple[int, tuple[str | int, ...]]]]:
        spec = REGISTRY.get(pipe.type)
        compiled: PurePipe | IoPipe | None = None
        exits: list[tuple[int, tuple[str | int, ...]]] = []
        if spec is None:
            hint = nearest(pipe.written_type, REGISTRY) or "types: " + ", ".join(sorted(REGISTRY))
            self.shared.faults.add(
                codes.UNKNOWN_PIPE,
                f"there is no pipe of type `{pipe.written_type[:80]}`",
                (*at, "type"),
                hint,
            )
        else:
            compiled, exits = self._compiled(spec, pipe, pipeline, at)
        pure = spec is None or spec.pure
        step = Step(
            id=pipe.id,
            type=pipe.type,
            label=pipe.label,
            pure=compiled if pure else None,  # type: ignore[arg-type]  # the spec says which of the two it is
            io=None if pure else compiled,  # type: ignore[arg-type]
            workers=asyncio.Semaphore(pipe.workers or self.shared.defaults.worker_size),
        )
        return step, exits

    def _compiled(
        self, spec: PipeSpec[Any], pipe: PipeModel, pipeline: str, at: tuple[str | int, ...]
    ) -> tuple[PurePipe | IoPipe | None, list[tuple[int, tuple[str | int, ...]]]]:
        if pipeline not in spec.pipelines:
            message = f"a pipe of type `{spec.name}` cannot stand in the pipeline `{pipeline}`"
            self.shared.faults.add(codes.MISPLACED_PIPE, message, (*at, "type"))
        if pipe.retry is not None and not spec.retried:
            self.shared.faults.add(
                codes.NO_RETRY, f"a pipe of type `{spec.name}` is not repeated", (*at, "retry"), on_key=True
            )
        inside = (*at, "params")
        try:
            params = spec.params.model_validate(pipe.params)
        except ValidationError as error:
            self.shared.faults.add_validation(error, inside)
            params = _rest(spec, pipe, error)
            if params is None:
                return None, []
            context = CompileContext(self.shared, pipeline, pipe, inside, incomplete=True)
        else:
            context = CompileContext(self.shared, pipeline, pipe, inside)
        compiled = spec.compile(params, context)
        exits = [] if spec.exits is None else spec.exits(params)
        ids = self._ids(pipeline)
        for target, place in exits:
            if target not in ids:
                hint = "pipes here: " + ", ".join(map(str, ids))
                message = f"the exit leads to pipe {target}, which is not here"
                self.shared.faults.add(file_codes.PIPE_EXIT, message, (*inside, *place), hint)
        return compiled, [(target, (*inside, *place)) for target, place in exits]

    def _ids(self, pipeline: str) -> list[int]:
        pipes = () if self.shared.channel.pipelines is None else self.shared.channel.pipelines.of(pipeline)
        return [pipe.id for pipe in pipes]


def _rest(spec: PipeSpec[Any], pipe: PipeModel, error: ValidationError) -> Any:
    """The parameters without those that were refused, so that faults in the others are found as well."""
    refused = {each["loc"][0] for each in error.errors(include_url=False) if each["loc"]}
    try:
        return spec.params.model_validate(
            {key: each for key, each in pipe.params.items() if key not in refused}
        )
    except ValidationError:
        return None
