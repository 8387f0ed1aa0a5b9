"""What is wrong with the parameters of a request, in the shape of all faults."""

from typing import Any, Final

from fastapi.exceptions import RequestValidationError

from akrun.errors import Fault, FileFaults
from akrun.model import codes
from akrun.server.api.problems import Problem, invalid
from aktmpl.errors import cut
from aktmpl.source import Source, Span

_PLACES: Final = {"path": "<address>", "query": "<query>", "header": "<headers>"}


def problem_with_parameters(error: RequestValidationError) -> Problem:
    """Every parameter that is not as it has to be."""
    return invalid(FileFaults([_fault(each) for each in error.errors()]))


def _fault(error: dict[str, Any]) -> Fault:
    place, *names = (str(step) for step in error["loc"])
    name = names[0] if names else place
    if error["type"] == "missing":
        source = Source("", _PLACES.get(place, f"<{place}>"))
        return Fault(codes.REQUEST_KEY_MISSING, f"`{name}` is missing", None, source, Span(0, 0))
    text = f"{name}={cut(str(error['input']))}"
    source = Source(text, _PLACES.get(place, f"<{place}>"))
    message = f"`{name}`: {error['msg'][:1].lower()}{error['msg'][1:]}"
    return Fault(codes.REQUEST_WRONG_VALUE, message, None, source, Span(len(name) + 1, len(text)))
