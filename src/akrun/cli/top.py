"""`akrun top`: what is being sent now, by whom, how fast, and what fails."""

import asyncio

import click
from rich.console import Console

from akrun.backend.chosen import database
from akrun.cli.database import reading
from akrun.cli.options import settings_option
from akrun.engine.clock import SystemClock
from akrun.exact_json import to_json
from akrun.model.servers import EMBEDDED
from akrun.model.settings import Settings
from akrun.top.draw import draw
from akrun.top.live import show
from akrun.top.served import ask
from akrun.top.watch import Watch
from aktmpl.cli.example import example


@click.command(epilog=example("akrun top --once"))
@click.option(
    "--interval",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.1, 3600),
    metavar="SECONDS",
    help="Seconds between two looks.",
)
@click.option("--once", is_flag=True, help="Look twice for the rates, print one picture, and end.")
@click.option("--json", "as_json", is_flag=True, help="Likewise, and print JSON.")
@settings_option
def top(settings: Settings, interval: float, *, once: bool, as_json: bool) -> None:
    """Watch mailings, processes, jobs, failures and circuit breakers, live.

    It only reads, beside whatever is at work, and ends by `q` or Ctrl-C. Where the output is no terminal, it
    does as with --once.
    """
    asyncio.run(_top(settings, interval, Console(), once=once, as_json=as_json))


async def _top(settings: Settings, interval: float, console: Console, *, once: bool, as_json: bool) -> None:
    place = str(database(settings.data)) if settings.backend == EMBEDDED else settings.backend
    async with reading(settings) as backend:
        watch = Watch(backend, place, SystemClock(), lambda: asyncio.to_thread(ask, settings))
        if console.is_terminal and not once and not as_json:
            await show(watch, console, interval)
            return
        await watch.look()
        await asyncio.sleep(interval)
        seen = await watch.look()
    if as_json:
        click.echo(to_json(seen.to_dict()))
    else:
        console.print(draw(seen))
