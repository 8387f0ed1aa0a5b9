"""The options that the subcommands share, and what they add up to: a template, a scope, an environment."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import click

if TYPE_CHECKING:
    from aktmpl.environment import Environment
    from aktmpl.findings import Finding
    from aktmpl.schema import Schema
    from aktmpl.templates import DocumentTemplate, Query, TextTemplate

Kind: TypeAlias = Literal["text", "document", "query"]
Command = TypeVar("Command", bound=Callable[..., Any])


def template_options(command: Command) -> Command:
    """`[-e TEXT | FILE] [--document|--query] [--data FILE|-] [--channel FILE]`."""
    options = [
        click.argument("file", required=False),
        click.option("-e", "text", metavar="TEXT", help="The template itself, instead of a file."),
        click.option("--document", "kind", flag_value="document", help="A JSON or YAML document."),
        click.option("--query", "kind", flag_value="query", help="A condition."),
        click.option("--text", "kind", flag_value="text", default="text", help="A text (the default)."),
        *scope_options(),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def scope_options() -> list[Callable[[Any], Any]]:
    """`[--data FILE|-] [--channel FILE]`."""
    return [
        click.option(
            "--data", metavar="FILE", help="Values of the roots: JSON or YAML; - is standard input."
        ),
        click.option(
            "--channel", metavar="FILE", help="A channel, for the types and defaults of its fields."
        ),
    ]


@dataclass(slots=True)
class Data:
    """What `--data` and `--channel` say.

    Attributes:
        scope: The data over the channel's defaults.
        sample: The data alone.
        channel: The types of the channel's fields.
    """

    scope: dict[str, Any]
    sample: dict[str, Any] | None
    channel: "Schema | None"
    _environment: "Environment | None" = field(default=None, repr=False)

    @property
    def environment(self) -> "Environment":
        """One whose roots are those of a channel and of the data."""
        from aktmpl.environment import CHANNEL_ROOTS, Environment, is_root_name

        if self._environment is None:
            roots = {*CHANNEL_ROOTS, *filter(is_root_name, self.scope)}
            self._environment = Environment(roots)
        return self._environment

    def schema(self) -> "Schema | None":
        """What the sample shows, and the channel says; None without both."""
        from aktmpl.schema import Schema

        shown = None if self.sample is None else Schema.from_data(self.sample)
        if shown is None or self.channel is None:
            return shown or self.channel
        return shown.updated(self.channel)


def read_data(data: str | None, channel: str | None) -> Data:
    """Read the files that the options name; what is wrong with them is wrong usage."""
    from aktmpl.cli.channel_file import read_channel
    from aktmpl.cli.data_file import DataFault, read_value

    try:
        fields = read_channel(channel) if channel else None
        sample = read_value(data) if data else None
    except DataFault as fault:
        raise click.UsageError(str(fault)) from None
    if sample is not None and not isinstance(sample, dict):
        raise click.UsageError(f"{data} must hold an object: names of roots and their values")
    scope = merged(fields.defaults if fields else {}, sample or {})
    return Data(scope, sample, fields.schema if fields else None)


def read_schema(name: str) -> "Schema":
    """The schema that a file with a JSON Schema means."""
    from aktmpl.cli.data_file import DataFault, read_value
    from aktmpl.schema import Schema

    try:
        value = read_value(name)
    except DataFault as fault:
        raise click.UsageError(str(fault)) from None
    if not isinstance(value, dict):
        raise click.UsageError(f"{name} is no JSON Schema: that is an object")
    return Schema.from_json_schema(value)


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Two values of objects laid over each other, member by member."""
    both = {**below, **above}
    for name, value in below.items():
        if isinstance(value, dict) and isinstance(above.get(name), dict):
            both[name] = merged(value, above[name])
    return both


@dataclass(frozen=True, slots=True)
class Template:
    """The template that a command was given."""

    text: str
    name: str
    kind: Kind

    def compile(self, environment: "Environment") -> "TextTemplate | DocumentTemplate | Query":
        """The compiled template."""
        from aktmpl.source import Source

        source = Source(self.text, self.name)
        if self.kind == "document":
            return environment.compile_document(*self.document())
        if self.kind == "query":
            return environment.compile_query(self.text, source)
        return environment.compile_text(self.text, source)

    def findings(self, environment: "Environment") -> "list[Finding]":
        """All faults and warnings."""
        from aktmpl.source import Source

        source = Source(self.text, self.name)
        if self.kind == "document":
            return environment.check_document(*self.document())
        if self.kind == "query":
            return environment.check_query(self.text, source)
        return environment.check_text(self.text, source)

    def document(self) -> tuple[Any, str, Any]:
        """The document's value, its name, and a function that finds its strings in the text."""
        from aktmpl.cli.data_file import DataFault, is_yaml, parse_value
        from aktmpl.cli.json_places import places
        from aktmpl.source import Source

        try:
            value = parse_value(self.text, self.name)
        except DataFault as fault:
            raise click.UsageError(str(fault)) from None
        return value, self.name, None if is_yaml(self.name) else places(Source(self.text, self.name))


def read_template(file: str | None, text: str | None, kind: Kind) -> Template:
    """The template that `-e` or a file gives."""
    from aktmpl.cli.data_file import DataFault, read_text

    if (file is None) is (text is None):
        raise click.UsageError("give a template: a FILE, or -e TEXT")
    if text is not None:
        return Template(text, "<template>", kind)
    try:
        return Template(read_text(file or ""), file or "", kind)
    except DataFault as fault:
        raise click.UsageError(str(fault)) from None
