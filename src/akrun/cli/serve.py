"""`akrun serve`: listener, worker and keeper of channels in one process."""

import ipaddress
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import orjson

from akrun.backend import Backend, ChannelRecord, Embedded
from akrun.cli.control import SERVE_FILE, ServingControl
from akrun.cli.database import make_directory, writing
from akrun.cli.event_loop import run
from akrun.cli.log_file import log_file
from akrun.cli.options import LOG, settings_option
from akrun.cli.serving import Given, Made, Makers, logged, set_option, until_interrupted
from akrun.engine.clock import SystemClock
from akrun.engine.event import Services
from akrun.engine.log import server_record
from akrun.engine.secrets import Masker
from akrun.errors import AkrunError
from akrun.model.settings import Settings
from akrun.net.client import HttpClient
from akrun.observe.backend_metrics import backend_source, writer_source
from akrun.observe.http_metrics import http_source
from akrun.observe.listener_metrics import listener_source
from akrun.observe.metrics import Metrics
from akrun.observe.pipe_metrics import pipe_source
from akrun.server.api.tokens import new_token
from akrun.server.process import Address, ServingProcess
from akrun.server.served import Renewal, Served
from akrun.services import opened_services
from akrun.sql.registration import REFER, WITHHELD, register_connectors
from aktmpl.cli.example import example

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

_IN_CLEAR = (
    "listening on {host} without TLS: tokens and messages can be read on the way; put a proxy that speaks "
    "TLS before it, or listen on 127.0.0.1"
)


@click.command(epilog=example("akrun serve examples/sms/channel.json --set sender.api_key=env:GATEWAY_KEY"))
@click.argument("channels", nargs=-1, required=True, type=_FILE, metavar="CHANNEL...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8090, show_default=True, type=click.IntRange(0, 65535), help="0: a free port."
)
@set_option
@settings_option
def serve(
    channels: tuple[Path, ...],
    host: str,
    port: int,
    given: Given,
    settings: Settings,
) -> None:
    """Serve the CHANNELs: take callbacks, run what is due, send mailings that are ready.

    Callbacks of a channel are taken at /listen/<string_id>. Mailings are handed in, paused and stopped by
    `akrun mailing` on the same data directory. SIGTERM and Ctrl-C end it: nothing more is taken in, and what
    is under way has the grace period to end. A second one breaks that off.
    """
    makers = Makers(given, settings)
    read = makers.read(channels)
    make_directory(settings.data)
    if not _is_loopback(host):
        click.echo(_IN_CLEAR.format(host=host), err=True)
    try:
        run(_serve(read, makers, Address(host, port, settings.grace_period), settings))
    except OSError as error:
        raise AkrunError(f"{host}:{port}: cannot be listened on: {error.strerror or error}") from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _serve(channels: Sequence[Made], makers: Makers, address: Address, settings: Settings) -> None:
    ended, at_once = until_interrupted()
    clock = SystemClock()
    with log_file(settings.data / LOG) as log:
        async with opened_services(settings, log, Masker()) as services, writing(settings, log) as backend:
            for name in await register_connectors(backend, settings.connectors):
                text = f"workers cannot use the connector {name}: {WITHHELD}; {REFER}"
                log(server_record(text, clock.now().timestamp(), "warn", connector=name))
            served = [each.served(services, backend) for each in channels]
            names = [each.name for each in channels]

            def make(record: ChannelRecord) -> Served:
                return makers.registered(record).served(services, backend)

            token = new_token()
            metrics = _metrics(services, backend)
            process = ServingProcess(
                backend,
                served,
                clock,
                log,
                token=token,
                folder=settings.data,
                period=settings.scheduler_pipe_router_period,
                settings=settings,
                metrics=metrics.render,
                breakers=services.http.breakers.states if isinstance(services.http, HttpClient) else list,
                renewal=lambda put: Renewal(make, put, clock, log, only=names, begun=served),
            )
            metrics.add(pipe_source(lambda: process.channels))
            metrics.add(listener_source(process.callbacks))
            with _announced(settings, token) as announce, logged(log, "serving", names):
                await process.run(address, ended, announce, at_once)


def _metrics(services: Services, backend: Backend) -> Metrics:
    metrics = Metrics(backend_source(backend, services.clock))
    if isinstance(backend, Embedded):
        metrics.add(writer_source(lambda: backend.statistics))
    if isinstance(services.http, HttpClient):
        metrics.add(http_source(services.http))
    return metrics


@contextmanager
def _announced(settings: Settings, token: str) -> Iterator[Any]:
    """Write down where this process can be controlled, readable by the owner only, while it runs."""
    file = settings.data / SERVE_FILE

    def announce(url: str) -> None:
        control = ServingControl(url, token, os.getpid(), settings.backend, settings.nats_prefix)
        try:
            file.unlink(missing_ok=True)
            with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as opened:
                opened.write(orjson.dumps(control))
        except OSError as error:
            raise AkrunError(f"{file}: cannot be written: {error.strerror}") from error
        click.echo(url)

    try:
        yield announce
    finally:
        file.unlink(missing_ok=True)
