"""The errors of the pipeline runtime.

    AkrunError
    ├── FileFaults   one or several files a person wrote cannot be used; carries every `Fault` in them
    └── PipeFailure  a pipe could not do its work for one event; becomes the `$error` of its error exit
        └── Uncertain  nobody knows whether a request was carried out; ends the event

A `Fault` is not an exception: it is one place in a file with what is wrong there and how to mend it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aktmpl.errors import TemplateError
from aktmpl.source import Source, Span, frame, locate


class AkrunError(Exception):
    """Root of every error that akrun raises on purpose; its text is fit to be shown to a person."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong at one place of a file.

    Attributes:
        code: Such as `C202`; see `akrun.model.codes.CODES`.
        message: What is wrong, without the place.
        hint: How to mend it, if that is known.
        source: The file.
        span: The place in it.
    """

    code: str
    message: str
    hint: str | None
    source: Source
    span: Span

    def frame(self) -> str:
        """The place with its source line, a caret run, and the hint."""
        return frame(self.source, self.span, f"{self.code} {self.message}", self.hint)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: code, message, hint, name, line, column, start, end, pointer."""
        name, line, column = locate(self.source, self.span)
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "name": name,
            "line": line,
            "column": column,
            "start": self.span.start,
            "end": self.span.end,
            "pointer": self.source.pointer,
        }


class FileFaults(AkrunError):
    """One or several files cannot be used.

    Attributes:
        faults: Every fault found, file by file in the order the files came, in a file by position.
        omitted: How many more there are than were kept.
    """

    def __init__(self, faults: Iterable[Fault | TemplateError], omitted: int = 0) -> None:
        self.faults: tuple[Fault | TemplateError, ...] = _in_order(tuple(faults))
        self.omitted = omitted
        super().__init__(self.faults, omitted)

    def frames(self) -> str:
        """All frames, a blank line between two, and at the end how many faults were left out."""
        parts = [fault.frame() for fault in self.faults]
        if self.omitted:
            parts.append(f"and {self.omitted} more")
        return "\n\n".join(parts)

    def __str__(self) -> str:
        return self.frames()


class PipeFailure(AkrunError):
    """A pipe could not do its work for one event.

    Attributes:
        code: An HTTP status, an error number of the service, or a code such as `E301` or `timeout`.
        message: What went wrong, for people.
        kind: The family of the failure: `template`, `http`, `timeout`, `connection`, `parse`, ….
        status: The HTTP status, when there was an answer.
        retryable: Whether the same attempt may succeed later.
    """

    def __init__(
        self, code: int | str, message: str, *, kind: str, status: int | None = None, retryable: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.kind = kind
        self.status = status
        self.retryable = retryable

    def __reduce__(self) -> tuple[Any, ...]:
        made_by = partial(
            PipeFailure,
            self.code,
            self.message,
            kind=self.kind,
            status=self.status,
            retryable=self.retryable,
        )
        return made_by, ()

    def to_scope(self, pipe_id: int) -> dict[str, Any]:
        """The value of `$error` after this failure in pipe `pipe_id`."""
        return {
            "code": self.code,
            "message": self.message,
            "pipe": pipe_id,
            "kind": self.kind,
            "status": self.status,
            "retryable": self.retryable,
        }


class Uncertain(PipeFailure):
    """A request of an earlier attempt may have been carried out, and is not to be sent again unasked.

    It takes no error exit: the event is set aside for a person.
    """

    def __init__(self, message: str) -> None:
        super().__init__("uncertain", message, kind="uncertain")


def _in_order(faults: tuple[Fault | TemplateError, ...]) -> tuple[Fault | TemplateError, ...]:
    files: dict[str, int] = {}

    def key(fault: Fault | TemplateError) -> tuple[int, int, int]:
        name, line, column = locate(fault.source, fault.span)
        return files.setdefault(name, len(files)), line, column

    return tuple(sorted(faults, key=key))
