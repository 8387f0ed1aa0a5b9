"""What a dry run uses in place of network, databases, store and time."""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn

from akrun.backend.memory import MemoryStore
from akrun.backend.protocol import Store
from akrun.engine.clock import SystemClock
from akrun.engine.secrets import Masker
from akrun.engine.shown import describe
from akrun.net.failures import HttpFailure
from akrun.net.message import Request, Response
from akrun.sql.protocol import Row, Sql
from aktmpl.sql import Dialect, SqlPart


class Halt:
    """Where a dry run has to end, since nobody knows what would come back.

    Attributes:
        reason: Why; empty until it is reached.
        reached: Set when it is.
    """

    def __init__(self) -> None:
        self.reason = ""
        self.reached = asyncio.Event()

    async def here(self, reason: str) -> NoReturn:
        """Never come back; whoever waits for `reached` cancels the run."""
        self.reason = self.reason or reason
        self.reached.set()
        while True:
            await asyncio.Event().wait()


class Answers:
    """The `Sender` that answers a request as its trace says, and halts at one that the trace does not have.

    What made the event fail is no answer: it is what another run is to get past.

    Args:
        traces: As `akrun.engine.trace_record.trace_to_dict` gives them; the answers of later ones go before.
        masker: Hides the secrets, as the traces do.
        halt: Where to end.
    """

    def __init__(self, traces: Sequence[Mapping[str, Any]], masker: Masker, halt: Halt) -> None:
        self._masker = masker
        self._halt = halt
        self._known: dict[str, deque[Mapping[str, Any]]] = {}
        for trace in traces:
            found: defaultdict[str, deque[Mapping[str, Any]]] = defaultdict(deque)
            for exchange in _answered(trace["steps"]):
                if exchange["response"] is not None or exchange["failure"] is not None:
                    found[_key(exchange["request"])].append(exchange)
            self._known.update(found)

    async def send(self, request: Request) -> Response:
        """See `Sender.send`."""
        known = self._known.get(_key(describe(request, self._masker)))
        if not known:
            await self._halt.here("it would send this request, and what follows depends on the answer")
        exchange = known.popleft()
        response, failure = exchange["response"], exchange["failure"]
        if response is None:
            raise HttpFailure(failure["message"], kind=failure["kind"], sent=True)
        return Response(
            response["status"], dict(response["headers"]), response["body"].encode(), response["elapsed"]
        )


class HaltingSql:
    """The `Sql` that halts at the first statement: it may change what it asks."""

    def __init__(self, sql: Sql, halt: Halt) -> None:
        self._sql = sql
        self._halt = halt

    def dialect(self, connector_id: str, /) -> Dialect:
        """See `Sql.dialect`."""
        return self._sql.dialect(connector_id)

    async def rows(
        self,
        connector_id: str,
        statement: tuple[SqlPart, ...],  # noqa: ARG002 - the protocol's
        *,
        first: bool = False,  # noqa: ARG002
        connection_timeout: float | None = None,  # noqa: ARG002
        query_timeout: float | None = None,  # noqa: ARG002
    ) -> list[Row]:
        """See `Sql.rows`."""
        await self._halt.here(f"it would ask the database {connector_id}")

    def stream(self, connector_id: str, statement: tuple[SqlPart, ...]) -> Generator[Row, None, None]:
        """See `Sql.stream`; only audiences are read so."""
        return self._sql.stream(connector_id, statement)


class LayeredStore:
    """The `Store` that reads what another one has, and keeps what is set and taken to itself."""

    def __init__(self, below: Store) -> None:
        self._below = below
        self._own = MemoryStore()
        self._hidden: set[tuple[str, str]] = set()

    async def store_set(self, table: str, key: str, value: bytes, ttl: float) -> None:
        """See `Store.store_set`."""
        await self._own.store_set(table, key, value, ttl)
        self._hidden.add((table, key))

    async def store_get(self, table: str, key: str, *, delete: bool = False) -> bytes | None:
        """See `Store.store_get`."""
        if (table, key) in self._hidden:
            return await self._own.store_get(table, key, delete=delete)
        if delete:
            self._hidden.add((table, key))
        return await self._below.store_get(table, key)

    async def store_purge(self, now: float) -> int:
        """See `Store.store_purge`."""
        return await self._own.store_purge(now)


class SkippingClock:
    """The `Clock` that is set forward in place of every wait."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._skipped = 0.0

    def now(self) -> datetime:
        """See `Clock.now`."""
        return self._clock.now() + timedelta(seconds=self._skipped)

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self._clock.monotonic() + self._skipped

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        self._skipped += max(seconds, 0.0)
        await asyncio.sleep(0)


def _answered(steps: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The exchanges of these steps and their branches, but for those of the pipe that failed."""
    for step in steps:
        if step["exit"] == "success" or step["next"] is not None:
            yield from step["exchanges"]
        for branch in step["branches"]:
            yield from _answered(branch)


def _key(request: Mapping[str, Any]) -> str:
    return json.dumps(request, sort_keys=True, default=repr)
