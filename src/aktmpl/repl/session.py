"""What the prompt knows and does, without a terminal: lines in, answers out."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

from aktmpl import explain
from aktmpl.cli.channel_file import read_channel
from aktmpl.cli.data_file import DataFault, parse_json, read_value
from aktmpl.cli.inputs import merged
from aktmpl.cli.json_places import places
from aktmpl.describe_functions import description
from aktmpl.environment import CHANNEL_ROOTS, Environment, is_root_name
from aktmpl.errors import Fault, TemplateError, error, nearest, type_name
from aktmpl.findings import Finding
from aktmpl.functions.function import Function
from aktmpl.infer import infer
from aktmpl.interpreter import interpret
from aktmpl.nodes import Template, Typed
from aktmpl.parse import parse_query
from aktmpl.repl.commands import COMMANDS, overview, split_command
from aktmpl.repl.scan import Kind, unfinished
from aktmpl.schema import Schema, Type
from aktmpl.source import Origin, Source, Span
from aktmpl.templates import DocumentTemplate, Query, TextTemplate
from aktmpl.values import text_form

_KINDS: dict[str, Kind] = {"text": "text", "doc": "document", "query": "query"}
_TIMED = 0.1
"""How long a template is rendered over and over to time it, in seconds."""

_LONG = 80
"""A longer list or object is shown on several lines."""

Compiled = TextTemplate | DocumentTemplate | Query


@dataclass(frozen=True, slots=True)
class Answer:
    """What a line gives.

    Attributes:
        text: The result, or what a command says.
        faults: Why there is no result; their places are in the line.
        warnings: What may be wrong all the same.
        quit: The session is over.
    """

    text: str = ""
    faults: tuple[TemplateError, ...] = ()
    warnings: tuple[Finding, ...] = ()
    quit: bool = False


class Session:
    """The data, and the kind of template that plain lines are.

    Attributes:
        scope: The data.
        channel: Types of a channel's fields, if one is loaded.
        kind: What plain lines are.
        last: The last template and its kind, for commands that stand alone.
    """

    def __init__(self, scope: dict[str, Any] | None = None, channel: Schema | None = None) -> None:
        self.scope = dict(scope or {})
        self.channel = channel
        self.kind: Kind = "text"
        self.last: tuple[str, Kind] | None = None

    # ----------------------------------------------------------------------------- what is known

    @cached_property
    def environment(self) -> Environment:
        """The environment for the roots at hand."""
        return Environment({*CHANNEL_ROOTS, *filter(is_root_name, self.scope)})

    @cached_property
    def schema(self) -> Schema:
        """What data and channel say about types."""
        shown = Schema.from_data(self.scope)
        return shown.updated(self.channel) if self.channel else shown

    @property
    def roots(self) -> list[str]:
        """Names that a path can begin with; those with data first."""
        return [
            *filter(is_root_name, self.scope),
            *(root for root in CHANNEL_ROOTS if root not in self.scope),
        ]

    @property
    def functions(self) -> dict[str, Function]:
        """The functions by name."""
        return dict(self.environment.functions)

    def type_of(self, root: str) -> Type:
        """What is known of a root."""
        return self.schema.root(root)

    def kind_of(self, command: str) -> Kind:
        """What the argument of a command is."""
        return "query" if command == "type" else _KINDS.get(command, self.kind)

    def argument(self, line: str) -> tuple[int, Kind | None]:
        """Where in a line its template or JSON begins, and what kind that is; None for names and files."""
        command, text = split_command(line)
        start = len(line) - len(text)
        if command is None:
            return (len(line), None) if line.startswith(":") else (0, self.kind)
        if command == "set":
            return start + len(text) - len(text.partition(" ")[2]), "document"
        return start, self.kind_of(command) if "[" in COMMANDS[command].argument else None

    def is_unfinished(self, line: str) -> bool:
        """Whether the line goes on in the next one."""
        command, text = split_command(line)
        if command is not None and "[" not in COMMANDS[command].argument:
            return False
        return unfinished(text, self.kind if command is None else self.kind_of(command))

    def _changed(self) -> None:
        vars(self).pop("environment", None)
        vars(self).pop("schema", None)

    # ------------------------------------------------------------------------------------- lines

    def answer(self, line: str) -> Answer:
        """What a line gives; nothing that a person can type raises."""
        if not line.strip():
            return Answer()
        try:
            if line.startswith(":"):
                return self._command(line)
            return self._render(line, 0, self.kind)
        except TemplateError as fault:
            return Answer(faults=fault.faults)
        except DataFault as fault:
            return Answer(str(fault))

    def _command(self, line: str) -> Answer:
        name, _, argument = line[1:].partition(" ")
        name = name.strip()
        if name not in COMMANDS:
            hint = nearest(name, COMMANDS) or "`:help` lists the commands"
            return Answer(f"there is no command `:{name}`; {hint}")
        start = len(line) - len(argument)
        if name in _KINDS:
            return self._kind(line, start, name)
        if name in _ON_TEMPLATES:
            return self._on_template(line, start, name)
        if COMMANDS[name].argument == "FILE" and not argument.strip():
            return Answer(f"`:{name}` takes a file")
        run: dict[str, Callable[[str], Answer]] = {
            "load": self._load,
            "set": self._set,
            "channel": self._channel,
            "help": self._help,
            "quit": lambda _: Answer(quit=True),
        }
        return run[name](argument.strip())

    def _kind(self, line: str, start: int, name: str) -> Answer:
        if line[start:].strip():
            return self._render(line, start, _KINDS[name])
        self.kind = _KINDS[name]
        return Answer(f"lines are {_PLURALS[self.kind]} now")

    # --------------------------------------------------------------------------------- templates

    def compile(self, line: str, start: int, kind: Kind) -> Compiled:
        """The template in a line from `start` on, with places that are the line's."""
        origin = Origin(Source(line, "<input>"), range(start, len(line) + 1))
        source = Source(line[start:], "<input>", None, origin)
        if kind == "document":
            try:
                value = parse_json(source.text, "<input>")
            except DataFault as fault:
                place = Span(min(fault.offset, len(source.text)), len(source.text))
                raise error("E108", fault.reason, source, place) from None
            return self.environment.compile_document(value, "<input>", places(source))
        if kind == "query":
            return self.environment.compile_query(source.text, source)
        return self.environment.compile_text(source.text, source)

    def _render(self, line: str, start: int, kind: Kind) -> Answer:
        self.last = line[start:], kind
        compiled = self.compile(line, start, kind)
        found = compiled.findings(self.channel)
        text = shown(_run(compiled)(self.scope))
        return Answer(text, warnings=tuple(each for each in found if each.severity == "warning"))

    def _on_template(self, line: str, start: int, name: str) -> Answer:
        kind = self.kind
        if not line[start:].strip():
            if self.last is None:
                return Answer(f"`:{name}` takes a template, or follows one")
            text, kind = self.last
            line, start = text, 0
        if name == "type" and kind != "document":
            return Answer(self._type(line, start))
        compiled = self.compile(line, start, kind)
        return Answer(_ON_TEMPLATES[name](self, compiled))

    def _type(self, line: str, start: int) -> str:
        """The type of an expression; of a text template if it is no expression."""
        text = line[start:]
        source = Source(text, "<input>", None, Origin(Source(line, "<input>"), range(start, len(line) + 1)))
        try:
            expression = parse_query(source, self.environment.limits).expression
        except TemplateError:
            return self._inferred(self.compile(line, start, "text"))
        nodes = Template(expression.span, (Typed(expression.span, expression),), source)
        return str(infer(nodes, self.schema, self.environment.functions)[0])

    def _inferred(self, compiled: Compiled) -> str:
        return str(infer(compiled.nodes, self.schema, self.environment.functions)[0])

    def _code(self, compiled: Compiled) -> str:
        environment = self.environment
        return explain.python(compiled.nodes, {}, environment.functions, environment.limits)

    def _time(self, compiled: Compiled) -> str:
        begun = perf_counter()
        run = _run(type(compiled)(compiled.nodes, compiled.source, self.environment, {}))  # type: ignore[arg-type]
        run(self.scope)
        first = perf_counter() - begun
        interpreted = _repeated(
            lambda: interpret(compiled.nodes, self.scope, functions=self.environment.functions)
        )
        return "\n".join(
            [
                f"closure compiled and first run {_duration(first)}",
                f"each run                       {_duration(_repeated(lambda: run(self.scope)))}",
                f"interpreted                    {_duration(interpreted)}",
            ]
        )

    # -------------------------------------------------------------------------------------- data

    def _load(self, name: str) -> Answer:
        value = read_value(name)
        if not isinstance(value, dict):
            raise DataFault(f"{name} must hold an object: names of roots and their values")
        self.scope.update(value)
        self._changed()
        return Answer(_listed(value))

    def _set(self, argument: str) -> Answer:
        root, _, text = argument.partition(" ")
        if not root:
            return Answer("\n".join(f"{name} = {shown(value)}" for name, value in self.scope.items()))
        if not is_root_name(root):
            raise DataFault(f"`{root}` cannot be a root")
        if not text.strip():
            return Answer(
                f"{root} = {shown(self.scope[root])}" if root in self.scope else f"`{root}` is not set"
            )
        self.scope[root] = parse_json(text, "the value")
        self._changed()
        return Answer(f"{root}: {self.type_of(root)}")

    def _channel(self, name: str) -> Answer:
        fields = read_channel(name)
        self.channel = fields.schema
        self.scope = merged(fields.defaults, self.scope)
        self._changed()
        return Answer(_listed(fields.schema.scope.fields, self.type_of))

    def _help(self, name: str) -> Answer:
        if not name:
            return Answer(overview())
        command = name.removeprefix(":")
        if command in COMMANDS and (name.startswith(":") or name not in self.functions):
            return Answer(
                f":{command} {COMMANDS[command].argument}".rstrip() + f"\n  {COMMANDS[command].meaning}"
            )
        if name in self.functions:
            return Answer(description(self.functions[name]))
        hint = nearest(name, [*self.functions, *COMMANDS]) or "`:help` lists the commands"
        return Answer(f"nothing is known of `{name}`; {hint}")


