"""Compiling a channel: parameters checked, templates compiled, steps linked, all faults at once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from akrun.engine.context import CompileContext, Faults, Shared
from akrun.engine.pipeline import DEFAULT_MAX_STEPS, Pipeline, Step
from akrun.engine.secrets import Masker, secrets_in
from akrun.errors import Fault, FileFaults
from akrun.graph import back_edges, reached
from akrun.model import codes as file_codes
from akrun.model.channel import Channel
from akrun.model.entities import OPERATIONS
from akrun.model.fields import OBJECTS, data_fields
from akrun.model.load import load_channel_file
from akrun.model.located import LocatedDocument
from akrun.model.pipelines import PIPELINES
from akrun.model.pipes import PipeModel
from akrun.pipes import REGISTRY, codes
from akrun.pipes.spec import OPERATION, IoPipe, PipeDefaults, PipeSpec, PurePipe
from aktmpl import Environment, TemplateError
from aktmpl.errors import nearest


@dataclass(frozen=True, slots=True)
class CompiledChannel:
    """A channel whose pipelines can run.

    Attributes:
        channel: the model.
        pipelines: by name, those that have pipes.
        operations: of the entities, by shortname and operation.
        secrets: (root, path) of every secret field.
    """

    channel: Channel
    pipelines: Mapping[str, Pipeline]
    operations: Mapping[tuple[str, str], Pipeline] = field(default_factory=dict)
    secrets: tuple[tuple[str, str], ...] = ()

    def pipeline(self, name: str, constants: Mapping[str, Any] | None = None) -> Pipeline:
        """A pipeline, specialised for a mailing's constants if they are given.

        Raises KeyError when the channel has no such pipeline.
        """
        found = self.pipelines[name]
        return found if not constants else found.specialize(constants)

    def masker(self, constants: Mapping[str, Any]) -> Masker:
        """Hides the values that the channel's secret fields have in these constants."""
        return Masker(secrets_in(constants, self.secrets))

    def secrets_of(self, row: Mapping[str, Any]) -> dict[str, str]:
        """By name the values of the subscription's secret fields in the roots of one message."""
        paths = [path for path in self.secrets if path[0] == "subscription"]
        return secrets_in(row, paths) if paths else {}


def secret_fields(channel: Channel) -> list[tuple[str, str]]:
    """(root, path) of the channel's secret fields."""
    return [
        (name, each.name) for name in OBJECTS for each in data_fields(channel.fields.of(name)) if each.secret
    ]


def load_channel(path: str | Path, defaults: PipeDefaults | None = None) -> CompiledChannel:
    """Read a channel from a `.json`, `.yaml` or `.yml` file, and compile it.

    Args:
        path: the file.
        defaults: what the configuration sets; see `akrun.pipe_defaults`.

    Raises:
        FileFaults: every fault of the file; those of its pipes are looked for when the rest is right.
    """
    return compile_channel(*load_channel_file(path), defaults)


def compile_channel(
    channel: Channel,
    located: LocatedDocument,
    defaults: PipeDefaults | None = None,
    environment: Environment | None = None,
) -> CompiledChannel:
    """Compile all pipelines of a channel and of its entities' operations.

    Args:
        channel: the model.
        located: the file it was read from, for the places of faults.
        defaults: what the configuration sets.
        environment: compiles the templates; its roots must include `aktmpl.CHANNEL_ROOTS`.

    Raises:
        FileFaults: every fault of every pipe.
    """
    compiled, faults = compile_with_faults(channel, located, defaults, environment)
    if faults:
        raise FileFaults(faults)
    return compiled


