"""`aktmpl functions`: the functions that templates can call."""

import click

from aktmpl.cli.example import example


@click.command(epilog=example("aktmpl functions format_date"))
@click.argument("name", required=False)
def functions(name: str | None) -> None:
    """List the functions, or describe NAME."""
    from aktmpl.describe_functions import description, summary
    from aktmpl.errors import nearest
    from aktmpl.functions.registry import builtin

    known = builtin()
    if name is None:
        click.echo(summary(known.values()))
    elif name in known:
        click.echo(description(known[name]))
    else:
        hint = nearest(name, known)
        raise click.UsageError(f"there is no function `{name}`" + (f"; {hint}" if hint else ""))
