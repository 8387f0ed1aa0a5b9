"""The `akrun` command: one file per subcommand."""

import sys
from importlib import import_module
from typing import Any

import click

from akrun.errors import AkrunError

COMMANDS = {
    "new": "akrun.cli.new:new",
    "send": "akrun.cli.send:send",
    "serve": "akrun.cli.serve:serve",
    "token": "akrun.cli.token:token",
    "mailing": "akrun.cli.mailing:mailing",
    "test": "akrun.cli.test:test",
    "report": "akrun.cli.report:report",
    "trace": "akrun.cli.trace:trace",
    "dead": "akrun.cli.dead:dead",
    "entity": "akrun.cli.entity:entity",
    "history": "akrun.cli.history:history",
    "lint": "akrun.cli.lint:lint",
    "lsp": "akrun.cli.lsp:lsp",
    "graph": "akrun.cli.graph:graph",
    "channels": "akrun.cli.channels:channels",
    "pipes": "akrun.cli.pipes:pipes",
    "schema": "akrun.cli.schema:schema",
    "doctor": "akrun.cli.doctor:doctor",
    "demo": "akrun.cli.demo:demo",
    "demo-gateway": "akrun.cli.demo_gateway:demo_gateway",
}
"""Subcommands and where they are; each is imported only when it is called."""


class _Commands(click.Group):
    """Loads subcommands when they are needed, and shows our errors as what they are."""

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
        except AkrunError as error:
            click.echo(str(error), err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            sys.exit(130)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="akrun")
def main() -> None:
    """Run custom messaging channels: send mailings, see what became of them.

    Exit codes: 0 done, 1 refused or failed (the reason is on standard error), 2 wrong usage,
    130 interrupted.
    """
