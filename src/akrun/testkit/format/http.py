"""Mocks of HTTP: which requests they answer, and what the answers are."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictFloat, StrictInt, StrictStr

from akrun.model.base import Finding, Model
from akrun.testkit import codes

HttpFault = Literal["timeout", "refused", "reset", "tls", "too_large"]
"""How an exchange may go wrong."""

BODIES = ("json", "body", "template", "file")
"""Keys that say what an answer's body is."""


class Response(Model):
    """One answer of a mocked service, or one way in which it fails to answer."""

    status: StrictInt = Field(default=200, ge=100, le=599)
    """The HTTP status."""
    headers: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    """Headers by name."""
    json_: Any = Field(default=None, alias="json")
    """The body: this value as JSON."""
    body: StrictStr | None = None
    """The body: this text."""
    template: Any = None
    """The body: JSON with templates over `$request` (`method url query headers body json form`)."""
    file: StrictStr | None = None
    """The body: the bytes of this file beside the test."""
    latency: StrictFloat = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Virtual seconds until the answer, or the failure, is there."""
    fault: HttpFault | None = None
    """`timeout`: no answer comes; `refused`: no connection; `reset`: it breaks after the request left; `tls`:
    the certificate is not trusted; `too_large`: the body is larger than the pipe takes."""
    times: StrictInt = Field(default=1, ge=1)
    """How often it is given, in a list of answers."""

    def own_rules(self) -> Iterator[Finding]:
        """See `Model.own_rules`."""
        given = [name for name in BODIES if name in self.named]
        if len(given) > 1:
            message = f"`{given[0]}` and `{given[1]}` both say what the body is"
            yield Finding(codes.CASE, message, (given[1],), "keep one of them", on_key=True)
        if self.fault is not None and (given or "status" in self.named):
            at = (given or ["status"])[0]
            yield Finding(
                codes.CASE, f"with a `fault` there is no answer to have a `{at}`", (at,), None, on_key=True
            )

    @property
    def named(self) -> set[str]:
        """The keys that are given, as the file spells them."""
        return {"json" if name == "json_" else name for name in self.model_fields_set}


def _responses(value: Any) -> Any:
    """A list of answers: a status is one; what stands in a list is given once unless it says otherwise."""
    listed = value if isinstance(value, list) else [value]
    answers = [
        {"status": each} if isinstance(each, int) and not isinstance(each, bool) else each for each in listed
    ]
    once = {"times": 1} if isinstance(value, list) else {}
    return [{**once, **each} if isinstance(each, dict) else each for each in answers]


class HttpMock(Model):
    """A mock: the first one that a request fits answers it."""

    method: Any = None
    """The method, or a matcher; any when absent."""
    url: Any = None
    """The address: exact, with `*` for any characters, or a matcher. Without a `?` it is compared with the
    address up to the query."""
    query: dict[StrictStr, Any] | None = None
    """Fields of the query; others may be there."""
    headers: dict[StrictStr, Any] | None = None
    """Headers by name in lower case; others may be there."""
    json_: Any = Field(default=None, alias="json")
    """The body as JSON; objects may have further keys."""
    form: Any = None
    """The body as an urlencoded form; it may have further fields."""
    xml: Any = None
    """The body as XML, as `unpack` reads it."""
    body: Any = None
    """The body as text."""
    respond: Annotated[
        tuple[Response, ...],
        BeforeValidator(_responses, json_schema_input_type=Response | int | list[Response | int]),
    ] = Field(default=(Response(),), min_length=1)
    """The answer: an object, or a status; every such request gets it. Of a list each is given once, in turn,
    and a request after the last is one that no mock answers."""

    @property
    def wanted(self) -> dict[str, Any]:
        """What a request must be, as an expectation; the address apart."""
        names = {"method": "method", "query": "query", "headers": "headers", "json_": "json", "form": "form",
                 "xml": "xml", "body": "body"}  # fmt: skip
        return {key: getattr(self, name) for name, key in names.items() if name in self.model_fields_set}
