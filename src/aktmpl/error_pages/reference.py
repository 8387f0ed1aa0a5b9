"""The reference page of the error codes, written from the registry.

python -m aktmpl.error_pages.reference > docs/errors.md
"""

import json
import sys
from collections.abc import Iterator
from textwrap import fill

from aktmpl.codes import CODES, WARNINGS
from aktmpl.error_pages import Page, Sample, pages

_HEAD = """\
# Errors

<!-- Written by `python -m aktmpl.error_pages.reference`; a test compares it with the registry. -->

Every error is a `TemplateError` with a code, and prints as a frame: name, line and column, the source line,
carets under the place, a hint. `aktmpl error CODE` prints what stands here. A number never changes its
meaning and is never used again.
"""
_TITLES = {**CODES, **WARNINGS}
_CLASSES = {
    "E1": ("Syntax", "`SyntaxFault`: the text is not a template."),
    "E2": ("Checks", "`CheckFault`: the template cannot be right for any data."),
    "E3": ("Missing data", "`MissingError`: the data lacks something that the template reads."),
    "E4": ("Values", "`EvaluationError`: values of the wrong type, wrong arguments."),
    "E5": ("Limits", "`LimitError`: a limit of the environment is exceeded."),
    "W2": ("Warnings", "What may be wrong; a template with warnings compiles. See `template.warnings`."),
}


def page() -> str:
    """The page in Markdown."""
    return "\n".join([_HEAD, *_sections()])


def section(code: str) -> str:
    """What there is to know about one code."""
    title = _TITLES[code]
    about = pages()[code]
    return "\n".join([f"### {code}", "", f"{title[0].upper()}{title[1:]}.", "", *_about(about)])


def plain(code: str) -> str:
    """The same as plain text, for a terminal."""
    about = pages()[code]
    pieces = [f"{code}  {_TITLES[code]}", fill(about.explanation, 100)]
    if about.sample is not None:
        pieces.append("\n".join(f"  {line}" for line in _sample_lines(about.sample)))
    return "\n\n".join([*pieces, fill(f"Cure: {about.cure}", 100)])


def _sections() -> Iterator[str]:
    hundred = ""
    for code in (*CODES, *WARNINGS):
        if code[:2] != hundred:
            hundred = code[:2]
            title, meaning = _CLASSES[hundred]
            yield f"## {title}\n\n{meaning}\n"
        yield section(code)


def _about(about: Page) -> Iterator[str]:
    yield about.explanation
    yield ""
    if about.sample is not None:
        yield from _example(about.sample)
    yield f"**Cure.** {about.cure}"
    yield ""


def _example(sample: Sample) -> Iterator[str]:
    yield "```text"
    yield from _sample_lines(sample)
    yield "```"
    yield ""


def _sample_lines(sample: Sample) -> Iterator[str]:
    if not isinstance(sample.template, str):
        yield f"document  {json.dumps(sample.template, ensure_ascii=False)}"
    if sample.limits:
        yield f"limits    {json.dumps(dict(sample.limits))}"
    if sample.schema:
        yield f"schema    {json.dumps(dict(sample.schema))}"
    if sample.scope:
        yield f"data      {json.dumps(dict(sample.scope), ensure_ascii=False, default=repr)}"
    yield from sample.frame().split("\n")


if __name__ == "__main__":
    sys.stdout.write(page())
