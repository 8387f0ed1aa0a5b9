"""What a kind of pipe is: its spec, its parameters, its compiled form."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, Protocol, Self, TypeVar

from akrun.engine.event import Event
from akrun.errors import PipeFailure
from akrun.model.base import Model
from akrun.model.channel import Channel
from akrun.model.pipes import Retry
from akrun.net.message import Request
from akrun.net.ratelimit import RateLimit
from akrun.pipes.effect import Effects
from akrun.pipes.examples import PipeExample
from akrun.sql.config import Connector
from aktmpl import DocumentTemplate, Query, TextTemplate
from aktmpl.sql import Dialect, SqlTemplate

EVENT_PIPELINES = frozenset({"message", "schedule", "listener", "moderate", "stop"})
OPERATION = "operation"
"""The pipeline of an entity's operation."""
ALL_PIPELINES = EVENT_PIPELINES | {OPERATION}

T = TypeVar("T")
P = TypeVar("P", bound=Model)


class Specializable(Protocol):
    """What can be folded with values known beforehand."""

    def specialize(self, constants: Mapping[str, Any], /) -> Self:
        """The same with the roots in `constants` folded in."""
        ...


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """A parameter that is not just text: a constant, or a template whose value is converted when it is read.

    Attributes:
        name: as the file spells it.
        convert: value → what the pipe uses; raises ValueError that says what is wrong.
        constant: the converted value, where there is no template.
    """

    name: str
    convert: Callable[[Any], T]
    template: TextTemplate | None = None
    constant: T | None = None

    def get(self, scope: dict[str, Any]) -> T:
        """The value for this scope; raises TemplateError or PipeFailure of kind `parameter`."""
        if self.template is None:
            return self.constant  # type: ignore[return-value]
        try:
            return self.convert(self.template.render(scope))
        except ValueError as exc:
            raise parameter_failure(self.name, str(exc)) from exc

    def specialize(self, constants: Mapping[str, Any], /) -> Self:
        """The same with known roots folded; what is wrong with a folded value shows when it is read."""
        if self.template is None:
            return self
        return replace(self, template=self.template.specialize(constants))


class CompiledPipe:
    """Base of compiled pipes: frozen dataclasses of templates and plain values."""

    __slots__ = ()

    def specialize(self, constants: Mapping[str, Any], /) -> Self:
        """The same pipe with every template in it specialised."""
        parts = {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]
        folded = {name: _specialized(part, constants) for name, part in parts.items()}
        return replace(self, **folded)  # type: ignore[type-var]


def _specialized(part: Any, constants: Mapping[str, Any]) -> Any:
    if isinstance(part, tuple):
        return tuple(_specialized(each, constants) for each in part)
    return part.specialize(constants) if hasattr(part, "specialize") else part


class PurePipe(Protocol):
    """A compiled pipe that neither waits nor does I/O."""

    def run(self, event: Event, /) -> int | None:
        """Do the work; None leaves by `outs.success`, a pipe id by that exit. Raises on failure."""
        ...

    def specialize(self, constants: Mapping[str, Any], /) -> Self:
        """The same with known roots folded in."""
        ...


class IoPipe(Protocol):
    """A compiled pipe that waits for something outside."""

    async def run(self, event: Event, /) -> int | None:
        """As `PurePipe.run`."""
        ...

    def prepare(self, event: Event, /) -> Request | None:
        """The HTTP request that `run` would send now; None for a pipe that sends none. Changes nothing."""
        ...

    def specialize(self, constants: Mapping[str, Any], /) -> Self:
        """The same with known roots folded in."""
        ...


