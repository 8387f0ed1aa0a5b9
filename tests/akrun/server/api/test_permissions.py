"""Every route of the application with every kind of token: none, a wrong one, and each scope."""

import re
from collections.abc import AsyncIterator

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from akrun.server.api.app import make_app
from akrun.server.api.tokens import Scope, TokenFile
from tests.akrun.server.api.scene import problem, served_shop
from tests.akrun.server.scene import Serving

OPEN = {"GET /health/live", "GET /health/ready"}
"""What needs no token; the listener's addresses, which have checks of their own, are no part of the API."""
NEEDED = {
    "GET /api/channels": "read",
    "GET /api/channels/{string_id}": "read",
    "GET /api/channels/{string_id}/schema": "read",
    "POST /api/channels/{string_id}/messages": "send",
    "POST /api/channels/{string_id}/entities/{entity}/{operation}": "send",
    "GET /api/messages/{message_id}": "read",
    "GET /api/messages/{message_id}/trace": "read",
    "POST /api/mailings": "send",
    "GET /api/mailings": "read",
    "GET /api/mailings/{mailing_id}": "read",
    "POST /api/mailings/{mailing_id}/launch": "send",
    "POST /api/mailings/{mailing_id}/pause": "send",
    "POST /api/mailings/{mailing_id}/resume": "send",
    "POST /api/mailings/{mailing_id}/stop": "send",
    "GET /api/dead-letters": "read",
    "GET /api/dead-letters/{dead_id}": "read",
    "POST /api/dead-letters/{dead_id}/replay": "admin",
    "DELETE /api/dead-letters/{dead_id}": "admin",
    "GET /api/reports": "read",
    "GET /api/reports/mailings/{mailing_id}": "read",
    "GET /api/reports/launches/{launch_id}": "read",
    "GET /api/profiles/{profile_id}/history": "read",
    "GET /api/status": "read",
    "GET /api/openapi.json": "read",
    "GET /metrics": "read",
}
ROUTES = [
    f"{method} {route.path}"
    for route in make_app().routes
    if isinstance(route, Route)
    for method in sorted(route.methods or ())
]


def test_the_table_has_every_route_of_the_application() -> None:
    assert set(ROUTES) == NEEDED.keys() | OPEN
    assert all(isinstance(route, APIRoute) for route in make_app().routes)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Serving, dict[str, str]]]:
    """A serving process, and a token of each scope."""
    folder = tmp_path_factory.mktemp("served")
    tokens = {scope.value: TokenFile(folder).create(scope.value, scope, 0.0) for scope in Scope}
    async with served_shop(folder) as (serving, _):
        yield serving, tokens


@pytest.mark.parametrize("given", ["none", "wrong", "read", "send", "admin"])
@pytest.mark.parametrize("route", ROUTES)
async def test_a_route_takes_the_tokens_of_its_scope(
    served: tuple[Serving, dict[str, str]], route: str, given: str
) -> None:
    serving, tokens = served
    method, _, template = route.partition(" ")
    path = re.sub(r"\{\w+\}", "1", template)
    headers = {} if given == "none" else {"Authorization": f"Bearer {tokens.get(given, 'akr_wrong')}"}
    answer = await serving.client.request(
        method, path, headers=headers, content=b"{" if method == "POST" else None
    )
    needed = NEEDED.get(route)
    if needed is None:
        assert answer.status_code == 200
    elif given in ("none", "wrong"):
        problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith('Bearer realm="akrun"')
    elif not Scope(given).includes(Scope(needed)):
        found = problem(answer, 403, "forbidden")
        assert found["detail"] == f"this needs a token of the scope {needed}; this one has {given}"
        assert f'scope="{needed}"' in answer.headers["www-authenticate"]
    else:
        assert answer.status_code not in (401, 403, 500)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Basic abc", "bearer", "Bearer \xff", "Bearer a b", "Bearer " + "x" * 9000]
)
async def test_what_is_no_bearer_token_is_refused(
    served: tuple[Serving, dict[str, str]], header: str
) -> None:
    answer = await served[0].client.get("/api/status", headers={b"Authorization": header.encode("latin-1")})
    problem(answer, 401, "unauthorized")


async def test_tokens_come_and_go_while_the_process_runs(served: tuple[Serving, dict[str, str]]) -> None:
    serving, _ = served
    file = TokenFile(serving.folder)
    text = file.create("late", Scope.READ, 0.0)
    assert (await serving.api("GET", "/api/status", token=text)).status_code == 200
    file.revoke("late")
    problem(await serving.api("GET", "/api/status", token=text), 401, "unauthorized")


async def test_a_token_ends_with_its_time(served: tuple[Serving, dict[str, str]]) -> None:
    serving, _ = served
    text = TokenFile(serving.folder).create("old", Scope.ADMIN, 0.0, expires=1.0)
    problem(await serving.api("GET", "/api/status", token=text), 401, "unauthorized")


async def test_a_broken_file_of_tokens_lets_nobody_in(served: tuple[Serving, dict[str, str]]) -> None:
    serving, tokens = served
    file = serving.folder / "tokens.json"
    kept = file.read_bytes()
    file.write_bytes(b"{")
    try:
        answer = await serving.api("GET", "/api/status", token=tokens["admin"])
        problem(answer, 503, "unavailable")
        assert str(serving.folder) not in answer.text
    finally:
        file.write_bytes(kept)
