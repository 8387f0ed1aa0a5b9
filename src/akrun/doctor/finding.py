"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum

from akrun.errors import Fault
from aktmpl import TemplateError
from aktmpl.source import frame, locate


class Level(StrEnum):
    """How bad it is: all is well; worth a look; something does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        level: how bad it is.
        subject: what was looked at: a file, a host, a setting.
        message: what was found; may have several lines.
        cure: how to mend it; empty where nothing is to be mended.
    """

    level: Level
    subject: str
    message: str
    cure: str = ""


def ok(subject: str, message: str, cure: str = "") -> Finding:
    """All is well; a cure says how to get more out of it."""
    return Finding(Level.OK, subject, message, cure)


def warn(subject: str, message: str, cure: str) -> Finding:
    """It works, but not as well or as safely as it should."""
    return Finding(Level.WARN, subject, message, cure)


def fail(subject: str, message: str, cure: str) -> Finding:
    """It does not work."""
    return Finding(Level.FAIL, subject, message, cure)


def of_fault(fault: Fault | TemplateError, cure: str) -> Finding:
    """A fault in a file, its line under it; `cure` is said where the fault has no hint."""
    name, line, column = locate(fault.source, fault.span)
    place = f"{name}:{line}:{column}"
    message = frame(fault.source, fault.span, f"{fault.code} {fault.message}").removeprefix(f"{place}: ")
    return fail(place, message, fault.hint or cure)
