"""What a page about an error code holds, and its example, which is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Sample:
    """A template that shows an error.

    Attributes:
        template: The text, or a JSON value for a document.
        kind: What kind of template it is.
        scope: The data.
        limits: Limits that are not the default.
        schema: Types of roots, as `aktmpl.Schema` takes them.
    """

    template: Any
    kind: Literal["text", "query", "document", "sql"] = "text"
    scope: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None

    def frame(self) -> str:
        """The frame of the first fault or warning of the sample; empty if there is none."""
        from aktmpl.environment import Environment  # noqa: PLC0415 - the pages themselves need no engine
        from aktmpl.errors import TemplateError  # noqa: PLC0415
        from aktmpl.limits import Limits  # noqa: PLC0415
        from aktmpl.schema import Schema  # noqa: PLC0415

        schema = None if self.schema is None else Schema(self.schema)
        environment = Environment(schema=schema, limits=Limits(**self.limits))
        try:
            template: Any = getattr(environment, f"compile_{self.kind}")(self.template)
            warnings = () if self.kind == "sql" else template.warnings
            if warnings:
                return str(warnings[0].frame())
            getattr(template, {"query": "evaluate", "document": "render_json"}.get(self.kind, "render"))(
                self.scope
            )
        except TemplateError as fault:
            return fault.frame()
        return ""


@dataclass(frozen=True, slots=True)
class Page:
    """One code's page.

    Attributes:
        explanation: What the code means and when it comes.
        cure: What to do about it.
        sample: A template that shows it; None where the cause is outside of any template.
    """

    explanation: str
    cure: str
    sample: Sample | None = None
