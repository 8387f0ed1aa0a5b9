"""Who may ask for what: a bearer token whose scope includes the one that a route needs."""

from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from akrun.server.api.context import Api
from akrun.server.api.problems import Problem
from akrun.server.api.tokens import Scope, TokenError
from akrun.server.request import drain

SCHEME = "token"
"""The security scheme's name in the OpenAPI document."""

_bearer = HTTPBearer(
    scheme_name=SCHEME,
    bearerFormat="akr_…",
    description="A token of `akrun token create`. Its scope is read, send or admin; each includes the ones "
    "before it. A route's requirement names the scope that it needs.",
    auto_error=False,
)


async def authorize(
    request: Request,
    needed: SecurityScopes,
    api: Api,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    """Let a request pass whose token has the scope.

    Raises:
        Problem: there is no good token (401), or its scope is too small (403).
    """
    try:
        _check(Scope(needed.scopes[0]), api, given)
    except Problem:
        await drain(request)
        raise


def _check(scope: Scope, api: Api, given: HTTPAuthorizationCredentials | None) -> None:
    hint = "send `Authorization: Bearer TOKEN`; `akrun token create` makes one"
    if given is None:
        headers = {"WWW-Authenticate": 'Bearer realm="akrun"'}
        raise Problem(401, "unauthorized", "this needs a token", hint, headers=headers)
    try:
        token = api.tokens.find(given.credentials, api.now())
    except TokenError as error:
        raise Problem(503, "unavailable", "the server cannot read its tokens") from error
    if token is None:
        headers = {"WWW-Authenticate": 'Bearer realm="akrun", error="invalid_token"'}
        raise Problem(401, "unauthorized", "the token is wrong, or has expired", hint, headers=headers)
    if not token.scope.includes(scope):
        detail = f"this needs a token of the scope {scope}; this one has {token.scope}"
        challenge = f'Bearer realm="akrun", error="insufficient_scope", scope="{scope}"'
        headers = {"WWW-Authenticate": challenge}
        make = f"`akrun token create --scope {scope}` makes one"
        raise Problem(403, "forbidden", detail, make, headers=headers)


def needs(scope: Scope) -> Any:
    """The dependency of a route that needs a token of this scope."""
    return Security(authorize, scopes=[scope.value])


READ = [needs(Scope.READ)]
SEND = [needs(Scope.SEND)]
ADMIN = [needs(Scope.ADMIN)]
