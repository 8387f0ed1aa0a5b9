"""The application: the API's routes, the listener's beside them, and what becomes of errors."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from akrun.errors import AkrunError
from akrun.server.api import channels, dead_letters, entities, mailings, messages, reports, status
from akrun.server.api.context import Context
from akrun.server.api.description import complete
from akrun.server.api.limits import REQUESTS, Boundary
from akrun.server.api.parameters import problem_with_parameters
from akrun.server.api.problems import Problem, of_http, problem_of, request_id

_ROUTERS: Final = (
    channels.router,
    messages.router,
    mailings.router,
    entities.router,
    dead_letters.router,
    reports.router,
    status.router,
)


def make_app(
    context: Context | None = None, beside: Sequence[BaseRoute] = (), *, requests: int = REQUESTS
) -> FastAPI:
    """The application of a serving process; without one it can only describe itself.

    Args:
        context: The process.
        beside: Routes that are no part of the API and have errors of their own: the listener's.
        requests: Most requests to the API at once.
    """
    app = FastAPI(
        title="akrun",
        version=version("akrun"),
        summary="Channels, mailings and messages of a serving process.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.api = context
    app.router.routes.extend([*(route for router in _ROUTERS for route in router.routes), *beside])
    app.router.redirect_slashes = False
    app.add_exception_handler(Problem, _answer)
    app.add_exception_handler(AkrunError, _answer)
    app.add_exception_handler(RequestValidationError, _answer)
    app.add_exception_handler(HTTPException, _answer)
    app.add_middleware(Boundary, context=lambda: app.state.api, requests=requests)
    app.openapi = complete(app)  # type: ignore[method-assign]
    return app


def _methods(request: Request) -> list[str]:
    """The methods that are taken at an address, whichever of its routes takes them."""
    here = (route for route in request.app.routes if isinstance(route, Route))
    found = (route.methods or () for route in here if route.path_regex.match(request.url.path))
    return sorted({method for methods in found for method in methods})


async def _answer(request: Request, error: Exception) -> Response:
    match error:
        case Problem():
            problem = error
        case AkrunError():
            problem = problem_of(error)
        case RequestValidationError():
            problem = problem_with_parameters(error)
        case HTTPException():
            problem = of_http(error, _methods(request) if error.status_code == 405 else ())
        case _:
            raise error
    return problem.answer(request_id(request))
