"""`aktmpl render`: what a template gives for some data."""

import sys

import click

from aktmpl.cli.example import example
from aktmpl.cli.inputs import Kind, read_data, read_template, template_options


@click.command(epilog=example("aktmpl render -e 'Hello $profile.name' --data profile.json"))
@template_options
def render(file: str | None, text: str | None, kind: Kind, data: str | None, channel: str | None) -> None:
    """Render a template.

    Text is printed as it is, a document as JSON, a condition as true or false. The template is FILE (- for
    standard input) or the TEXT of -e.
    """
    from aktmpl.templates import DocumentTemplate, Query

    if file == data == "-":
        raise click.UsageError("the template and the data cannot both come from standard input")
    template = read_template(file, text, kind)
    given = read_data(data, channel)
    compiled = template.compile(given.environment)
    if isinstance(compiled, Query):
        output = b"true" if compiled.evaluate(given.scope) else b"false"
    elif isinstance(compiled, DocumentTemplate):
        output = compiled.render_json(given.scope)
    else:
        output = compiled.render_text(given.scope).encode("utf-8", "surrogatepass")
    sys.stdout.buffer.write(output if output.endswith(b"\n") else output + b"\n")
