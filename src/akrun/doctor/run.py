"""Running checks: all at once, each by itself, within its deadline, and without a secret in what it says."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from akrun.doctor.finding import Finding, Level, fail
from akrun.doctor.scope import Scope
from akrun.engine.secrets import Masker

Look = Callable[[Scope], AsyncIterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        name: a word, for programs.
        title: what it looks at.
        look: gives findings as it goes.
        deadline: seconds after which it is ended; what it has found by then stays.
    """

    name: str
    title: str
    look: Look
    deadline: float = 10.0


@dataclass(frozen=True, slots=True)
class Checked:
    """A check and what it found."""

    check: Check
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        findings = [
            {"level": each.level.value, "subject": each.subject, "message": each.message, "cure": each.cure}
            for each in self.findings
        ]
        return {"check": self.check.name, "title": self.check.title, "findings": findings}


async def run_checks(scope: Scope, checks: Sequence[Check]) -> list[Checked]:
    """Run the checks, in no order, and give what they found in theirs. Never raises for what a check does."""
    masker = Masker(scope.secrets())
    return await asyncio.gather(*(_run(check, scope, masker) for check in checks))


def count(checked: Sequence[Checked]) -> dict[Level, int]:
    """Findings by level."""
    levels = [finding.level for each in checked for finding in each.findings]
    return {level: levels.count(level) for level in Level}


async def _run(check: Check, scope: Scope, masker: Masker) -> Checked:
    findings: list[Finding] = []
    try:
        async with asyncio.timeout(check.deadline):
            async for finding in check.look(scope):
                findings.append(finding)  # noqa: PERF401 - what was found before the deadline is kept
    except TimeoutError:
        message = f"not at its end after {check.deadline:g} s; what was not looked at is not known"
        findings.append(fail(check.title, message, "see what it waits for: a disk, a network, a server"))
    except Exception as error:  # noqa: BLE001 - the other checks go on
        message = f"the check itself failed: {type(error).__name__}: {error}"
        findings.append(fail(check.title, message, "report this; it is a fault of akrun"))
    return Checked(check, tuple(_masked(finding, masker) for finding in findings))


def _masked(finding: Finding, masker: Masker) -> Finding:
    return replace(
        finding,
        subject=masker.text(finding.subject),
        message=masker.text(finding.message),
        cure=masker.text(finding.cure),
    )
