"""A secret in every place that can hold one: none of them, in any form, is in anything printed or written."""

from collections.abc import Iterator

import pytest

from tests.akrun.cli.planted import World, planted_world
from tests.akrun.cli.planted_channel import FIELDS, OTHERS, SECRETS, flat, forms

pytestmark = pytest.mark.xdist_group("planted world")  # made once, by one process


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with planted_world(tmp_path_factory.mktemp("planted")) as filled:
        yield filled


@pytest.mark.parametrize("name", [*FIELDS, *OTHERS])
def test_it_is_nowhere(world: World, name: str) -> None:
    hidden = forms(SECRETS[name])
    found = {
        where: [form for form in hidden if form in flat(text)]
        for where, text in world.printed.items()
        if any(form in flat(text) for form in hidden)
    }
    assert found == {}


def test_the_secrets_were_sent_and_what_was_printed_tells_of_them(world: World) -> None:
    sent = " ".join(
        f"{request.target} {request.headers} {request.body.decode()}" for request in world.server.requests
    )
    for name in FIELDS:
        assert any(form in flat(sent) for form in forms(SECRETS[name])), name
    for request in world.receiver.requests:
        assert request.headers["x-key"] == SECRETS["otel.header"]
    telling = [name for name, text in world.printed.items() if "***" in text]
    for part in (
        "akrun send channel.json mailing.json --one ok",
        "akrun send channel.json mailing.json --dry-run",
        "akrun dead show 1",
        "the log",
        "table trace",
        "table event",
    ):
        assert part in telling
    for begin in ("akrun trace", "page of ", "akrun dead replay", "akrun rerun"):
        assert any(name.startswith(begin) for name in telling)
    assert any(name.endswith("/trace") for name in telling)
    assert "http_request 2" in world.printed["spans"]
    assert "akrun_pipe_events_total" in world.printed["GET /metrics"]
