"""The `aktmpl` command: one file per subcommand, each imported only when it is called.

Exit codes: 0 done; 1 the template is faulty or failed, with frames on standard error; 2 wrong usage.
"""

import sys
from importlib import import_module
from typing import Any

import click

from aktmpl.errors import TemplateError

COMMANDS = {
    "render": "aktmpl.cli.render:render",
    "check": "aktmpl.cli.check:check",
    "explain": "aktmpl.cli.explain:explain",
    "functions": "aktmpl.cli.functions:functions",
    "error": "aktmpl.cli.error:error",
    "repl": "aktmpl.cli.repl:repl",
    "lsp": "aktmpl.cli.lsp:lsp",
}
"""Subcommands and where they are."""


class _Commands(click.Group):
    """Loads subcommands when they are needed, and shows a template's faults as frames."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TemplateError as error:
            click.echo("\n".join(fault.frame() for fault in error.faults), err=True)
            sys.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="akrun")
def main() -> None:
    """Render, check and explain templates.

    Exit codes: 0 done, 1 a template is faulty or failed (frames are on standard error), 2 wrong usage.
    """
