"""The key-value store of the cluster backend: a bucket whose values the servers let go of by themselves."""

import math
from collections.abc import Mapping
from typing import Final

from nats.js.api import RawStreamMsg

from akrun.backend.cluster.connection import require_room
from akrun.backend.cluster.core import Core
from akrun.backend.cluster.outlast import outlasted, published
from akrun.backend.cluster.streams import bucket_stream, bucket_subject, store_bucket
from akrun.backend.cluster.subjects import token
from akrun.backend.errors import check_ttl

EXPIRES: Final = "Akrun-Expires"
"""Header of a value: the end of its time, in seconds since the epoch."""

_LEEWAY: Final = 60
"""Seconds that the servers keep a value beyond its time: whoever reads it knows the end exactly."""

_LONGEST: Final = 2**31
"""Seconds; no value is kept for longer."""

_OPERATION: Final = "KV-Operation"
_TAKEN: Final = {_OPERATION: "DEL", "Nats-TTL": "60"}
"""Headers of what stands in a value's place for a while once it was taken."""


class ClusterStore(Core):
    """The `Store` protocol."""

    async def store_set(self, table: str, key: str, value: bytes, ttl: float) -> None:
        """See `Store.store_set`."""
        check_ttl(ttl)
        await self._keep(table, key, value, self._clock() + ttl)

    async def _keep(self, table: str, key: str, value: bytes, expires: float) -> None:
        """Store a value until that time."""
        ttl = math.ceil(max(expires - self._clock(), 0.0))
        headers = {EXPIRES: repr(expires), "Nats-TTL": str(min(ttl + _LEEWAY, _LONGEST))}
        await self._publish(self._value_at(table, key), value, headers)

    async def store_get(self, table: str, key: str, *, delete: bool = False) -> bytes | None:
        """See `Store.store_get`."""
        subject = self._value_at(table, key)
        while True:
            found = await self._value(subject)
            if found is None:
                return None
            value = found.data or b""
            headers = {**_TAKEN, "Nats-Expected-Last-Subject-Sequence": str(found.seq)}
            if not delete or await self._publish(subject, b"", headers):
                return value

    async def store_purge(self, now: float) -> int:  # noqa: ARG002 - the protocol's
        """See `Store.store_purge`; the servers do it, so nothing is left to be counted."""
        self._require_open()
        return 0

    @property
    def _values(self) -> str:
        return store_bucket(self._options.prefix)

    def _value_at(self, table: str, key: str) -> str:
        self._require_open()
        return f"{bucket_subject(self._values)}.{token(table)}.{token(key)}"

    async def _value(self, subject: str) -> RawStreamMsg | None:
        """A value whose time is not over, as the bucket's leader has it: any other may lag behind."""
        stream = bucket_stream(self._values)
        found = await outlasted(lambda: self._js.get_last_msg(stream, subject), self._options)
        if found is None:
            return None
        headers = found.headers or {}
        over = _OPERATION in headers or float(headers[EXPIRES]) <= self._clock()
        return None if over else found

    async def _publish(self, subject: str, body: bytes, headers: Mapping[str, str]) -> bool:
        """Store a value or a mark; False when another process was first."""
        require_room(self._nc, body)
        stream = bucket_stream(self._values)
        done = await published(self._js, self._options, stream, subject, body, headers)
        return done is not None
