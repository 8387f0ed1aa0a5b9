"""The one shape of errors: problem details (RFC 9457) with a code, a cure, and the frames of faults."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response

from akrun.backend import BackendError, ConflictError, NotFoundError, RecordError, StateError
from akrun.engine.operation import UnknownOperationError
from akrun.errors import AkrunError, Fault, FileFaults, PipeFailure
from akrun.mailing.life import UnknownMailingError
from akrun.mailing.report import ReportError
from akrun.server.api.answers import encoded
from aktmpl import TemplateError
from aktmpl.source import locate

MEDIA_TYPE: Final = "application/problem+json"

_TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}
"""The phrases of RFC 9110, which not every version of Python has."""
_UNKNOWN = (UnknownMailingError, UnknownOperationError, ReportError, NotFoundError)


class FaultDocument(BaseModel):
    """One thing that is wrong at one place of what was sent."""

    model_config = ConfigDict(title="Fault", use_attribute_docstrings=True)

    code: str
    """Such as `C304`; see the error codes."""
    message: str
    """What is wrong, without the place."""
    hint: str | None
    """How to mend it, if that is known."""
    file: str
    """What the fault lies in: `<body>`, `<audience>`, `<query>`, …."""
    line: int
    """From 1."""
    column: int
    """In characters, from 1."""
    frame: str
    """The place as text: the line with a caret run under it, and the hint."""


class ProblemDocument(BaseModel):
    """Why a request was not carried out."""

    model_config = ConfigDict(title="Problem", use_attribute_docstrings=True)

    type: str
    """Always `about:blank`: the code tells problems apart."""
    title: str
    """The phrase of the HTTP status."""
    status: int
    """The HTTP status."""
    code: str
    """What kind of problem it is, for programs."""
    detail: str
    """What is wrong, for people."""
    hint: str | None
    """How to mend it, if that is known."""
    faults: list[FaultDocument]
    """Every fault of what was sent, when that is what is wrong."""
    omitted: int
    """How many faults there are more than are listed."""
    error: dict[str, Any] | None
    """The `$error` of the pipe that failed, when an operation ended with one."""
    request_id: str
    """Also in the header `X-Request-Id`; the log names it."""


class Problem(Exception):
    """A request that is not carried out; becomes its answer.

    Attributes:
        status: the HTTP status.
        code, detail, hint, omitted, error: as in `ProblemDocument`.
        faults: the faults with their places.
        headers: of the answer.
    """

    def __init__(  # noqa: PLR0913 - one keyword per part of the answer
        self,
        status: int,
        code: str,
        detail: str,
        hint: str | None = None,
        *,
        faults: Sequence[Fault | TemplateError] = (),
        omitted: int = 0,
        error: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.hint = hint
        self.faults = tuple(faults)
        self.omitted = omitted
        self.error = error
        self.headers = dict(headers or {})

    def answer(self, request_id: str) -> Response:
        """The problem as an HTTP answer."""
        document = ProblemDocument(
            type="about:blank",
            title=_TITLES.get(self.status) or HTTPStatus(self.status).phrase,
            status=self.status,
            code=self.code,
            detail=self.detail,
            hint=self.hint,
            faults=[_document(fault) for fault in self.faults],
            omitted=self.omitted,
            error=None if self.error is None else dict(self.error),
            request_id=request_id,
        )
        return Response(encoded(document.model_dump()), self.status, self.headers, MEDIA_TYPE)


def problem_of(error: AkrunError) -> Problem:
    """What an error of the runtime means to a client."""
    match error:
        case FileFaults():
            return invalid(error)
        case BackendError():
            return _of_backend(error)
        case PipeFailure(kind="secret"):
            return Problem(409, "secret", str(error), "give it to the server by --set")
        case PipeFailure():
            return Problem(502, "failed", str(error), error=error.to_scope(0) | {"pipe": None})
        case _ if isinstance(error, _UNKNOWN):
            return Problem(404, "not_found", str(error))
        case _:
            return Problem(409, "conflict", str(error))


def invalid(error: FileFaults) -> Problem:
    """Faults of what was sent."""
    count = len(error.faults) + error.omitted
    first = error.faults[0].message
    detail = first if count == 1 else f"{first}; and {count - 1} more"
    return Problem(422, "invalid", detail, error.faults[0].hint, faults=error.faults, omitted=error.omitted)


def _of_backend(error: BackendError) -> Problem:
    hint = error.cure or None
    match error:
        case NotFoundError():
            return Problem(404, "not_found", error.message, hint)
        case ConflictError() | StateError():
            return Problem(409, "conflict", error.message, hint)
        case RecordError():
            return Problem(422, "invalid", error.message, hint)
        case _:
            return Problem(503, "unavailable", error.message, hint, headers={"Retry-After": "5"})


def of_http(error: HTTPException, methods: Sequence[str]) -> Problem:
    """What routing refuses: unknown addresses, and methods that are none of an address's own."""
    if error.status_code == 404:
        return Problem(404, "not_found", "there is nothing at this address")
    if error.status_code == 405:
        allowed = ", ".join(methods)
        detail, hint = "the method is not taken here", f"taken: {allowed}"
        return Problem(405, "method_not_allowed", detail, hint, headers={"Allow": allowed})
    return Problem(error.status_code, "refused", str(error.detail), headers=error.headers)


def request_id(request: Request) -> str:
    """The id of a request, which the boundary gave it."""
    return str(request.scope.get("akrun.request_id", ""))


def _document(fault: Fault | TemplateError) -> FaultDocument:
    name, line, column = locate(fault.source, fault.span)
    return FaultDocument(
        code=fault.code,
        message=fault.message,
        hint=fault.hint,
        file=name,
        line=line,
        column=column,
        frame=fault.frame(),
    )
