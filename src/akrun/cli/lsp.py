"""`akrun lsp`: the language server that editors start."""

from importlib.util import find_spec

import click

from akrun.errors import AkrunError


@click.command()
@click.option("--stdio", is_flag=True, hidden=True, help="What it does anyway; some clients say it.")
def lsp(*, stdio: bool) -> None:  # noqa: ARG001 - see its help
    """Serve an editor on standard input and output: faults, completion, hover, definitions, renaming.

    It is started by the editor; docs/editor.md says how to set up VS Code, Neovim and Helix.
    """
    if find_spec("pygls") is None:
        raise AkrunError("the language server needs pygls: pip install 'akrun[lsp]'")
    from akrun.editor.server import run  # noqa: PLC0415 - pygls may not be there

    run()
