"""`akrun demo`: the SMS example end to end on this machine."""

import asyncio
from pathlib import Path

import click
from rich.console import Console

from akrun.demo.run import EXAMPLE, DemoError, run_demo


@click.command()
@click.argument(
    "example",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=EXAMPLE,
)
def demo(example: Path) -> None:
    """Send an example's mailing through a demo SMS gateway and check the report.

    EXAMPLE is a directory with channel.json, mailing.json and audience.jsonl; without it, examples/sms of
    the source tree is taken. Ends with exit code 1 when the gateway and the report differ in any count.
    """
    try:
        agree = asyncio.run(run_demo(example, Console()))
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    if not agree:
        raise click.ClickException("the gateway got something else than the report says")
