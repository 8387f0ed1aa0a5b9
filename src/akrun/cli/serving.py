"""What `serve` and `worker` share: the channels they are given, their values, signals and the log."""

import asyncio
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

from akrun.backend import Backend, ChannelRecord
from akrun.backend.sharing import shared_rates
from akrun.cli.options import parse_set
from akrun.engine.compile import CompiledChannel, compile_channel
from akrun.engine.event import Services
from akrun.engine.host import Host
from akrun.engine.log import LogSink, server_record
from akrun.errors import AkrunError, FileFaults
from akrun.model import Channel, LocatedDocument, load_channel_file, load_values
from akrun.model.load import load_channel
from akrun.model.settings import Settings
from akrun.server.served import Served
from akrun.services import pipe_defaults
from akrun.sql import Connector

Given = Mapping[str | None, Mapping[str, Any]]
"""Values by channel; under None those that are for all."""


def parse_sets(
    ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]
) -> dict[str | None, dict[str, Any]]:
    """What `--set` was given."""
    sorted_out: dict[str | None, list[str]] = {}
    for pair in pairs:
        key, _, _ = pair.partition("=")
        name, slash, _ = key.partition("/")
        sorted_out.setdefault(name if slash else None, []).append(pair[len(name) + 1 :] if slash else pair)
    return {name: parse_set(ctx, param, tuple(each)) for name, each in sorted_out.items()}


set_option = click.option(
    "--set",
    "given",
    multiple=True,
    callback=parse_sets,
    metavar="[CHANNEL/]PATH=TEXT",
    help="A value of a channel: sender.key=env:KEY, or sms/sender.key=file:key for the channel sms alone.",
)


class Makers:
    """Makes channels ready to be served, with services of their own over those of the process.

    Args:
        given: The values that the process was given.
        settings: The configuration.
    """

    def __init__(self, given: Given, settings: Settings) -> None:
        self._given = given
        self._defaults = pipe_defaults(settings)
        self._folders: dict[str, Path] = {}  # of the channels' files

    def read(self, files: Sequence[Path]) -> list["Made"]:
        """The channels of files.

        Raises:
            FileFaults: Every fault of all files at once.
            AkrunError: A channel is named twice, or values were given for one that is not named.
        """
        faults: list[Any] = []
        read: list[Made] = []
        for file in files:
            try:
                channel, located = load_channel_file(file)
                self._folders[channel.string_id] = file.parent
                read.append(self._made(channel, located))
            except FileFaults as found:
                faults.extend(found.faults)
        if faults:
            raise FileFaults(faults)
        names = [each.name for each in read]
        self.require_known(names)
        if twice := {name for name in names if names.count(name) > 1}:
            raise AkrunError(f"the channel {twice.pop()} is named twice")
        return read

    def require_known(self, names: Sequence[str]) -> None:
        """Refuse values for channels that are not among those.

        Raises:
            AkrunError: There are such values.
        """
        for name in self._given:
            if name is not None and name not in names:
                raise AkrunError(f"--set {name}/…: no channel {name} is served; served: {', '.join(names)}")

    def registered(self, record: ChannelRecord, connectors: Mapping[str, Connector] | None = None) -> "Made":
        """A channel as it is registered; its references to files are seen from where its own file was read.

        Args:
            record: The channel.
            connectors: Those that it may ask; those of the configuration when None.

        Raises:
            FileFaults: It has faults.
        """
        text = record.document.decode()
        is_json = text.lstrip().startswith("{")
        name = f"{record.string_id}.{'json' if is_json else 'yaml'}"
        return self._made(*load_channel(text, name, is_json=is_json), connectors)

    def _made(
        self, channel: Channel, located: LocatedDocument, connectors: Mapping[str, Connector] | None = None
    ) -> "Made":
        defaults = self._defaults if connectors is None else replace(self._defaults, connectors=connectors)
        compiled = compile_channel(channel, located, defaults)
        own = {**self._given.get(None, {}), **self._given.get(channel.string_id, {})}
        folder = self._folders.get(channel.string_id, Path())
        return Made(compiled, located, folder, load_values(channel, own))


class Made:
    """A channel that is read and compiled, and what it is served with."""

    def __init__(
        self, compiled: CompiledChannel, located: LocatedDocument, folder: Path, values: dict[str, Any]
    ) -> None:
        self.name = compiled.channel.string_id
        self._compiled = compiled
        self._located = located
        self._folder = folder
        self._values = values

    def served(self, shared: Services, backend: Backend) -> Served:
        """With its secrets and limits; network and databases are shared with the other channels."""
        masker = self._compiled.masker(self._values)
        reserve = shared_rates(backend, self.name)
        services = replace(shared, masker=masker, store=backend, reserve=reserve)
        return Served(Host(self._compiled, services), self._located, self._folder, self._values)


def until_interrupted() -> tuple[asyncio.Event, asyncio.Event]:
    """Events of the running loop: one that ends the process in good order, one that does not wait for that.

    The first SIGTERM or SIGINT sets the one, the second sets the other too.
    """
    ended, at_once = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _interrupt, ended, at_once)
    return ended, at_once


def _interrupt(ended: asyncio.Event, at_once: asyncio.Event) -> None:
    if ended.is_set():
        at_once.set()
    ended.set()


@contextmanager
def logged(log: LogSink, what: str, channels: Sequence[str]) -> Iterator[None]:
    """Log when `what` (serving, working) begins and how it ends."""
    ours = version("akrun")
    log(server_record(f"{what} begins", time(), channels=list(channels), version=ours, pid=os.getpid()))
    try:
        yield
    except BaseException as error:
        log(server_record(f"{what} failed: {type(error).__name__}", time(), "error"))
        raise
    log(server_record(f"{what} has ended", time()))
