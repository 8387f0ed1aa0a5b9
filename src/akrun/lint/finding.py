"""What lint says: one thing at one place of a file, how bad it is, and what mends it."""

from dataclasses import dataclass
from typing import Any, Literal

from akrun.errors import Fault
from aktmpl.errors import TemplateError
from aktmpl.findings import Finding as TemplateFinding
from aktmpl.source import Source, Span, frame, locate, outermost

Severity = Literal["error", "warning", "info"]
"""Cannot be right; may be right but rarely is; worth knowing."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The text that takes the place of a span of the file."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a rule finds: it becomes a finding with the rule's id and severity.

    Attributes:
        message: what is wrong, for people.
        source, span: where.
        hint: how to mend it.
        pointer: the part of the file that it is about, where `source` does not know it.
        edits: mend it; none where a person has to decide.
    """

    message: str
    source: Source
    span: Span
    hint: str | None = None
    pointer: str | None = None
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        code: `L…` of lint's rules, `W…` of template warnings, or the code of a fault: `C…`, `E…`.
        severity: how bad it is.
        message: what is wrong, without the place.
        source, span: where.
        hint: how to mend it, if that is known.
        pointer: RFC 6901 pointer of the part of the file, if it is known.
        edits: mend it; none where a person has to decide.
    """

    code: str
    severity: Severity
    message: str
    source: Source
    span: Span
    hint: str | None = None
    pointer: str | None = None
    edits: tuple[Edit, ...] = ()

    @classmethod
    def of(cls, fault: Fault | TemplateError | TemplateFinding, edits: tuple[Edit, ...] = ()) -> "Finding":
        """What a fault of a file or of a template says."""
        severity: Severity = fault.severity if isinstance(fault, TemplateFinding) else "error"
        source, pointer = fault.source, fault.source.pointer
        return cls(fault.code, severity, fault.message, source, fault.span, fault.hint, pointer, edits)

    @property
    def place(self) -> tuple[str, int, int]:
        """File, line and column."""
        return locate(self.source, self.span)

    @property
    def end(self) -> tuple[int, int]:
        """Line and column of the end, which is not part of it."""
        source, span = outermost(self.source, self.span)
        return source.position(max(span.end, span.start + 1))

    def frame(self) -> str:
        """The place with its source line, a caret run, and the hint."""
        return frame(self.source, self.span, f"{self.severity} {self.code} {self.message}", self.hint)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: what it says, where (name, line, column, ends, pointer), whether it is fixable."""
        name, line, column = self.place
        end_line, end_column = self.end
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "hint": self.hint,
            "name": name,
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
            "pointer": self.pointer,
            "fixable": bool(self.edits),
        }
