"""What the API's endpoints work on: the parts of the serving process."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as Folder
from typing import Annotated, Any

from fastapi import Depends, Path, Request

from akrun.backend import Backend
from akrun.engine.clock import Clock
from akrun.engine.host import Host
from akrun.engine.log import LogRecord
from akrun.errors import AkrunError
from akrun.model.settings import Settings
from akrun.net.breaker import BreakerState
from akrun.server.api.problems import Problem
from akrun.server.api.tokens import Tokens
from akrun.server.keeper import Keeper
from aktmpl.errors import nearest

Metrics = Callable[[], Awaitable[bytes]]
"""Gives the metrics in Prometheus' text form."""
Breakers = Callable[[], Sequence[BreakerState]]
"""Gives the state of the circuit breakers of failing hosts."""


@dataclass
class Context:
    """One serving process, as its API sees it.

    Attributes:
        backend: where everything is kept.
        keeper: carries out what is asked of mailings.
        hosts: the channels served, by string id.
        values: by channel, the constant roots that the process was given.
        clock: the time.
        settings: limits and times.
        tokens: who may ask for what.
        folder: the data directory.
        wake: called when there may be a new job.
        metrics: see there; None where nothing is measured.
        breakers: see there.
        ending: whether the process takes in nothing more.
        handling: the idempotency keys of requests under way.
    """

    backend: Backend
    keeper: Keeper
    hosts: Mapping[str, Host]
    values: Mapping[str, Mapping[str, Any]] = field(repr=False)
    clock: Clock
    settings: Settings
    tokens: Tokens
    folder: Folder
    wake: Callable[[], None]
    metrics: Metrics | None = None
    breakers: Breakers = list
    ending: bool = False
    handling: set[str] = field(default_factory=set)

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        return self.clock.now().timestamp()

    def host(self, string_id: str) -> Host:
        """A channel that is served here.

        Raises:
            Problem: it is not served here (404).
        """
        host = self.hosts.get(string_id)
        if host is None:
            hint = nearest(string_id, self.hosts) or f"served: {', '.join(self.hosts)}"
            raise Problem(404, "not_found", f"no channel `{string_id[:80]}` is served here", hint)
        return host

    def masked(self, text: str) -> str:
        """A text without the secrets of any channel served here."""
        for host in self.hosts.values():
            text = host.services.masker.text(text)
        return text

    def log_unexpected(self, request_id: str, message: str, traceback: str) -> None:
        """Write down a fault of the program in the log, which all channels share."""
        text = self.masked(f"request {request_id}: {message}")
        record = LogRecord("error", "api", text, 0, 0, self.now(), self.masked(traceback))
        for host in list(self.hosts.values())[:1]:
            host.services.log(record)


def context_of(request: Request) -> Context:
    """The process that a request is made to.

    Raises:
        AkrunError: the application only describes itself.
    """
    found: Context | None = request.app.state.api
    if found is None:
        raise AkrunError("this application only describes itself")
    return found


Api = Annotated[Context, Depends(context_of)]
ChannelName = Annotated[str, Path(description="The channel's string id.")]
MailingId = Annotated[str, Path(description="The mailing's id.")]
MessageId = Annotated[str, Path(description="The message's id.")]
