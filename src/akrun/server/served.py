"""A channel as a process serves it, and what other processes register: versions of it, and connectors."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from akrun.backend import ChannelRecord, ConnectorRecord
from akrun.engine.clock import Clock
from akrun.engine.host import Host
from akrun.engine.log import LogSink, server_record
from akrun.errors import AkrunError
from akrun.mailing.register import channel_record
from akrun.model.located import LocatedDocument


@dataclass(frozen=True, slots=True)
class Served:
    """A channel to be served.

    Attributes:
        host: the channel.
        located: its file.
        folder: where references to files of secrets are seen from.
        values: the constant roots the process was given for it.
    """

    host: Host
    located: LocatedDocument
    folder: Path
    values: Mapping[str, Any] = field(repr=False)

    @property
    def record(self) -> ChannelRecord:
        """The channel as it is registered, with its file as it was read."""
        return channel_record(self.host.compiled.channel, self.located.source.text.encode())


Make = Callable[[ChannelRecord], Served]
"""Makes a registered channel ready to be served; raises AkrunError for one that cannot be."""

Take = Callable[[ConnectorRecord], bool]
"""Takes on a registered connector, for all channels that are made from then on; whether anything changed."""


class Renewal:
    """Takes on channels as they are registered; one that cannot be served is logged, and the last one stays.

    Args:
        make: See `Make`.
        put: Called with what is served from now on; may raise AkrunError for what cannot be.
        clock: The time, for the log.
        log: Where it is said.
        only: The string ids of the channels it is about; of all when None.
        begun: What is served already.
        take: See `Take`; without it the process keeps to the connectors of its configuration.
    """

    def __init__(  # noqa: PLR0913 - one keyword per part
        self,
        make: Make,
        put: Callable[[Served], None],
        clock: Clock,
        log: LogSink,
        *,
        only: Collection[str] | None = None,
        begun: Iterable[Served] = (),
        take: Take | None = None,
    ) -> None:
        self._make = make
        self._put = put
        self._clock = clock
        self._log = log
        self._only = only
        self._take = take
        self._known = {record.string_id: record for record in (each.record for each in begun)}

    def __call__(self, record: ChannelRecord | ConnectorRecord) -> None:
        """Take on a registered channel, unless it is the one that is served; with a connector, all anew."""
        if isinstance(record, ConnectorRecord):
            if self._take is not None and self._take(record):
                for each in self._known.values():
                    self._renew(each)
            return
        name = record.string_id
        known = self._known.get(name)
        if (self._only is None or name in self._only) and (known is None or known.sha256 != record.sha256):
            self._known[name] = record
            self._renew(record)

    def _renew(self, record: ChannelRecord) -> None:
        name, now = record.string_id, self._clock.now().timestamp()
        try:
            self._put(self._make(record))
        except AkrunError as error:
            text = f"the channel {name} as it is registered now cannot be served: {error}"
            self._log(server_record(text, now, "error", channel=name, sha256=record.sha256))
            return
        text = f"the channel {name} is served as it is registered now"
        self._log(server_record(text, now, channel=name, sha256=record.sha256))
