"""The `akrun` command: one file per subcommand."""

import sys
from importlib import import_module
from typing import Any

import click

from akrun.errors import AkrunError
from aktmpl.errors import nearest

COMMANDS = {
    "new": "akrun.cli.new:new",
    "send": "akrun.cli.send:send",
    "serve": "akrun.cli.serve:serve",
    "worker": "akrun.cli.worker:worker",
    "migrate": "akrun.cli.migrate:migrate",
    "token": "akrun.cli.token:token",
    "mailing": "akrun.cli.mailing:mailing",
    "test": "akrun.cli.test:test",
    "report": "akrun.cli.report:report",
    "top": "akrun.cli.top:top",
    "trace": "akrun.cli.trace:trace",
    "rerun": "akrun.cli.rerun:rerun",
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest command where there is none of the name."""
        if args[0] not in COMMANDS and (meant := nearest(args[0], COMMANDS)) is not None:
            ctx.fail(f"there is no command `{args[0]}`; {meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their first sentence, whole; click would cut it to fit a line."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(limit=300)) for name, each in found if each])

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
