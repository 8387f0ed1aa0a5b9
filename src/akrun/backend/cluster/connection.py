"""The connection to the servers: where they are, how akrun shows who it is, and what can go wrong."""

import asyncio
import random
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from nats.aio.client import Client, Srv
from nats.errors import (
    AuthorizationError,
    BadHeaderError,
    BadSubjectError,
    ConnectionClosedError,
    OutboundBufferLimitError,
    SecureConnRequiredError,
    SecureConnWantedError,
)
from nats.errors import Error as NatsError
from nats.js.errors import APIError, ServiceUnavailableError

from akrun.backend.cluster.transport import StreamTransport
from akrun.backend.errors import BackendError, RecordError, UnavailableError
from akrun.backend.link import Link, Told

PATIENCE: Final = 10.0
"""Seconds until there is a connection; later interruptions are waited out for as long as they last."""

STRANDED: Final = 5.0
"""Seconds without an answer of a leader after which another server is tried: this one may be cut off."""

_PAUSE: Final = 0.1
"""Seconds until a connection that broke off before it was made is tried again."""

_HEADERS_ROOM: Final = 1024
"""Bytes that headers and subject of a message may take."""

_SEED: Final = re.compile(rb"SU[A-Z2-7]{56}")
_CREDENTIALS: Final = "-----BEGIN NATS USER JWT-----", "-----BEGIN USER NKEY SEED-----"

