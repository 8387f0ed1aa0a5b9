"""The forms in which findings are printed."""

from collections.abc import Callable, Mapping, Sequence

from akrun.lint.finding import Finding
from akrun.lint.formats import github, json, sarif

FORMATS: Mapping[str, Callable[[Sequence[Finding]], str]] = {
    "json": json.render,
    "sarif": sarif.render,
    "github": github.render,
}
"""Those for programs, by name; the one for people is in `text`."""
