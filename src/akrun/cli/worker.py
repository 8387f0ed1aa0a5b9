"""`akrun worker`: a process of a cluster that sends and runs what is due, and takes nothing in itself."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import click

from akrun.backend import Backend, ChannelRecord
from akrun.cli.database import make_directory, writing
from akrun.cli.event_loop import run
from akrun.cli.log_file import log_file
from akrun.cli.options import LOG, settings_option
from akrun.cli.serving import Given, Makers, logged, set_option, until_interrupted
from akrun.engine.clock import SystemClock
from akrun.engine.secrets import Masker
from akrun.errors import AkrunError
from akrun.model.servers import EMBEDDED
from akrun.model.settings import Settings
from akrun.net.client import HttpClient
from akrun.server.connectors import KnownConnectors
from akrun.server.keeper import DAY, Kept
from akrun.server.served import Renewal, Served
from akrun.server.works import Works
from akrun.services import opened_services
from aktmpl.cli.example import example


@click.command(epilog=example("akrun worker --backend nats://127.0.0.1:4222 --set sender.api_key=env:KEY"))
@click.argument("channels", nargs=-1, metavar="[CHANNEL]...")
@set_option
@settings_option
def worker(channels: tuple[str, ...], given: Given, settings: Settings) -> None:
    """Work for a cluster: send its mailings and run its events together with all other workers.

    Of the CHANNELs named by their string ids, or of all that are registered. A channel or connector that is
    registered anew is followed at once; connectors of the worker's own configuration go before. SIGTERM and
    Ctrl-C end it: what is under way has the grace period to end, the rest goes to the other workers. A second
    one breaks that off.
    """
    if settings.backend == EMBEDDED:
        raise AkrunError(
            "a worker is a process of a cluster, and the backend is the database of one process: name the "
            "servers by --backend nats://HOST:4222, or run `akrun serve`"
        )
    makers = Makers(given, settings)
    if channels:
        makers.require_known(channels)
    make_directory(settings.data)
    run(_work(channels, makers, settings))


async def _work(channels: Sequence[str], makers: Makers, settings: Settings) -> None:
    ended, at_once = until_interrupted()
    clock = SystemClock()
    with log_file(settings.data / LOG) as log:
        backend = writing(settings, log)
        async with (
            aclosing(KnownConnectors(settings, clock, log)) as connectors,
            opened_services(settings, log, Masker(), connectors.sql) as services,
            backend,
        ):
            kept = Kept(settings.api_key_days * DAY, settings.trace_days * DAY)
            http = services.http
            works = Works(
                backend,
                clock,
                period=settings.scheduler_pipe_router_period,
                kept=kept,
                kind="worker",
                breakers=http.breakers.states if isinstance(http, HttpClient) else list,
            )

            def make(record: ChannelRecord) -> Served:
                made = makers.registered(record, connectors.known)
                return made.served(replace(services, sql=connectors.sql), backend)

            def put(served: Served) -> None:
                works.put(served.host, served.values)

            # Before any channel, whose faults it would be otherwise that they are not known yet.
            for record in await backend.connectors():
                connectors.take(record)
            renewal = Renewal(make, put, clock, log, only=channels or None, take=connectors.take)
            with logged(log, "working", channels):
                click.echo(f"working at {', '.join(_shown(settings))}")
                await _tell_unknown(channels, backend)
                await works.run(ended, settings.grace_period, at_once, renew=renewal)


async def _tell_unknown(channels: Sequence[str], backend: Backend) -> None:
    registered = [each.string_id for each in await backend.channels()]
    for name in channels:
        if name not in registered:
            known = ", ".join(registered) or "none yet"
            click.echo(f"no channel {name} is registered yet; it is taken on when it is ({known})", err=True)


def _shown(settings: Settings) -> list[str]:
    return [each.strip() for each in settings.backend.split(",")]
