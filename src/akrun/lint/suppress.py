"""Findings that the file allows, and what is wrong with what it allows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from akrun.graph import Place
from akrun.lint.finding import Complaint, Finding
from akrun.lint.rule import Rule
from akrun.lint.rules import RULES
from akrun.lint.rules.suppression import NEEDLESS, NO_REASON, UNKNOWN
from akrun.lint.subject import Subject
from akrun.model.positions import to_pointer
from aktmpl.codes import CODES, WARNINGS
from aktmpl.errors import nearest

_KNOWN = frozenset(
    {*(rule.id for rule in RULES), *WARNINGS, *(code for code in CODES if code.startswith("E2"))}
)


@dataclass(frozen=True, slots=True)
class _Allowed:
    """One entry of `lint.allow`: for the part of the file at `within`."""

    within: Place
    code: str
    reason: str

    @property
    def at(self) -> Place:
        return (*self.within, "lint", "allow", self.code)

    def covers(self, finding: Finding) -> bool:
        """Whether it allows a finding, reason or not."""
        if finding.code != self.code:
            return False
        pointer, prefix = finding.pointer or "", to_pointer(self.within)
        return pointer == prefix or pointer.startswith(prefix + "/") or not self.within


def suppressed(
    subject: Subject, findings: Iterable[Finding]
) -> tuple[list[Finding], list[tuple[Rule, Complaint]]]:
    """What is left of a channel's findings, and what is wrong with what it allows.

    An entry counts as needless only where the channel has no faults: these keep rules from looking.
    """
    allowed = [*_allowed(subject)]
    needed: set[Place] = set()
    left = []
    for finding in findings:
        covering = [each for each in allowed if each.covers(finding)]
        needed.update(each.at for each in covering)
        if not covering:
            left.append(finding)
    return left, [*_wrong(subject, allowed, needed)]


def _allowed(subject: Subject) -> Iterator[_Allowed]:
    """The entries of pipes come first: what they cover, the channel's need not."""
    for each in subject.pipes:
        for code, reason in each.model.lint.allow.items():
            yield _Allowed(each.at, code, reason)
    for code, reason in subject.channel.lint.allow.items():
        yield _Allowed((), code, reason)


def _wrong(
    subject: Subject, allowed: Iterable[_Allowed], needed: set[Place]
) -> Iterator[tuple[Rule, Complaint]]:
    for each in allowed:
        if each.code not in _KNOWN:
            hint = nearest(each.code, _KNOWN) or "see docs/lint.md; faults cannot be allowed"
            message = f"`{each.code[:80]}` is no finding that can be allowed"
            yield UNKNOWN, subject.at(each.at, message, hint, on_key=True)
        elif each.at not in needed and not subject.faults:
            message = f"{each.code} is allowed here, and is not found here"
            yield NEEDLESS, subject.at(each.at, message, "remove the entry", on_key=True)
        elif not each.reason.strip():
            yield (
                NO_REASON,
                subject.at(each.at, f"{each.code} is allowed without a reason", "say why it is right here"),
            )
