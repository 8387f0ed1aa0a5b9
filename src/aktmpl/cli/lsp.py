"""`aktmpl lsp`: the language server, which is akrun's, for templates stand in channels."""

import sys
from importlib import import_module
from importlib.util import find_spec

import click

_SERVER = "akrun.cli"
"""By name, and only when it is called: this package knows nothing of channels, and works without that one."""


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def lsp(arguments: tuple[str, ...]) -> None:
    """Serve an editor, as `akrun lsp` does."""
    if find_spec("akrun") is None:
        click.echo("the language server is part of akrun: pip install 'akrun[lsp]'", err=True)
        sys.exit(1)
    import_module(_SERVER).main(["lsp", *arguments], prog_name="akrun")
