"""Recording: what no mock answers is asked of the real service, and its answers are written as mocks."""

import asyncio
import threading
from collections.abc import Collection, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson

from akrun.engine.secrets import MASK, Masker
from akrun.net.call import Answer, Call
from akrun.net.client import HttpClient
from akrun.net.failures import HttpFailure
from akrun.net.guard import Guard
from akrun.net.message import Request
from akrun.testkit.bench import Bench
from akrun.testkit.check import Finding
from akrun.testkit.insert import insert_mocks
from akrun.testkit.load import Loaded, LoadedCase, load_tests
from akrun.testkit.run import CaseResult, run_case
from akrun.testkit.suite import Selection

T = TypeVar("T")

_NOISE: Final = frozenset({
    "age", "alt-svc", "cache-control", "connection", "content-encoding", "content-length", "date", "etag",
    "expires", "keep-alive", "last-modified", "pragma", "server", "set-cookie", "strict-transport-security",
    "transfer-encoding", "vary", "via",
})  # fmt: skip
"""Headers of answers that say nothing to a channel."""
_FAULTS: Final = {"timeout": "timeout", "tls": "tls", "too_large": "too_large"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A case that was run against the real service, and how many mocks were written for it."""

    result: CaseResult
    mocks: int


@dataclass(slots=True)
class _Exchanges:
    """What passed between a case and the real service."""

    kept: list[tuple[Call, Answer | HttpFailure]] = field(default_factory=list)


def record_file(path: Path, selection: Selection, allow: Collection[str]) -> Iterator[Recorded]:
    """Run cases of a file against the real service, and write its answers into the file.

    Secrets in what is written are masked. An environment variable that `env` gives a value for is taken from
    the process when it is set there: a case may name a made-up key for later runs.

    Args:
        path: the test file.
        selection: which of its cases.
        allow: hosts and networks that are not public and may be reached; see `Guard`.

    Raises:
        FileFaults: the file or its channel cannot be read.
        AkrunError: mocks cannot be written into the file, because of the way it is written.
    """
    for index in selection.indices(load_tests(path)):
        loaded = load_tests(path)
        case = loaded.cases[index]
        exchanges = _Exchanges()
        with Bench(loaded, real_environment=True) as bench, _real_service(allow) as real:

            async def pass_on(call: Call, bench: Bench = bench, real: _Real = real) -> Answer:
                return await _exchange(call, bench, real, exchanges)  # noqa: B023 - run within this turn

            result = run_case(bench, case, pass_on)
            masker = masker_of(bench, case)
            result = replace(result, findings=tuple(_masked(each, masker) for each in result.findings))
        mocks = [_mock(group, masker, loaded) for group in _groups(exchanges)]
        if mocks:
            text = insert_mocks(loaded.document, index, mocks)
            path.write_text(text, encoding="utf-8")
        yield Recorded(result, len(mocks))


def _masked(found: tuple[int, Finding], masker: Masker) -> tuple[int, Finding]:
    line, finding = found
    lines = tuple(map(masker.text, finding.lines))
    return line, replace(finding, title=masker.text(finding.title), lines=lines)


def masker_of(bench: Bench, case: LoadedCase) -> Masker:
    """Hides all secrets that a case has: the mailing's, the serving process's, the profiles'."""
    compiled = bench.compiled
    job = bench.job(case)
    masker = compiled.masker(bench.values(case) if job is None else job.constants)
    rows = [
        each for entry in (case.case, *case.case.steps) for each in (entry.subscription, *_of(entry)) if each
    ]
    for row in rows:
        masker = masker.plus(compiled.secrets_of({"subscription": row}))
    return masker


def _of(entry: Any) -> list[dict[str, Any]]:
    return [each.subscription for each in entry.profiles or ()]


class _Real:
    """A client of the real service, on an event loop of its own in a thread, where time is real."""

    def __init__(self, allow: Collection[str]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.client = HttpClient(guard=Guard(allow))

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there, and wait for it here."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.client.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def _real_service(allow: Collection[str]) -> Iterator[_Real]:
    real = _Real(allow)
    try:
        yield real
    finally:
        real.close()


async def _exchange(call: Call, bench: Bench, real: _Real, exchanges: _Exchanges) -> Answer:
    headers = {name.decode("ascii"): value.decode() for name, value in call.headers}
    request = Request(
        call.method, call.target.url, headers, call.content, max_response=call.limit, pool_size=call.pool_size
    )
    call.sent = True
    try:
        with bench.loop.held():
            response = await real.run(real.client.send(request))
    except HttpFailure as failure:
        call.sent = failure.sent
        exchanges.kept.append((call, failure))
        raise
    answer = Answer(response.status, list(response.headers.items()), response.headers, response.body)
    exchanges.kept.append((call, answer))
    return answer


def _groups(exchanges: _Exchanges) -> list[list[tuple[Call, Answer | HttpFailure]]]:
    """The exchanges by what was asked: one mock answers all that have method and address in common."""
    groups: dict[tuple[str, str], list[tuple[Call, Answer | HttpFailure]]] = {}
    for each in exchanges.kept:
        groups.setdefault((each[0].method, each[0].target.url), []).append(each)
    return list(groups.values())


def _mock(group: list[tuple[Call, Answer | HttpFailure]], masker: Masker, loaded: Loaded) -> dict[str, Any]:
    call = group[0][0]
    answers = [_response(each, masker, loaded) for _, each in group]
    url = masker.text(call.target.url).replace(MASK, "*")
    return {"method": call.method, "url": url, "respond": answers[0] if len(answers) == 1 else answers}


def _response(answer: Answer | HttpFailure, masker: Masker, loaded: Loaded) -> dict[str, Any]:
    if isinstance(answer, HttpFailure):
        return {"fault": _FAULTS.get(answer.kind, "reset" if answer.sent else "refused")}
    written: dict[str, Any] = {"status": answer.status}
    kind = answer.headers.get("content-type", "")
    headers = {name: masker.text(value) for name, value in answer.headers.items() if name not in _NOISE}
    body = _body(answer.body, masker, loaded)
    if "json" in body and kind.partition(";")[0] == "application/json":
        headers.pop("content-type", None)
    if headers:
        written["headers"] = headers
    return written | body


def _body(body: bytes, masker: Masker, loaded: Loaded) -> dict[str, Any]:
    if not body:
        return {}
    try:
        return {"json": masker.value(orjson.loads(body))}
    except orjson.JSONDecodeError:
        pass
    try:
        return {"body": masker.text(body.decode())}
    except UnicodeDecodeError:
        import hashlib  # noqa: PLC0415 - few answers are no text

        name = f"{loaded.path.name.partition('.')[0]}.{hashlib.sha256(body).hexdigest()[:12]}.bin"
        (loaded.path.parent / name).write_bytes(body)
        return {"file": name}
