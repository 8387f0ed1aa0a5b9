"""The reference page of lint, written from the registry of rules.

python -m akrun.lint.reference > docs/lint.md
"""

import json
import sys
from collections.abc import Iterator
from textwrap import fill
from typing import Any

from akrun.lint import RULES, check_channel
from akrun.lint.rule import Rule, Sample

_HEAD = """\
# Lint

<!-- Written by `python -m akrun.lint.reference`; a test compares it with the registry. -->

    akrun lint [PATH…] [--format text|json|sarif|github] [--strict] [--select IDS] [--ignore IDS]
               [--fix | --diff]

says what is wrong with channels without running them: files, all channels in and below folders, `-` for
standard input, the working directory when nothing is named. It tells

* every fault that keeps a channel from being read or compiled: `C…`, and `E…` of a template, see
  [errors.md](errors.md),
* what the language says of every template with the types of all that it reads: the fields that the
  channel declares, and what the pipes before it leave in `$in` (`E2…`, `W…`),
* the mistakes on this page (`L…`).

Connectors are not known to it, so names of tables and columns in SQL are not checked against what they allow.

| | |
|---|---|
| exit code | 0: no errors, 1: errors, 2: nothing that could be looked at |
| `--strict` | warnings count as errors do; notes (`info`) never do |
| `--select`, `--ignore` | ids or their beginnings: `--select L2,W --ignore L202`; faults are always told |
| `--fix` | mends what can be mended for certain (⚒ below, and E104, E209); no other character changes |
| `--diff` | prints what `--fix` would change |
| `--format github` | annotations in a workflow; `sarif` is what code scanning services read |

## Allowing a finding

What looks like a mistake may be right. A pipe or the whole channel allows a finding, with the reason:

```json
"lint": {"allow": {"L404": "the service signs nothing; the address is a secret"}}
```

A finding that is allowed without a reason, or allowed and not there, is a finding itself.

## How the data is followed

For each pipe lint knows which fields of `$in` are surely there, perhaps there, or never. It begins with
what enters the pipeline (what `scheduled` pipes hand over, a callback, the fields of an operation's input),
follows every exit, and joins what it knows where ways meet. Behind an error exit there is `$error`, and
what the pipe had set before it failed. What a pipe has read is there for the pipes behind it, or it would
have failed; a `selector` that asks `in.x is defined` makes sure of it. Values decide nothing, unless they
are constants: of two conditions that exclude each other both may hold.
"""
_WIDTH = 108
_GROUPS = {
    "L1": "Ways",
    "L2": "Data",
    "L3": "Fields, events, secrets",
    "L4": "Requests and callbacks",
    "L5": "Values",
    "L6": "Operations",
    "L7": "Form",
    "L9": "Allowing",
}


def page() -> str:
    """The page in Markdown."""
    listed = [
        f"| [{rule.id}](#{rule.id.lower()}) | {rule.severity} | {rule.title}{' ⚒' if rule.fixes else ''} |"
        for rule in RULES
    ]
    table = [
        "## Findings",
        "",
        "`⚒`: `--fix` mends it.",
        "",
        "| id | severity | |",
        "|---|---|---|",
        *listed,
        "",
    ]
    return "\n".join([_HEAD, *table, *_sections()])


def _sections() -> Iterator[str]:
    group = ""
    for rule in RULES:
        if rule.id[:2] != group:
            group = rule.id[:2]
            yield f"## {_GROUPS[group]}\n"
        yield from _section(rule)


def _section(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id}\n"
    yield f"**{rule.title}** ({rule.severity})\n"
    yield fill(rule.explanation, _WIDTH) + "\n"
    yield from ("```json", _written(rule.bad), "```\n", "```text", _frame(rule), "```\n")
    yield fill(rule.cure, _WIDTH) + "\n"
    yield from ("```json", _written(rule.good), "```\n")


def _frame(rule: Rule) -> str:
    """The finding in its example, as a person sees it."""
    text = _text(rule.bad.document())
    return next(each.frame() for each in check_channel(text, "channel.json") if each.code == rule.id)


def _written(sample: Sample) -> str:
    """The parts of the channel that the sample is about."""
    return _text(sample.parts)


def _text(value: Any) -> str:
    """JSON with what fits into a line on one line."""
    return _laid_out(value, "")


def _laid_out(value: Any, margin: str) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if len(margin) + len(flat) <= 90 or not isinstance(value, dict | list):
        return flat
    inner = margin + "  "
    if isinstance(value, list):
        rows = [_laid_out(each, inner) for each in value]
        return "[\n" + ",\n".join(inner + row for row in rows) + f"\n{margin}]"
    rows = [f"{json.dumps(key)}: {_laid_out(each, inner)}" for key, each in value.items()]
    return "{\n" + ",\n".join(inner + row for row in rows) + f"\n{margin}}}"


if __name__ == "__main__":
    sys.stdout.write(page())
