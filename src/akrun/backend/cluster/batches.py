"""A batch in the servers' own terms: its records as messages, and what their answer means."""

import math
import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import orjson
from nats.aio.msg import Msg
from nats.js.errors import APIError

from akrun.backend.cluster.wire import status

REMOVED: Final = 10.0
"""Seconds until what was removed is gone from the stream as well."""

_CONFLICT: Final = 10_071, 10_164
"""Error codes: the last sequence of a subject is not what was expected."""

_INCOMPLETE: Final = 10_176
"""Error code: not all messages of a batch came to the server that is asked to carry it out."""


class Conflict(Exception):
    """Something was written meanwhile: nothing of the transaction was carried out."""


class Put(NamedTuple):
    """A record to be written in place of the one on its subject; with an empty body, to be removed.

    Attributes:
        subject: where.
        body: what.
        expect: the sequence of the record that must be there now; 0 for none; None for whichever.
        ttl: seconds until it is gone by itself.
        headers: more of them.
    """

    subject: str
    body: bytes
    expect: int | None = None
    ttl: float | None = None
    headers: Mapping[str, str] = MappingProxyType({})


class Doubt(Exception):
    """Nobody knows whether a batch was carried out."""

    def __init__(self, reason: Exception) -> None:
        self.reason = reason
        super().__init__(str(reason))


def new_name() -> str:
    """A name that no other batch has."""
    return secrets.token_hex(8)


def published(put: Put, batch: str, number: int, reply: str = "") -> bytes:
    """A batch's n-th message as it goes over the wire; the one with a subject for the answer carries it out.

    A transaction has some messages, and this is what it costs most: so it is written in one go.
    """
    head = f"NATS/1.0\r\nNats-Batch-Id:{batch}\r\nNats-Batch-Sequence:{number}\r\n"
    if reply:
        head += "Nats-Batch-Commit:1\r\n"
    if put.expect is not None:
        head += f"Nats-Expected-Last-Subject-Sequence:{put.expect}\r\n"
    ttl = REMOVED if not put.body and put.ttl is None else put.ttl
    if ttl is not None:
        head += f"Nats-TTL:{max(1, math.ceil(ttl))}s\r\n"
    for name, value in put.headers.items():
        head += f"{name}:{value}\r\n"
    size = len(head) + 2
    return b"%b%b\r\n" % (
        f"HPUB {put.subject} {reply} {size} {size + len(put.body)}\r\n{head}\r\n".encode(),
        put.body,
    )


def sequence_of(answer: Msg) -> int:
    """The sequence of a batch's last record, from the answer.

    Raises:
        Conflict: a record is not what was expected.
        Doubt: the answer does not say what became of the batch.
        APIError: the batch is refused, and would be again.
    """
    if (code := status(answer)) is not None:
        raise Doubt(APIError(code=int(code), description="no answer"))
    told = orjson.loads(answer.data)
    error = told.get("error")
    if error is None:
        return int(told["seq"])
    if error.get("err_code") in _CONFLICT:
        raise Conflict
    reason = APIError(
        code=error.get("code"), err_code=error.get("err_code"), description=error.get("description")
    )
    passing = reason.code != 400 or reason.err_code == _INCOMPLETE
    raise Doubt(reason) if passing else reason
