"""One channel's text, and everything that is to be said about it."""

from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from akrun.errors import Fault, FileFaults
from akrun.lint.cures import cure
from akrun.lint.finding import Complaint, Finding
from akrun.lint.rule import Rule
from akrun.lint.rules import RULES
from akrun.lint.subject import Subject
from akrun.lint.suppress import suppressed
from akrun.model.channel import Channel
from akrun.model.explain import faults_of
from akrun.model.located import parse_located
from aktmpl import TemplateError


def check_channel(text: str, name: str, *, is_json: bool = True) -> list[Finding]:
    """All findings of a channel, in the order of its text.

    Faults that keep it from being read or compiled are among them, and what can still be said beside them.

    Args:
        text: the file's text.
        name: what findings call it.
        is_json: whether it is JSON; YAML otherwise.
    """
    return examine_channel(text, name, is_json=is_json)[0]


def examine_channel(text: str, name: str, *, is_json: bool = True) -> tuple[list[Finding], Subject | None]:
    """As `check_channel`, with what the findings stand on; that is None for what does not fit the model."""
    try:
        located, faults = parse_located(text, name, is_json=is_json)
    except FileFaults as error:
        return _in_order(map(Finding.of, error.faults)), None
    try:
        channel = Channel.model_validate(located.value)
    except ValidationError as error:
        return _in_order(map(Finding.of, [*faults, *faults_of(error, located)])), None
    subject = Subject.of(channel, located)
    told = [*_by_rules(subject), *_of_templates(subject)]
    left, wrong = suppressed(subject, _said_once(told))
    left += [_finding(rule, complaint) for rule, complaint in wrong]
    return _in_order([*map(_fault, [*faults, *subject.faults]), *left]), subject


def _fault(fault: Fault | TemplateError) -> Finding:
    return Finding.of(fault, cure(fault.code, fault.source, fault.span))


def _by_rules(subject: Subject) -> Iterator[Finding]:
    for rule in RULES:
        if not rule.whole or subject.whole:
            for complaint in rule.check(subject):
                yield _finding(rule, complaint)


def _finding(rule: Rule, complaint: Complaint) -> Finding:
    return Finding(
        rule.id,
        rule.severity,
        complaint.message,
        complaint.source,
        complaint.span,
        complaint.hint,
        complaint.pointer or complaint.source.pointer,
        complaint.edits,
    )


def _of_templates(subject: Subject) -> Iterator[Finding]:
    """What the language says of the templates, with the types of all that they read."""
    for placed in subject.templates:
        if placed.view is not None:
            for finding in placed.template.findings(placed.view.schema):
                if finding.source.origin is not None:  # else it stands in for a faulty template
                    yield Finding.of(finding)


def _said_once(findings: Iterable[Finding]) -> list[Finding]:
    """Without what the language says of a place of which a rule says more."""
    found = list(dict.fromkeys(findings))
    ruled = [each for each in found if each.code.startswith("L")]
    return [each for each in found if each in ruled or not any(_says_more(rule, each) for rule in ruled)]


def _says_more(rule: Finding, other: Finding) -> bool:
    same = rule.source is other.source and rule.source.origin is not None
    return same and rule.span.start <= other.span.start and other.span.end <= rule.span.end


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(dict.fromkeys(findings), key=lambda each: (each.place[1:], each.code, each.message))
