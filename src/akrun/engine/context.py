"""What pipes are compiled with: templates that know their place in the file, and a collector of faults."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from akrun.errors import Fault
from akrun.model.base import literals
from akrun.model.channel import Channel
from akrun.model.explain import faults_of
from akrun.model.located import LocatedDocument
from akrun.model.pipes import PipeModel, Retry
from akrun.model.positions import to_pointer
from akrun.net.ratelimit import RateLimit
from akrun.pipes import codes
from akrun.pipes.spec import Parameter, PipeDefaults
from aktmpl import DocumentTemplate, Environment, Query, TemplateError, TextTemplate
from aktmpl.errors import error as fault_at
from aktmpl.errors import nearest
from aktmpl.source import Origin, Source
from aktmpl.sql import Dialect, SqlTemplate

T = TypeVar("T")

_PYDANTIC_ERRORS = frozenset(literals(core_schema.ErrorType))


class Faults:
    """The faults found in one file so far; a place is a path of keys and indexes in it."""

    def __init__(self, located: LocatedDocument) -> None:
        self.located = located
        self.found: list[Fault | TemplateError] = []

    def add(
        self,
        code: str,
        message: str,
        at: tuple[str | int, ...],
        hint: str | None = None,
        *,
        on_key: bool = False,
    ) -> None:
        """Note a fault at a value, or with `on_key` at its key."""
        pointer = to_pointer(at)
        span = self.located.span(pointer, key=True) if on_key else self.located.first_line(pointer)
        self.found.append(Fault(code, message, hint, self.located.source, span))

    def add_validation(self, error: ValidationError, at: tuple[str | int, ...]) -> None:
        """Note what a model refused in the part of the file at `at`."""
        details = []
        for each in error.errors(include_url=False):
            kind: str | PydanticCustomError = each["type"]
            context = each.get("ctx", {})
            if kind not in _PYDANTIC_ERRORS:
                kind = PydanticCustomError(each["type"], each["msg"], context)  # pyright: ignore[reportArgumentType]
            loc = (*at, *each["loc"])
            details.append(InitErrorDetails(type=kind, loc=loc, input=each["input"], ctx=context))
        self.found.extend(faults_of(ValidationError.from_exception_data(error.title, details), self.located))


@dataclass(slots=True)
class Shared:
    """What the pipes of one channel are compiled with in common.

    Attributes:
        channel: the model.
        defaults: what the configuration sets.
        environment: compiles the templates.
        faults: all that was found so far.
        limits: rate limits by name.
    """

    channel: Channel
    defaults: PipeDefaults
    environment: Environment
    faults: Faults
    limits: dict[str, RateLimit] = field(default_factory=dict)


class CompileContext:
    """The context of one pipe (see `PipeContext`)."""

    def __init__(
        self,
        shared: Shared,
        pipeline: str,
        pipe: PipeModel,
        params_at: tuple[str | int, ...],
        *,
        incomplete: bool = False,
    ) -> None:
        """Prepare to compile a pipe.

        Args:
            shared: what all pipes of the channel have in common.
            pipeline: the pipeline's name.
            pipe: the pipe.
            params_at: the path of its `params` in the file.
            incomplete: some parameters were refused already; what the others lack because of it is not told.
        """
        self._incomplete = incomplete
        self.channel = shared.channel
        self.pipeline = pipeline
        self.pipe_id = pipe.id
        self.retry: Retry | None = pipe.retry
        self.defaults = shared.defaults
        self._environment = shared.environment
        self._faults = shared.faults
        self._limits = shared.limits
        self._params_at = params_at

    def text(self, text: str, *at: str | int) -> TextTemplate:
        """Compile a text; a faulty one is reported, and an empty one takes its place."""
        try:
            return self._environment.compile_text(text, self._source(text, at))
        except TemplateError as error:
            self._faults.found.extend(error.faults)
            return self._environment.compile_text("")

    def document(self, value: Any, *at: str | int) -> DocumentTemplate:
        """Compile a JSON value with templates in it."""
        prefix = to_pointer((*self._params_at, *at))

        def locate(pointer: str, is_key: bool) -> Origin | None:  # noqa: FBT001 - the shape the language calls
            return self._faults.located.origin(prefix + pointer, is_key)

        try:
            return self._environment.compile_document(value, self._faults.located.source.name, locate)
        except TemplateError as error:
            self._faults.found.extend(error.faults)
            return self._environment.compile_document({})

    def query(self, text: str, *at: str | int) -> Query:
        """Compile a condition."""
        try:
            return self._environment.compile_query(text, self._source(text, at))
        except TemplateError as error:
            self._faults.found.extend(error.faults)
            return self._environment.compile_query("true")

    def sql(
        self, text: str, dialect: Dialect, identifiers: Collection[str] | None, *at: str | int
    ) -> SqlTemplate | None:
        """Compile a statement with parameters."""
        try:
            statement = self._environment.compile_sql(text, self._source(text, at), dialect)
        except TemplateError as error:
            self._faults.found.extend(error.faults)
            return None
        for template, name in statement.constant_names():
            if identifiers is not None and name not in identifiers:
                hint = nearest(name, identifiers) or "list it in the connector's `identifiers`"
                message = f"the connector allows no name `{name[:80]}`"
                place = template.source, template.nodes.span
                self._faults.found.append(fault_at("E210", message, *place, hint))
        return statement

    def parameter(self, value: Any, convert: Callable[[Any], T], *at: str | int) -> Parameter[T]:
        """A constant (a value that is no text, or a text without `$`) or a template."""
        name = ".".join(map(str, at))
        if isinstance(value, str) and "$" in value:
            return Parameter(name, convert, template=self.text(value, *at))
        try:
            return Parameter(name, convert, constant=convert(value))
        except ValueError as error:
            message, _, hint = str(error).partition("; ")
            self._faults.add(codes.PARAMETER, f"`{name}`: {message}", (*self._params_at, *at), hint or None)
            return Parameter(name, convert)

    def limit(self, name: str, limit: RateLimit, *at: str | int) -> None:
        """Note a shared rate limit."""
        known = self._limits.setdefault(name, limit)
        if (known.per_second, known.capacity) != (limit.per_second, limit.capacity):
            message = f"the limit `{limit.key}` has another rate in an earlier pipe"
            self._faults.add(codes.LIMIT_CONFLICT, message, (*self._params_at, *at))

    def fault(self, message: str, *at: str | int, hint: str | None = None) -> None:
        """Report what is wrong with a parameter."""
        if not self._incomplete:
            self._faults.add(codes.PARAMETER, message, (*self._params_at, *at), hint)

    def _source(self, text: str, at: tuple[str | int, ...]) -> Source:
        located = self._faults.located
        pointer = to_pointer((*self._params_at, *at))
        return Source(text, located.source.name, pointer, located.origin(pointer))
