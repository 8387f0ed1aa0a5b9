"""`akrun serve`: listener, worker and keeper of channels in one process."""

import asyncio
import ipaddress
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from time import time
from typing import Any

import click
import orjson

from akrun.backend import Embedded
from akrun.cli.control import SERVE_FILE
from akrun.cli.database import make_directory, writing
from akrun.cli.log_file import log_file
from akrun.cli.options import LOG, parse_set, settings_option
from akrun.cli.services import opened_services, pipe_defaults
from akrun.engine.clock import SystemClock
from akrun.engine.compile import CompiledChannel, compile_channel
from akrun.engine.event import Services
from akrun.engine.host import Host
from akrun.engine.log import LogSink, server_record
from akrun.engine.secrets import Masker
from akrun.errors import AkrunError, FileFaults
from akrun.model import LocatedDocument, load_channel_file, load_values
from akrun.model.settings import Settings
from akrun.net.client import HttpClient
from akrun.observe.backend_metrics import backend_source, writer_source
from akrun.observe.http_metrics import http_source
from akrun.observe.listener_metrics import listener_source
from akrun.observe.metrics import Metrics
from akrun.observe.pipe_metrics import pipe_source
from akrun.server.api.tokens import new_token
from akrun.server.process import Address, Served, ServingProcess

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

_IN_CLEAR = (
    "listening on {host} without TLS: tokens and messages can be read on the way; put a proxy that speaks "
    "TLS before it, or listen on 127.0.0.1"
)

_Read = tuple[Path, CompiledChannel, LocatedDocument, dict[str, Any]]


def _parse_sets(
    ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]
) -> dict[str | None, dict[str, Any]]:
    """Values by channel; None for those that are for all."""
    sorted_out: dict[str | None, list[str]] = {}
    for pair in pairs:
        key, _, _ = pair.partition("=")
        name, slash, _ = key.partition("/")
        sorted_out.setdefault(name if slash else None, []).append(pair[len(name) + 1 :] if slash else pair)
    return {name: parse_set(ctx, param, tuple(each)) for name, each in sorted_out.items()}


@click.command()
@click.argument("channels", nargs=-1, required=True, type=_FILE, metavar="CHANNEL...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8090, show_default=True, type=click.IntRange(0, 65535), help="0: a free port."
)
@click.option(
    "--set",
    "given",
    multiple=True,
    callback=_parse_sets,
    metavar="[CHANNEL/]PATH=TEXT",
    help="A value of a channel: sender.key=env:KEY, or sms/sender.key=file:key for the channel sms alone.",
)
@settings_option
def serve(
    channels: tuple[Path, ...],
    host: str,
    port: int,
    given: dict[str | None, dict[str, Any]],
    settings: Settings,
) -> None:
    """Serve the CHANNELs: take callbacks, run what is due, send mailings that are ready.

    Callbacks of a channel are taken at /listen/<string_id>. Mailings are handed in, paused and stopped by
    `akrun mailing` on the same data directory. SIGTERM and Ctrl-C end it: nothing more is taken in, and what
    is under way has the grace period to end. A second one breaks that off.
    """
    read = _read(channels, given, settings)
    make_directory(settings.data)
    if not _is_loopback(host):
        click.echo(_IN_CLEAR.format(host=host), err=True)
    try:
        asyncio.run(_serve(read, Address(host, port, settings.grace_period), settings))
    except OSError as error:
        raise AkrunError(f"{host}:{port}: cannot be listened on: {error.strerror or error}") from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(
    files: Sequence[Path], given: Mapping[str | None, Mapping[str, Any]], settings: Settings
) -> list[_Read]:
    """The channels, compiled, and their values; every fault of all files at once."""
    faults: list[Any] = []
    read: list[_Read] = []
    for file in files:
        try:
            channel, located = load_channel_file(file)
            compiled = compile_channel(channel, located, pipe_defaults(settings))
            values = load_values(channel, {**given.get(None, {}), **given.get(channel.string_id, {})})
        except FileFaults as found:
            faults.extend(found.faults)
        else:
            read.append((file, compiled, located, values))
    if faults:
        raise FileFaults(faults)
    names = [compiled.channel.string_id for _, compiled, _, _ in read]
    for name in given:
        if name is not None and name not in names:
            raise AkrunError(f"--set {name}/…: no channel {name} is served; served: {', '.join(names)}")
    if twice := {name for name in names if names.count(name) > 1}:
        raise AkrunError(f"the channel {twice.pop()} is named twice")
    return read


async def _serve(read: Sequence[_Read], address: Address, settings: Settings) -> None:
    ended, at_once = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _interrupt, ended, at_once)
    with log_file(settings.data / LOG) as log:
        async with opened_services(settings, log, Masker()) as services, writing(settings) as backend:
            served = [_served(each, services, backend) for each in read]
            token = new_token()
            metrics = _metrics(served, services, backend)
            process = ServingProcess(
                backend,
                served,
                SystemClock(),
                token=token,
                folder=settings.data,
                period=settings.scheduler_pipe_router_period,
                settings=settings,
                metrics=metrics.render,
                breakers=services.http.breakers.states if isinstance(services.http, HttpClient) else list,
            )
            metrics.add(listener_source(process.callbacks))
            with _announced(settings.data / SERVE_FILE, token) as announce, _logged(log, served):
                await process.run(address, ended, announce, at_once)


def _interrupt(ended: asyncio.Event, at_once: asyncio.Event) -> None:
    """The first signal ends it in good order; the second one does not wait for that."""
    if ended.is_set():
        at_once.set()
    ended.set()


def _served(read: _Read, shared: Services, backend: Embedded) -> Served:
    """A channel with services of its own: its secrets, its limits; the network and databases are shared."""
    file, compiled, located, values = read
    masker = compiled.masker(values)
    services = replace(shared, masker=masker, store=backend)
    return Served(Host(compiled, services), located, file.parent, values)


def _metrics(served: Sequence[Served], services: Services, backend: Embedded) -> Metrics:
    metrics = Metrics(
        pipe_source(each.host.compiled for each in served),
        backend_source(backend, services.clock),
        writer_source(lambda: backend.statistics),
    )
    if isinstance(services.http, HttpClient):
        metrics.add(http_source(services.http))
    return metrics


@contextmanager
def _logged(log: LogSink, served: Sequence[Served]) -> Iterator[None]:
    """Log when serving begins and how it ends."""
    names = [each.host.compiled.channel.string_id for each in served]
    log(server_record("serving begins", time(), channels=names, version=version("akrun"), pid=os.getpid()))
    try:
        yield
    except BaseException as error:
        log(server_record(f"serving failed: {type(error).__name__}", time(), "error"))
        raise
    log(server_record("serving has ended", time()))


@contextmanager
def _announced(file: Path, token: str) -> Iterator[Any]:
    """Write down where this process can be controlled, readable by the owner only, while it runs."""

    def announce(url: str) -> None:
        try:
            file.unlink(missing_ok=True)
            with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as opened:
                opened.write(orjson.dumps({"url": url, "token": token, "pid": os.getpid()}))
        except OSError as error:
            raise AkrunError(f"{file}: cannot be written: {error.strerror}") from error
        click.echo(url)

    try:
        yield announce
    finally:
        file.unlink(missing_ok=True)
