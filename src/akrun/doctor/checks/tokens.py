"""The API's tokens: those that have ended, and those that soon will."""

from collections.abc import AsyncIterator
from typing import Final

from akrun.doctor.finding import Finding, fail, ok, warn
from akrun.doctor.scope import Scope
from akrun.server.api.tokens import TokenError, TokenFile

SOON: Final = 7
"""Days."""

_DAY: Final = 86_400


async def check(scope: Scope) -> AsyncIterator[Finding]:
    """Look at the times of the tokens; their texts are nowhere."""
    try:
        tokens = TokenFile(scope.data).tokens()
    except TokenError as error:
        yield fail("tokens", str(error), "restore the file, or remove it and make new tokens")
        return
    if not tokens:
        yield ok("tokens", "none was made", "akrun token create NAME, for programs that use the API")
    now = scope.clock.now().timestamp()
    for token in tokens:
        subject = f"token {token.name}"
        if not token.holds(now):
            cure = f"akrun token revoke {token.name}; if it is still in use, make another one"
            yield warn(subject, "it has expired", cure)
        elif token.expires is not None and token.expires < now + SOON * _DAY:
            days = (token.expires - now) / _DAY
            yield warn(subject, f"it ends in {days:.1f} days", "make another one before that")
        else:
            yield ok(subject, f"scope {token.scope.value}")
