"""`aktmpl repl`: try templates at a prompt."""

import click

from aktmpl.cli.example import example
from aktmpl.cli.inputs import read_data, scope_options


@click.command(epilog=example("aktmpl repl --data profile.json"))
@click.option("--history", metavar="FILE", envvar="AKTMPL_HISTORY", help="Where lines are kept.")
def repl(data: str | None, channel: str | None, history: str | None) -> None:
    """Try templates at a prompt.

    There, `:help` says what can be typed.
    """
    from aktmpl.repl.prompt import run
    from aktmpl.repl.session import Session

    given = read_data(data, channel)
    run(Session(given.scope, given.channel), history)


for _option in reversed(scope_options()):
    repl = _option(repl)