_PLURALS = {"text": "texts", "document": "documents", "query": "conditions"}

_ON_TEMPLATES: dict[str, Callable[[Session, Compiled], str]] = {
    "type": Session._inferred,  # noqa: SLF001 - the class's own table
    "ast": lambda _, compiled: explain.tree(compiled.nodes),
    "code": Session._code,  # noqa: SLF001
    "refs": lambda _, compiled: explain.reads(compiled.references()) or "none",
    "time": Session._time,  # noqa: SLF001
}


def _run(compiled: Compiled) -> Callable[[Any], Any]:
    if isinstance(compiled, Query):
        return compiled.evaluate
    return compiled.render


def shown(value: Any) -> str:
    """A result: text as it is, everything else as JSON, indented when it is long."""
    if value is None:
        return "null"
    try:
        text = text_form(value)
    except Fault as fault:
        return f"{type_name(value)} without a text form: {fault.message}"
    if isinstance(value, list | dict) and len(text) > _LONG:
        return json.dumps(value, ensure_ascii=False, indent=2)
    return text


def _listed(roots: Iterable[str], of: Callable[[str], Type] | None = None) -> str:
    return "\n".join(f"{root}: {of(root)}" if of else root for root in roots)


def _repeated(run: Callable[[], Any]) -> float:
    """Seconds that one run takes, of many."""
    begun = perf_counter()
    runs = 0
    while (passed := perf_counter() - begun) < _TIMED:
        run()
        runs += 1
    return passed / runs


def _duration(seconds: float) -> str:
    return f"{seconds * 1e6:,.1f} µs" if seconds < 0.01 else f"{seconds * 1e3:,.1f} ms"
