"""Calls that are made again while the servers elect a leader or the connection comes back."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from nats.errors import ConnectionReconnectingError, NoRespondersError
from nats.js import JetStreamContext
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError, ServiceUnavailableError
from nats.nuid import NUID

from akrun.backend.cluster.connection import ClusterOptions, translate

T = TypeVar("T")

PATIENCE: Final = 30.0
"""Seconds for which a call is made again."""

_PAUSE: Final = 0.05
"""Seconds between two calls."""

_PASSING: Final = (
    TimeoutError,
    NoRespondersError,
    NoStreamResponseError,
    ServiceUnavailableError,
    ConnectionReconnectingError,
)

WRONG_SEQUENCE: Final = (10_071, 10_164)
"""Error codes: the last sequence of a subject is not the expected one."""

_ID: Final = "Nats-Msg-Id"

_ids = NUID()


async def outlasted(call: Callable[[], Awaitable[T]], options: ClusterOptions) -> T | None:
    """What a call gives that may be made again; None for what the servers do not have.

    Raises:
        BackendError: it is refused, or was not answered in all that time.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while True:
        try:
            return await call()
        except NotFoundError:
            return None
        except _PASSING as error:
            if loop.time() > end:
                raise translate(error, options) from error
        except Exception as error:
            raise translate(error, options) from error
        await asyncio.sleep(_PAUSE)


async def published(  # noqa: PLR0913, PLR0917 - where to, and what
    js: JetStreamContext,
    options: ClusterOptions,
    stream: str,
    subject: str,
    body: bytes,
    headers: Mapping[str, str],
) -> int | None:
    """Store a message once, however often it has to be sent.

    Returns:
        Its sequence; None when the subject's last sequence is not the expected one.
    """
    name = _ids.next().decode()
    doubtful = False

    async def publish() -> int | None:
        nonlocal doubtful
        try:
            return (await js.publish(subject, body, headers={**headers, _ID: name})).seq
        except APIError as error:
            if error.err_code not in WRONG_SEQUENCE:
                raise
            # What was sent before may be what stands there now; the servers compare sequences before ids.
            return await of_this() if doubtful else None
        except _PASSING:
            doubtful = True
            raise

    async def of_this() -> int | None:
        last = await js.get_last_msg(stream, subject)
        return last.seq if (last.headers or {}).get(_ID) == name else None

    return await outlasted(publish, options)