_JETSTREAM_OFF: Final = 10_076, 10_039
"""Error codes: JetStream is not enabled on the server, or for the account."""
_TOO_FEW: Final = 10_005, 10_074
"""Error codes: no suitable servers for the replicas, no cluster at all."""
_NO_ROOM: Final = 10_023, 10_028, 10_047, 10_077
"""Error codes: no resources, of memory, of storage, and a full stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOptions:
    """Which servers, and how they are used.

    Attributes:
        servers: URLs without a password: `nats://host:4222`, or `tls://…`, which insists on TLS.
        prefix: of all subjects, streams and buckets; installations with different ones share servers.
        replicas: of everything stored, each on another server.
        ack_wait: seconds after which what a dead worker had goes to another one.
        keep: seconds that the servers keep a message or job after its end, and an event.
        max_attempts: attempts a message or job may have before it becomes a dead letter.
        data: the directory in which the default database for reports lies.
        create: whether streams are made where they are not there.
        report_database: SQLAlchemy's URL of another database for reports.
        tls_ca: the authorities that the servers' certificates come from; those of the system when None.
        tls_cert, tls_key: the certificate by which akrun shows who it is, and its key.
        credentials: the file of a user's JWT and seed, as `nsc` writes it.
        nkey: the file of a user's seed.
        user, password: the simplest way to show who it is.
    """

    servers: tuple[str, ...]
    prefix: str = "akrun"
    replicas: int = 3
    ack_wait: float = 30.0
    keep: float = 30 * 86_400.0
    max_attempts: int = 5
    data: Path = Path(".akrun")
    create: bool = True
    report_database: str | None = field(default=None, repr=False)
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    credentials: Path | None = None
    nkey: Path | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def secure(self) -> bool:
        """Whether the connection must be encrypted."""
        return self.tls_ca is not None or any(urlsplit(url).scheme == "tls" for url in self.servers)

    @property
    def place(self) -> str:
        """The servers in one text, for messages."""
        return ", ".join(self.servers)


class Connection(Client):
    """A client that leaves a server which is cut off from the others, and tells when it was lost and is back.

    It shows nobody who it is over a connection that should be encrypted and is not.
    """

    insist_on_tls = False
    told: Told | None = None
    _waiting_since: float | None = None

    async def lost(self) -> None:
        """The client has lost the connection, or was closed."""
        if not self.is_closed:
            self._tell(there=False)

    async def back(self) -> None:
        """The client has a connection again."""
        self._tell(there=True)

    def _tell(self, *, there: bool) -> None:
        if self.told is not None and self._current_server is not None:
            self.told(Link(self._current_server.uri.netloc, there))

    def answered(self) -> None:
        """A leader has answered, so the server reaches it."""
        self._waiting_since = None

    async def unanswered(self) -> None:
        """A leader has not answered: where that lasts, go on with the next server.

        A server without the majority of the others keeps its clients, and can do nothing for them.
        """
        now = asyncio.get_running_loop().time()
        if self._waiting_since is None:
            self._waiting_since = now
        elif now - self._waiting_since > STRANDED:
            self._waiting_since = None
            await self.force_reconnect()

    async def close(self) -> None:
        """Close the connection; what could not be sent goes with it, for the server may be lost already."""
        self._pending.clear()
        self._pending_data_size = 0
        await super().close()

    async def send(self, messages: bytes) -> None:
        """Send messages of the protocol as they are, as `publish` does with each of its own.

        Raises:
            nats.errors.Error: there is no connection, and too much waits for it already.
        """
        if self.is_closed or self.is_draining_pubs:
            raise ConnectionClosedError
        if not self.is_connected and len(messages) + self._pending_data_size > self._max_pending_size:
            raise OutboundBufferLimitError
        await self._send_command(messages)
        if self._flush_queue is not None and self._flush_queue.empty():
            await self._flush_pending()

    async def _connect_to_server(self, s: Srv) -> None:
        self._transport = self._transport or StreamTransport()  # type: ignore[no-untyped-call]  # nats's
        await super()._connect_to_server(s)

    def _connect_command(self) -> bytes:
        if self.insist_on_tls and not self._server_info.get("tls_required"):
            raise SecureConnWantedError
        return super()._connect_command()


async def connect(
    options: ClusterOptions, *, patience: float = PATIENCE, told: Told | None = None
) -> Connection:
    """A connection that comes back by itself whenever it was lost.

    Args:
        options: which servers.
        patience: seconds until it must be there.
        told: told whenever it was lost afterwards, and is back.

    Raises:
        UnavailableError: no server answers, or all refuse; also a file that cannot be read.
    """
    how: dict[str, Any] = {
        "servers": random.sample(options.servers, len(options.servers)),
        "dont_randomize": True,  # so that the next one to be tried is always another one
        "name": "akrun",
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": 0.25,
        "ping_interval": 10,
        "max_outstanding_pings": 2,
        "pending_size": 64 * 1024**2,
        "skip_subject_validation": True,  # they are made of tokens that are valid
        **_identity(options),
    }
    if options.secure:
        how["tls"] = _tls_context(options)
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    while True:
        client = Connection()
        client.insist_on_tls = options.secure
        error = await _attempt(client, how, end - loop.time())
        if error is None:
            client.told = told
            return client
        if _is_final(error) or loop.time() + _PAUSE > end:
            raise translate(error, options)
        await asyncio.sleep(_PAUSE)


async def _attempt(client: Connection, how: Mapping[str, Any], seconds: float) -> Exception | None:
    """Connect; gives the reason why not, as soon as there is one that more attempts will not change."""
    refused: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
    last: Exception = TimeoutError()

    async def failed(error: Exception) -> None:
        nonlocal last
        last = error
        if _is_final(error) and not refused.done():
            refused.set_result(error)

    connecting = asyncio.ensure_future(
        client.connect(**how, error_cb=failed, disconnected_cb=client.lost, reconnected_cb=client.back)
    )
    try:
        waited: set[asyncio.Future[Any]] = {connecting, refused}
        await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        connected = connecting.done() and connecting.exception() is None
        if not connected:
            connecting.cancel()
            await asyncio.wait({connecting})
            await client.close()
        refused_by = refused.result() if refused.done() else None
        refused.cancel()
    if connected:
        return None
    ended_by = None if connecting.cancelled() else connecting.exception()
    return refused_by or (ended_by if isinstance(ended_by, Exception) else last)


def require_room(client: Client, body: bytes) -> None:
    """Refuse what is too large for the servers, which would break the connection off.

    Raises:
        RecordError: it is.
    """
    if len(body) > client.max_payload - _HEADERS_ROOM:
        cure = "make it smaller, or raise max_payload of the servers"
        raise RecordError(f"{len(body)} bytes are too many for one record", cure=cure)


def _is_final(error: Exception) -> bool:
    """Whether another attempt cannot end otherwise."""
    text = str(error).lower()
    return isinstance(error, (ssl.SSLCertVerificationError, SecureConnWantedError)) or "authorization" in text


def _identity(options: ClusterOptions) -> dict[str, Any]:
    """How akrun shows who it is, as the client's arguments."""
    if options.credentials is not None:
        _require_nkeys()
        text = _readable(options.credentials).read_text(encoding="ascii", errors="replace")
        if not all(part in text for part in _CREDENTIALS):
            message = "these are no credentials: a user's JWT and seed"
            raise UnavailableError(
                message, cure="write them by `nsc generate creds`", path=options.credentials
            )
        return {"user_credentials": str(options.credentials)}
    if options.nkey is not None:
        _require_nkeys()
        if _SEED.fullmatch(_readable(options.nkey).read_bytes().strip()) is None:
            message = "this is no seed of a user's NKey"
            raise UnavailableError(message, cure="write it by `nk -gen user`", path=options.nkey)
        return {"nkeys_seed": str(options.nkey)}
    if options.user is not None:
        return {"user": options.user, "password": options.password or ""}
    return {}


