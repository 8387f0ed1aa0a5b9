"""The mocked service: answers requests as its mocks say, in virtual time, and keeps what it got."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from akrun.engine.clock import Clock, SystemClock
from akrun.net.body import too_large
from akrun.net.call import Answer, Call
from akrun.net.client import HttpClient
from akrun.net.failures import HttpFailure
from akrun.net.message import Request
from akrun.net.message import Response as Received
from akrun.testkit.compare import Comparison, compare, fits
from akrun.testkit.format.http import HttpMock, Response
from akrun.testkit.seen import Seen, url_fits
from aktmpl import Environment

_SENDING: ContextVar[object] = ContextVar("akrun_testkit_sending", default=None)
"""The pipe's request that is being sent by this task."""

PassOn = Callable[[Call], Awaitable[Answer]]
"""Answers a request that no mock does, from the real service; raises HttpFailure."""


@dataclass(slots=True, eq=False)
class Script:
    """A mock with the answers it has left.

    Attributes:
        used: requests that it answered.
        times: requests that it can answer; None for any number.
    """

    mock: HttpMock
    used: int = 0
    times: int | None = field(init=False)

    def __post_init__(self) -> None:
        answers = self.mock.respond
        repeats = len(answers) == 1 and "times" not in answers[0].model_fields_set
        self.times = None if repeats else sum(each.times for each in answers)

    @property
    def spent(self) -> bool:
        """Whether it has no answer left."""
        return self.times is not None and self.used >= self.times

    def next(self) -> Response:
        """The answer to the next request."""
        self.used += 1
        left = self.used
        for each in self.mock.respond:
            left -= each.times
            if left <= 0 or self.times is None:
                return each
        raise AssertionError("a spent mock answers nothing")

    def compare(self, parts: Mapping[str, Any]) -> Comparison:
        """How a request compares with what the mock answers; `url` and all else that it names."""
        wanted, got = {"url": self.mock.url, **self.mock.wanted}, dict(parts)
        if self.mock.url is None:
            del wanted["url"]
        elif url_fits(self.mock.url, parts):
            wanted["url"] = got["url"]
        elif isinstance(self.mock.url, str) and "?" not in self.mock.url:
            got["url"] = parts["address"]
        return compare(wanted, got)

    def answers(self, parts: Mapping[str, Any]) -> bool:
        """Whether it answers a request like this one."""
        return url_fits(self.mock.url, parts) and fits(self.mock.wanted, parts)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request that no mock answers: the nearest one, and how it compares with that."""

    seen: Seen
    nearest: Script | None
    comparison: Comparison | None


class FakeService:
    """A service that answers by mocks; nothing reaches the network.

    ```python
    service = FakeService().on("POST", "https://api.example.com/*", {"status": 202, "json": {"id": 7}})
    response = await service.client().send(Request("POST", "https://api.example.com/messages"))
    assert (response.status, service.requests[0].method) == (202, "POST")
    ```

    Attributes:
        requests: what it got, in order.
        unanswered: those of them that no mock answers; their pipes fail with the kind `refused`.
    """

    def __init__(
        self,
        mocks: Iterable[HttpMock] = (),
        clock: Clock | None = None,
        *,
        folder: Path = Path(),
        pass_on: PassOn | None = None,
    ) -> None:
        """Make a service.

        Args:
            mocks: the first that a request fits answers it.
            clock: for latency, and when requests came.
            folder: where the files of answers are.
            pass_on: answers requests that no mock does.
        """
        self._clock = clock or SystemClock()
        self._folder = folder
        self._pass_on = pass_on
        self._scripts = [Script(each) for each in mocks]
        self._before: list[Script] = []
        self.requests: list[Seen] = []
        self.unanswered: list[Unanswered] = []

    def on(self, method: str, url: Any, *answers: Any, **wanted: Any) -> "FakeService":
        """Add a mock, after those there are; answers and further keys are those of test files."""
        given = {"method": method, "url": url, **wanted}
        if answers:
            given["respond"] = answers[0] if len(answers) == 1 else list(answers)
        self._scripts.append(Script(HttpMock.model_validate(given)))
        return self

    def put_first(self, mocks: Iterable[HttpMock]) -> None:
        """Let these mocks, and none that were put first earlier, come before the others."""
        self._before = [Script(each) for each in mocks]

    def client(self) -> HttpClient:
        """A client whose every request comes here."""
        return HttpClient(self, self._clock)

    async def exchange(self, call: Call) -> Answer:
        """Answer one request; see `akrun.net.call.Transport`."""
        call.begun = True
        seen = Seen.of(call, self._clock.monotonic(), _SENDING.get())
        self.requests.append(seen)
        script = self._script(seen)
        if script is None and self._pass_on is not None:
            return await self._passed_on(call, seen, self._pass_on)
        if script is None:
            seen.answer = "unanswered"
            address = f"{seen.method} {call.target.shown}"
            raise HttpFailure(f"no mock of the test answers {address}", kind="refused", sent=False)
        seen.mock = script.mock
        return await self._answered(call, seen, script.next())

    async def aclose(self) -> None:
        """There is nothing to close."""

    def _script(self, seen: Seen) -> Script | None:
        scripts = [*self._before, *self._scripts]
        parts = seen.parts()
        for script in scripts:
            if not script.spent and script.answers(parts):
                return script
        if self._pass_on is None:
            compared = [(script, script.compare(parts)) for script in scripts]
            nearest = max(compared, key=lambda pair: pair[1].likeness, default=None)
            self.unanswered.append(Unanswered(seen, *(nearest or (None, None))))
        return None

    async def _passed_on(self, call: Call, seen: Seen, pass_on: PassOn) -> Answer:
        try:
            answer = await pass_on(call)
        except HttpFailure as failure:
            seen.answer = failure.kind
            raise
        seen.answer = answer.status
        return answer

    async def _answered(self, call: Call, seen: Seen, response: Response) -> Answer:
        seen.answer = response.fault or response.status
        if response.latency:
            call.sent = True
            await self._clock.sleep(response.latency)
        if response.fault is not None:
            return await _failing(call, response.fault)
        call.sent = True
        body, kind = self._body(response, seen)
        if len(body) > call.limit:
            raise too_large(call.limit)
        headers = {"content-type": kind} if kind else {}
        headers |= {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, list(headers.items()), headers, b"" if call.method == "HEAD" else body)

    def _body(self, response: Response, seen: Seen) -> tuple[bytes, str]:
        """The bytes of an answer, and their media type."""
        named = response.named
        if "json" in named:
            return orjson.dumps(response.json_), "application/json"
        if "template" in named:
            document = _templates().compile_document(response.template, "template")
            return document.render_json({"request": seen.parts()}), "application/json"
        if response.file is not None:
            return (self._folder / response.file).read_bytes(), ""
        return (response.body or "").encode(), "text/plain; charset=utf-8" if response.body else ""


class Attributed:
    """A sender that lets the service know which request of a pipe each of its requests belongs to."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def send(self, request: Request) -> Received:
        """See `akrun.net.client.Sender.send`."""
        token = _SENDING.set(request)
        try:
            return await self._client.send(request)
        finally:
            _SENDING.reset(token)


@cache
def _templates() -> Environment:
    """Compiles the templates of answers; each is compiled once."""
    return Environment(["request"])


async def _failing(call: Call, fault: str) -> Answer:
    address = call.target.shown
    if fault == "timeout":
        call.sent = True
        await asyncio.Event().wait()  # until the client's deadline
    call.sent = fault not in ("refused", "tls")
    if fault == "too_large":
        raise too_large(call.limit)
    message = _FAILURES[fault].format(origin=call.target.origin.text, address=address)
    kind = "tls" if fault == "tls" else "connection"
    raise HttpFailure(message, kind=kind, sent=call.sent, retryable=kind == "connection")


_FAILURES: Final = {
    "refused": "cannot connect to {origin}: Connection refused",
    "reset": "the connection broke during the exchange with {address}: Connection reset by peer",
    "tls": "TLS with {origin} failed: self-signed certificate",
}
"""What the client says of the same failures of a real service."""
