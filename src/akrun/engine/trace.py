"""A trace: what every pipe of one event saw, did and answered, fit to be shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from akrun.engine.secrets import MASK, Masker
from akrun.net.message import Request, Response

_CREDENTIAL_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})


@dataclass(slots=True)
class TraceStep:
    """One pipe's part.

    Attributes:
        input, output: `$in` before and after, copied, with secrets masked and bytes as text.
        elapsed: seconds in the pipe.
        exit: `success`, `error`, or `out <pipe id>`.
        next: the pipe that follows; None at the end.
        error: the `$error` the pipe left.
        request, response: of the last HTTP exchange, if there was one.
        branches: the steps of each branch that the pipe ran, in the order of the branches.
    """

    pipe: int
    type: str
    label: str | None
    input: dict[str, Any]
    output: dict[str, Any] = field(default_factory=dict)
    elapsed: float = 0.0
    exit: str = ""
    next: int | None = None
    error: dict[str, Any] | None = None
    request: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    branches: "list[list[TraceStep]]" = field(default_factory=list)


@dataclass(slots=True)
class Trace:
    """The steps of one event, in order; secrets are masked as they are recorded."""

    masker: Masker = field(default_factory=Masker)
    steps: list[TraceStep] = field(default_factory=list)

    def enter(self, pipe: int, kind: str, label: str | None, data: Mapping[str, Any]) -> None:
        """A pipe begins with this `$in`."""
        self.steps.append(TraceStep(pipe, kind, label, shown(data, self.masker)))

    def sending(self, request: Request) -> None:
        """The pipe at hand sends a request."""
        self.steps[-1].request = describe(request, self.masker)

    def received(self, response: Response) -> None:
        """The pipe at hand got a response."""
        headers = _headers(response.headers, self.masker)
        answer = {"status": response.status, "headers": headers, "body": shown(response.body, self.masker)}
        self.steps[-1].response = {**answer, "elapsed": response.elapsed}

    def leave(
        self,
        way: str,
        following: int | None,
        data: Mapping[str, Any],
        elapsed: float,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """The pipe at hand ends by this exit, leaving this `$in`."""
        step = self.steps[-1]
        step.exit, step.next, step.elapsed = way, following, elapsed
        step.output = shown(data, self.masker)
        step.error = None if error is None else self.masker.value(dict(error))


def describe(request: Request, masker: Masker) -> dict[str, Any]:
    """A request as it may be printed: method, url, headers and body, secrets and credentials masked."""
    return {
        "method": request.method,
        "url": masker.text(request.url),
        "headers": _headers(request.headers, masker),
        "body": None if request.content is None else shown(request.content, masker),
    }


def shown(value: Any, masker: Masker) -> Any:
    """A copy of a value as it may be printed: secrets masked, bytes as text or else counted."""
    if isinstance(value, bytes):
        try:
            return masker.text(value.decode())
        except UnicodeDecodeError:
            return f"<{len(value)} bytes>"
    if isinstance(value, Mapping):
        return {masker.text(str(key)): shown(each, masker) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [shown(each, masker) for each in value]
    return masker.value(value)


def _headers(headers: Mapping[str, str], masker: Masker) -> dict[str, str]:
    return {
        name: _credential(value) if name.lower() in _CREDENTIAL_HEADERS else masker.text(value)
        for name, value in headers.items()
    }


def _credential(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space and scheme.isalpha() else MASK