@dataclass(frozen=True, slots=True)
class PipeDefaults:
    """Defaults of parameters that come from the configuration.

    Attributes:
        http_timeout: seconds (`PIPE_HTTP_TIMEOUT`).
        http_max_conn: connections per host (`PIPE_HTTP_MAX_CONN`).
        worker_size: most events at once in a pipe (`PIPE_WORKER_SIZE`).
        connectors: the databases by id, where the configuration is known; None where it is not.
        scheduler_delay: seconds until an event that is handed over is due (`PIPE_SCHEDULER_DELAY`).
        max_steps: most pipes per event in pipelines with a loop; without it a loop is a fault.
    """

    http_timeout: float = 30.0
    http_max_conn: int = 64
    worker_size: int = 256
    scheduler_delay: float = 60.0
    connectors: Mapping[str, Connector] | None = None
    max_steps: int | None = None


class PipeContext(Protocol):
    """What a spec compiles its parameters with; faults are collected, so compiling goes on after one.

    `at` is the path of a parameter within `params`, such as `("outs", 0, "query")`.
    """

    @property
    def channel(self) -> Channel:
        """The channel the pipe belongs to."""
        ...

    @property
    def pipeline(self) -> str:
        """The pipeline the pipe stands in."""
        ...

    @property
    def pipe_id(self) -> int:
        """The pipe's id."""
        ...

    @property
    def retry(self) -> Retry | None:
        """The `retry` beside the parameters."""
        ...

    @property
    def defaults(self) -> PipeDefaults:
        """The configuration's defaults."""
        ...

    def text(self, text: str, *at: str | int) -> TextTemplate:
        """Compile a text."""
        ...

    def document(self, value: Any, *at: str | int) -> DocumentTemplate:
        """Compile a JSON value with templates in it."""
        ...

    def query(self, text: str, *at: str | int) -> Query:
        """Compile a condition."""
        ...

    def sql(
        self, text: str, dialect: Dialect, identifiers: Collection[str] | None, *at: str | int
    ) -> SqlTemplate | None:
        """Compile a statement with parameters; None for a faulty one.

        Names that are known now must be among `identifiers`, if these are known too.
        """
        ...

    def parameter(self, value: Any, convert: Callable[[Any], T], *at: str | int) -> Parameter[T]:
        """A constant, converted now (its fault is reported), or a template, converted when it is read."""
        ...

    def limit(self, name: str, limit: RateLimit, *at: str | int) -> None:
        """Note the use of a rate limit; the same name with another rate is a fault."""
        ...

    def fault(self, message: str, *at: str | int, hint: str | None = None) -> None:
        """Report what is wrong with a parameter."""
        ...


@dataclass(frozen=True, slots=True)
class PipeSpec(Generic[P]):
    """One kind of pipe; everything known about it follows from this: checking, compiling, documentation.

    Attributes:
        name: the `type` in a channel file.
        summary: one sentence.
        params: the model of `params`; each field has a docstring.
        compile: checked parameters → compiled pipe; reports faults to the context.
        pure: whether it runs as a plain call.
        aliases: other spellings of `type` that are accepted.
        pipelines: where it may stand.
        reads, writes: the keys of `$in` it reads and sets by itself, apart from its templates.
        effect: the same of one compiled pipe, with types; by default what `writes` says, of any type.
        exits: pipe ids that lead out of the pipe besides `outs`, each with its path within `params`.
        branching: whether its `exits` lead into branches, which come back to it when they end.
        retried: whether it repeats itself by the `retry` beside its parameters.
        final: whether it ends the event, so that it has no exits.
        once: whether no other of its kind may follow it on any way through the pipeline.
        examples: shown in the documentation and executed by the tests.
    """

    name: str
    summary: str
    params: type[P]
    compile: Callable[[P, PipeContext], PurePipe | IoPipe]
    pure: bool
    aliases: tuple[str, ...] = ()
    pipelines: frozenset[str] = ALL_PIPELINES
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    effect: Effects | None = None
    exits: Callable[[P], list[tuple[int, tuple[str | int, ...]]]] | None = None
    branching: bool = False
    retried: bool = False
    final: bool = False
    once: bool = False
    examples: tuple[PipeExample, ...] = ()


def parameter_failure(name: str, message: str) -> PipeFailure:
    """The failure of a pipe whose parameter has a value it cannot use."""
    return PipeFailure("parameter", f"{name}: {message}", kind="parameter")