def _require_nkeys() -> None:
    try:
        import nkeys  # type: ignore[import-not-found, unused-ignore]  # noqa: F401, PLC0415 - looked for only here
    except ModuleNotFoundError:
        raise UnavailableError(
            "NKeys and credential files need the package nkeys", cure="pip install 'akrun[cluster]'"
        ) from None


def _tls_context(options: ClusterOptions) -> ssl.SSLContext:
    for file in (options.tls_ca, options.tls_cert, options.tls_key):
        if file is not None:
            _readable(file)
    try:
        context = ssl.create_default_context(cafile=options.tls_ca)
        if options.tls_cert is not None:
            context.load_cert_chain(options.tls_cert, options.tls_key)
    except ssl.SSLError as error:
        message = f"certificate or key cannot be used ({error.reason or error})"
        cure = "name PEM files that belong together by nats_tls_ca, nats_tls_cert and nats_tls_key"
        raise UnavailableError(message, cure=cure) from error
    return context


def _readable(path: Path) -> Path:
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnavailableError(reason, cure="check the path and its permissions", path=path) from error


def translate(error: BaseException, options: ClusterOptions) -> BackendError:
    """What a failure of the client or the servers means in the backend's own errors; these pass unchanged."""
    if isinstance(error, BackendError):
        return error
    place = options.place
    match error:
        case ssl.SSLCertVerificationError():
            message = f"{place}: the server's certificate is not trusted ({error.verify_message})"
            return UnavailableError(message, cure="name the authority that it comes from by nats_tls_ca")
        case ssl.SSLError() | SecureConnRequiredError():
            message = f"{place}: no encrypted connection ({getattr(error, 'reason', None) or error})"
            return UnavailableError(message, cure="check nats_tls_ca, nats_tls_cert and nats_tls_key")
        case SecureConnWantedError():
            message = f"{place}: the server does not speak TLS"
            return UnavailableError(message, cure="write nats://, or give the server a certificate")
        case UnicodeEncodeError():
            return RecordError(f"text that is not Unicode cannot be stored: {error.object[:60]!r}")
        case BadSubjectError() | BadHeaderError():
            return BackendError(f"unexpected {type(error).__name__}: {error}")
        case APIError():
            return _of_api(error, place)
        case AuthorizationError() | NatsError() if "authorization" in str(error).lower():
            cure = "check nats_user and nats_password, nats_nkey or nats_credentials"
            return UnavailableError(f"{place}: the server does not let akrun in", cure=cure)
        case NatsError() if "permissions" in str(error).lower():
            return UnavailableError(f"{place}: {error}", cure="give the account the subjects of akrun")
        case TimeoutError() | ConnectionError() | OSError() | NatsError():
            reason = str(error).removeprefix("nats: ") or "no answer"
            cure = "check that the servers run and that the setting `backend` names them"
            return UnavailableError(f"{place}: {reason}", cure=cure)
        case _:
            return BackendError(f"unexpected {type(error).__name__}: {error}")


def _of_api(error: APIError, place: str) -> BackendError:
    described = error.description or "no answer"
    if error.err_code in _JETSTREAM_OFF:
        cure = "give the servers a `jetstream` block, and the account leave to use it"
        return UnavailableError(f"{place}: JetStream is not enabled", cure=cure)
    if error.err_code in _TOO_FEW:
        cure = "start more servers, or set nats_replicas to their number"
        return UnavailableError(f"{place}: too few servers for the replicas ({described})", cure=cure)
    if error.err_code in _NO_ROOM:
        cure = "give JetStream more room on the servers; nothing that was acknowledged is lost"
        return UnavailableError(f"{place}: {described}", cure=cure)
    if error.code == 503 or isinstance(error, ServiceUnavailableError):  # without a code: nobody is there
        cure = "check that JetStream is enabled and that most of its servers run"
        return UnavailableError(f"{place}: JetStream does not answer ({described})", cure=cure)
    return BackendError(f"{place}: {described} (error {error.err_code})")
