"""The listener: takes a service's callbacks, each durable before it is answered."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from akrun.backend import BackendError, Jobs, NewJob
from akrun.engine.host import Host
from akrun.engine.log import Level, LogRecord
from akrun.engine.payload import encode_payload
from akrun.model.listener import Listener
from akrun.model.located import LocatedDocument
from akrun.server.checks import Checks
from akrun.server.reply import Answer, compile_answer, json_error
from akrun.server.request import Received, Refused, receive
from aktmpl import Environment, TemplateError

PIPELINE = "listener"


@dataclass(frozen=True, slots=True)
class Listening:
    """A channel's listener, ready to take requests.

    Attributes:
        host: the channel.
        checks: what a request must pass.
        answer: what it gets.
        roots: the constant roots that the answer's templates see besides the request.
    """

    host: Host
    checks: Checks
    answer: Answer
    roots: Mapping[str, Any] = field(repr=False)

    @property
    def channel(self) -> str:
        """The channel's string id, the first part of the address."""
        return self.host.compiled.channel.string_id


def make_listening(
    host: Host, located: LocatedDocument, roots: Mapping[str, Any], folder: Path
) -> Listening | None:
    """A channel's listener; None when the channel has no `listener` pipeline.

    Args:
        host: The channel.
        located: Its file, for the places of faults.
        roots: The constant roots.
        folder: Where references to files of secrets are seen from.

    Raises:
        FileFaults: Faults in the listener's templates.
        AkrunError: A secret's reference leads to nothing.
    """
    if PIPELINE not in host.compiled.pipelines:
        return None
    channel = host.compiled.channel
    checks = Checks.of(channel.listener or Listener(), folder)
    masking = Host(host.compiled, host.services.masking(checks.secrets))
    return Listening(masking, checks, compile_answer(channel, located, Environment()), roots)


class ListenerApp:
    """The endpoint of `/listen/<string_id>[/<resource>]`.

    Args:
        backend: Where accepted requests are kept.
        listening: By the channel's string id.
        accepted: Called when there is a new one.
    """

    def __init__(
        self, backend: Jobs, listening: Mapping[str, Listening], accepted: Callable[[], None]
    ) -> None:
        self._backend = backend
        self._listening = listening
        self._accepted = accepted
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """Requests by channel and what became of them: `accepted`, `duplicate`, or a refusal's status."""

    async def __call__(self, request: Request) -> Response:
        """Take a request, or refuse it: then nothing enters."""
        listening = self._listening.get(request.path_params["string_id"])
        if listening is None:
            return json_error(404, "no channel listens here")
        try:
            listening.checks.check_method(request.method)
            received = await receive(request, listening.checks.listener.body_limit)
            listening.checks.check(received, _now(listening))
            return await self._accept(listening, received)
        except Refused as refused:
            self.outcomes[listening.channel, str(refused.status)] += 1
            return json_error(refused.status, refused.message, refused.headers)
        except BackendError as error:
            self.outcomes[listening.channel, "503"] += 1
            _log(listening, "error", f"a callback could not be kept: {error}")
            return json_error(503, "the request could not be kept; send it again", {"Retry-After": "5"})

    async def _accept(self, listening: Listening, received: Received) -> Response:
        header = listening.checks.listener.secret_header
        origin = received.origin(None if header is None else header.name)
        scope = {**listening.roots, "origin": origin, "in": origin}
        job = NewJob(
            _job_id(listening, scope),
            listening.channel,
            PIPELINE,
            None,
            encode_payload(origin),
            _now(listening),
        )
        if await self._backend.enqueue([job]):
            self.outcomes[listening.channel, "accepted"] += 1
            self._accepted()
        else:
            self.outcomes[listening.channel, "duplicate"] += 1
        try:
            return listening.answer.render(scope)
        except (TemplateError, ValueError) as error:  # it is kept: asking for it again would be wrong
            _log(listening, "error", f"listener.reply: {error}")
            return Response(status_code=200)


def _job_id(listening: Listening, scope: Mapping[str, Any]) -> str:
    try:
        key = listening.answer.key(scope)
    except TemplateError as error:  # better entered twice than not at all
        _log(listening, "warn", f"listener.dedupe: {error}")
        key = None
    if key is None:
        return f"{PIPELINE}:{listening.channel}:{uuid4()}"
    return f"{PIPELINE}:{listening.channel}:{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"


def _now(listening: Listening) -> float:
    return listening.host.services.clock.now().timestamp()


def _log(listening: Listening, level: Level, message: str) -> None:
    services = listening.host.services
    channel = listening.host.compiled.channel.id
    text = services.masker.text(message)
    services.log(LogRecord(level, f"{channel}|{PIPELINE}", text, channel, 0, _now(listening)))
