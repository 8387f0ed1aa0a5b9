"""What a check says about a template: faults that stop it from compiling, and warnings."""

from dataclasses import dataclass
from typing import Any, Literal

from aktmpl.errors import TemplateError, error
from aktmpl.source import Source, Span, frame, locate


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault or warning.

    Attributes:
        code: `E…` for a fault, `W…` for a warning; see `aktmpl.codes`.
        message: What is wrong, without the place.
        source: The text the span refers to.
        span: The place.
        hint: How to mend it, if that is known.
    """

    code: str
    message: str
    source: Source
    span: Span
    hint: str | None = None

    def __str__(self) -> str:
        name, line, column = locate(self.source, self.span)
        return f"{name}:{line}:{column}: {self.headline}"

    @property
    def severity(self) -> Literal["error", "warning"]:
        """`error` for what cannot be right for any data."""
        return "warning" if self.code.startswith("W") else "error"

    @property
    def headline(self) -> str:
        """Code and message; a warning says that it is one."""
        return f"{'warning ' if self.severity == 'warning' else ''}{self.code} {self.message}"

    def frame(self) -> str:
        """The place with its source line, a caret run, and the hint."""
        return frame(self.source, self.span, self.headline, self.hint)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: severity, code, message, hint, name, line, column, start, end, pointer."""
        name, line, column = locate(self.source, self.span)
        return {
            "severity": self.severity,
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

    def to_error(self) -> TemplateError:
        """The error to raise for a fault."""
        return error(self.code, self.message, self.source, self.span, self.hint)

    @classmethod
    def of(cls, fault: TemplateError) -> "Finding":
        """What an error says."""
        return cls(fault.code, fault.message, fault.source, fault.span, fault.hint)