def compile_with_faults(
    channel: Channel,
    located: LocatedDocument,
    defaults: PipeDefaults | None = None,
    environment: Environment | None = None,
) -> tuple[CompiledChannel, list[Fault | TemplateError]]:
    """As `compile_channel`, but faults are returned beside what could be compiled.

    What is faulty is left out: a pipe has neither `pure` nor `io`, an empty template takes a template's
    place. With faults the channel is for looking at, not for running.
    """
    shared = Shared(channel, defaults or PipeDefaults(), environment or Environment(), Faults(located))
    compiler = _Compiler(shared)
    pipelines = {}
    for name in PIPELINES:
        pipes = () if channel.pipelines is None else channel.pipelines.of(name)
        if pipes:
            pipelines[name] = compiler.pipeline(name, pipes, ("pipelines", name))
    operations = {}
    for index, entity in enumerate(channel.entities):
        for name in OPERATIONS:
            operation = entity.operations.of(name)
            if operation is not None:
                at = ("entities", index, "operations", name, "pipeline")
                pipeline = f"{entity.shortname}.{name}"
                operations[entity.shortname, name] = compiler.pipeline(
                    pipeline, operation.pipeline, at, OPERATION
                )
    compiled = CompiledChannel(channel, pipelines, operations, tuple(secret_fields(channel)))
    return compiled, shared.faults.found


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

    def pipeline(
        self, name: str, pipes: tuple[PipeModel, ...], at: tuple[str | int, ...], kind: str | None = None
    ) -> Pipeline:
        """The linked steps; only of use when there are no faults in the end.

        Args:
            name: `message`, …, or of an operation, such as `category.list`.
            pipes: the pipes.
            at: where they stand in the file.
            kind: what specs call pipelines like this one; their names as default.
        """
        steps: dict[int, Step] = {}
        ways: dict[int, list[tuple[int, tuple[str | int, ...]]]] = {}
        ids = [pipe.id for pipe in pipes]
        for index, pipe in enumerate(pipes):
            step, exits = self._step(pipe, _Place(name, kind or name, ids, (*at, index)))
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
        self._report_endless_branches(pipes, ways, at)
        self._report_repeated(pipes, ways, at)
        return Pipeline(
            name, self.shared.channel.id, steps, self.shared.defaults.max_steps or DEFAULT_MAX_STEPS
        )

    def _report_loops(self, ways: Mapping[int, list[tuple[int, tuple[str | int, ...]]]]) -> None:
        for pipe_id, target, place in back_edges(ways):
            message = f"pipe {pipe_id} leads back to pipe {target}: an event could go round for ever"
            self.shared.faults.add(
                codes.ENDLESS_LOOP, message, place, "hand the event over by a `scheduled` pipe"
            )

    def _report_endless_branches(
        self,
        pipes: tuple[PipeModel, ...],
        ways: Mapping[int, list[tuple[int, tuple[str | int, ...]]]],
        at: tuple[str | int, ...],
    ) -> None:
        """Faults of branches that lead to the pipe that runs them; a number of steps does not help these."""
        for index, pipe in enumerate(pipes):
            if pipe.type not in REGISTRY or not REGISTRY[pipe.type].branching:
                continue
            params = (*at, index, "params")
            for target, place in ways[pipe.id]:
                inside = place[: len(params)] == params
                if inside and (target == pipe.id or pipe.id in reached(ways, target)):
                    message = f"the branch leads back to pipe {pipe.id}, which runs it"
                    self.shared.faults.add(codes.ENDLESS_LOOP, message, place)

    def _report_repeated(
        self,
        pipes: tuple[PipeModel, ...],
        ways: Mapping[int, list[tuple[int, tuple[str | int, ...]]]],
        at: tuple[str | int, ...],
    ) -> None:
        """Faults of pipes that may stand only once on a way, and stand below another of their kind."""
        single = {each.id: each for each in pipes if each.type in REGISTRY and REGISTRY[each.type].once}
        above = {pipe_id: reached(ways, pipe_id) for pipe_id in single}
        for index, pipe in enumerate(pipes):
            if pipe.id not in single:
                continue
            for pipe_id, below in above.items():
                if pipe_id != pipe.id and pipe.id in below and single[pipe_id].type == pipe.type:
                    message = f"pipe {pipe.id} stands below pipe {pipe_id}, which is a `{pipe.type}` as well"
                    hint = f"of every way through the pipeline only one pipe may be a `{pipe.type}`"
                    self.shared.faults.add(codes.REPEATED, message, (*at, index, "type"), hint)
                    break

    def _step(self, pipe: PipeModel, place: "_Place") -> tuple[Step, list[tuple[int, tuple[str | int, ...]]]]:
        spec = REGISTRY.get(pipe.type)
        compiled: PurePipe | IoPipe | None = None
        exits: list[tuple[int, tuple[str | int, ...]]] = []
        if spec is None:
            hint = nearest(pipe.written_type, REGISTRY) or "types: " + ", ".join(sorted(REGISTRY))
            self.shared.faults.add(
                codes.UNKNOWN_PIPE,
                f"there is no pipe of type `{pipe.written_type[:80]}`",
                (*place.at, "type"),
                hint,
            )
        else:
            compiled, exits = self._compiled(spec, pipe, place)
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
        self, spec: PipeSpec[Any], pipe: PipeModel, place: "_Place"
    ) -> tuple[PurePipe | IoPipe | None, list[tuple[int, tuple[str | int, ...]]]]:
        self._check_place(spec, pipe, place)
        inside = (*place.at, "params")
        try:
            params = spec.params.model_validate(pipe.params)
        except ValidationError as error:
            self.shared.faults.add_validation(error, inside)
            params = _rest(spec, pipe, error)
            if params is None:
                return None, []
            context = CompileContext(self.shared, place.pipeline, pipe, inside, incomplete=True)
        else:
            context = CompileContext(self.shared, place.pipeline, pipe, inside)
        compiled = spec.compile(params, context)
        exits = [] if spec.exits is None else spec.exits(params)
        for target, way in exits:
            if target not in place.ids:
                hint = "pipes here: " + ", ".join(map(str, place.ids))
                message = f"the exit leads to pipe {target}, which is not here"
                self.shared.faults.add(file_codes.PIPE_EXIT, message, (*inside, *way), hint)
        return compiled, [(target, (*inside, *way)) for target, way in exits]

    def _check_place(self, spec: PipeSpec[Any], pipe: PipeModel, place: "_Place") -> None:
        """Faults of what stands beside the parameters."""
        faults = self.shared.faults
        if place.kind not in spec.pipelines:
            message = f"a pipe of type `{spec.name}` cannot stand in the pipeline `{place.pipeline}`"
            hint = None
            if place.kind == OPERATION:
                allowed = {each.name for each in REGISTRY.values() if OPERATION in each.pipelines}
                hint = "in an entity's operation: " + ", ".join(sorted(allowed))
            elif spec.pipelines == {OPERATION}:
                hint = "it is for the operations of entities"
            faults.add(codes.MISPLACED_PIPE, message, (*place.at, "type"), hint)
        if pipe.retry is not None and not spec.retried:
            message = f"a pipe of type `{spec.name}` is not repeated"
            faults.add(codes.NO_RETRY, message, (*place.at, "retry"), on_key=True)
        if spec.final:
            for way in ("success", "error"):
                if getattr(pipe.outs, way) is not None:
                    message = f"a pipe of type `{spec.name}` ends the event: it has no exits"
                    faults.add(codes.NO_EXITS, message, (*place.at, "outs", way), on_key=True)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a pipe stands: in which pipeline, beside which pipes, at which path of the file."""

    pipeline: str
    kind: str
    ids: list[int]
    at: tuple[str | int, ...]


def _rest(spec: PipeSpec[Any], pipe: PipeModel, error: ValidationError) -> Any:
    """The parameters without those that were refused, so that faults in the others are found as well."""
    refused = {each["loc"][0] for each in error.errors(include_url=False) if each["loc"]}
    try:
        return spec.params.model_validate(
            {key: each for key, each in pipe.params.items() if key not in refused}
        )
    except ValidationError:
        return None
