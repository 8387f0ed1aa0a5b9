"""`akrun demo`: the examples end to end on this machine."""

import asyncio
from pathlib import Path

import click
from rich.console import Console

from akrun.demo.run import EXAMPLES, DemoError, run_demo


@click.command()
@click.argument(
    "examples",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=EXAMPLES,
)
def demo(examples: Path) -> None:
    """Serve the example channels, send their mailings through a demo gateway, and check the reports.

    1,000 SMS go out, and what becomes of them comes back by signed callbacks and polls; a notice passes
    moderation, is posted, watched and stopped. EXAMPLES is a directory with `sms` and `board`; without it,
    that of the source tree is taken. Ends with exit code 1 when gateway and reports differ in any count.
    """
    try:
        agree = asyncio.run(run_demo(examples, Console()))
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    if not agree:
        raise click.ClickException("the gateway got something else than the report says")
