"""`aktmpl check`: what is wrong with a template, before there is data to render."""

import sys

import click

from aktmpl.cli.example import example
from aktmpl.cli.inputs import Kind, read_data, read_schema, read_template, template_options


@click.command(epilog=example("aktmpl check --document body.json --channel examples/sms/channel.json"))
@template_options
@click.option("--schema", metavar="FILE", help="A JSON Schema of the roots, instead of what the data shows.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON array.")
def check(  # noqa: PLR0913 - one parameter per option
    *,
    file: str | None,
    text: str | None,
    kind: Kind,
    data: str | None,
    channel: str | None,
    schema: str | None,
    as_json: bool,
) -> None:
    """Report faults and warnings.

    With --data, the data counts as a sample that shows every field and its type; with --channel, the types
    are those of the channel's fields. Warnings alone leave the exit code at 0.
    """
    from aktmpl.environment import Environment

    template = read_template(file, text, kind)
    given = read_data(data, channel)
    known = read_schema(schema) if schema else given.schema()
    roots = given.environment.roots | (known.scope.fields.keys() if known else set())
    findings = template.findings(Environment(roots, schema=known))
    errors = sum(finding.severity == "error" for finding in findings)
    if as_json:
        import json

        click.echo(json.dumps([finding.to_dict() for finding in findings], ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            click.echo(finding.frame(), err=True)
        click.echo(f"{_count(errors, 'error')}, {_count(len(findings) - errors, 'warning')}", err=True)
    sys.exit(1 if errors else 0)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
