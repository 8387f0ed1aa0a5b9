"""`aktmpl explain`: what a template is made of and what it compiles to."""

import click

from aktmpl.cli.example import example
from aktmpl.cli.inputs import Kind, read_data, read_template, template_options


@click.command(epilog=example("aktmpl explain --query -e 'in.status >= 400'"))
@template_options
@click.option("--known", metavar="ROOT", multiple=True, help="Fold this root, with its value from the data.")
def explain(  # noqa: PLR0913 - one parameter per option
    *,
    file: str | None,
    text: str | None,
    kind: Kind,
    data: str | None,
    channel: str | None,
    known: tuple[str, ...],
) -> None:
    """Show what a template compiles to.

    That is: its nodes, its closure as Python, and the paths it reads. With --known (several times for
    several roots), the last part shows what remains when those roots are folded in.
    """
    from aktmpl import explain as words
    from aktmpl.nodes import AnyNodes

    template = read_template(file, text, kind)
    given = read_data(data, channel)
    environment = given.environment
    missing = [root for root in known if root not in given.scope]
    if missing:
        raise click.UsageError(f"--known {missing[0]}: the data has no such root")
    compiled = template.compile(environment)

    def code(nodes: AnyNodes, values: dict[str, object]) -> str:
        return words.python(nodes, values, environment.functions, environment.limits)

    _section("Nodes", words.tree(compiled.nodes))
    _section("Python", code(compiled.nodes, {}))
    _section("References", words.reads(compiled.references()) or "none")
    if known:
        folded = {root: given.scope[root] for root in known}
        special = compiled.specialize(folded)
        _section(f"With {', '.join(known)} known", words.written(special.nodes))
        _section("Python", code(special.nodes, folded))
        _section("References", words.reads(special.references()) or "none")


def _section(title: str, body: str) -> None:
    indented = "\n".join(f"  {line}".rstrip() for line in body.split("\n"))
    click.echo(f"{title}\n{indented}")
