"""`aktmpl error`: what an error code means."""

import click

from aktmpl.cli.example import example


@click.command(epilog=example("aktmpl error E301"))
@click.argument("code", required=False)
def error(code: str | None) -> None:
    """Explain an error code, or list all codes."""
    from aktmpl.codes import CODES, WARNINGS
    from aktmpl.error_pages.reference import plain

    known = {**CODES, **WARNINGS}
    if code is None:
        click.echo("\n".join(f"{each}  {meaning}" for each, meaning in known.items()))
    elif code.upper() in known:
        click.echo(plain(code.upper()))
    else:
        raise click.UsageError(f"there is no code {code}; without CODE this command lists them all")
